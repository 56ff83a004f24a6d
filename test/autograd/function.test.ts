/** Custom functions: the context, typed application, second derivatives, and errors as PyTorch words them. */
import * as torch from "kindling";
import { autograd, type Tensor } from "kindling";
import { describe, expect, expectTypeOf, test } from "vitest";
import { custom, leaf } from "./custom";

class Exp extends autograd.Function {
  static forward(ctx: autograd.FunctionCtx<[Tensor]>, x: Tensor) {
    const y = x.exp();
    ctx.saveForBackward(y);
    return y;
  }
  static backward(ctx: autograd.FunctionCtx<[Tensor]>, g: Tensor) {
    const [y] = ctx.savedTensors;
    return g.mul(y);
  }
}

type Scaled = autograd.FunctionCtx<[Tensor, Tensor]> & { scale: number };

/** a · b · scale, and the number itself: an argument and an output that are no tensors. */
class ScaledProduct extends autograd.Function {
  static forward(ctx: Scaled, a: Tensor, b: Tensor, scale = 1): [Tensor, number] {
    ctx.saveForBackward(a, b);
    ctx.scale = scale;
    return [a.mul(b).mul(scale), scale];
  }
  static backward(ctx: Scaled, g: Tensor) {
    const [a, b] = ctx.savedTensors;
    const scaled = g.mul(ctx.scale);
    return [ctx.needsInputGrad[0] ? scaled.mul(b) : null, ctx.needsInputGrad[1] ? scaled.mul(a) : null, null];
  }
}

describe("apply", () => {
  test("takes and gives the types of forward", () => {
    expectTypeOf(Exp.apply(leaf(1))).toEqualTypeOf<Tensor>();
    expectTypeOf(ScaledProduct.apply(leaf(1), leaf(2))).toEqualTypeOf<[Tensor, number]>();
    // @ts-expect-error the second factor is missing
    expect(() => ScaledProduct.apply(leaf(1))).toThrow();
    // @ts-expect-error a number is no tensor
    expect(() => Exp.apply(1)).toThrow();
  });

  test("records one node, named after the class", () => {
    const y = Exp.apply(leaf(0, 1));
    expect([y.gradFn!.name, y.requiresGrad, y.isLeaf]).toEqual(["ExpBackward", true, false]);
    expect(Exp.apply(torch.ones(1)).requiresGrad).toBe(false);
    expect(torch.noGrad(() => Exp.apply(leaf(1))).requiresGrad).toBe(false);
  });

  test("computes gradients that pass gradcheck and gradgradcheck", () => {
    expect(autograd.gradcheck((x) => Exp.apply(x), leaf(0.5, -1))).toBe(true);
    const product = (a: Tensor, b: Tensor) => ScaledProduct.apply(a, b, 3);
    expect(autograd.gradcheck(product, [leaf(0.5, -1), leaf(2, 3)])).toBe(true);
    expect(autograd.gradgradcheck(product, [leaf(0.5, -1), leaf(2, 3)])).toBe(true);
  });

  test("differentiates to third order where backward is differentiable", () => {
    const x = leaf(0.5);
    let y: Tensor = Exp.apply(x.mul(2));
    const e = Math.exp(1);
    for (const factor of [2, 4, 8]) {
      [y] = autograd.grad(y, x, { createGraph: true }) as [Tensor];
      expect(y.item()).toBeCloseTo(factor * e, 10);
    }
  });

  test("forward runs outside of the graph, backward only records with createGraph", () => {
    const modes: boolean[] = [];
    const f = custom(
      (_ctx, x: Tensor) => {
        modes.push(torch.isGradEnabled());
        return x.mul(2);
      },
      (_ctx, g: Tensor) => {
        modes.push(torch.isGradEnabled());
        return g.mul(2);
      },
    );
    const x = leaf(1);
    f.apply(x).sum().backward();
    autograd.grad(f.apply(x).sum(), x, { createGraph: true });
    expect(modes).toEqual([false, false, false, true]);
  });

  test("leaves out-of-graph outputs alone, and passes on values that are no tensors", () => {
    const [y, scale] = ScaledProduct.apply(leaf(2), leaf(3), 4);
    expect([y.tolist(), scale]).toEqual([[24], 4]);
    expect(y.gradFn!.toString()).toBe("<ScaledProductBackward>");
    expect((y.gradFn as autograd.Node).nextFunctions.map(([node]) => node!.name)).toEqual([
      "AccumulateGrad",
      "AccumulateGrad",
    ]);
  });

  test("takes plain forward functions with setupContext", () => {
    class Square extends autograd.Function {
      static forward(x: Tensor) {
        return x.mul(x);
      }
      static setupContext(ctx: autograd.FunctionCtx<[Tensor]>, [x]: [Tensor]) {
        ctx.saveForBackward(x);
      }
      static backward(ctx: autograd.FunctionCtx<[Tensor]>, g: Tensor) {
        return g.mul(ctx.savedTensors[0]).mul(2);
      }
    }
    expectTypeOf(Square.apply(leaf(3))).toEqualTypeOf<Tensor>();
    expect(autograd.gradgradcheck((x) => Square.apply(x), leaf(3, -1))).toBe(true);
  });
});

