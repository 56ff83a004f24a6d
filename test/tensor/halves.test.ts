/** float16 and bfloat16: stored in 16 bits, computed in 32. Expected values are PyTorch 1.13's. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

/** Halfway cases, the ends of both ranges, subnormals, and numbers between. */
const VALUES = [
  0.1,
  1 / 3,
  65504,
  65519.9,
  65520,
  1e5,
  6e-8,
  2.9e-8,
  2.98e-8,
  5.97e-8,
  1e-5,
  2049,
  2051,
  -0,
  3.14,
  1e-40,
  3.4e38,
  1.00390625,
  1.01171875,
];
const { POSITIVE_INFINITY: inf, NaN: nan } = Number;

const EXPECTED = {
  float16: {
    rounded: [
      0.0999755859375,
      0.333251953125,
      65504,
      65504,
      inf,
      inf,
      2 ** -24,
      0,
      0,
      2 ** -24,
      1.0013580322265625e-5,
      2048,
      2052,
      -0,
      3.140625,
      0,
      inf,
      1.00390625,
      1.01171875,
    ],
    sum: [inf, 65504, inf, 65504, inf],
    product: [inf, 21824, inf, 21824, inf],
    total: 0.43310546875,
    third: [0.0333251953125, 0.111083984375],
  },
  bfloat16: {
    rounded: [
      0.10009765625,
      0.333984375,
      65536,
      65536,
      65536,
      99840,
      6.007030606269836e-8,
      2.898741513490677e-8,
      2.9802322387695312e-8,
      2 ** -24,
      1.0013580322265625e-5,
      2048,
      2048,
      -0,
      3.140625,
      9.183549615799121e-41,
      inf,
      1,
      1.015625,
    ],
    sum: [65536, 65536, 131072, 65536, 65536],
    product: [6560, 21888, 4294967296, 21888, 6560],
    total: 0.43359375,
    third: [0.033447265625, 0.111328125],
  },
};

describe.each(Object.entries(EXPECTED) as [keyof typeof EXPECTED, (typeof EXPECTED)["float16"]][])(
  "%s",
  (dtype, expected) => {
    const wide = torch.tensor(VALUES);
    const x = wide.to(dtype);

    test("rounds to nearest, ties to even", () => {
      expect(x.tolist()).toEqual(expected.rounded);
      expect(x.float().tolist()).toEqual(expected.rounded.map(Math.fround));
      expect(wide.double().to(dtype).tolist()).toEqual(expected.rounded);
      expect(torch.tensor(VALUES, { dtype }).tolist()).toEqual(expected.rounded);
    });

    test("keeps infinities and NaN", () => {
      expect(torch.tensor([nan, inf, -inf]).to(dtype).tolist()).toEqual([nan, inf, -inf]);
    });

    test("arithmetic is rounded once, to the dtype", () => {
      const [a, b] = [x.narrow(0, 0, 5), x.narrow(0, 0, 5).flip([0])];
      expect([a.add(b).dtype, a.add(b).tolist()]).toEqual([dtype, expected.sum]);
      expect(a.mul(b).tolist()).toEqual(expected.product);
      const two = x.narrow(0, 0, 2);
      expect([two.sum().dtype, two.sum().item()]).toEqual([dtype, expected.total]);
      expect(two.div(3).tolist()).toEqual(expected.third);
    });

    test("gradients have the dtype", () => {
      const leaf = torch.tensor([1, 2], { dtype, requiresGrad: true });
      leaf.mul(leaf).sum().backward();
      expect([leaf.grad!.dtype, leaf.grad!.tolist()]).toEqual([dtype, [2, 4]]);
    });
  },
);

test("to and typeAs give the dtype asked for, and x itself if it has it", () => {
  const x = torch.ones(2);
  expect(x.to("float32") === x).toBe(true);
  expect(x.to("float32", { copy: true }) === x).toBe(false);
  expect(x.to("cpu", "float16").dtype).toBe("float16");
  expect(x.to({ dtype: "int8" }).dtype).toBe("int8");
  expect(x.to(torch.ones(1, { dtype: "bool" })).dtype).toBe("bool");
  expect(x.typeAs(torch.ones(1, { dtype: "bfloat16" })).dtype).toBe("bfloat16");
  expect(() => x.to("float" as "float32")).toThrow(/unknown dtype "float"/);
});

test.each(["float16", "bfloat16"] as const)("convolutions of %s and their gradients compute in float32", (dtype) => {
  const x = torch.ones(1, 3, 8, 8).to(dtype);
  const w = torch.ones(2, 3, 3, 3).to(dtype).requiresGrad_();
  const y = torch.nn.functional.conv2d(x, w);
  expect([y.dtype, y.at(0, 0, 0, 0).item()]).toEqual([dtype, 27]);
  y.sum().backward();
  expect([w.grad!.dtype, w.grad!.at(0, 0, 0, 0).item()]).toEqual([dtype, 36]);
  expect(torch.nn.functional.convTranspose2d(y.detach(), w.detach()).dtype).toBe(dtype);
});
