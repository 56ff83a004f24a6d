/** torch.func.vmap: axes, structures, randomness, and derivatives inside and outside of it. */

import type { Tensor } from "kindling";
import * as torch from "kindling";
import { describe, expect, expectTypeOf, test } from "vitest";

const { func, vmap } = torch;
const float64 = (values: any) => torch.tensor(values, { dtype: "float64" });

describe("axes", () => {
  const a = torch.arange(6).view(2, 3).to("float64");

  test("the first by default", () => {
    const dots = vmap((p: Tensor, q: Tensor) => p.dot(q))(a, a);
    expectTypeOf(dots).toEqualTypeOf<Tensor>();
    expect(dots.tolist()).toEqual([5, 50]);
  });

  test("chosen for inputs and outputs", () => {
    const double = (p: Tensor) => p.mul(2);
    expect(vmap(double, { inDims: 1 })(a).tolist()).toEqual(a.t().mul(2).tolist());
    expect(vmap(double, { inDims: -1, outDims: 1 })(a).tolist()).toEqual(a.mul(2).tolist());
    expect(vmap(double, { outDims: -1 })(a).tolist()).toEqual(a.mul(2).t().tolist());
    expect(vmap((p: Tensor) => [p, p.sum()] as [Tensor, Tensor], { outDims: [1, 0] })(a).map((t) => t.shape)).toEqual([
      [3, 2],
      [2],
    ]);
  });

  test("null for what all examples share", () => {
    const add = (p: Tensor, q: Tensor, k: number) => p.add(q).mul(k);
    const result = vmap(add, { inDims: [0, null, null] })(a, float64([1, 1, 1]), 2);
    expect(result.tolist()).toEqual(a.add(1).mul(2).tolist());
  });

  test("in nested values", () => {
    const f = ({ p, q }: { p: Tensor; q: Tensor }) => ({ sum: p.add(q) });
    const { sum } = vmap(f, { inDims: [{ p: 0, q: null }] })({ p: a, q: float64([10, 20, 30]) });
    expect(sum.tolist()).toEqual([
      [10, 21, 32],
      [13, 24, 35],
    ]);
  });

  test("in named results", () => {
    const [values, indices] = vmap((p: Tensor) => p.max(0))(a);
    expect([values!.tolist(), indices!.tolist()]).toEqual([
      [2, 5],
      [2, 2],
    ]);
  });

  test("nest", () => {
    const outer = vmap((p: Tensor) => vmap((q: Tensor) => p.dot(q))(a))(a);
    expect(outer.tolist()).toEqual(a.matmul(a.t()).tolist());
  });

  test("that do not fit are errors", () => {
    const f = (p: Tensor, _q?: unknown) => p;
    expect(() => vmap(f)(a, a.t())).toThrow(
      "vmap: Expected all tensors to have the same size in the mapped dimension, got sizes [2, 3] for the mapped dimension",
    );
    expect(() => vmap(f, { inDims: 2 })(a)).toThrow(/dimensionality 2 so expected inDim to satisfy -2 <= inDim < 2/);
    expect(() => vmap(f, { inDims: [null, null] })(a, a)).toThrow("vmap: Expected at least one Tensor to vmap over");
    expect(() => vmap(f)(a, 3)).toThrow(/We cannot vmap over non-Tensor arguments, please use null/);
    expect(() => vmap(f, { inDims: [0] })(a, a)).toThrow(
      /inDims must be an integer, null, or have the structure \[\*, \*\]/,
    );
    expect(() => vmap(f, { outDims: [0, 0] })(a)).toThrow(/outDims must be an integer/);
    expect(() => vmap(() => 3)()).toThrow(/got no inputs/);
    expect(() => vmap((_: Tensor) => 3)(a)).toThrow(/the function must only return Tensors, got 3/);
    expect(() => vmap(f)(torch.zeros(0, 3))).toThrow(/size 0/);
    expect(() => vmap(f, { in_dims: 0 } as never)).toThrow(/in_dims/);
  });
});

describe("derivatives", () => {
  const x = float64([
    [1, 2],
    [3, 4],
  ]);

  test("per example: a gradient mapped", () => {
    const w = float64([1, 1]);
    const loss = (p: Tensor, example: Tensor) => p.mul(example).sum().pow(2);
    const perExample = vmap(func.grad(loss), { inDims: [null, 0] })(w, x);
    expect(perExample.tolist()).toEqual([
      [6, 12],
      [42, 56],
    ]);
  });

  test("of a mapped function", () => {
    const f = (t: Tensor) => vmap((row: Tensor) => row.pow(2).sum())(t).sum();
    expect(func.grad(f)(x).tolist()).toEqual(x.mul(2).tolist());
    const leaf = x.clone().requiresGrad_();
    f(leaf).backward();
    expect(leaf.grad!.tolist()).toEqual(x.mul(2).tolist());
  });

  test("batched Jacobians", () => {
    expect(vmap(func.jacrev((t: Tensor) => t.pow(2)))(x).tolist()).toEqual([
      [
        [2, 0],
        [0, 4],
      ],
      [
        [6, 0],
        [0, 8],
      ],
    ]);
  });
});

describe("randomness", () => {
  const noise = (x: Tensor) => x.add(torch.rand(2));
  const x = torch.zeros(3, 2);

  test("is an error unless it is asked for", () => {
    expect(() => vmap(noise)(x)).toThrow(/called random operation while in randomness error mode/);
    expect(() => vmap(noise, { randomness: "some" as never })).toThrow(
      "Only allowed values for randomness are 'error', 'different', or 'same'. Got \"some\"",
    );
  });

  test("the same for all examples", () => {
    const [a, b, c] = vmap(noise, { randomness: "same" })(x).tolist();
    expect(a).toEqual(b);
    expect(b).toEqual(c);
  });

  test("or different", () => {
    torch.manualSeed(0);
    const batch = vmap(noise, { randomness: "different" })(x).tolist();
    torch.manualSeed(0);
    expect(batch).toEqual([torch.rand(2), torch.rand(2), torch.rand(2)].map((t) => t.tolist()));
  });
});

test("an in-place change of an example changes the argument", () => {
  const x = torch.zeros(2, 2);
  vmap((row: Tensor) => row.add_(1))(x);
  expect(x.tolist()).toEqual([
    [1, 1],
    [1, 1],
  ]);
});

test("chunkSize changes nothing", () => {
  expect(vmap((x: Tensor) => x.mul(2), { chunkSize: 1 })(torch.ones(3)).tolist()).toEqual([2, 2, 2]);
});
