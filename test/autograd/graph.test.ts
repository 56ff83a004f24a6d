/** autograd.graph: hooks on saved tensors, on nodes, and on several gradients together. */

import * as torch from "kindling";
import { autograd, type Tensor } from "kindling";
import { describe, expect, test } from "vitest";

const { graph } = autograd;
const leaf = (...values: number[]) => torch.tensor(values, { requiresGrad: true });
const nodeOf = (x: Tensor) => x.gradFn as autograd.Node;

describe("savedTensorsHooks", () => {
  test("pack sees what is saved, unpack gives it to backward", () => {
    const log: unknown[] = [];
    const [a, b] = [leaf(2), leaf(5)];
    const y = graph.savedTensorsHooks(
      (x) => {
        log.push(["pack", x.item(), x.requiresGrad, torch.isGradEnabled()]);
        return x.item();
      },
      (value: number) => {
        log.push(["unpack", value]);
        return torch.full([1], value, { dtype: "float32" });
      },
      () => a.mul(b),
    );
    expect(log).toEqual([
      ["pack", 5, false, false],
      ["pack", 2, false, false],
    ]);
    y.backward();
    expect(log.slice(2)).toEqual([
      ["unpack", 5],
      ["unpack", 2],
    ]);
    expect([a.grad!.tolist(), b.grad!.tolist()]).toEqual([[5], [2]]);
  });

  test("keep the place in the graph, so that second derivatives work", () => {
    const x = leaf(3);
    const y = graph.savedTensorsHooks(
      (t) => t.clone(),
      (t) => t,
      () => x.mul(2).pow(3),
    );
    const [first] = autograd.grad(y, x, { createGraph: true });
    const [second] = autograd.grad(first!, x);
    expect([first!.item(), second!.item()]).toEqual([216, 144]);
  });

  test("the innermost hooks count, and they end with their body", () => {
    const log: string[] = [];
    const named = <R>(name: string, body: () => R) =>
      graph.savedTensorsHooks(
        (x) => {
          log.push(name);
          return x;
        },
        (x) => x,
        body,
      );
    const x = leaf(1);
    named("outer", () => {
      x.exp();
      named("inner", () => x.exp());
      x.exp();
    });
    x.exp();
    expect(log).toEqual(["outer", "inner", "outer"]);
  });

  test("what unpack gives may be kept and used on", () => {
    const kept: Tensor[] = [];
    const x = leaf(1, 2);
    const y = graph.savedTensorsHooks(
      (t) => t,
      (t) => {
        kept.push(t.mul(10));
        return t;
      },
      () => x.exp().log(),
    );
    y.sum().backward();
    expect(kept).toHaveLength(2);
    expect(kept.every((t) => t.numel() === 2 && t.tolist().length === 2)).toBe(true);
  });

  test("work in custom functions", () => {
    class Double extends autograd.Function {
      static forward(ctx: autograd.FunctionCtx<[Tensor]>, x: Tensor) {
        ctx.saveForBackward(x);
        return x.mul(x);
      }
      static backward(ctx: autograd.FunctionCtx<[Tensor]>, g: Tensor) {
        return ctx.savedTensors[0].mul(g).mul(2);
      }
    }
    let packed = 0;
    const x = leaf(3);
    const y = graph.savedTensorsHooks(
      (t) => {
        packed++;
        return t;
      },
      (t) => t,
      () => Double.apply(x),
    );
    y.backward();
    expect([packed, x.grad!.item()]).toEqual([1, 6]);
  });

  test("must not change their input, and must give a tensor", () => {
    const x = leaf(1);
    const hooks = <P>(pack: (t: Tensor) => P, unpack: (p: P) => any) =>
      graph.savedTensorsHooks(pack, unpack, () => x.mul(2).exp());
    expect(() =>
      hooks(
        (t) => t.mul_(2),
        (t) => t,
      ),
    ).toThrow(/A saved tensor pack hook is modifying its input in place/);
    const y = hooks(
      () => 1,
      () => 5,
    );
    expect(() => y.backward()).toThrow(
      /Output of saved tensor unpack_hook expected to be a Tensor but got result of type 5/,
    );
  });

  test("can be forbidden", () => {
    const identity = (x: Tensor) => x;
    graph.disableSavedTensorsHooks("not here", () => {
      expect(() => graph.savedTensorsHooks(identity, identity, () => 1)).toThrow("not here");
    });
    expect(graph.savedTensorsHooks(identity, identity, () => 1)).toBe(1);
  });
});

describe("nodes", () => {
  test("run prehooks before and hooks after their backward, both of which may replace gradients", () => {
    const x = leaf(1);
    const y = x.mul(3);
    const log: unknown[] = [];
    nodeOf(y).registerPrehook((gradOutputs) => {
      log.push(gradOutputs.map((g) => g!.item()));
      return gradOutputs.map((g) => g!.mul(10));
    });
    const handle = nodeOf(y).registerHook((gradInputs, gradOutputs) => {
      log.push([gradInputs.map((g) => g?.item()), gradOutputs.map((g) => g!.item())]);
      return gradInputs.map((g) => g?.add(1));
    });
    y.backward(undefined, { retainGraph: true });
    expect(log[0]).toEqual([1]);
    expect(log[1]).toEqual([expect.arrayContaining([30]), [10]]);
    expect(x.grad!.item()).toBe(31);
    handle.remove();
    y.backward();
    expect(x.grad!.item()).toBe(61);
  });

  test("tensors that a node's hook makes stay usable", () => {
    const kept: Tensor[] = [];
    const y = leaf(1, 2).mul(3);
    nodeOf(y).registerHook((gradInputs) => void kept.push(gradInputs[0]!.clone()));
    y.sum().backward();
    expect(kept[0]!.tolist()).toEqual([3, 3]);
  });

  test("are reached through gradient edges", () => {
    const x = leaf(1);
    const y = x.mul(3);
    expect(graph.getGradientEdge(y)).toEqual({ node: y.gradFn, index: 0 });
    expect(graph.getGradientEdge(x).node).toBeInstanceOf(graph.AccumulateGrad);
    expect(() => graph.getGradientEdge(torch.ones(1))).toThrow(/does not require gradients/);
  });
});

test("incrementVersion makes changes known that operations do not see", () => {
  const x = leaf(1);
  const y = x.mul(2);
  const z = y.exp().mul(y);
  graph.incrementVersion(y);
  expect(() => z.backward()).toThrow(/modified by an inplace operation/);
});

describe("registerMultiGradHook", () => {
  const [a, b, c] = [leaf(1), leaf(2), leaf(3)];

  test("waits for all gradients, with null for tensors that are not reached", () => {
    const log: unknown[] = [];
    const handle = graph.registerMultiGradHook([a, b, c], (grads) => log.push(grads.map((g) => g?.item())));
    a.mul(2).add(c.mul(3)).backward();
    a.mul(b).mul(c).backward();
    autograd.grad(a.mul(7), a);
    expect(log).toEqual([
      [2, undefined, 3],
      [6, 3, 2],
      [7, undefined, undefined],
    ]);
    handle.remove();
    a.mul(b).backward();
    expect(log).toHaveLength(3);
  });

  test("or takes the first one", () => {
    const log: number[] = [];
    using _handle = graph.registerMultiGradHook([a, b], (g) => void log.push(g.item()), { mode: "any" });
    a.mul(b).backward();
    a.mul(5).backward();
    expect(log).toHaveLength(2);
    expect([1, 2]).toContain(log[0]);
    expect(log[1]).toBe(5);
  });
});
