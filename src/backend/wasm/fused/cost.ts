/** What fused kernels take, and how numbers stand in them. */
import type { FusedKernel } from "../../ops/fused";
import { formulas } from "./formulas";

/** The bytes of a number in four lanes. */
export function bytesOf(value: number): number[] {
  const bytes = [...new Uint8Array(new Float32Array([value]).buffer)];
  return [...bytes, ...bytes, ...bytes, ...bytes];
}

/** Roughly how many instructions on vectors four elements take. */
function workOf({ steps, loads, stores }: FusedKernel): number {
  let work = loads.length + stores.length;
  for (const step of steps) if (step.kind === "op") work += 2 * formulas[step.op]!.cost;
  return work;
}

/** Roughly how many nanoseconds an element takes. */
export function costOf(kernel: FusedKernel): number {
  const { loads, stores } = kernel;
  return 0.07 * (loads.length + stores.length) + 0.03 * workOf(kernel);
}

/**
 * Vectors of one pass through the longest loop, which take turns: what one waits for, another has. As many as the instructions of all of them, roughly counted
 * as by {@link workOf}, stay below a bound: then the processor sees the next pass already, and registers last.
 */
const MOST_VECTORS = 4;
const MOST_WORK = 500;

/** How many vectors one pass through the longest loop has: 1, 2 or 4. */
export const vectorsOf = (kernel: FusedKernel): number =>
  Math.max(1, Math.min(MOST_VECTORS, 2 ** Math.floor(Math.log2(MOST_WORK / workOf(kernel)))));
