/** Compares results of compiled functions. */
import type { Tensor } from "kindling";
import { expect } from "vitest";

/** Expects the same shape, and numbers that are as close as float32 has them. */
export function expectSame(a: Tensor, b: Tensor, tolerance = 1e-6): void {
  expect([...a.shape]).toEqual([...b.shape]);
  expect(a.double().sub(b.double()).abs().max().item()).toBeLessThanOrEqual(
    tolerance * Math.max(1, b.abs().max().item()),
  );
}
