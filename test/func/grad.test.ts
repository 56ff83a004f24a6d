/** torch.func: gradients, products and Jacobians of functions, nested in each other. */

import type { Tensor } from "kindling";
import * as torch from "kindling";
import { describe, expect, expectTypeOf, test } from "vitest";
import { expectClose } from "../helpers/close";

const { func } = torch;
const float64 = (values: any) => torch.tensor(values, { dtype: "float64" });
const numbers = (x: Tensor): number[] => [...(x.toTypedArray() as Float64Array)];

describe("grad", () => {
  test("gives the derivative, outside of any graph", () => {
    const d = func.grad((x: Tensor) => x.sin())(float64(0.5));
    expectTypeOf(d).toEqualTypeOf<Tensor>();
    expect([d.item(), d.requiresGrad]).toEqual([Math.cos(0.5), false]);
  });

  test("nests to any order", () => {
    let f = (x: Tensor): Tensor => x.pow(4);
    const values = [0, 1, 2, 3].map(() => {
      f = func.grad(f);
      return f(float64(2)).item();
    });
    expect(values).toEqual([32, 48, 48, 24]);
  });

  test("keeps inner and outer variables apart", () => {
    // d/dx (x · d/dy (x + y)) at y = 1 is 1.
    const f = (x: Tensor) => x.mul(func.grad((y: Tensor) => x.add(y))(float64(1)));
    expect(func.grad(f)(float64(5)).item()).toBe(1);
    // d/dx (x · d/dy (x · y)) = 2x.
    const g = (x: Tensor) => x.mul(func.grad((y: Tensor) => x.mul(y))(float64(1)));
    expect(func.grad(g)(float64(5)).item()).toBe(10);
  });

  test("of chosen arguments, in their structure", () => {
    const f = (a: Tensor, b: { w: Tensor; k: number }, c: Tensor[]) =>
      a.mul(b.w).mul(b.k).add(c[0]!.mul(3)).add(c[1]!).sum();
    const args = [float64([1, 2]), { w: float64([3, 4]), k: 10 }, [float64([0, 0]), float64([0, 0])]] as const;
    const call = [args[0], args[1], [...args[2]]] as [Tensor, { w: Tensor; k: number }, Tensor[]];
    const db = func.grad(f, { argnums: 1 })(...call);
    expectTypeOf(db).toEqualTypeOf<{ w: Tensor; k: number }>();
    expect([db.w.tolist(), db.k]).toEqual([[10, 20], 10]);
    const [da, dc] = func.grad(f, { argnums: [0, -1] })(...call);
    expect([da.tolist(), (dc as Tensor[]).map((t) => t.tolist())]).toEqual([
      [30, 40],
      [
        [3, 3],
        [1, 1],
      ],
    ]);
  });

  test("with aux and with the value", () => {
    const f = (x: Tensor) => [x.pow(2).sum(), x.mul(10)] as const;
    const x = float64([1, 2]);
    const [d, aux] = func.grad(f, { hasAux: true })(x);
    expect([d.tolist(), aux.tolist(), aux.requiresGrad]).toEqual([[2, 4], [10, 20], false]);
    const [d2, [value, aux2]] = func.gradAndValue(f, { hasAux: true })(x);
    expect([d2.tolist(), value.item(), value.requiresGrad, aux2.tolist()]).toEqual([[2, 4], 5, false, [10, 20]]);
    const [d3, value3] = func.gradAndValue((t: Tensor) => t.sum())(x);
    expect([d3.tolist(), value3.item()]).toEqual([[1, 1], 3]);
  });

  test("stays in the graph of outer tensors, and does not touch their grad", () => {
    const w = float64(3).requiresGrad_();
    const d = func.grad((x: Tensor) => x.pow(2).mul(w))(float64(2));
    expect([d.item(), d.requiresGrad]).toEqual([12, true]);
    d.backward();
    expect(w.grad!.item()).toBe(4);
    const x = float64(2).requiresGrad_();
    const dx = func.grad((t: Tensor) => t.pow(3))(x);
    expect([dx.item(), dx.requiresGrad, x.grad]).toEqual([12, true, null]);
    expect(torch.autograd.grad(dx, x)[0]!.item()).toBe(12);
  });

  test("works in noGrad, which cuts off what is outside", () => {
    const x = float64(2).requiresGrad_();
    const d = torch.noGrad(() => func.grad((t: Tensor) => t.pow(3))(x));
    expect([d.item(), d.requiresGrad]).toEqual([12, false]);
    const second = torch.noGrad(() => func.grad(func.grad((t: Tensor) => t.pow(3)))(x));
    expect(second.item()).toBe(12);
  });

  test("is zero for arguments that are not used", () => {
    expect(
      func
        .grad((_x: Tensor, y: Tensor) => y.sum())(float64([1, 2]), float64([1]))
        .tolist(),
    ).toEqual([0, 0]);
  });

  test("says what is wrong", () => {
    const x = float64([1, 2]);
    expect(() => func.grad((t: Tensor) => t)(x)).toThrow(
      /return a scalar tensor, got tensor with 1 dims. Maybe you mean/,
    );
    expect(() => func.grad((_t: Tensor) => 3 as never)(x)).toThrow(
      /expected f\(\.\.\.args\) to return a tensor, got 3/,
    );
    expect(() => func.grad((t: Tensor) => t.sum(), { argnums: 1 })(x)).toThrow(
      /argnum=1, but only 1 positional inputs/,
    );
    expect(() => func.grad((t: Tensor) => t.sum(), { argnums: [] })(x)).toThrow(/argnums must be non-empty/);
    expect(() => func.grad((t: Tensor) => t.sum(), { argnums: [0, 0] })(x)).toThrow(/elements must be unique/);
    expect(() => func.grad((n: number) => torch.ones([]).mul(n))(3)).toThrow(
      /expected a Tensor to differentiate by, got 3/,
    );
    expect(() => func.grad((t: Tensor) => t.sum(), { has_aux: true } as never)).toThrow(/has_aux/);
  });
});

