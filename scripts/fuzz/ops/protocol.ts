/** What the fuzzer and the process that makes the calls tell each other. */
import type { Fault } from "../fault";

/** A range of calls. */
export interface Job {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  readonly op?: string;
  /** The path of the file with what calls are made from. */
  readonly knowledge: string;
  /** The path of the file of progress. */
  readonly progress: string;
}

export interface Counts {
  accepted: number;
  refused: number;
  /** Calls whose arguments could not be made. */
  invalid: number;
}

/** A line of the child's output. */
export interface Line {
  readonly k: number;
  readonly fault: Fault;
}

/** The number of the call that begins, and the counts so far. */
export const progressBytes = (k: number, { accepted, refused, invalid }: Counts): Uint8Array =>
  new Uint8Array(Float64Array.of(k, accepted, refused, invalid).buffer);

export function readProgress(bytes: Uint8Array): { k: number; counts: Counts } {
  const [k = 0, accepted = 0, refused = 0, invalid = 0] = new Float64Array(Uint8Array.from(bytes).buffer);
  return { k, counts: { accepted, refused, invalid } };
}
