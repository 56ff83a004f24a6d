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
