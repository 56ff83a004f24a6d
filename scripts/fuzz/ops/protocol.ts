/** What the fuzzer and the process that makes the calls tell each other. */
import type { Fault } from "../fault";

/**
 * What is judged: `ops`, random calls over guarded memory; `wrong`, the wrong calls of everything, by their errors alone; `webgpu`, random calls on
 * two devices, by their difference.
 */
export type Mode = "ops" | "wrong" | "webgpu";

/** A range of calls. */
export interface Job {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** Calls that hung or killed an earlier process. */
  readonly skip: readonly number[];
  readonly op?: string;
  /** Of wrong calls, only every `share`th. */
  readonly share?: number;
  /** Whether an error must name the op that was called. */
  readonly strict?: boolean;
  readonly mode: Mode;
  /** The path of the file with what calls are made from. */
  readonly knowledge: string;
  /** The path of the file of progress. */
  readonly progress: string;
  readonly planted?: Planted;
}

/** Functions that are called as well, as `planted.NAME`, for the test of the fuzzer itself. */
export interface Planted {
  /** The path of a module whose `ops(torch)` gives them. */
  readonly path: string;
  readonly names: readonly string[];
}

export interface Counts {
  accepted: number;
  refused: number;
  /** Calls whose arguments could not be made. */
  invalid: number;
}

export const noCounts = (): Counts => ({ accepted: 0, refused: 0, invalid: 0 });

/** How much there is to call, where it is limited. */
export interface Extent {
  /** How many calls there are. */
  readonly length?: number | undefined;
  /** How many functions, constructors, methods and modules they are of. */
  readonly subjects?: number | undefined;
}

/** A line of the child's output: first how much there is to call, then faults. */
export type Line = { readonly extent: Extent } | { readonly k: number; readonly fault: Fault };

/** Where the child is. */
export interface Progress {
  /** The call that is being made. */
  readonly k: number;
  /** The first call that is not judged yet. */
  readonly next: number;
  /** How often the child noted something: it stands still while a call hangs. */
  readonly beats: number;
  readonly counts: Counts;
}

export const writeProgress = ({ k, next, beats, counts }: Progress): Uint8Array =>
  new Uint8Array(Float64Array.of(k, next, beats, counts.accepted, counts.refused, counts.invalid).buffer);

export function readProgress(bytes: Uint8Array): Progress {
  const [k = 0, next = 0, beats = 0, accepted = 0, refused = 0, invalid = 0] = new Float64Array(
    Uint8Array.from(bytes).buffer,
  );
  return { k, next, beats, counts: { accepted, refused, invalid } };
}
