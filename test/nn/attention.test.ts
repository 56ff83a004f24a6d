/** Attention as one op of the cpu device, against the same in steps in float64. */
import * as torch from "kindling";
import { afterEach, describe, expect, test, vi } from "vitest";

const { nn } = torch;
const F = nn.functional;

afterEach(() => torch.setNumThreads(2));

type Options = NonNullable<Parameters<typeof F.scaledDotProductAttention>[3]> & { dropoutP?: number };
type Sizes = readonly [l: number, s: number, e: number, v: number];

/** Values as they are compared. */
const valuesOf = (x: torch.Tensor): torch.Tensor => x.detach().to("float64");

/** NaN is equal to NaN. */
function expectClose(x: torch.Tensor, want: torch.Tensor, tolerance: number): void {
  expect(x.shape).toEqual(want.shape);
  if (!x.allclose(want, { rtol: tolerance, atol: tolerance, equalNan: true }))
    expect(x.tolist()).toEqual(want.tolist());
}

/** Result and gradients in a dtype; `heads` lets queries, keys and values be views of [n, l, heads, e]. */
function run(dtype: torch.DType, lead: readonly number[], [l, s, e, v]: Sizes, options: Options, heads: boolean) {
  torch.manualSeed(1);
  const base = [
    [l, e],
    [s, e],
    [s, v],
  ].map(([rows, width]) =>
    torch.randn(heads ? [lead[0]!, rows!, lead[1]!, width!] : [...lead, rows!, width!]).to(dtype),
  );
  const leaves = base.map((x) => x.detach().requiresGrad_());
  const [q, k, value] = leaves.map((x) => (heads ? x.transpose(1, 2) : x)) as [
    torch.Tensor,
    torch.Tensor,
    torch.Tensor,
  ];
  const { attnMask } = options;
  const mask = attnMask == null || attnMask.dtype === "bool" ? attnMask : attnMask.to(dtype);
  torch.manualSeed(2);
  const y = F.scaledDotProductAttention(q, k, value, { ...options, attnMask: mask ?? null });
  torch.manualSeed(3);
  y.backward(torch.randn(...y.shape).to(dtype));
  return [y, ...leaves.map((x) => x.grad!)].map(valuesOf);
}

function agree(lead: readonly number[], sizes: Sizes, options: Options = {}, heads = false): void {
  const single = run("float32", lead, sizes, options, heads);
  const double = run("float64", lead, sizes, options, heads);
  for (let i = 0; i < 4; i++) expectClose(single[i]!, double[i]!, 1e-5);
}

const sizes: readonly Sizes[] = [
  [1, 1, 1, 1],
  [5, 7, 3, 2],
  [2, 40, 8, 5],
  [49, 130, 8, 5],
  [100, 100, 4, 4],
];

describe.each([[[]], [[3]], [[2, 3]], [[2, 9]], [[2, 1, 2]]] as const)("leading axes %j", (lead) => {
  test.each(sizes)("%i queries, %i keys, %i and %i features", (...size) => {
    const [l, s] = size;
    torch.manualSeed(4);
    const some = torch.rand(l, s).gt(0.5);
    some.narrow(1, 0, 1).fill_(true);
    agree(lead, size);
    agree(lead, size, { isCausal: true, scale: 0.3 });
    agree(lead, size, { attnMask: torch.randn(s, l).t() });
    agree(lead, size, { attnMask: some });
    agree(lead, size, { dropoutP: 0.25 });
    if (lead.length === 2) agree(lead, size, { attnMask: torch.randn(lead[1], 1, s) }, true);
  });
});

test("few queries give what they give among many", () => {
  torch.manualSeed(4);
  const [q, k, v] = [[9], [40], [40]].map(([rows]) => torch.randn(2, 3, rows!, 8)) as [
    torch.Tensor,
    torch.Tensor,
    torch.Tensor,
  ];
  const attnMask = torch.rand(9, 40).gt(0.3);
  const all = F.scaledDotProductAttention(q, k, v, { attnMask });
  for (const l of [1, 4]) {
    const some = F.scaledDotProductAttention(q.narrow(2, 3, l), k, v, { attnMask: attnMask.narrow(0, 3, l) });
    expectClose(some, all.narrow(2, 3, l), 1e-6);
  }
});