describe("the context", () => {
  test("needsInputGrad says which arguments want a gradient", () => {
    const seen: unknown[] = [];
    const f = custom(
      (ctx, a: Tensor, b: Tensor, _c: string) => {
        seen.push([...ctx.needsInputGrad]);
        return a.add(b);
      },
      (ctx, g: Tensor) => {
        seen.push([...ctx.needsInputGrad]);
        return [g, null, null];
      },
    );
    f.apply(leaf(1), torch.ones(1), "x").sum().backward();
    expect(seen).toEqual([
      [true, false, false],
      [true, false, false],
    ]);
  });

  test("gives zeros for outputs that no gradient reached, or null", () => {
    const seen: unknown[] = [];
    const f = (materialize: boolean) =>
      custom(
        (ctx, x: Tensor) => {
          ctx.setMaterializeGrads(materialize);
          return [x.mul(2), x.mul(3)];
        },
        (_ctx, a: Tensor | null, b: Tensor | null) => {
          seen.push(a?.tolist(), b?.tolist());
          return b;
        },
      );
    f(true).apply(leaf(1, 2))[1].sum().backward();
    f(false).apply(leaf(1, 2))[1].sum().backward();
    expect(seen).toEqual([[0, 0], [1, 1], undefined, [1, 1]]);
  });

  test("markNonDifferentiable outputs do not require grad, and get zeros in backward", () => {
    const seen: unknown[] = [];
    const f = custom(
      (ctx, x: Tensor) => {
        const [sorted, order] = x.sort();
        const doubled = x.mul(2);
        ctx.markNonDifferentiable(order, doubled);
        return [sorted, order, doubled];
      },
      (_ctx, g, order, doubled) => {
        seen.push(order.dtype, order.tolist(), doubled.tolist());
        return g;
      },
    );
    const [sorted, order, doubled] = f.apply(leaf(2, 1));
    expect([sorted.requiresGrad, order.requiresGrad, doubled.requiresGrad]).toEqual([true, false, false]);
    sorted.sum().backward();
    expect(seen).toEqual(["int64", [0, 0], [0, 0]]);
  });

  test("saved tensors are freed by backward, and watched for in-place changes", () => {
    const x = leaf(1);
    const y = Exp.apply(x).sum();
    y.backward();
    expect(() => y.backward()).toThrow(/backward through the graph a second time/);
    const z = Exp.apply(x);
    const loss = z.mul(2).sum();
    z.add_(1);
    expect(() => loss.backward()).toThrow(/modified by an inplace operation.*ExpBackward/s);
  });

  test("saves null, and only tensors", () => {
    const f = custom(
      (ctx, x: Tensor) => {
        ctx.saveForBackward(null, x);
        return x.clone();
      },
      (ctx, g: Tensor) => {
        expect(ctx.savedTensors[0]).toBeNull();
        return g.mul(ctx.savedTensors[1]);
      },
    );
    const x = leaf(3);
    f.apply(x).sum().backward();
    expect(x.grad!.tolist()).toEqual([3]);
    const wrong = custom((ctx, x: Tensor) => {
      ctx.saveForBackward(1);
      return x;
    });
    expect(() => wrong.apply(x)).toThrow(/saveForBackward can only save tensors, but argument is 1/);
  });

  test("an intermediate may be saved", () => {
    const f = custom(
      (ctx, x: Tensor) => {
        const square = x.mul(x);
        ctx.saveForBackward(x, square);
        return square.mul(x);
      },
      (ctx, g: Tensor) => g.mul(ctx.savedTensors[1]).mul(3),
    );
    const x = leaf(2);
    f.apply(x).sum().backward();
    expect(x.grad!.tolist()).toEqual([12]);
  });
});

