/** PyTorch's own runs judge the formulas (see the conformance samples); here are sizes, dtypes, threads, and what PyTorch 1.13 does not have. */
import * as torch from "kindling";
import { afterAll, describe, expect, test } from "vitest";

const { optim } = torch;

const variants: [name: string, options: Record<string, unknown>][] = [
  ["SGD", { lr: 0.1 }],
  ["SGD", { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.1 }],
  ["Adam", { amsgrad: true, weightDecay: 0.1, maximize: true }],
  ["AdamW", { weightDecay: 0.1 }],
  ["Adamax", {}],
  ["NAdam", {}],
  ["RAdam", { betas: [0.5, 0.6] }],
  ["RMSprop", { centered: true, momentum: 0.5 }],
  ["Adagrad", { lrDecay: 0.1 }],
  ["Adadelta", {}],
  ["ASGD", { t0: 2 }],
  ["Rprop", {}],
  ["Lion", { weightDecay: 0.1 }],
];

/** The same values everywhere: element i at step t. */
const noise = (i: number, t: number): number => Math.sin(12.9898 * (i + 1) + 78.233 * (t + 1)) * 1.5;

/** Four steps on elements [from, to) of one long parameter. */
function train(name: string, options: object, dtype: torch.DType, from: number, to: number): number[] {
  const values = (t: number) =>
    torch.tensor(
      Array.from({ length: to - from }, (_, i) => noise(from + i, t)),
      { dtype },
    );
  const p = values(-1).requiresGrad_();
  const optimizer = new (optim as any)[name]([p], options);
  for (let t = 0; t < 4; t++) {
    p.grad = values(t);
    optimizer.step();
  }
  return p.tolist();
}

describe.each(variants)("%s %o", (name, options) => {
  test.each(["float32", "float64"] as const)("updates an element the same wherever it lies, in %s", (dtype) => {
    const size = 23;
    const whole = train(name, options, dtype, 0, size);
    for (let i = 0; i < size; i++) expect(train(name, options, dtype, i, i + 1)).toEqual([whole[i]]);
    for (const cut of [1, 2, 3, 9])
      expect([...train(name, options, dtype, 0, cut), ...train(name, options, dtype, cut, size)]).toEqual(whole);
    expect(whole.every(Number.isFinite)).toBe(true);
  });
});

describe("threads", () => {
  const threads = torch.getNumThreads();
  afterAll(() => torch.setNumThreads(threads));

  test("do not change a bit", () => {
    const run = (n: number) => {
      torch.setNumThreads(n);
      return train("Adam", {}, "float32", 0, 200_003);
    };
    expect(run(3)).toEqual(run(1));
  });
});

describe("Lion", () => {
  test("steps by the sign of the momentum", () => {
    const p = torch.tensor([1, 1, 1], { requiresGrad: true });
    const optimizer = new optim.Lion([p], { lr: 0.25, betas: [0.5, 0.75] });
    p.grad = torch.tensor([2, -2, 0]);
    optimizer.step();
    expect(p.tolist()).toEqual([0.75, 1.25, 1]);
    expect(optimizer.state.get(p)!.expAvg.tolist()).toEqual([0.5, -0.5, 0]);
    p.grad = torch.tensor([-0.25, 0, 1]);
    optimizer.step();
    expect(p.tolist()).toEqual([0.5, 1.5, 0.75]);
  });
});

describe("Muon", () => {
  const stepOf = (grad: torch.Tensor, options: object = {}): torch.Tensor => {
    const p = torch.zeros(grad.shape).requiresGrad_();
    p.grad = grad;
    new optim.Muon([p], { lr: 1, momentum: 0, nesterov: false, weightDecay: 0, ...options }).step();
    return p.detach();
  };

  test.each([
    [4, 4],
    [3, 7],
    [7, 3],
  ])("steps along a nearly orthogonal matrix, %i by %i", (rows, columns) => {
    torch.manualSeed(1);
    const step = stepOf(torch.randn(rows, columns)).div(Math.sqrt(Math.max(1, rows / columns)));
    const gram = rows < columns ? step.matmul(step.t()) : step.t().matmul(step);
    gram.tolist().forEach((line: number[], i: number) => {
      line.forEach((value, k) => {
        // Five iterations bring singular values to between 0.7 and 1.2.
        expect(Math.abs(value - (i === k ? 1 : 0))).toBeLessThan(0.55);
      });
    });
  });

  test("does not depend on the scale of the gradient, and follows the shape as asked", () => {
    torch.manualSeed(2);
    const grad = torch.randn(2, 8);
    const [plain, scaled] = [stepOf(grad), stepOf(grad.mul(1000))];
    expect(plain.sub(scaled).abs().max().item()).toBeLessThan(1e-4);
    const matched = stepOf(grad, { adjustLrFn: "match_rms_adamw" });
    expect(
      matched
        .div(plain)
        .sub(0.2 * Math.sqrt(8))
        .abs()
        .max()
        .item(),
    ).toBeLessThan(1e-4);
  });
});

describe("LBFGS", () => {
  const rosenbrock = (x: torch.Tensor): torch.Tensor => {
    const [a, b] = [x.select(0, 0), x.select(0, 1)];
    return b.sub(a.mul(a)).pow(2).mul(100).add(a.mul(-1).add(1).pow(2));
  };

  function descend(x: torch.Tensor, optimizer: torch.optim.LBFGS): number {
    return optimizer
      .step(() => {
        optimizer.zeroGrad();
        const loss = rosenbrock(x);
        loss.backward();
        return loss;
      })
      .item();
  }

  const start = () => torch.tensor([-1.2, 1], { dtype: "float64", requiresGrad: true });

  test("finds the minimum of Rosenbrock's valley", () => {
    const x = start();
    const optimizer = new optim.LBFGS([x], { lineSearchFn: "strong_wolfe" });
    for (let i = 0; i < 5; i++) descend(x, optimizer);
    x.tolist().forEach((value: number) => {
      expect(value).toBeCloseTo(1, 4);
    });
  });

  test("continues from its state dict", () => {
    const [x, y] = [start(), start()];
    const options = { maxIter: 3, lineSearchFn: "strong_wolfe" } as const;
    const [first, second] = [new optim.LBFGS([x], options), new optim.LBFGS([y], options)];
    descend(x, first);
    torch.noGrad(() => y.copy_(x));
    second.loadStateDict(first.stateDict());
    expect(descend(y, second)).toBe(descend(x, first));
    expect(y.tolist()).toEqual(x.tolist());
    expect(Object.values(first.stateDict().state).flatMap(Object.keys).sort()).toEqual([
      "H_diag",
      "al",
      "d",
      "func_evals",
      "n_iter",
      "old_dirs",
      "old_stps",
      "prev_flat_grad",
      "prev_loss",
      "ro",
      "t",
    ]);
  });

  test("moves all parameters together, and says what it needs", () => {
    const [a, b] = [torch.tensor([3], { requiresGrad: true }), torch.tensor([[1, -1]], { requiresGrad: true })];
    const optimizer = new optim.LBFGS([a, b], { maxIter: 10 });
    const closure = () => {
      optimizer.zeroGrad();
      const loss = a.mul(a).sum().add(b.mul(b).sum());
      loss.backward();
      return loss;
    };
    optimizer.step(closure);
    expect(closure().item()).toBeLessThan(1e-10);
    expect(() => optimizer.step()).toThrow(/takes a closure/);
    expect(() => optimizer.step(() => undefined)).toThrow(/must return the loss, got undefined/);
  });
});
