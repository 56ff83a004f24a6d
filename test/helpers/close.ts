/** Comparison with literals that PyTorch printed. */
import type * as torch from "kindling";
import { expect } from "vitest";

type Nested = number | readonly Nested[];

const flatten = (x: Nested): number[] => (typeof x === "number" ? [x] : x.flatMap(flatten));
const shapeOf = (x: Nested): number[] =>
  typeof x === "number" ? [] : [x.length, ...(x.length > 0 ? shapeOf(x[0]!) : [])];

/** Expects |a − b| ≤ rtol · (1 + |b|), element by element, and equal shapes. */
export function expectClose(actual: torch.Tensor | Nested, expected: Nested, rtol = 1e-5): void {
  const values: Nested = typeof actual === "object" && "tolist" in actual ? actual.tolist() : (actual as Nested);
  expect(shapeOf(values)).toEqual(shapeOf(expected));
  const b = flatten(expected);
  flatten(values).forEach((a, i) => {
    const error = Math.abs(a - b[i]!) / (1 + Math.abs(b[i]!));
    expect(error, `element ${i}: got ${a}, expected ${b[i]}`).toBeLessThanOrEqual(rtol);
  });
}