test.each([1, 2, 4, 5])("results lie in the order of the queries: %i of them", (l) => {
  const views = [l, 40, 40].map((rows) => torch.randn(2, rows, 3, 8).transpose(1, 2));
  const [q, k, v] = views as [torch.Tensor, torch.Tensor, torch.Tensor];
  const y = F.scaledDotProductAttention(q, k, v);
  expect(y.transpose(1, 2).view(2, l, 24).shape).toEqual([2, l, 24]);
  expectClose(y, F.scaledDotProductAttention(q.contiguous(), k.contiguous(), v.contiguous()), 1e-6);
});

test("few queries that see no later key are not reached by it", () => {
  const [q, k, v] = [torch.randn(1, 2, 2, 8), torch.randn(1, 2, 40, 8), torch.randn(1, 2, 40, 8)];
  v.select(2, 39).fill_(Number.NaN);
  expect(F.scaledDotProductAttention(q, k, v, { isCausal: true }).isnan().any().item()).toBe(false);
});

test("second derivatives and dropout of few queries", () => {
  const [q, k, v] = [2, 20, 20].map((rows) => torch.randn(1, 2, rows, 3, { dtype: "float64" }).requiresGrad_());
  expect(
    torch.autograd.gradgradcheck(
      (...x: torch.Tensor[]) => F.scaledDotProductAttention(x[0]!, x[1]!, x[2]!),
      [q!, k!, v!],
    ),
  ).toBe(true);
  const [a, b, c] = [q!, k!, v!].map((x) => x.detach().float());
  const dropped = [a!, a!.transpose(1, 2).contiguous().transpose(1, 2)].map((x) => {
    torch.manualSeed(5);
    return F.scaledDotProductAttention(x, b!, c!, { dropoutP: 0.5 });
  });
  expectClose(dropped[0]!, dropped[1]!, 1e-6);
});

test("masks that broadcast, that hide whole blocks, and that leave nothing", () => {
  const size: Sizes = [100, 300, 4, 4];
  agree([2, 2], size, { attnMask: torch.randn(100, 1) });
  agree([2, 2], size, { attnMask: torch.randn(300) });
  agree([2, 2], size, { attnMask: torch.arange(300).lt(131).reshape(1, 1, 1, 300) });
  agree([2, 2], size, { attnMask: torch.arange(300).ge(131).reshape(1, 1, 1, 300) });
  const causal = nn.Transformer.generateSquareSubsequentMask(300).narrow(0, 0, 100);
  agree([2, 2], size, { attnMask: causal });
  const nothing = torch.ones(100, 300, { dtype: "bool" });
  nothing.narrow(0, 7, 1).fill_(false);
  agree([2, 2], size, { attnMask: nothing });
  agree([1], [2, 3, 2, 2], { attnMask: torch.zeros(2, 3, { dtype: "bool" }) });
  agree([1], [2, 3, 2, 2], { dropoutP: 1 });
});

test("operands whose rows lie apart, a mask with a gradient, and operands without elements", () => {
  const apart = () => torch.randn(2, 3, 5).transpose(1, 2).requiresGrad_();
  const [q, k, v] = [apart(), apart(), apart()];
  const y = F.scaledDotProductAttention(q, k, v);
  const dense = F.scaledDotProductAttention(q.contiguous(), k.contiguous(), v.contiguous());
  expect(y.allclose(dense)).toBe(true);
  const bias = torch.randn(5, 5, { requiresGrad: true });
  F.scaledDotProductAttention(q, k, v, { attnMask: bias }).sum().backward();
  expect(bias.grad!.shape).toEqual([5, 5]);
  expect(F.scaledDotProductAttention(torch.ones(2, 0, 3), torch.ones(2, 4, 3), torch.ones(2, 4, 3)).shape).toEqual([
    2, 0, 3,
  ]);
  expect(F.scaledDotProductAttention(torch.ones(2, 3, 3), torch.ones(2, 0, 3), torch.ones(2, 0, 2)).tolist()).toEqual(
    torch.zeros(2, 3, 2).tolist(),
  );
});

