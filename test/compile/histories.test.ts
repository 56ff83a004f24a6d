/** Gradients of compiled functions whose arguments are made of each other, and those of which only a part is asked for. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

type Tensor = torch.Tensor;

/** What a function gives at the first call, which records, and at those that follow. */
const calls = <T>(call: () => T): T[] => [call(), call(), call()];

describe("arguments that are made of each other count once", () => {
  test("where a part of the results gets a gradient", () => {
    const f = torch.compile((h: Tensor, w: Tensor) => [h.mul(w), h.mul(w).sin()] as const);
    const gradients = calls(() => {
      const w = torch.tensor([2]).float().requiresGrad_();
      f(w.mul(3), w)[0].sum().backward();
      return w.grad!.item();
    });
    expect(gradients).toEqual([12, 12, 12]);
  });

  test("where the gradient is differentiated", () => {
    const f = torch.compile((h: Tensor, w: Tensor) => h.mul(w).mul(1));
    const gradients = calls(() => {
      const w = torch.tensor([2]).float().requiresGrad_();
      const [first] = torch.autograd.grad(f(w.mul(3), w).sum(), [w], { createGraph: true });
      const [second] = torch.autograd.grad(first!.sum(), [w]);
      return [first!.item(), second!.item()];
    });
    expect(gradients).toEqual([
      [12, 6],
      [12, 6],
      [12, 6],
    ]);
  });

  test("as a view", () => {
    const f = torch.compile((a: Tensor, b: Tensor) => [a.mul(b), a.sin()] as const);
    const gradients = calls(() => {
      const w = torch.tensor([2.5, 3]).requiresGrad_();
      f(w, w.view([2]))[0]
        .sum()
        .backward();
      return w.grad!.tolist();
    });
    expect(gradients).toEqual([
      [5, 6],
      [5, 6],
      [5, 6],
    ]);
  });

  test("as the state of a loop", () => {
    const step = (h: Tensor, w: Tensor) => {
      const y = h.mul(w).tanh();
      return [y, y.sum()] as const;
    };
    const gradientOf = (f: typeof step): number => {
      const w = torch.tensor([0.5]).requiresGrad_();
      let [h, sum] = [torch.tensor([1]).float(), torch.tensor(0).float()];
      for (let i = 0; i < 4; i++) {
        const [next, loss] = f(h, w);
        h = next;
        sum = sum.add(loss);
      }
      sum.backward();
      return w.grad!.item() as number;
    };
    expect(gradientOf(torch.compile(step))).toBeCloseTo(gradientOf(step), 6);
  });
});

test("hooks of an argument run once", () => {
  const f = torch.compile((x: Tensor) => [x.exp(), x.sin()] as const);
  const gradients = calls(() => {
    const w = torch.zeros([1]).requiresGrad_();
    w.registerHook((g) => g.mul(3));
    f(w)[1].sum().backward();
    return w.grad!.item();
  });
  expect(gradients).toEqual([3, 3, 3]);
});
