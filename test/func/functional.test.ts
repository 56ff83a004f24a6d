/** autograd.functional. The numbers and messages are PyTorch's. */

import type { Tensor } from "kindling";
import * as torch from "kindling";
import { describe, expect, expectTypeOf, test } from "vitest";
import { expectClose } from "../helpers/close";

const { functional } = torch.autograd;
const { hessian, hvp, jacobian, jvp, vhp, vjp } = functional;
const float64 = (values: any) => torch.tensor(values, { dtype: "float64" });
const x = float64([
  [0.5, -1],
  [2, 0.25],
]);
const y = float64([3, -0.5]);
const ones = torch.ones([2, 2], { dtype: "float64" });
const v2 = float64([1, 2]);

/** One input and output; two of each; a scalar of two. */
const f = (a: Tensor) => a.exp().sum(1);
const g = (a: Tensor, b: Tensor): [Tensor, Tensor] => [a.mul(b).sin(), a.sum().mul(b)];
const h = (a: Tensor, b: Tensor) => a.pow(3).mul(b).sum();

/** The numbers of a nested array of tensors, in order. */
const flat = (value: any): number[] =>
  value instanceof torch.Tensor ? [...(value.toTypedArray() as Float64Array)] : value.flatMap(flat);
const expectAll = (value: unknown, expected: readonly number[]) => expectClose(flat(value), expected, 1e-12);

const gOutputs = [0.9974949866040544, 0.479425538604203, -0.27941549819892586, -0.12467473338522769, 5.25, -0.875];

describe("jacobian", () => {
  test("of one tensor by one tensor", () => {
    const j = jacobian(f, x);
    expectTypeOf(j).toEqualTypeOf<Tensor>();
    expect([j.shape, j.requiresGrad]).toEqual([[2, 2, 2], false]);
    expectAll(j, [1.6487212707001282, 0.36787944117144233, 0, 0, 0, 0, 7.38905609893065, 1.2840254166877414]);
  });

  const expected = [
    [
      0.2122116050031087, 0, 0, 0, 0, -0.4387912809451864, 0, 0, 0, 0, 2.880510859951098, 0, 0, 0, 0,
      -0.4960988336146645,
    ],
    [0.03536860083385145, 0, 0, -0.8775825618903728, 1.920340573300732, 0, 0, 0.24804941680733225],
    [3, 3, 3, 3, -0.5, -0.5, -0.5, -0.5],
    [1.75, 0, 0, 1.75],
  ].flat();

  test.each([{}, { vectorize: true }, { strategy: "forward-mode" as const }])("of two by two, with %o", (options) => {
    const j = jacobian(g, [x, y], options);
    expectTypeOf(j).toEqualTypeOf<[[Tensor, Tensor], [Tensor, Tensor]]>();
    expect(j.map((row) => row.map((part) => part.shape))).toEqual([
      [
        [2, 2, 2, 2],
        [2, 2, 2],
      ],
      [
        [2, 2, 2],
        [2, 2],
      ],
    ]);
    expectAll(j, expected);
  });

  test("with createGraph can be differentiated", () => {
    const a = x.clone().requiresGrad_();
    for (const strategy of ["reverse-mode", "forward-mode"] as const) {
      a.grad = null;
      jacobian(f, a, { createGraph: true, strategy }).sum().backward();
      expectAll(a.grad!, flat(x.exp()));
      expect(jacobian(f, a, { strategy }).requiresGrad).toBe(false);
    }
  });

  test("is zero where an output does not depend on an input", () => {
    const [ja, jb] = jacobian((a: Tensor, _b: Tensor) => a.mul(2), [y, v2]);
    expect([ja.tolist(), jb.tolist()]).toEqual([
      [
        [2, 0],
        [0, 2],
      ],
      [
        [0, 0],
        [0, 0],
      ],
    ]);
    expect(jacobian(() => torch.ones(3), y).tolist()).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    expect(jacobian((a: Tensor) => a, torch.zeros(0)).shape).toEqual([0, 0]);
  });

  test("leaves grad of the inputs and of captured tensors alone", () => {
    const w = y.clone().requiresGrad_();
    const a = v2.clone().requiresGrad_();
    jacobian((t: Tensor) => t.mul(w), a);
    expect([w.grad, a.grad]).toEqual([null, null]);
  });

  test("works in noGrad", () => {
    expectAll(
      torch.noGrad(() => jacobian(f, x)),
      flat(jacobian(f, x)),
    );
  });

  test("in strict mode tells what is independent of what", () => {
    const strict = { strict: true };
    expect(() => jacobian((a: Tensor) => a.detach(), x, strict)).toThrow(/: Output 0 .* does not require gradients/);
    expect(() => jacobian((a: Tensor, _b: Tensor) => a.mul(2), [x, y], strict)).toThrow(
      "Output 0 of the user-provided function is independent of input 1. This is not allowed in strict mode.",
    );
    expect(() => jacobian((a: Tensor) => a.mul(2), x, { strict: true, createGraph: true })).toThrow(
      "The jacobian of the user-provided function is independent of input 0. This is not allowed in strict mode when createGraph: true.",
    );
    expect(() => jacobian(f, x, { strict: true, vectorize: true })).toThrow(/are not supported together/);
    expect(() => jacobian(f, x, { strict: true, strategy: "forward-mode" })).toThrow(/are not supported together/);
  });

  test("takes tensors and known options", () => {
    expect(() => jacobian(f, 3 as never)).toThrow(
      /The inputs given to jacobian must be either a Tensor or an array of Tensors but the given inputs is 3/,
    );
    expect(() => jacobian(() => 3 as never, x)).toThrow(/outputs of the user-provided function given to jacobian/);
    expect(() => jacobian(f, x, { strategy: "sideways" as never })).toThrow(torch.ValueError);
    expect(() => jacobian(f, x, { create_graph: true } as never)).toThrow(/create_graph/);
  });
});

