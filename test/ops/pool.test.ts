/** Pooling beyond PyTorch's samples. */
import * as torch from "kindling";
import { expect, test } from "vitest";

const { functional: F } = torch.nn;

test("a window that lies in the padding alone has no maximum", () => {
  const beside = torch.full([1, 3, 1], 7);
  const x = torch.ones(1, 3, 1).requiresGrad_();
  const [y, indices] = F.maxPool1d(x, 2, { stride: 1, padding: 1, dilation: 2, returnIndices: true });
  expect(y.tolist()).toEqual([[[-Infinity], [-Infinity], [-Infinity]]]);
  expect(indices.tolist()).toEqual([[[-1], [-1], [-1]]]);
  const g = torch.ones(1, 3, 1).requiresGrad_();
  const [gx] = torch.autograd.grad(y, [x], { gradOutputs: g, createGraph: true });
  expect(gx!.tolist()).toEqual([[[0], [0], [0]]]);
  const h = torch.full([1, 3, 1], Infinity);
  expect(torch.autograd.grad(gx!, [g], { gradOutputs: h })[0]!.tolist()).toEqual([[[0], [0], [0]]]);
  expect(beside.tolist()).toEqual([[[7], [7], [7]]]);

  const plane = torch.ones(2, 1, 1, 12);
  const wide = F.maxPool2d(plane, 2, { stride: 1, padding: 1, dilation: [2, 1] });
  expect(wide.shape).toEqual([2, 1, 1, 13]);
  expect(wide.max().item()).toBe(-Infinity);
});

test("ceilMode is true or false, whatever was asked before", () => {
  const x = torch.ones(1, 7, 7);
  const size = (ceilMode: unknown) => F.maxPool2d(x, 2, { ceilMode: ceilMode as boolean }).size(1);
  expect([false, true, undefined, true, false].map(size)).toEqual([3, 4, 3, 4, 3]);
  for (const wrong of [[], "0", 0, 1])
    expect(() => size(wrong)).toThrow(/^maxPool2d: ceilMode must be true or false, got /);
});

test("sizes that the kernels do not take", () => {
  const x = torch.ones(1, 7, 7);
  expect(() => F.maxPool2d(x, 2, { stride: 2 ** 32 })).toThrow(/positive, and less than 2\^31/);
  expect(() => F.maxPool2d(x, 0)).toThrow(/positive/);
});

test("a stride may be as large as integers of 32 bits", () => {
  const x = torch.tensor([[[1, 2]]]);
  const options = { stride: 2 ** 31 - 1, padding: 2 };
  expect(F.avgPool1d(x, 4, options).tolist()).toEqual([[[0.75]]]);
  expect(F.maxPool1d(x, 4, options).tolist()).toEqual([[[2]]]);
});
