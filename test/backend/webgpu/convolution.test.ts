/** Convolutions of all kinds with all gradients, past the point where each way of computing them begins. */
import * as torch from "kindling";
import { afterAll, beforeAll, beforeEach, describe, it, vi } from "vitest";
import { allNote, cut, cutNote, runsAll } from "../../helpers/cut";
import { noGpu, onGpu } from "../../helpers/webgpu";
import { agree } from "./agree";

// A software driver takes long to compile kernels while the machine does other things, too.
vi.setConfig({ testTimeout: 300_000 });

const F = torch.nn.functional;
const random = (...shape: number[]): torch.Tensor => torch.randn(shape);

describe.skipIf(noGpu !== undefined)(`convolutions ${onGpu}${cutNote}`, () => {
  // A software adapter has tilings of its own, which tilings.test.ts tests.
  beforeAll(() => {
    torch.backends.webgpu.tilings = "card";
  });
  afterAll(() => {
    torch.backends.webgpu.tilings = "auto";
  });
  beforeEach(() => {
    torch.manualSeed(1);
  });

  const kinds = [
    ["strides, padding, dilation", { stride: [2, 1], padding: [1, 2], dilation: [1, 2] }, [2, 3, 11, 9], [5, 3, 3, 2]],
    ["plain, beyond a tile", { padding: 1 }, [2, 3, 7, 9], [34, 3, 3, 3]],
    ["strides that share a factor with dilation", { stride: 2, padding: 2, dilation: 2 }, [1, 3, 10, 9], [5, 3, 3, 3]],
    ["strides larger than the kernel", { stride: 3 }, [1, 3, 11, 8], [5, 3, 2, 2]],
    ["groups", { groups: 2, padding: 1, stride: 2 }, [1, 18, 6, 5], [18, 9, 3, 3]],
    ["split sums", { padding: 1 }, [1, 60, 5, 5], [17, 60, 3, 3]],
    ["single taps", {}, [3, 8, 6, 6], [20, 8, 1, 1]],
    ["single taps with strides", { stride: 2 }, [3, 5, 7, 6], [20, 5, 1, 1]],
  ] as const;

  it.each(cut(kinds, 9))("%s", async (_, options, x, w) => {
    await agree("conv2d", (a, b, c) => F.conv2d(a, b, c, options), [random(...x), random(...w), random(w[0])], 1e-5);
  });

  it.each([
    ["one channel each", { groups: 6, padding: 1, stride: 2, dilation: 2 }, [2, 6, 9, 8], [6, 1, 3, 3]],
    ["several outputs a channel", { groups: 3, padding: 1 }, [2, 3, 7, 8], [6, 1, 3, 3]],
    ["small groups", { groups: 3, padding: 1, stride: 2 }, [2, 6, 6, 5], [9, 2, 3, 3]],
  ] as const)("of %s", async (_, options, x, w) => {
    await agree("conv2d", (a, b, c) => F.conv2d(a, b, c, options), [random(...x), random(...w), random(w[0])], 1e-5);
  });

  it.runIf(runsAll)(`over three axes${allNote}`, async () => {
    const three = { padding: 1, stride: [1, 2, 2] as [number, number, number] };
    const w = random(4, 3, 3, 2, 3);
    await agree("conv3d", (a, b, c) => F.conv3d(a, b, c, three), [random(1, 3, 5, 6, 7), w, random(4)], 1e-5);
  });

  it.runIf(runsAll)(`over one axis${allNote}`, async () => {
    const one = { padding: 2 };
    await agree("conv1d", (a, b, c) => F.conv1d(a, b, c, one), [random(2, 5, 40), random(9, 5, 5), random(9)], 1e-5);
  });

  it.runIf(runsAll)(`transposed, by tiles${allNote}`, async () => {
    const options = { stride: 2, outputPadding: 1, padding: 1 };
    const operands = [random(2, 5, 5, 6), random(5, 4, 3, 3), random(4)];
    await agree("convTranspose2d", (a, b, c) => F.convTranspose2d(a, b, c, options), operands, 1e-5);
  });

  it("transposed, over one axis, in groups", async () => {
    const grouped = { stride: 3, groups: 2, dilation: 2 };
    await agree(
      "convTranspose1d",
      (a, b) => F.convTranspose1d(a, b, null, grouped),
      [random(2, 4, 7), random(4, 3, 3)],
      1e-5,
    );
  });

  it("of 16-bit floats", async () => {
    const [x, w] = [random(1, 3, 6, 6).half(), random(4, 3, 3, 3).half()];
    await agree("conv2d", (a, b) => F.conv2d(a.detach(), b.detach()), [x, w], 2e-3);
  });
});
