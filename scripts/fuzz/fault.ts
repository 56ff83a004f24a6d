/** What the fuzzers find. */

/**
 * - `guard`: memory outside of a block was written
 * - `poison`: a result depends on memory that nobody wrote
 * - `trap`: a kernel left its memory, or reached what cannot be reached
 * - `foreign`: an error that is not Kindling's, or one that does not say what it is about
 * - `hang`: no end within the limit
 * - `death`: the process ended
 * - `accepted`: an invalid input was taken
 * - `leak`: memory that nobody can reach is held
 * - `differs`: two devices give different results
 * - `refused`: one device refuses what the other computes, and not because it lacks the op
 */
export type FaultKind =
  | "guard"
  | "poison"
  | "trap"
  | "foreign"
  | "hang"
  | "death"
  | "accepted"
  | "leak"
  | "differs"
  | "refused";

/** A fault with a program that shows it. */
export interface Fault {
  readonly kind: FaultKind;
  /** Code to paste after `import * as torch from "kindling"`. */
  readonly program: string;
  readonly detail: string;
}

/** What every fuzzer takes. */
export interface FuzzOptions {
  readonly seed: number;
  readonly calls: number;
  /** Seconds after which no other call begins. */
  readonly seconds: number;
  readonly report: (fault: Fault) => void;
}