test("errors are those of attention in steps", () => {
  const x = torch.ones(1, 2, 3);
  expect(() => F.scaledDotProductAttention(x, torch.ones(1, 2, 4), x)).toThrow(
    "scaledDotProductAttention: cannot multiply",
  );
  expect(() => F.scaledDotProductAttention(x, x, torch.ones(1, 3, 3))).toThrow("scaledDotProductAttention: ");
  expect(() => F.scaledDotProductAttention(x, x, x, { attnMask: torch.ones(3, 3) })).toThrow(
    "scaledDotProductAttention: ",
  );
  for (const dropoutP of [-1, Number.NaN])
    expect(() => F.scaledDotProductAttention(x, x, x, { dropoutP })).toThrow(
      /dropout probability has to be between 0 and 1/,
    );
  expect(() => F.scaledDotProductAttention(x, x, x, { dropoutP: 1.5 })).toThrow(
    "scaledDotProductAttention: dropout probability has to be between 0 and 1, but got 1.5",
  );
});

test("masks of whole numbers are no bias", () => {
  const x = torch.ones(1, 3, 3);
  for (const dtype of ["int64", "int32", "uint8"] as const)
    expect(() => F.scaledDotProductAttention(x, x, x, { attnMask: torch.ones(3, 3, { dtype }) })).toThrow(
      `scaledDotProductAttention: attnMask has to be bool or floating-point, got ${dtype}`,
    );
});

test("second derivatives are those of attention in steps", () => {
  const leaf = (dtype: torch.DType) =>
    [0, 1, 2].map((i) =>
      torch
        .arange(12)
        .reshape(2, 3, 2)
        .mul(0.1 * (i + 1))
        .sin()
        .to(dtype)
        .requiresGrad_(),
    );
  const second = (dtype: torch.DType) => {
    const [q, k, v] = leaf(dtype) as [torch.Tensor, torch.Tensor, torch.Tensor];
    const y = F.scaledDotProductAttention(q, k, v, { isCausal: true });
    const [gq, gk, gv] = torch.autograd.grad(y.square().sum(), [q, k, v], { createGraph: true });
    const total = gq!.square().sum().add(gk!.sin().sum()).add(gv!.square().sum());
    return torch.autograd.grad(total, [q, k, v]).map((g) => valuesOf(g!));
  };
  const [single, double] = [second("float32"), second("float64")];
  for (let i = 0; i < 3; i++) expectClose(single[i]!, double[i]!, 1e-4);
});

test.each([1, 3])("the bits are the same for any number of threads: %i heads", (heads) => {
  torch.manualSeed(5);
  const x = torch.randn(1, 300, heads, 16);
  const all = (threads: number) => {
    torch.setNumThreads(threads);
    const [q, k, v] = [0, 1, 2].map(() => x.detach().transpose(1, 2).requiresGrad_()) as [
      torch.Tensor,
      torch.Tensor,
      torch.Tensor,
    ];
    const y = F.scaledDotProductAttention(q, k, v, { isCausal: true });
    y.backward(x.transpose(1, 2));
    return [y, q.grad!, k.grad!, v.grad!].map((one) => one.detach().contiguous().toTypedArray());
  };
  expect(all(2)).toEqual(all(1));
  expect(all(4)).toEqual(all(1));
});

test("many keys, wide heads and those that are too wide for the op", () => {
  agree([1], [3, 2600, 64, 3]);
  agree([1], [3, 140, 512, 510]);
  agree([1], [3, 5, 520, 4]);
});

test("a scale of 0 and one below 0", () => {
  agree([2], [5, 9, 4, 4], { scale: 0 });
  agree([2], [5, 9, 4, 4], { scale: -0.7, isCausal: true });
});

test("NaN in a query reaches its own result alone", () => {
  const q = torch.ones(1, 3, 2);
  q.setAt([0, 1, 0], Number.NaN);
  const y = F.scaledDotProductAttention(q, torch.ones(1, 5, 2), torch.ones(1, 5, 1))
    .reshape(-1)
    .tolist();
  expect(y).toEqual([1, Number.NaN, 1]);
});

