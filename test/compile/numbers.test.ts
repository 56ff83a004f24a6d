/** Compiled functions give the numbers of the functions themselves, forward, backward and for second derivatives. */
import * as torch from "kindling";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

type Tensor = torch.Tensor;
type Fn = (...xs: Tensor[]) => Tensor | Tensor[];

const F = torch.nn.functional;
const threads = torch.getNumThreads();
beforeAll(() => torch.setNumThreads(1));
afterAll(() => torch.setNumThreads(threads));

interface Case {
  readonly f: Fn;
  readonly shapes: readonly (readonly number[])[];
  /** Makes what the function gets of a leaf. */
  readonly window?: (x: Tensor) => Tensor;
}

const cases: Record<string, Case> = {
  "GELU with tanh": {
    f: (x) =>
      x!.mul(0.5).mul(
        x!
          .add(x!.pow(3).mul(0.044715))
          .mul(Math.sqrt(2 / Math.PI))
          .tanh()
          .add(1),
      ),
    shapes: [[33, 7]],
  },
  "GELU with erf": { f: (x) => x!.mul(0.5).mul(x!.div(Math.SQRT2).erf().add(1)), shapes: [[5]] },
  "a row that is broadcast": { f: (x, b) => x!.add(b!).relu().mul(2), shapes: [[33, 7], [7]] },
  "a column that is broadcast": {
    f: (x, b) => x!.mul(b!).tanh(),
    shapes: [
      [33, 7],
      [33, 1],
    ],
  },
  "an axis in the middle": {
    f: (x, b) => x!.mul(b!).sin(),
    shapes: [
      [3, 4, 5],
      [4, 1],
    ],
  },
  "comparisons and choices": { f: (x, y) => torch.where(x!.gt(y!), x!.mul(2), y!.sub(1)), shapes: [[8, 9], [9]] },
  "sums of rows": { f: (x) => x!.exp().mul(x!).sum(1), shapes: [[13, 6]] },
  "sums of one element": { f: (x) => x!.exp().sum(1).mul(2), shapes: [[13, 1]] },
  normalization: {
    f: (x) => {
      const centered = x!.sub(x!.mean(1, true));
      return centered.mul(centered.pow(2).mean(1, true).add(1e-5).rsqrt());
    },
    shapes: [[13, 6]],
  },
  "products between": {
    f: (a, x, w, b) => a!.matmul(x!.matmul(w!)).add(b!).relu(),
    shapes: [[6, 6], [6, 4], [4, 3], [3]],
  },
  "a planar flow": {
    f: (z, w, u, b) => {
      const h = z!.mul(w!).sum(1, true).add(b!).tanh();
      const psi = h.pow(2).neg().add(1).mul(w!.mul(u!).sum());
      return [z!.add(h.mul(u!)), psi.add(1).abs().log()];
    },
    shapes: [[20, 2], [2], [2], [1]],
  },
  "products of few terms": {
    f: (x, w, v, b) => [x!.matmul(w!).add(b!).tanh(), x!.sin().matmul(v!).exp(), x!.t().matmul(x!.cos())],
    shapes: [[9, 3], [3, 5], [3, 1], [5]],
  },
  "products of rows and a vector": {
    f: (x, w, v, u) => {
      const h = x!.matmul(w!).tanh();
      return [h.matmul(v!).tanh(), h.matmul(u!).exp(), v!.t().matmul(h.t()), u!.mul(2).dot(h.select(0, 1))];
    },
    shapes: [[9, 1], [1, 13], [13, 1], [13]],
  },
  "products of one term": {
    f: (x, w, v) => [x!.sin().matmul(w!), w!.exp().t().matmul(x!.t()), x!.cos().matmul(v!).matmul(v!.t())],
    shapes: [
      [9, 1],
      [1, 5],
      [1, 40],
    ],
  },
  "stacks of products": {
    f: (x, v, w) => [x!.tanh().matmul(v!), x!.exp().bmm(w!), w!.transpose(1, 2).bmm(x!.sin().transpose(1, 2)).add(1)],
    shapes: [
      [3, 4, 6],
      [6, 2],
      [3, 6, 1],
    ],
  },
  "linear layers of one output and of one input": {
    f: (x, w, b, v, c) => F.linear(F.linear(x!, w!, b!).tanh(), v!, c!).exp(),
    shapes: [[9, 1], [8, 1], [8], [1, 8], [1]],
  },
  "a dependence between sums of the same rows": {
    f: (x, w) => {
      const first = x!.exp().mul(w!).sum(1, true);
      return x!.exp().mul(first).sum(1).add(first.squeeze(1));
    },
    shapes: [[6, 5], [5]],
  },
  "an affine coupling": {
    f: (x) => {
      const [a, b] = x!.chunk(2, 1) as [Tensor, Tensor];
      return torch.cat([a, b.mul(a.tanh().exp()).add(a)], 1);
    },
    shapes: [[5, 6]],
  },
  "views and other shapes": { f: (x) => x!.mul(2).view(-1).add(1).reshape(3, 4).t().mul(3), shapes: [[4, 3]] },
  "in-place changes of its own": { f: (x) => x!.mul(2).add_(1).mul_(3), shapes: [[4, 3]] },
  "in-place changes of its own views": {
    f: (x) => {
      const h = x!.mul(2);
      h.select(0, 1).mul_(5);
      return h.add(1);
    },
    shapes: [[4, 3]],
  },
  "cross entropy": {
    f: (x) => F.crossEntropy(x!.mul(2), torch.arange(5, { dtype: torch.int64 })),
    shapes: [[5, 6]],
  },
  activations: {
    f: (x) => F.gelu(x!).add(F.silu(x!)).mul(F.softplus(x!)).add(F.elu(x!)).add(F.mish(x!)).add(F.hardswish(x!)),
    shapes: [[7, 5]],
  },
  "other dtypes between": { f: (x) => x!.double().mul(2).exp().float(), shapes: [[7, 5]] },
  powers: {
    f: (x, y) => x!.abs().add(0.1).pow(y!).add(x!.abs().add(1).pow(2.5)),
    shapes: [
      [6, 5],
      [6, 5],
    ],
  },
  "one element": { f: (x) => x!.mul(2).exp(), shapes: [[]] },
  "a transposed input": { f: (x) => x!.mul(2).exp(), shapes: [[3, 5]], window: (x) => x.t() },
  "a part of an input": {
    f: (x, y) => x!.mul(y!).exp(),
    shapes: [
      [6, 5],
      [6, 5],
    ],
    window: (x) => x.narrow(0, 2, 3),
  },
};

