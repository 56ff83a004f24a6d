/** Convolutions beyond PyTorch's samples: what their geometry can come to. */

import * as torch from "kindling";
import { expect, test } from "vitest";

const { functional: F } = torch.nn;

test("output padding beside a kernel of 1 is nothing but bias", () => {
  const [x, w, bias] = [torch.ones(1, 2, 4), torch.ones(2, 1, 1), torch.tensor([0.5])];
  const y = F.convTranspose1d(x, w, bias, { outputPadding: 1, dilation: 2 });
  expect(y.tolist()).toEqual([[[2.5, 2.5, 2.5, 2.5, 0.5]]]);
});

test("a stride beyond the plane", () => {
  for (const groups of [1, 3]) {
    const x = torch.ones(1, 3, 4, 5).requiresGrad_();
    const w = torch.ones(3, 3 / groups, 2, 2);
    F.conv2d(x, w, null, { stride: 65536, groups }).sum().backward();
    const line = [3, 3, 0, 0, 0].map((n) => n / groups);
    const none = [0, 0, 0, 0, 0];
    expect(x.grad!.select(1, 0).tolist()).toEqual([[line, line, none, none]]);
  }
});

test("planes must not be empty; batches may", () => {
  const w = torch.ones(3, 1, 2, 2);
  for (const size of [
    [0, 5],
    [5, 0],
  ]) {
    const x = torch.ones(1, 3, ...size);
    expect(() => F.conv2d(x, w, null, { groups: 3, padding: 1 })).toThrow(
      /only the batch and the channels .* may be empty/,
    );
    expect(() => F.convTranspose2d(x, w, null, { groups: 3 })).toThrow(/may be empty/);
  }
  expect(F.conv2d(torch.ones(0, 3, 5, 5), w, null, { groups: 3, padding: 1 }).shape).toEqual([0, 3, 6, 6]);
});

test("a kernel of one tap with steps between windows sees some elements only", () => {
  for (const dtype of ["float32", "float64"] as const) {
    const x = torch.randn(2, 3, 7, 10, { dtype }).transpose(2, 3).requiresGrad_();
    const w = torch.randn(4, 3, 1, 1, { dtype }).requiresGrad_();
    const bias = torch.randn(4, { dtype });
    const y = F.conv2d(x, w, bias, { stride: [3, 2] });
    const seen = x.detach().slice(2, 0, 10, 3).slice(3, 0, 7, 2).contiguous().requiresGrad_();
    const expected = F.conv2d(seen, w, bias);
    expect(torch.allclose(y, expected)).toBe(true);

    const g = torch.randn(...y.shape, { dtype });
    const [gx, gw] = torch.autograd.grad(y, [x, w], { gradOutputs: g });
    const [gs, gv] = torch.autograd.grad(expected, [seen, w], { gradOutputs: g });
    const spread = torch.zeros(...x.shape, { dtype });
    spread.slice(2, 0, 10, 3).slice(3, 0, 7, 2).copy_(gs!);
    expect(torch.allclose(gx!, spread)).toBe(true);
    expect(torch.allclose(gw!, gv!)).toBe(true);
  }
  expect(F.convTranspose1d(torch.ones(1, 1, 3), torch.tensor([[[2.5]]]), null, { stride: 2 }).tolist()).toEqual([
    [[2.5, 0, 2.5, 0, 2.5]],
  ]);
});

test("what the library remembers of a geometry is out of reach", () => {
  const [x, w] = [torch.ones(1, 2, 6, 6), torch.ones(3, 2, 3, 3)];
  for (let round = 0; round < 2; round++) {
    const y = F.conv2d(x, w, null, { padding: 1 });
    const [pooled, indices] = F.maxPool2d(x, 2, { returnIndices: true });
    const mean = F.avgPool2d(x, 2);
    expect([y, pooled, indices, mean].map((z) => z.shape)).toEqual([
      [1, 3, 6, 6],
      [1, 2, 3, 3],
      [1, 2, 3, 3],
      [1, 2, 3, 3],
    ]);
    for (const z of [y, pooled, mean]) (z.shape as unknown as number[]).pop();
  }
});

test("a change of the largest tiles is not missed", () => {
  const [x, w] = [torch.randn(1, 32, 32, 32), torch.randn(32, 32, 3, 3)];
  const results = (["F2", "F4", "off", "F2"] as const).map((tiles) => {
    torch.backends.conv.winograd = tiles;
    return F.conv2d(x, w).tolist();
  });
  torch.backends.conv.winograd = "F2";
  expect(results[3]).toEqual(results[0]);
  expect(results[1]).not.toEqual(results[0]);
  expect(results[2]).not.toEqual(results[0]);
});

test("bad kernels, strides and groups", () => {
  const x = torch.ones(1, 1, 5, 5);
  expect(() => F.conv2d(x, torch.ones(1, 1, 0, 3))).toThrow(/kernel size should be greater than zero/);
  expect(() => F.conv2d(x, torch.ones(1, 1, 3, 3), null, { stride: 2 ** 32 })).toThrow(
    /stride must be at least 1 and at most 16777216/,
  );
  expect(() => F.conv2d(x, torch.ones(1, 1, 3, 3), null, { stride: [x, 1] as never })).toThrow(
    /conv2d: stride\[0\] must be an integer/,
  );
  for (const groups of [0, 1.5, 1n, Symbol("one"), "1"])
    expect(() => F.conv2d(x, torch.ones(1, 1, 3, 3), null, { groups: groups as never })).toThrow(
      /groups must be a positive integer/,
    );
  // Of two mistakes, the one that PyTorch names.
  expect(() => F.conv2d(x, torch.ones(1, 1, 9, 9), torch.ones(7))).toThrow(/expected bias to have shape \[1\]/);
});

test("strides far larger than the kernel cost no more than the elements between them", () => {
  const stride = 200_000;
  const y = F.convTranspose1d(torch.tensor([[1, 2, 3]]), torch.tensor([[[10, 20, 30]]]), null, { stride, padding: 1 });
  expect(y.shape).toEqual([1, 2 * stride + 1]);
  expect(y.sum().item()).toBe(1 * 50 + 2 * 60 + 3 * 30);
  expect(y.at(0, torch.tensor([0, 1, stride - 1, stride, stride + 1, 2 * stride]).long()).tolist()).toEqual([
    20, 30, 20, 40, 60, 60,
  ]);
});
