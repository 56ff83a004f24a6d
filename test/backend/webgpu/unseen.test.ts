/** Ops that look at values on the cpu, and do without on the GPU: losses of sequences, bags, segments, histograms, exponentials of matrices. */
import * as torch from "kindling";
import { describe, it } from "vitest";
import { allNote, runsAll } from "../../helpers/cut";
import { noGpu, onGpu } from "../../helpers/webgpu";
import { agree } from "./agree";

const F = torch.nn.functional;
const whole = (values: readonly (number | readonly number[])[]) => torch.tensor(values as number[], { dtype: "int64" });

describe.skipIf(noGpu !== undefined || !runsAll)(`ops without a look ${onGpu}${allNote}`, () => {
  it.each(["mean", "sum", "none"] as const)("ctcLoss reduced to %s", async (reduction) => {
    torch.manualSeed(1);
    const logProbs = torch.randn(12, 3, 6).logSoftmax(2);
    const targets = torch.randint(1, 6, [3, 4]);
    const ctc =
      (lengths: number[], sizes: number[], options = {}) =>
      (x: torch.Tensor, t: torch.Tensor) =>
        F.ctcLoss(x, t, lengths, sizes, { reduction, ...options });
    await agree("ctcLoss", ctc([12, 9, 10], [4, 2, 0]) as never, [logProbs, targets], 1e-4);
    await agree(
      "ctcLoss",
      ctc([12, 9, 10], [4, 2, 1], { blank: 5 }) as never,
      [logProbs, whole([0, 0, 1, 1, 2, 3, 4])],
      1e-4,
    );
    await agree("ctcLoss", ctc([12, 1, 10], [4, 4, 1], { zeroInfinity: true }) as never, [logProbs, targets], 1e-4);
    const long = torch.randn(90, 1, 4).logSoftmax(2);
    await agree("ctcLoss", ctc([90], [40]) as never, [long, torch.randint(1, 4, [1, 40])], 1e-4);
  });

  it.each(["sum", "mean", "max"] as const)("embeddingBag of %s", async (mode) => {
    torch.manualSeed(2);
    const [weight, words] = [torch.randn(9, 5), torch.randint(0, 9, [12])];
    const bag = (options: object) => (w: torch.Tensor, i: torch.Tensor, offsets: torch.Tensor) =>
      F.embeddingBag(i, w, { mode, ...(i.ndim === 1 && { offsets }), ...options });
    for (const options of [{}, { paddingIdx: 3 }, { includeLastOffset: true }])
      await agree("embeddingBag", bag(options) as never, [weight, words, whole([0, 3, 3, 7, 12])], 1e-5);
    await agree("embeddingBag", bag({}) as never, [weight, words.reshape(3, 4), whole([0])], 1e-5);
  });

  it("segments, histograms, mantissas", async () => {
    torch.manualSeed(3);
    const x = torch.randn(7, 3);
    for (const mode of ["sum", "mean", "max", "min", "prod"] as const)
      await agree(
        mode,
        (u, lengths) => torch.segmentReduce(u!, mode, { lengths: lengths! }),
        [x, whole([2, 0, 5])],
        1e-5,
      );
    await agree("histc", (u) => torch.histc(u!.detach(), { bins: 7 }), [torch.arange(64).float()]);
    await agree("histc", (u) => torch.histc(u!.detach(), { bins: 7 }), [torch.ones(5)]);
    await agree("frexp", (u) => [...torch.frexp(u!.detach())], [
      torch.tensor([1, 0.75, -3, 1e20, 1e-20, 0, Infinity, 2 ** -100]),
    ]);
  });

  it("exponentials of matrices of different norms", async () => {
    torch.manualSeed(4);
    const x = torch.randn(3, 3, 3).mul(torch.tensor([0.01, 1, 8]).reshape(3, 1, 1));
    await agree("matrixExp", (u) => torch.linalg.matrixExp(u!), [x], 1e-4);
    await agree("matrixExp", (u) => torch.linalg.matrixExp(u!.detach()), [torch.full([2, 2], Number.NaN)]);
  });
});