describe("hessian", () => {
  const expected = [9, 0, 0, 0, 0, 3, 0, 0, 0, 0, 36, 0, 0, 0, 0, -0.75]
    .concat([0.75, 0, 0, 3, 12, 0, 0, 0.1875])
    .concat([0.75, 0, 12, 0, 0, 3, 0, 0.1875], [0, 0, 0, 0]);

  test.each([{}, { vectorize: true }, { outerJacobianStrategy: "forward-mode" as const }])(
    "of two inputs, with %o",
    (o) => {
      const hes = hessian(h, [x, y], o);
      expectTypeOf(hes).toEqualTypeOf<[[Tensor, Tensor], [Tensor, Tensor]]>();
      expectAll(hes, expected);
    },
  );

  test("of one input, and its derivative", () => {
    const a = v2.clone().requiresGrad_();
    const hes = hessian((t: Tensor) => t.pow(4).sum(), a, { createGraph: true });
    expectTypeOf(hes).toEqualTypeOf<Tensor>();
    expectAll(hes, [12, 0, 0, 48]);
    hes.sum().backward();
    expectAll(a.grad!, [24, 48]);
  });

  test("needs one element, and in strict mode a gradient that depends on the input", () => {
    expect(() => hessian((a: Tensor) => a, x)).toThrow(/function given to hessian should contain a single element/);
    expect(() => hessian((a: Tensor) => [a] as never, x)).toThrow(/given to hessian should return a single Tensor/);
    expect(() => hessian((a: Tensor) => a.sum(), x, { strict: true })).toThrow(
      /^hessian: While computing the hessian, found that the jacobian of the user-provided function with respect to input 0 is/,
    );
    expectAll(
      hessian((a: Tensor) => a.sum(), v2),
      [0, 0, 0, 0],
    );
  });
});

describe("products", () => {
  test("vjp", () => {
    const [out, product] = vjp(g, [x, y], [ones, v2]);
    expectTypeOf(product).toEqualTypeOf<[Tensor, Tensor]>();
    expectAll(out, gOutputs);
    expectAll(
      product,
      [
        2.212211605003109, 1.5612087190548136, 4.880510859951098, 1.5039011663853354, 3.7057091741345833,
        2.8704668549169594,
      ],
    );
    expect(vjp((a: Tensor) => a.sum(), v2)[1].tolist()).toEqual([1, 1]);
  });

  test("jvp", () => {
    const [out, product] = jvp(g, [x, y], [ones, v2]);
    expectAll(out, gOutputs);
    expectAll(product, [0.24758020583696017, -2.193956404725932, 4.80085143325183, 0, 13.75, 1.5]);
    expect(jvp((a: Tensor) => a.pow(3), float64(2))[1].item()).toBe(12);
  });

  test.each([
    ["vhp", vhp],
    ["hvp", hvp],
  ] as const)("%s", (_, product) => {
    const [out, hv] = product(h, [x, y], [ones, v2]);
    expectTypeOf(hv).toEqualTypeOf<[Tensor, Tensor]>();
    expectAll(out, [24.8671875]);
    expectAll(hv, [9.75, 9, 48, -0.375, 12.75, 3.1875]);
    expectAll(product((a: Tensor) => a.sum(), v2, v2)[1], [0, 0]);
  });

  test("give graphs only with createGraph", () => {
    const a = v2.clone().requiresGrad_();
    const cube = (t: Tensor) => t.pow(4).sum();
    for (const product of [vjp, jvp, vhp, hvp] as (typeof vhp)[]) {
      const v = product === (vjp as unknown) ? torch.ones([], { dtype: "float64" }) : v2;
      const plain = product(cube, a, v);
      expect(plain.map((t: Tensor) => t.requiresGrad)).toEqual([false, false]);
      const [out, result] = product(cube, a, v, { createGraph: true });
      expect([out.requiresGrad, result.requiresGrad]).toEqual([true, true]);
      expect(torch.autograd.grad(result.sum(), a)[0]!.shape).toEqual([2]);
    }
  });

  test("check the vector", () => {
    const double = (a: Tensor) => a.mul(2);
    expect(() => vjp(double, x)).toThrow(
      /^vjp: The vector v can only be null if the user-provided function returns a single/,
    );
    expect(() => jvp(double, x)).toThrow(
      /^\w+: The vector v can only be null if the input to the user-provided function is/,
    );
    expect(() => vjp(double, x, torch.ones(3))).toThrow("v has invalid size: should be [2, 2] but got [3].");
    expect(() => vjp(double, x, [ones, ones])).toThrow("The given v should contain a single Tensor.");
    expect(() => vjp((a: Tensor) => [a, a], x, [ones])).toThrow(/tuple of invalid length: should be 2 but got 1/);
    expect(() => jvp(g, [x, y], [ones, ones])).toThrow("Entry 1 in v has invalid size: should be [2] but got [2, 2].");
  });

  test("in strict mode refuse what does not depend on the input", () => {
    const strict = { strict: true };
    expect(() => jvp((a: Tensor) => a.detach(), x, ones, strict)).toThrow(/: Output 0 .* does not require gradients/);
    for (const product of [vhp, hvp])
      expect(() => product((a: Tensor) => a.sum(), x, ones, strict)).toThrow(/: While computing the hessian, found/);
    expect(() => vjp((a: Tensor, _b: Tensor) => a.mul(2), [x, y], ones, strict)).toThrow(
      "The output of the user-provided function is independent of input 1. This is not allowed in strict mode.",
    );
  });
});
