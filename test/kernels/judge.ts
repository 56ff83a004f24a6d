/** How results of kernels are judged. */
import { expect } from "vitest";
import { type FloatArray, type FloatType, inPieces } from "./instance";

/** A bound for sums of `terms` products of numbers up to 0.5. */
export const tolerance = (type: FloatType, terms: number) =>
  (type === "float32" ? 2e-6 : 1e-14) * (1 + Math.sqrt(terms));

export function expectClose(actual: FloatArray, expected: Float64Array, bound: number): void {
  const wrong = expected.findIndex((value, i) => !(Math.abs(actual[i]! - value) <= bound));
  if (wrong >= 0) expect.fail(`element ${wrong} is ${actual[wrong]}, not ${expected[wrong]}`);
}

/** Runs a kernel whole and in pieces; the bits must be the same. Returns the result. */
export function runBothWays(out: FloatArray, tasks: number, run: (begin: number, end: number) => void): FloatArray {
  const before = out.slice();
  run(0, tasks);
  const whole = out.slice();
  out.set(before);
  inPieces(tasks, run);
  expect(Buffer.compare(Buffer.from(out.slice().buffer), Buffer.from(whole.buffer)), "bits of the split result").toBe(
    0,
  );
  return whole;
}
