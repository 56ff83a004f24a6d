/** Pooling, normalization and recurrent layers, with all gradients, past the point where each way of computing them begins. */
import * as torch from "kindling";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { allNote, cutNote, runsAll } from "../../helpers/cut";
import { noGpu, onGpu } from "../../helpers/webgpu";
import { agree, expectClose } from "./agree";

// A software driver takes long to compile kernels while the machine does other things, too.
vi.setConfig({ testTimeout: 300_000 });

const F = torch.nn.functional;
const { nn } = torch;
const random = (...shape: number[]): torch.Tensor => torch.randn(shape);

describe.skipIf(noGpu !== undefined)(`layers ${onGpu}${cutNote}`, () => {
  beforeEach(() => {
    torch.manualSeed(1);
  });

  describe("pooling", () => {
    it.each([
      ["pairs", 2, {}, [2, 3, 8, 9]],
      ["overlapping windows with padding", 3, { stride: 2, padding: 1, ceilMode: true }, [2, 3, 11, 9]],
      ["dilation", 3, { stride: 2, padding: 1, dilation: 2 }, [2, 3, 11, 9]],
    ] as const)("maxima of %s", async (_, size, options, shape) => {
      const x = random(...shape);
      await agree("maxPool2d", (u) => F.maxPool2d(u, size, options), [x]);
      await agree("positions", (u) => F.maxPool2d(u, size, { ...options, returnIndices: true })[1], [x]);
    });

    it("maxima over one axis and over three, of what is equal, and of NaN", async () => {
      await agree("maxPool1d", (u) => F.maxPool1d(u, 3, { stride: 1 }), [random(2, 3, 11)]);
      await agree("maxPool3d", (u) => F.maxPool3d(u, 2, { stride: [1, 2, 1], padding: 1 }), [random(2, 3, 4, 5, 6)]);
      await agree("equal", (u) => F.maxPool2d(u, 2), [torch.ones(1, 2, 5, 6)]);
      const x = torch.tensor([[[1, Number.NaN, -Infinity, -Infinity, 3, Number.NaN, Number.NaN, 2]]]);
      await agree("NaN", (u) => F.maxPool1d(u.detach(), 2, { returnIndices: true }), [x]);
    });

    it("means, by every divisor", async () => {
      const x = random(2, 3, 8, 9);
      const windows = { stride: 2, padding: 1, ceilMode: true };
      await agree("with padding", (u) => F.avgPool2d(u, 3, windows), [x]);
      await agree("without padding", (u) => F.avgPool2d(u, 3, { ...windows, countIncludePad: false }), [x]);
      await agree("by -7", (u) => F.avgPool2d(u, 3, { ...windows, divisorOverride: -7 }), [x]);
      await agree("avgPool1d", (u) => F.avgPool1d(u, 4, { stride: 3 }), [random(2, 3, 17)]);
      await agree("avgPool3d", (u) => F.avgPool3d(u, 2), [random(2, 3, 4, 5, 6)]);
      await agree("lpPool2d", (u) => F.lpPool2d(u, 2, 2), [x], 1e-5);
    });

    it("adaptive, to fewer and to more elements", async () => {
      const x = random(2, 3, 7, 4);
      await agree("mean", (u) => F.adaptiveAvgPool2d(u, [3, 5]), [x]);
      await agree("maximum", (u) => F.adaptiveMaxPool2d(u, [3, 5]), [x]);
      await agree("all", (u) => F.adaptiveAvgPool2d(u, 1), [x]);
      await agree("three axes", (u) => F.adaptiveAvgPool3d(u, [3, 1, 2]), [random(1, 2, 5, 4, 3)]);
    });

    it("of 16-bit floats, an odd number of them", async () => {
      await agree("maxPool2d", (u) => F.maxPool2d(u.detach(), 2), [random(1, 3, 6, 6).half()]);
      await agree("avgPool2d", (u) => F.avgPool2d(u.detach(), 2), [random(1, 3, 6, 6).bfloat16()], 1e-2);
    });
  });

  describe("normalization", () => {
    it.each([
      ["columns", [5, 3]],
      ["pictures", [2, 3, 4, 5]],
      ["pieces of channels", [4, 3, 40, 60]],
    ] as const)("of batches, %s", async (_, shape) => {
      const c = shape[1];
      const operands = [random(...shape), random(c), random(c)];
      const [mean, variance] = [random(c), torch.rand(c).add(0.5)];
      await agree(
        "trained",
        (x, w, b) => F.batchNorm(x, null, null, { weight: w, bias: b, training: true }),
        operands,
        1e-5,
      );
      await agree("plain", (x) => F.batchNorm(x, null, null, { training: true }), operands.slice(0, 1), 1e-5);
      await agree(
        "evaluated",
        (x, w, b) => F.batchNorm(x, mean.to(x.device), variance.to(x.device), { weight: w, bias: b }),
        operands,
        1e-5,
      );
    });

    it("of a batch with a large mean", async () => {
      await agree("batchNorm", (x) => F.batchNorm(x.add(1000), null, null, { training: true }), [random(64, 3)], 2e-3);
    });

    it("keeps running statistics as the cpu does", async () => {
      const [here, there] = [new nn.BatchNorm2d(3), new nn.BatchNorm2d(3).to("webgpu")];
      const x = random(4, 3, 5, 5).mul(2).add(1);
      for (let step = 0; step < 3; step++) {
        here(x);
        there(x.to("webgpu"));
      }
      expectClose("mean", await there.runningMean!.cpu(), here.runningMean!, 1e-5);
      expectClose("variance", await there.runningVar!.cpu(), here.runningVar!, 1e-5);
    });

    it.each([
      ["short rows", 3, 5],
      ["rows of a workgroup", 70, 33],
      ["pieces of long rows", 2, 5000],
      ["pieces of columns", 300, 70],
    ])("of features, %s", async (_, rows, n) => {
      const operands = [random(rows, n), random(n), random(n)];
      await agree("layerNorm", (x, w, b) => F.layerNorm(x, [n], w, b), operands, 1e-5);
      await agree("layerNorm without parameters", (x) => F.layerNorm(x, [n]), operands.slice(0, 1), 1e-5);
    });

    it("of groups and of instances", async () => {
      await agree("groupNorm", (x, w, b) => F.groupNorm(x, 2, w, b), [random(3, 4, 5, 6), random(4), random(4)], 1e-5);
      await agree("instanceNorm", (x) => F.instanceNorm(x), [random(3, 4, 5, 6)], 1e-5);
    });
  });

  it.runIf(runsAll).each(["LSTM", "GRU", "RNN"] as const)(
    `%s, in both directions and two layers${allNote}`,
    async (kind) => {
      const Recurrent = nn[kind] as typeof nn.GRU;
      const here = new Recurrent(5, 7, { numLayers: 2, bidirectional: true });
      const there = new Recurrent(5, 7, { numLayers: 2, bidirectional: true });
      there.loadStateDict(here.stateDict());
      there.to("webgpu");
      const states = torch.randn(4, 3, 7);
      const initial = (device: torch.Device) =>
        kind === "LSTM" ? [states.to(device), states.to(device).cos()] : states.to(device);
      await agree(
        kind,
        (x) => {
          const module = (x.device === "cpu" ? here : there) as unknown as (
            ...given: unknown[]
          ) => [torch.Tensor, unknown];
          const [y, last] = module(x, initial(x.device));
          return [y, ...([last].flat() as torch.Tensor[])];
        },
        [random(6, 3, 5)],
        1e-5,
      );
      const gradients = [...there.parameters()];
      for (const [i, p] of [...here.parameters()].entries())
        expectClose(`gradient ${i}`, await gradients[i]!.grad!.cpu(), p.grad!, 2e-5);
      expect(gradients).toHaveLength(16);
    },
  );
});
