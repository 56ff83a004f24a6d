/** Ops on the GPU against the same on the cpu, with their gradients. */
import * as torch from "kindling";
import { expect } from "vitest";

type Tensor = torch.Tensor;

/** An op, or several results of one. */
export type Op = (...operands: Tensor[]) => Tensor | readonly Tensor[];

/** Compares all elements: equal, or within a tolerance relative to the largest. */
export function expectClose(name: string, actual: Tensor, expected: Tensor, rtol: number): void {
  expect(actual.shape, name).toEqual(expected.shape);
  expect(actual.dtype, name).toBe(expected.dtype);
  const got = Array.from(actual.float().toTypedArray() as Float32Array, Number);
  const want = Array.from(expected.float().toTypedArray() as Float32Array, Number);
  const scale = want.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
  const bad = want.findIndex(
    (value, i) => !(Object.is(got[i], value) || got[i] === value || Math.abs(got[i]! - value) <= rtol * scale),
  );
  expect(bad, `${name}, element ${bad}: got ${got[bad]}, expected ${want[bad]}`).toBe(-1);
}

/** Runs an op on both devices and compares its results and, where there are any, the gradients of its operands. */
export async function agree(name: string, op: Op, operands: readonly Tensor[], rtol = 3e-6): Promise<void> {
  const run = (device: torch.Device) => {
    const leaves = operands.map((x) => {
      const leaf = x.to(device);
      return x.isFloatingPoint() ? leaf.detach().requiresGrad_() : leaf;
    });
    const results = [op(...leaves)].flat() as Tensor[];
    torch.manualSeed(7);
    const ends = results.filter((y) => y.requiresGrad);
    for (const [i, y] of ends.entries())
      y.backward(torch.randn(y.shape).to(device), { retainGraph: i + 1 < ends.length });
    return [...results.map((y) => y.detach()), ...leaves.flatMap((leaf) => leaf.grad ?? [])];
  };
  const expected = run("cpu");
  const actual = run("webgpu");
  expect(actual).toHaveLength(expected.length);
  for (const [i, y] of actual.entries()) {
    expect(y.device, name).toBe("webgpu");
    expectClose(`result ${i} of ${name}`, await y.cpu(), expected[i]!, rtol);
  }
}

/** A transposed view with the shape of `x`. */
export const turned = (x: Tensor): Tensor => (x.ndim < 2 ? x : x.transpose(-1, -2).contiguous().transpose(-1, -2));
