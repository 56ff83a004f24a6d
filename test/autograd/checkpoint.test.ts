/** Checkpoints: the same gradients as without, random numbers included, from fewer saved tensors. */

import type { Tensor } from "kindling";
import * as torch from "kindling";
import { describe, expect, expectTypeOf, test } from "vitest";

const { autograd, nn } = torch;
const { checkpoint, checkpointSequential } = torch.utils.checkpoint;
const leaf = (...values: number[]) => torch.tensor(values, { dtype: "float64", requiresGrad: true });

/** What a function counts its calls with. */
const counted = (f: (x: Tensor) => Tensor) => {
  const calls = { count: 0 };
  const g = (x: Tensor) => {
    calls.count++;
    return f(x);
  };
  return [g, calls] as const;
};

describe("checkpoint", () => {
  test("computes again in backward, once", () => {
    const [f, calls] = counted((x) => x.sin().exp().mul(x));
    const x = leaf(1, 2);
    const y = checkpoint(f, x);
    expect([calls.count, y.gradFn!.name]).toEqual([1, "MulBackward0"]);
    y.sum().backward();
    expect(calls.count).toBe(2);
    const [expected] = autograd.grad(f(x).sum(), x);
    expect(x.grad!.tolist()).toEqual(expected!.tolist());
  });

  test("takes and gives the types of the function", () => {
    const f = (x: Tensor, scale: number) => [x.mul(scale), scale] as const;
    expectTypeOf(checkpoint(f, leaf(1), 2)).toEqualTypeOf<readonly [Tensor, number]>();
    expectTypeOf(checkpoint(f, leaf(1), 2, { preserveRngState: false })).toEqualTypeOf<readonly [Tensor, number]>();
    // @ts-expect-error scale is missing
    expect(() => checkpoint(f, leaf(1))).toThrow(/got undefined/);
    const model = new nn.Linear(2, 3);
    expectTypeOf(checkpoint(model, torch.ones(1, 2))).toEqualTypeOf<Tensor>();
  });

  test("saves the inputs alone", () => {
    const before = torch.memoryStats().blocks;
    const x = torch.ones(1000, { requiresGrad: true });
    const y = checkpoint((t) => torch.tidy(() => t.exp().sin().exp().sin()), x);
    expect(torch.memoryStats().blocks).toBe(before + 2);
    const loss = y.sum();
    loss.backward();
    for (const t of [y, loss]) t.dispose();
    // What is left: x and its gradient, and the last temporary of the second run, which is left to the collector.
    expect(torch.memoryStats().blocks).toBeLessThanOrEqual(before + 3);
  });

  test("reaches parameters of modules, and inputs that do not require grad", () => {
    torch.manualSeed(0);
    const model = new nn.Sequential(new nn.Linear(3, 4), new nn.Tanh(), new nn.Linear(4, 1));
    const x = torch.randn(5, 3);
    model(x).sum().backward();
    const expected = model.parameters().map((p) => p.grad!.tolist());
    model.zeroGrad();
    checkpoint(model, x).sum().backward();
    expect(model.parameters().map((p) => p.grad!.tolist())).toEqual(expected);
  });

  test("draws the same random numbers, and leaves the generator where it was", () => {
    const run = (wrap: (f: (x: Tensor) => Tensor, x: Tensor) => Tensor) => {
      torch.manualSeed(7);
      const x = torch.ones(20, { requiresGrad: true });
      const y = wrap((t) => nn.functional.dropout(t.mul(2)).exp(), x);
      const drawn = torch.rand(2);
      y.sum().backward();
      return [y.tolist(), x.grad!.tolist(), drawn.tolist(), torch.rand(2).tolist()];
    };
    expect(run((f, x) => checkpoint(f, x))).toEqual(run((f, x) => f(x)));
    expect(run((f, x) => checkpoint(f, x, { preserveRngState: false }))[3]).not.toEqual(run((f, x) => f(x))[3]);
  });

  test("gives second derivatives, and a second backward", () => {
    const x = leaf(0.5, 2);
    const f = (t: Tensor) => t.sin().exp();
    expect(autograd.gradcheck((t) => checkpoint(f, t), x)).toBe(true);
    expect(autograd.gradgradcheck((t) => checkpoint(f, t), x)).toBe(true);
    const [g, calls] = counted(f);
    const y = checkpoint(g, x).sum();
    y.backward(undefined, { retainGraph: true });
    const once = x.grad!.tolist() as number[];
    y.backward();
    expect(x.grad!.tolist()).toEqual(once.map((v) => 2 * v));
    expect(calls.count).toBe(3);
  });

  test("nests", () => {
    const x = leaf(0.5, 2);
    const inner = (t: Tensor) => t.exp().sin();
    const outer = (wrap: (f: (t: Tensor) => Tensor, t: Tensor) => Tensor) => (t: Tensor) => wrap(inner, t.mul(2)).exp();
    const direct = autograd.grad(outer((f, t) => f(t))(x).sum(), x)[0]!;
    const nested = autograd.grad(checkpoint(outer(checkpoint), x).sum(), x)[0]!;
    expect(nested.tolist()).toEqual(direct.tolist());
  });

  test("stops when everything that backward needs is there, unless told otherwise", () => {
    let ends = 0;
    const f = (t: Tensor) => {
      const y = t.exp();
      ends++;
      return y;
    };
    checkpoint(f, leaf(1)).backward();
    expect(ends).toBe(1);
    checkpoint(f, leaf(1), { earlyStop: false }).backward();
    expect(ends).toBe(3);
  });

  test("notices a second run that differs", () => {
    let runs = 0;
    const shrinking = (t: Tensor) => (runs++ === 0 ? t.exp().sin() : t.mul(2));
    expect(() => checkpoint(shrinking, leaf(1)).backward()).toThrow(
      /A different number of tensors was saved during the original forward and recomputation/,
    );
    let sizes = 2;
    const changing = (t: Tensor) => t.slice(0, 0, sizes--).exp().sum();
    expect(() => checkpoint(changing, leaf(1, 2)).backward()).toThrow(
      /different metadata than during the forward pass. Tensor at position 0: saved float64 \[2\], recomputed float64 \[1\]/,
    );
  });

  test("notices inputs that were changed in place", () => {
    const x = leaf(1).mul(2);
    const y = checkpoint((t) => t.exp(), x);
    x.add_(1);
    expect(() => y.backward()).toThrow(/modified by an inplace operation/);
  });

  test("does nothing in noGrad, and knows its options", () => {
    expect(torch.noGrad(() => checkpoint((t: Tensor) => t.exp(), leaf(1))).requiresGrad).toBe(false);
    const f = (t: Tensor) => t.exp();
    expect(() => checkpoint(f, leaf(1), { preserveRngState: true, rng: 1 } as object)).toThrow(/rng/);
    expect(() => checkpoint(f, leaf(1), { useReentrant: true } as object)).toThrow(/useReentrant/);
    expect(checkpoint(f, leaf(1), { useReentrant: false }).requiresGrad).toBe(true);
  });

  test("passes on an object that is no options", () => {
    const y = checkpoint((t: Tensor, { scale }: { scale: number }) => t.mul(scale).exp(), leaf(1), { scale: 0 });
    expect(y.item()).toBe(1);
  });
});

test("checkpointSequential runs groups as checkpoints", () => {
  torch.manualSeed(0);
  const model = new nn.Sequential(
    new nn.Linear(3, 4),
    new nn.Tanh(),
    new nn.Linear(4, 4),
    new nn.Tanh(),
    new nn.Linear(4, 1),
  );
  const x = torch.randn([5, 3], { requiresGrad: true });
  model(x).sum().backward();
  const expected = x.grad!.tolist();
  x.grad = null;
  let calls = 0;
  model.at(0).registerForwardPreHook(() => void calls++);
  for (const segments of [1, 2, 5]) {
    x.grad = null;
    checkpointSequential(model, segments, x).sum().backward();
    expect(x.grad!.tolist()).toEqual(expected);
  }
  expect(calls).toBe(1 + 2 + 2);
  expect(() => checkpointSequential(model, 6, x)).toThrow(/segments must be an integer from 1 to 5, got 6/);
});
