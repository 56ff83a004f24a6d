/** The order in which a backward pass runs hooks and callbacks: as recorded from PyTorch 1.13 on the cpu. */

import type { Tensor } from "kindling";
import * as torch from "kindling";
import { expect, test } from "vitest";

/** The library tells no one of it: what calls it is its own. */
const { __queueCallback: queueCallback } = torch as unknown as { __queueCallback(callback: () => void): void };

const leaf = (n: number, value = 1) => torch.full([n], value, { dtype: "float32", requiresGrad: true });
const accumulatorOf = (x: Tensor) =>
  (x.expandAs(x).gradFn as torch.autograd.Node).nextFunctions[0]![0] as torch.autograd.AccumulateGrad;
const rounded = (x: Tensor) => (x.tolist() as number[]).map((value) => Math.round(value * 1e4) / 1e4);

/** Three weights whose hooks, and those of their accumulators, write into a log. */
function weights(log: string[]): [Tensor, Tensor, Tensor] {
  const all = [1, 2, 3].map((value) => leaf(2, value)) as [Tensor, Tensor, Tensor];
  all.forEach((w, i) => {
    w.registerHook(() => void log.push(`w${i + 1}`));
    const node = accumulatorOf(w);
    node.registerHook((gradInputs, gradOutputs) => {
      log.push(`acc${i + 1} ${gradInputs.length} [${rounded(gradOutputs[0]!)}] [${rounded(w.grad!)}]`);
    });
    node.registerPrehook(() => void log.push(`pre${i + 1}`));
  });
  return all;
}

test("in each step, the hooks of a leaf run as soon as its gradient is complete, and those of its accumulator after that", () => {
  const log: string[] = [];
  const [w1, w2, w3] = weights(log);
  const step = (): string[] => {
    log.length = 0;
    const h = torch.ones(2).mul(w1).relu();
    const h2 = h.mul(w2).sigmoid();
    const y = h2.mul(w3).add(w1).sum();
    y.registerHook(() => void log.push("y"));
    h.registerHook(() => void log.push("h"));
    h2.registerHook(() => void log.push("h2"));
    y.backward();
    return [...log];
  };
  const order = (w3: string, w2: string, w1: string) => [
    ...["y", "pre3", "w3", `acc3 0 [0.8808,0.8808] ${w3}`],
    ...["h2", "pre2", "w2", `acc2 0 [0.315,0.315] ${w2}`],
    ...["h", "pre1", "w1", `acc1 0 [1.63,1.63] ${w1}`],
  ];
  expect(step()).toEqual(order("[0.8808,0.8808]", "[0.315,0.315]", "[1.63,1.63]"));
  expect(step()).toEqual(order("[1.7616,1.7616]", "[0.63,0.63]", "[3.2599,3.2599]"));
});

test("backward to some leaves runs their accumulators within the pass, each once", () => {
  const log: string[] = [];
  const [w1, w2, w3] = weights(log);
  const y = torch.ones(2).mul(w1).relu().mul(w2).mul(w3).sum();
  y.backward(undefined, { inputs: [w1, w3, w1] });
  expect(log).toEqual(["pre3", "w3", "acc3 0 [2,2] [2,2]", "pre1", "w1", "acc1 0 [6,6] [6,6]"]);
  expect(w2.grad).toBeNull();
});

test("autograd.grad runs the hooks of leaves, and nothing that accumulates", () => {
  const log: string[] = [];
  const [w1] = weights(log);
  w1.registerPostAccumulateGradHook(() => void log.push("never"));
  torch.autograd.grad(w1.mul(2).sum(), w1);
  expect(log).toEqual(["pre1", "w1"]);
});

test("hooks of an accumulator hear that nothing came for its leaf", () => {
  const Left = class extends torch.autograd.Function {
    static forward(_ctx: torch.autograd.FunctionCtx, a: Tensor, b: Tensor) {
      return a.add(b);
    }
    static backward(_ctx: torch.autograd.FunctionCtx, grad: Tensor) {
      return [grad, null];
    }
  };
  const [a, b] = [leaf(2), leaf(2)];
  const seen: unknown[] = [];
  accumulatorOf(b).registerHook((gradInputs, gradOutputs) => void seen.push(gradInputs.length, gradOutputs[0] ?? null));
  (Left.apply(a, b) as Tensor).sum().backward();
  expect([seen, b.grad, a.grad!.tolist()]).toEqual([[0, null], null, [1, 1]]);
});

test("callbacks run when the pass has ended, in order, and may queue others", () => {
  const log: string[] = [];
  const [u, v] = [leaf(2), leaf(2)];
  v.registerHook(() => {
    log.push("v");
    queueCallback(() => {
      log.push("cb1");
      queueCallback(() => void log.push("cb3"));
    });
    queueCallback(() => void log.push("cb2"));
  });
  u.registerHook(() => void log.push("u"));
  u.mul(2).mul(v).sum().backward();
  expect(log).toEqual(["v", "u", "cb1", "cb2", "cb3"]);
  expect(() => queueCallback(() => {})).toThrow("Final callbacks can only be installed during backward pass.");
});

test("a backward within a backward has callbacks of its own", () => {
  const log: string[] = [];
  const Nested = class extends torch.autograd.Function {
    static forward(ctx: torch.autograd.FunctionCtx, a: Tensor) {
      ctx.saveForBackward(a);
      return a.mul(2);
    }
    static backward(ctx: torch.autograd.FunctionCtx) {
      const [a] = ctx.savedTensors as [Tensor];
      queueCallback(() => void log.push("outer callback"));
      return torch.enableGrad(() => {
        const b = a.detach().requiresGrad_();
        b.registerHook(() => {
          log.push("inner hook");
          queueCallback(() => void log.push("inner callback"));
        });
        b.mul(2).sum().backward();
        log.push("after inner");
        return b.grad!;
      });
    }
  };
  const u = leaf(2);
  u.registerHook(() => {
    log.push("hook");
    queueCallback(() => void log.push("last callback"));
  });
  (Nested.apply(u) as Tensor).sum().backward();
  expect(log).toEqual(["inner hook", "inner callback", "after inner", "hook", "outer callback", "last callback"]);
});

test("a pass that fails forgets its callbacks, and the next pass is whole", () => {
  const log: string[] = [];
  const z = leaf(2);
  const handle = z.registerHook(() => {
    queueCallback(() => void log.push("never"));
    throw new Error("boom");
  });
  const y = z.mul(2).sum();
  expect(() => y.backward(undefined, { retainGraph: true })).toThrow("boom");
  handle.remove();
  z.registerHook(() => queueCallback(() => void log.push("now")));
  y.backward(undefined, { retainGraph: true });
  y.backward();
  expect([log, z.grad!.tolist()]).toEqual([
    ["now", "now"],
    [4, 4],
  ]);
});

test("an error in a callback is the error of backward, after all gradients have been added", () => {
  const z = leaf(2);
  z.registerHook(() =>
    queueCallback(() => {
      throw new Error("late");
    }),
  );
  expect(() => z.mul(3).sum().backward()).toThrow("late");
  expect(z.grad!.tolist()).toEqual([3, 3]);
});