describe("nn.MultiheadAttention without weights gives what it gives with them", () => {
  const masks = (n: number, l: number, s: number, heads: number) => ({
    none: {},
    padding: {
      keyPaddingMask: torch
        .arange(s)
        .ge(s - 1)
        .expand(n, s),
    },
    bools: { attnMask: torch.ones(l, s, { dtype: "bool" }).triu(1) },
    perHead: { attnMask: torch.randn(n * heads, l, s) },
    both: {
      attnMask: torch.zeros(l, s),
      keyPaddingMask: torch
        .arange(s)
        .ge(s - 1)
        .expand(n, s),
    },
  });
  const outcome = (layer: torch.nn.MultiheadAttention, q: torch.Tensor, k: torch.Tensor, options: object) => {
    const [x, y] = [q.detach().requiresGrad_(), k.detach().requiresGrad_()];
    layer.zeroGrad();
    torch.manualSeed(6);
    const [out] = q === k ? layer(x, x, x, options) : layer(x, y, y, options);
    out.square().sum().backward();
    return [out, x.grad!, ...layer.parameters().map((p) => p.grad!)].map(valuesOf);
  };
  test.each([
    [true, true, 0],
    [true, false, 0.2],
    [false, true, 0.2],
    [false, false, 0],
  ])("batchFirst %s, self-attention %s, dropout %d", (batchFirst, isSelf, dropout) => {
    const [n, l, heads] = [2, 4, 2];
    const s = isSelf ? l : 5;
    torch.manualSeed(7);
    const layer = new nn.MultiheadAttention(6, heads, { batchFirst, dropout });
    const shape = (rows: number) => (batchFirst ? [n, rows, 6] : [rows, n, 6]);
    const q = torch.randn(shape(l));
    const k = isSelf ? q : torch.randn(shape(s));
    for (const options of Object.values(masks(n, l, s, heads))) {
      const [fused, steps] = [false, true].map((needWeights) => outcome(layer, q, k, { ...options, needWeights }));
      for (let i = 0; i < fused!.length; i++) expectClose(fused![i]!, steps![i]!, 1e-4);
    }
  });

  test.each([true, false])(
    "masks are of bools or floats, and as large as the scores (needWeights: %s)",
    (needWeights) => {
      const layer = new nn.MultiheadAttention(4, 2);
      const [x, y] = [torch.randn(3, 2, 4), torch.randn(5, 2, 4)];
      const call = (options: object) => () => layer(x, y, y, { needWeights, ...options });
      const ints = (...shape: number[]) => torch.ones(shape, { dtype: "int64" });
      expect(call({ attnMask: ints(3, 5) })).toThrow(
        "only float, byte and bool types are supported for attnMask, not int64",
      );
      for (const dtype of ["int64", "uint8"] as const)
        expect(call({ keyPaddingMask: ints(2, 5).to(dtype) })).toThrow(
          `only bool and floating types of keyPaddingMask are supported, not ${dtype}`,
        );
      expect(call({ attnMask: torch.zeros(1, 5) })).toThrow(
        "the shape of the 2D attnMask is [1, 5], but should be [3, 5]",
      );
      expect(call({ attnMask: torch.zeros(4, 1, 5) })).toThrow(
        "the shape of the 3D attnMask is [4, 1, 5], but should be [4, 3, 5]",
      );
      expect(call({ attnMask: torch.zeros(5) })).toThrow("attnMask has 2 or 3 axes, got shape [5]");
      expect(call({ keyPaddingMask: torch.zeros(2, 1) })).toThrow(
        "expecting keyPaddingMask shape of [2, 5], but got [2, 1]",
      );
      const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
      const bytes = torch.ones(3, 5, { dtype: "uint8" }).triu(1);
      const [ofBytes] = call({ attnMask: bytes })();
      expect(warn.mock.calls.flat()).toEqual([
        "multiHeadAttentionForward: a uint8 tensor for attnMask is deprecated. Use a bool tensor instead.",
      ]);
      warn.mockRestore();
      expect(torch.equal(ofBytes, call({ attnMask: bytes.bool() })()[0])).toBe(true);
    },
  );

  test("without a batch, with second derivatives, and under autocast", () => {
    torch.manualSeed(8);
    const layer = new nn.MultiheadAttention(4, 2);
    const x = torch.randn(3, 4, { requiresGrad: true });
    const penalty = (needWeights: boolean) => {
      const [y] = layer(x, x, x, { needWeights });
      const [g] = torch.autograd.grad(y.square().sum(), [x], { createGraph: true });
      return valuesOf(torch.autograd.grad(g!.square().sum(), [x])[0]!);
    };
    expectClose(penalty(false), penalty(true), 1e-4);
    const [low] = torch.autocast("cpu", () => layer(x, x, x, { needWeights: false }));
    const [high] = layer(x, x, x, { needWeights: false });
    expect(low.dtype).toBe("bfloat16");
    expectClose(valuesOf(low), valuesOf(high), 0.03);
  });
});
