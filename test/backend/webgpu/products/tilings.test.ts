/** Products and convolutions with the tilings of software drivers, which read factors without workgroup memory. */
import * as torch from "kindling";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { cut, cutNote } from "../../../helpers/cut";
import { noGpu, onGpu } from "../../../helpers/webgpu";
import { agree, turned } from "../agree";

vi.setConfig({ testTimeout: 300_000 });

const F = torch.nn.functional;

it("the tilings can be asked for by name, and no others", () => {
  expect(torch.backends.webgpu.tilings).toBe("auto");
  expect(() => {
    torch.backends.webgpu.tilings = "huge" as never;
  }).toThrow('backends.webgpu: tilings must be one of "auto", "card", "software", got "huge"');
  expect(torch.backends.webgpu.tilings).toBe("auto");
});

describe.skipIf(noGpu !== undefined)(`the tilings of software drivers ${onGpu}${cutNote}`, () => {
  beforeAll(() => {
    torch.backends.webgpu.tilings = "software";
    torch.manualSeed(1);
  });
  afterAll(() => {
    torch.backends.webgpu.tilings = "auto";
  });

  const products = [
    ["whole steps", [36, 20], [20, 40]],
    ["ragged ends", [33, 17], [17, 65]],
    ["few rows", [9, 21], [21, 70]],
    ["few columns", [70, 24], [24, 9]],
    ["a stack", [3, 33, 18], [3, 18, 34]],
    ["one row", [1, 37], [37, 272]],
    ["three rows, ragged", [3, 36], [36, 71]],
    ["one column", [271, 37], [37, 1]],
    ["two columns, ragged", [71, 36], [36, 2]],
    ["one row of split sums", [1, 2051], [2051, 40]],
    ["a stack of single rows", [3, 1, 18], [3, 18, 34]],
  ] as const;

  it.each(cut(products, 3))("products: %s", async (_, a, b) => {
    const [x, y] = [torch.randn(a), torch.randn(b)];
    const product = (u: torch.Tensor, v: torch.Tensor) => torch.noGrad(() => u.matmul(v));
    await agree("both as they are", (u, v) => u.matmul(v), [x, y], 5e-6);
    await agree("the left one transposed", (u, v) => product(turned(u), v), [x, y], 5e-6);
    await agree("the right one transposed", (u, v) => product(u, turned(v)), [x, y], 5e-6);
  });

  it("split sums with a bias, infinities and NaN in their own rows and columns only", async () => {
    const [x, w, b] = [torch.randn(5, 2051), torch.randn(6, 2051), torch.randn(6)];
    await agree("linear", (u, v, c) => F.linear(u, v, c), [x, w, b], 1e-5);
    x.select(0, 2).fill_(Number.NaN);
    w.select(0, 5).fill_(Number.POSITIVE_INFINITY);
    await agree("NaN", (u, v) => torch.noGrad(() => F.linear(u, v)), [x.narrow(1, 0, 18), w.narrow(1, 0, 18)], 1e-5);
  });

  const convolutions = [
    ["plain", [2, 3, 9, 9], [5, 3, 3, 3], {}],
    ["strided and padded", [2, 4, 9, 8], [9, 4, 3, 3], { stride: 2, padding: 1 }],
    ["pointwise", [1, 8, 6, 6], [12, 8, 1, 1], {}],
    ["to a single channel", [1, 6, 7, 8], [1, 6, 3, 3], { padding: 1 }],
    ["strided along one axis", [1, 5, 9, 8], [6, 5, 3, 2], { stride: [1, 2], padding: [2, 0], dilation: [1, 2] }],
    ["groups, dilated", [2, 16, 9, 9], [16, 8, 3, 3], { groups: 2, dilation: 2 }],
  ] as const;

  it.each(cut(convolutions, 2))("convolutions: %s", async (_, x, w, options) => {
    const bias = torch.randn(w[0]);
    await agree("conv2d", (u, v, c) => F.conv2d(u, v, c, options), [torch.randn(x), torch.randn(w), bias], 1e-5);
  });
});