describe("vjp and jvp", () => {
  const f = (a: Tensor, b: Tensor) => ({ product: a.mul(b), sum: a.add(b).sum() });
  const [a, b] = [float64([1, 2]), float64([3, 4])];

  test("vjp multiplies from the left, as often as wanted", () => {
    const [out, pullback] = func.vjp(f, a, b);
    expect([out.product.tolist(), out.sum.item(), out.sum.requiresGrad]).toEqual([[3, 8], 10, false]);
    const zero = float64(0);
    const [da, db] = pullback({ product: float64([1, 10]), sum: zero });
    expect([da.tolist(), db.tolist()]).toEqual([
      [3, 40],
      [1, 20],
    ]);
    expect(pullback({ product: float64([0, 0]), sum: float64(2) })[0].tolist()).toEqual([2, 2]);
    const [, single] = func.vjp((x: Tensor) => x.sin(), a);
    expectTypeOf(single(a)).toEqualTypeOf<Tensor>();
    expect(() => single(float64([1]))).toThrow(/expected cotangents of the shape \[2\], got \[1\]/);
    expect(() => pullback([a] as never)).toThrow(/cotangents of the structure \{product: \*, sum: \*\}, got \[\*\]/);
  });

  test("vjp with aux, and differentiated", () => {
    const [y, pullback, aux] = func.vjp((x: Tensor) => [x.pow(2), "aux"] as const, a, { hasAux: true });
    expect([y.tolist(), aux, pullback(float64([1, 1])).tolist()]).toEqual([[1, 4], "aux", [2, 4]]);
    const second = func.grad((x: Tensor) =>
      func
        .vjp((t: Tensor) => t.pow(3), x)[1](float64([1, 1]))
        .sum(),
    )(a);
    expect(second.tolist()).toEqual([6, 12]);
    const v = float64([1, 1]).requiresGrad_();
    expect(torch.autograd.grad(pullback(v).sum(), v)[0]!.tolist()).toEqual([2, 4]);
  });

  test("jvp multiplies from the right", () => {
    const [out, tangent] = func.jvp(f, [a, b], [float64([1, 0]), float64([0, 1])]);
    expect([out.product.tolist(), tangent.product.tolist(), tangent.sum.item()]).toEqual([[3, 8], [3, 2], 2]);
    expect(tangent.sum.requiresGrad).toBe(false);
    const [, , aux] = func.jvp((x: Tensor) => [x.sin(), 1] as const, [a], [b], { hasAux: true });
    expect(aux).toBe(1);
  });

  test("jvp nests, and is zero where nothing depends on the primals", () => {
    const derivative = (g: (x: Tensor) => Tensor) => (x: Tensor) => func.jvp(g, [x], [torch.onesLike(x)])[1];
    expect(derivative(derivative((x) => x.pow(3)))(a).tolist()).toEqual([6, 12]);
    const constant = (_x: Tensor) => torch.ones(2, { dtype: "float64" });
    expect(func.jvp(constant, [a], [a])[1].tolist()).toEqual([0, 0]);
    expect(() => func.jvp(constant, [a], [a], { strict: true })).toThrow(/independent of the inputs/);
    expect(() => func.jvp((x: Tensor) => x, [a], [float64([1])])).toThrow(/expected tangents of the shape \[2\]/);
  });
});

describe("jacrev, jacfwd and hessian", () => {
  const x = float64([0.5, -1, 2]);

  test.each([
    ["jacrev", func.jacrev],
    ["jacfwd", func.jacfwd],
  ] as const)("%s", (_, jac) => {
    const j = jac((t: Tensor) => t.sin())(x);
    expectTypeOf(j).toEqualTypeOf<Tensor>();
    expectClose(numbers(j), numbers(x.cos().diag()), 1e-15);
    const nested = jac((t: { a: Tensor }, s: Tensor) => [t.a.mul(s), t.a.sum()] as [Tensor, Tensor], {
      argnums: [0, 1],
    })({ a: float64([1, 2]) }, float64([3, 4]));
    expect(nested[0]![0].a.tolist()).toEqual([
      [3, 0],
      [0, 4],
    ]);
    expect(nested[1]![0].a.tolist()).toEqual([1, 1]);
    expect(nested[1]![1].tolist()).toEqual([0, 0]);
    const [k, aux] = jac((t: Tensor) => [t.mul(2), 7] as const, { hasAux: true })(float64([1]));
    expect([k.tolist(), aux]).toEqual([[[2]], 7]);
  });

  test("hessian, and the other ways to it", () => {
    const f = (t: Tensor) => t.sin().sum();
    const expected = numbers(x.sin().neg().diag());
    const ways = [func.hessian(f), func.jacrev(func.jacrev(f)), func.jacfwd(func.jacrev(f)), func.jacrev(func.grad(f))];
    for (const way of ways) {
      const h = way(x);
      expect([h.shape, h.requiresGrad]).toEqual([[3, 3], false]);
      expectClose(numbers(h), expected, 1e-12);
    }
  });
});