describe("onceDifferentiable", () => {
  class Cube extends autograd.Function {
    static forward(ctx: autograd.FunctionCtx<[Tensor]>, x: Tensor) {
      ctx.saveForBackward(x);
      return x.pow(3);
    }
    static backward = autograd.onceDifferentiable((ctx: autograd.FunctionCtx<[Tensor]>, g: Tensor) => {
      expect(torch.isGradEnabled()).toBe(false);
      const [x] = ctx.savedTensors;
      return g.mul(x).mul(x).mul(3);
    });
  }

  test("works as a decorator", () => {
    const context = { kind: "method", name: "backward", static: true };
    const backward = autograd.onceDifferentiable((_ctx: autograd.FunctionCtx, g: Tensor) => g.mul(2), context);
    const x = leaf(1);
    custom((_ctx, a: Tensor) => a.mul(2), backward)
      .apply(x)
      .backward();
    expect(x.grad!.tolist()).toEqual([2]);
  });

  test("gives the first derivative, and an error for the second", () => {
    const x = leaf(2);
    Cube.apply(x).sum().backward();
    expect(x.grad!.tolist()).toEqual([12]);
    const [first] = autograd.grad(Cube.apply(x).sum(), x, { createGraph: true });
    expect(first!.tolist()).toEqual([12]);
    const message = /trying to differentiate twice a function that was marked with onceDifferentiable/;
    expect(() => autograd.grad(first!.sum(), x)).toThrow(message);
    expect(() => first!.sum().backward()).toThrow(message);
  });
});

describe("errors of backward", () => {
  const x = leaf(1, 2);
  const run = (backward: (ctx: any, ...grads: any[]) => any, ...rest: unknown[]) =>
    custom((_ctx, a: Tensor) => a.mul(2), backward)
      .apply(x, ...rest)
      .sum()
      .backward();

  test("a wrong number of gradients", () => {
    expect(() => run((_ctx, g) => [g, g])).toThrow(
      "function CustomBackward returned an incorrect number of gradients (expected 1, got 2)",
    );
    expect(() => run((_ctx, g) => g, 5)).toThrow(/incorrect number of gradients \(expected 2, got 1\)/);
    run((_ctx, g) => [g, null, undefined]);
  });

  test("a gradient for an argument that is no tensor", () => {
    expect(() => run((_ctx, g) => [g, g], 5)).toThrow(
      /returned a gradient different from null at position 2, but the corresponding forward input was not a Tensor/,
    );
  });

  test("a gradient of the wrong shape; one that was broadcast is summed, one of another dtype is cast", () => {
    expect(() => run(() => torch.ones(3))).toThrow(
      "Function CustomBackward returned an invalid gradient at index 0 - got [3] but expected shape compatible with [2]",
    );
    x.grad = null;
    run(() => torch.ones([3, 2]));
    expect([x.grad!.tolist(), x.grad!.dtype]).toEqual([[3, 3], "float64"]);
  });

  test("something that is no tensor", () => {
    expect(() => run(() => 5)).toThrow(/expected a Tensor or null as its gradient, got 5/);
  });

  test("missing passes, and instances", () => {
    class Empty extends autograd.Function {}
    // @ts-expect-error forward is missing
    expect(() => Empty.apply(x)).toThrow(/You must implement the static forward function for custom autograd.Function/);
    const blind = custom((_ctx, a: Tensor) => a.mul(2));
    expect(() => blind.apply(x).sum().backward()).toThrow(/Implementing the static backward function/);
    expect(() => new (Exp as any)()).toThrow(/should not be instantiated/);
  });

  test("an error of the user's own passes through", () => {
    expect(() =>
      run(() => {
        throw new RangeError("mine");
      }),
    ).toThrow(RangeError);
  });
});

test("what backward returns may be used by others, and the same for several inputs", () => {
  const kept: Tensor[] = [];
  const f = custom(
    (_ctx, a: Tensor, b: Tensor) => a.add(b),
    (_ctx, g: Tensor) => {
      kept.push(g);
      return [g, g];
    },
  );
  const [a, b] = [leaf(1, 2), leaf(3, 4)];
  f.apply(a, b).mul(2).sum().backward();
  f.apply(a, a).mul(2).sum().backward();
  expect([a.grad!.tolist(), b.grad!.tolist()]).toEqual([
    [6, 6],
    [2, 2],
  ]);
  expect(kept.map((g) => g.tolist())).toEqual([
    [2, 2],
    [2, 2],
  ]);
  a.grad!.zero_();
  expect(b.grad!.tolist()).toEqual([2, 2]);
});
