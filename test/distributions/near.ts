/** Comparison with numbers that PyTorch printed, small ones and NaN among them. */
import type { Tensor } from "kindling";
import { expect } from "vitest";

/** The elements of a tensor in order. */
export const values = (x: Tensor): number[] => Array.from(x.toTypedArray(), Number);

/** Expects |a − b| ≤ rtol · |b| element by element, or both NaN. */
export function expectNear(actual: Tensor | readonly number[], expected: readonly number[], rtol = 2e-6): void {
  const found = Array.isArray(actual) ? (actual as number[]) : values(actual as Tensor);
  const wrong = found.filter((a, i) => {
    const b = expected[i]!;
    return !(Object.is(a, b) || a === b || Math.abs(a - b) <= rtol * Math.abs(b));
  });
  expect({ length: found.length, wrong }, `got ${found}, expected ${expected}`).toEqual({
    length: expected.length,
    wrong: [],
  });
}
