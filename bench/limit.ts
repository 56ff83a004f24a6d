/** The machine's limit for arithmetic on vectors of 128 bits: independent chains of multiply-adds in registers. */
import { FLOPS_PER_ROUND } from "../scripts/building/limit.mjs";
import { type Contender, local } from "./measure";

export { compileLimits } from "../scripts/building/limit.mjs";

/** Runs the chains for some rounds. */
export type Limit = (rounds: number) => void;

/** @param base64 One of the kernels of `compileLimits`. */
export async function loadLimit(base64: string): Promise<Limit> {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const { instance } = await WebAssembly.instantiate(bytes);
  const kernel = instance.exports.run as (rounds: number, factor: number, term: number) => number;
  return (rounds) => void kernel(rounds, 0.999, 0.001);
}

/** GFLOP/s of the best of several samples. */
export async function measureLimit(limit: Limit): Promise<number> {
  // Calls short and many enough for the engine to replace its first, quick translation; samples long enough for the
  // coarse clocks of browsers.
  const [rounds, calls] = [10_000, 100];
  let best = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < 40; sample++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    const start = performance.now();
    for (let i = 0; i < calls; i++) limit(rounds);
    best = Math.min(best, performance.now() - start);
  }
  return (calls * rounds * FLOPS_PER_ROUND) / best / 1e6;
}

/** As many operations as a workload has, at the limit of one thread: what says by turns with it how near it comes, on a machine whose speed changes. */
export const atLimit = (limit: Limit, flops: number): Contender =>
  local(() => limit(Math.ceil(flops / FLOPS_PER_ROUND)));
