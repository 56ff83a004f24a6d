/** Hooks of tensors: order, replacement, removal; retained gradients. */
import * as torch from "kindling";
import { expect, test } from "vitest";

const leaf = (...values: number[]) => torch.tensor(values, { requiresGrad: true });

test("hooks run in the order of registration, each with what the one before returned", () => {
  const x = leaf(1);
  const seen: number[] = [];
  x.registerHook((grad) => {
    seen.push(grad.item());
    return grad.mul(2);
  });
  x.registerHook((grad) => void seen.push(grad.item()));
  x.registerHook((grad) => grad.add(1));
  x.mul(3).backward();
  expect([seen, x.grad!.item()]).toEqual([[3, 6], 7]);
});

test("a hook sees the whole gradient of a tensor once, and only the gradient of its own tensor", () => {
  const x = leaf(1);
  const y = x.mul(2);
  const seen: number[] = [];
  y.registerHook((grad) => void seen.push(grad.item()));
  y.add(y.mul(4)).backward();
  expect([seen, x.grad!.item()]).toEqual([[5], 10]);
});

test("a removed hook is gone, and removing twice does nothing", () => {
  const x = leaf(1);
  let calls = 0;
  const handle = x.registerHook(() => void calls++);
  x.mul(2).backward();
  handle.remove();
  handle.remove();
  x.mul(2).backward();
  expect(calls).toBe(1);
});

test("a hook may remove itself while it runs", () => {
  const x = leaf(1);
  let calls = 0;
  const handle = x.registerHook(() => {
    calls++;
    handle.remove();
  });
  x.mul(2).backward();
  x.mul(2).backward();
  expect(calls).toBe(1);
});

test("hooks run for autograd.grad as well", () => {
  const x = leaf(1);
  x.registerHook((grad) => grad.mul(10));
  const [dx] = torch.autograd.grad(x.mul(2), x);
  expect(dx!.item()).toBe(20);
});

test("hooks must keep the shape, and need a tensor that requires grad", () => {
  const x = leaf(1, 2);
  x.registerHook(() => torch.ones(3));
  expect(() => x.sum().backward()).toThrow(/hook has changed the size of value/);
  expect(() => torch.ones(1).registerHook(() => {})).toThrow(/doesn't require gradient/);
});

test("hooks must give tensors of the same dtype, or nothing", () => {
  const run = (hook: () => any) => {
    const x = leaf(1);
    x.registerHook(hook);
    x.mul(2).backward();
    return x.grad!.item();
  };
  expect(run(() => null)).toBe(2);
  expect(() => run(() => 5)).toThrow(/expected Tensor, but hook returned 5/);
  expect(() => run(() => torch.ones([1], { dtype: "float64" }))).toThrow(
    /has changed the type of value \(was torch.FloatTensor got torch.DoubleTensor\)/,
  );
});

test("hooks of a tensor run before the hooks of its node, and retainGrad is last", () => {
  const x = leaf(1);
  const y = x.mul(2);
  const log: unknown[] = [];
  y.registerHook((g) => void log.push(["first", g.item()]));
  y.retainGrad();
  y.registerHook((g) => {
    log.push(["second", g.item()]);
    return g.mul(10);
  });
  (y.gradFn as torch.autograd.Node).registerHook((gradInputs, gradOutputs) => {
    log.push(["node", gradInputs[0]!.item(), gradOutputs[0]!.item()]);
  });
  y.mul(3).backward();
  expect(log).toEqual([
    ["first", 3],
    ["second", 3],
    ["node", 60, 30],
  ]);
  expect([y.grad!.item(), x.grad!.item()]).toEqual([30, 60]);
});

test("a hook after an in-place change hears of the changed tensor", () => {
  const x = leaf(1);
  const y = x.mul(2);
  const seen: string[] = [];
  y.registerHook((grad) => void seen.push(`before ${grad.item()}`));
  y.mul_(3);
  y.registerHook((grad) => void seen.push(`after ${grad.item()}`));
  y.mul(5).backward();
  expect(seen).toEqual(["after 5", "before 15"]);
});

test("post-accumulate hooks see the leaf with its new gradient", () => {
  const x = leaf(1, 2);
  const seen: unknown[] = [];
  const handle = x.registerPostAccumulateGradHook((p) => {
    seen.push(p === x, p.grad!.tolist());
    p.grad = null;
  });
  x.mul(3).sum().backward();
  expect([seen, x.grad]).toEqual([[true, [3, 3]], null]);
  handle.remove();
  x.mul(3).sum().backward();
  expect(x.grad!.tolist()).toEqual([3, 3]);
  expect(() => x.mul(2).registerPostAccumulateGradHook(() => {})).toThrow(/non-leaf/);
});

test("an optimizer step in backward, by a hook", () => {
  const x = leaf(1);
  x.registerPostAccumulateGradHook((p) => {
    torch.noGrad(() => p.sub_(p.grad!.mul(0.5)));
    p.grad = null;
  });
  x.mul(4).backward();
  expect(x.item()).toBe(-1);
});

test("retainGrad keeps the gradient after the hooks, and adds up", () => {
  const x = leaf(1);
  const y = x.mul(2);
  y.retainGrad();
  y.retainGrad();
  y.registerHook((grad) => grad.mul(10));
  y.mul(3).backward(undefined, { retainGraph: true });
  expect([y.grad!.item(), y.retainsGrad, x.retainsGrad]).toEqual([30, true, false]);
  y.mul(3).backward();
  expect([y.grad!.item(), x.grad!.item()]).toEqual([60, 120]);
  expect(() => torch.ones(1).retainGrad()).toThrow(/requires_?grad.*false/i);
});

test("without retainGrad, grad of a tensor that is no leaf stays null", () => {
  const y = leaf(1).mul(2);
  y.mul(3).backward();
  expect(y.grad).toBeNull();
});

test("hooks of leaves run while backward goes on, in PyTorch's order, at every step", () => {
  const order: string[] = [];
  const leaves = Array.from({ length: 6 }, () => torch.ones([2], { requiresGrad: true }));
  leaves.forEach((leaf, i) => {
    leaf.registerHook(() => void order.push(`${i}`));
    leaf.registerPostAccumulateGradHook(() => void order.push("+"));
  });
  const chain = () => {
    let x = leaves[0]!;
    for (let i = 1; i < 6; i++) {
      x = x.mul(leaves[i]!);
      x.registerHook(() => void order.push(`x${i}`));
    }
    return x.sum();
  };
  for (let step = 0; step < 3; step++) {
    order.length = 0;
    chain().backward();
    expect(order.join(" ")).toBe("x5 5 + x4 4 + x3 3 + x2 2 + x1 0 + 1 +");
    order.length = 0;
    torch.stack(leaves).sum().backward();
    expect(order.join(" ")).toBe("0 + 2 + 5 + 4 + 1 + 3 +");
  }
});
