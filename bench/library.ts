/** What the benchmark asks of a library. */
import type { Contender } from "./measure";
import type { Workload } from "./workloads";

export interface Library {
  readonly name: string;
  readonly version: string;
  /** Something that runs the workload, results allocated by each call, or undefined if the library cannot. */
  create(workload: Workload): Contender | undefined | Promise<Contender | undefined>;
  close?(): void;
}

/** Names of the peers, as `--peers` takes them. */
export const peerNames = ["tfjs", "ort", "jax-js", "torch"] as const;

export type PeerName = (typeof peerNames)[number];

/** Numbers that are the same for every library. */
export function randomArray(length: number): Float32Array {
  const values = new Float32Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = state / 2 ** 32 - 0.5;
  }
  return values;
}