const listOf = (y: Tensor | Tensor[]): Tensor[] => (Array.isArray(y) ? y : [y]);

/** The distance relative to the largest number. */
function distance(a: Tensor, b: Tensor): number {
  expect([a.dtype, ...a.shape]).toEqual([b.dtype, ...b.shape]);
  return a.double().sub(b.double()).abs().max().item() / Math.max(1, b.abs().max().item());
}

/** Values, gradients and second derivatives. */
function derivatives(f: Fn, leaves: Tensor[], xs: Tensor[]): Tensor[] {
  const outputs = listOf(f(...xs));
  const loss = outputs.map((y) => y.pow(2).sum()).reduce((a, b) => a.add(b));
  const first = torch.autograd.grad(loss, leaves, { retainGraph: true });
  const again = torch.autograd.grad(loss, leaves, { createGraph: true });
  const second = torch.autograd.grad(
    again.map((g) => g.pow(2).sum()).reduce((a, b) => a.add(b)),
    leaves,
  );
  return [...outputs, ...first, ...second];
}

describe("a compiled function has the numbers of the function", () => {
  test.each(Object.entries(cases))("%s", (_name, { f, shapes, window }) => {
    torch.manualSeed(1);
    const g = torch.compile(f);
    for (let call = 0; call < 3; call++) {
      const leaves = shapes.map((shape) => torch.randn([...shape], { requiresGrad: true }));
      const xs = window === undefined ? leaves : leaves.map(window);
      const bare = xs.map((x) => x.detach());
      torch.noGrad(() => {
        const expected = listOf(f(...bare));
        listOf(g(...bare)).forEach((y, i) => {
          expect(distance(y, expected[i]!)).toBeLessThan(1e-6);
        });
      });
      const expected = derivatives(f, leaves, xs);
      derivatives(g, leaves, xs).forEach((y, i) => {
        expect(distance(y, expected[i]!)).toBeLessThan(2e-6);
      });
    }
    const { compiledCallCount, callCount, breakReasons } = torch.compiler.explain(g);
    expect(breakReasons).toEqual([]);
    // The first call of each mode is recorded.
    expect(callCount - compiledCallCount).toBe(2);
  });
});

test("special values are those of the ops", () => {
  const x = torch.tensor([Number.NaN, Infinity, -Infinity, -0, 0, 1, -1]);
  const f = (v: Tensor) => [
    ...[v.relu(), v.clamp(-1, 1), v.maximum(v.neg()), v.minimum(0), v.sign(), v.abs()],
    ...[v.gt(0), v.ne(v), v.gt(0).logicalNot(), torch.where(v.le(0), v, 2), v.float()],
  ];
  const g = torch.compile(f);
  for (let call = 0; call < 2; call++)
    g(x).forEach((y, i) => {
      expect(y.tolist()).toEqual(f(x)[i]!.tolist());
    });
});

test("what a coupling computes between its products is never in memory", () => {
  const f = torch.compile((x: Tensor, w: Tensor, v: Tensor, u: Tensor) => {
    const h = x.matmul(w).tanh();
    return h.matmul(v).exp().add(h.matmul(u));
  });
  const xs = [torch.randn(64, 2), torch.randn(2, 32), torch.randn(32, 1), torch.randn(32, 1)] as const;
  for (let call = 0; call < 2; call++) f(...xs);
  expect(torch.compiler.explain(f).kernelCount).toBe(2);
});

test("the signs of zeros are those of the ops, also of products and of sums", () => {
  const [row, column] = [torch.tensor([[-0, -0]]), torch.tensor([[1], [2]])];
  const f = (a: Tensor, b: Tensor) => [
    ...[a.matmul(b), a.t().matmul(b.t()), a.mul(1).sum(1), a.mul(1).matmul(b), a.t().mul(1).sum(1)],
    ...[F.linear(a, b.t(), torch.tensor([-0])), a.matmul(torch.ones(2, 40))],
  ];
  const g = torch.compile(f);
  for (let call = 0; call < 2; call++)
    g(row, column).forEach((y, i) => {
      expect(y.reciprocal().tolist()).toEqual(f(row, column)[i]!.reciprocal().tolist());
    });
});

test("long chains become a kernel for each dozens of ops", () => {
  const f = torch.compile((x: Tensor) => {
    let y = x;
    for (let i = 0; i < 100; i++) y = y.mul(0.9).add(x.sin());
    return y;
  });
  const x = torch.randn(50);
  for (let call = 0; call < 2; call++) f(x);
  expect(torch.compiler.explain(f).kernelCount).toBeLessThan(20);
});

test("a product whose factor is changed later is kept in memory, and its terms are not", () => {
  const f = torch.compile((x: Tensor, w: Tensor) => {
    const z = x.cumsum(0);
    const y = z.matmul(w);
    z.select(0, 0).fill_(1);
    return [y, z];
  });
  const [x, w] = [torch.randn(20, 4), torch.randn(4, 50)];
  const expected = x.cumsum(0).matmul(w);
  for (let call = 0; call < 2; call++) expect(distance(f(x, w)[0]!, expected)).toBeLessThan(1e-6);
  expect(torch.compiler.explain(f).kernelCount).toBe(3);
});

test.each([1, 2, 3, 4, 5, 7, 8, 17, 63, 64, 65])("rows of %i elements", (n) => {
  const f = (x: Tensor, b: Tensor) => [x.mul(b).add(1), x.mul(2).sum(1), x.gt(b), x.t().add(1)];
  const g = torch.compile(f);
  for (let call = 0; call < 2; call++) {
    const [x, b] = [torch.randn(3, n), torch.randn(n)];
    const expected = f(x, b);
    g(x, b).forEach((y, i) => {
      expect(distance(y.float(), expected[i]!.float())).toBeLessThan(1e-6);
    });
  }
});

test("two threads give the bits of one", () => {
  const f = torch.compile((x: Tensor, b: Tensor) => [x.mul(b).exp(), x.exp().sum(1)]);
  const [x, b] = [torch.randn(400, 500), torch.randn(500)];
  f(x, b);
  const one = f(x, b);
  torch.setNumThreads(2);
  try {
    for (let call = 0; call < 5; call++)
      f(x, b).forEach((y, i) => {
        expect(y.equal(one[i]!)).toBe(true);
      });
  } finally {
    torch.setNumThreads(1);
  }
});
