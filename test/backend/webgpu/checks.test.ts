/** What is checked of values that nobody can look at: an error says so with the next read, and nothing takes them to be valid. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as torch from "kindling";
import { afterAll, describe, expect, it } from "vitest";
import { itemsOf } from "../../../src/tensorboard/items";
import { readEvents } from "../../../src/tensorboard/reader";
import { noGpu, onGpu } from "../../helpers/webgpu";

const { nn, distributions } = torch;
const there = (values: number[], dtype: torch.DType = "float32") => torch.tensor(values, { dtype }).to("webgpu");
const folder = mkdtempSync(join(tmpdir(), "kindling-gpu-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(noGpu !== undefined)(`values without a look ${onGpu}`, () => {
  /** Calls, each with what the next read is rejected with. */
  const wrong: readonly (readonly [string, RegExp, () => unknown])[] = [
    ["a parameter of a distribution", /^Normal: .*scale/, () => new distributions.Normal(0, there([1, -1]))],
    ["the limits of Uniform", /^Uniform: .*low >= high/, () => new distributions.Uniform(there([1]), 0)],
    [
      "a value outside of the support",
      /^logProb: /,
      () => new distributions.Bernoulli(there([0.5])).logProb(there([3])),
    ],
    ["too few sources", /^maskedScatter: /, () => there([1, 2]).maskedScatter(there([1, 1], "bool"), there([1]))],
    ["pivots", /^luUnpack: pivots/, () => torch.luUnpack(torch.eye(2).to("webgpu"), there([3, 1], "int32"))],
    ["quantiles", /^quantile\(\) q must be/, () => torch.quantile(there([1, 2]), there([1.5]))],
    [
      "classes of an adaptive softmax",
      /^AdaptiveLogSoftmaxWithLoss: Target values/,
      () =>
        new nn.AdaptiveLogSoftmaxWithLoss(4, 10, [3]).to("webgpu")(
          there([1, 2, 3, 4]).view([1, 4]),
          there([12], "int64"),
        ),
    ],
    ["degrees", /^hermitePolynomialH: the degree/, () => torch.special.hermitePolynomialH(there([1]), there([1e6]))],
    [
      "norms of gradients",
      /non-finite/,
      () => {
        const p = there([1]).requiresGrad_();
        p.grad = there([Number.NaN]);
        return nn.utils.clipGradNorm_([p], 1, { errorIfNonfinite: true });
      },
    ],
  ];

  it.each(wrong)("%s", async (_, message, call) => {
    const x = there([1]);
    call();
    await expect(x.cpu()).rejects.toThrow(message);
    expect((await x.cpu()).tolist()).toEqual([1]);
  });

  it("valid ones pass, with the cpu's values", async () => {
    const d = new distributions.Normal(there([0, 1]), there([1, 2]));
    expect((await d.logProb(there([0.5, 0.5])).cpu()).tolist().map((x: number) => x.toFixed(4))).toEqual([
      "-1.0439",
      "-1.6433",
    ]);
    const y = torch.special.hermitePolynomialH(there([1, -2, 3]), there([1, 3, 2]));
    expect((await y.cpu()).tolist()).toEqual([2, -40, 34]);
  });

  it("anomalies are told with the place of the forward call", async () => {
    const x = there([-1]).requiresGrad_();
    const run = torch.autograd.detectAnomaly(async () => {
      x.sqrt().sum().backward();
      await x.grad!.cpu();
    });
    await expect(run).rejects.toThrow(/^Function 'SqrtBackward0' returned nan values.*\n[\s\S]*checks\.test\.ts/);
  });

  it("tensors and distributions are printed by their shape", () => {
    expect(String(there([1, 2, 3]))).toBe("tensor(..., device='webgpu', size=(3,))");
    expect(String(torch.zeros(2, 3, { device: "webgpu", dtype: "int64" }))).toBe(
      "tensor(..., device='webgpu', size=(2, 3), dtype=torch.int64)",
    );
    expect(String(new distributions.Normal(there([1]).squeeze(), 1))).toContain("loc: torch.Size([])");
    expect(() => there([1]).toTypedArray()).toThrow(/^toTypedArray: a tensor on "webgpu" cannot be read at once/);
  });

  it("files get the values of the moment of the call", async () => {
    const x = torch.arange(6, { device: "webgpu" }).view([2, 3]);
    const [tensors, array] = [join(folder, "x.safetensors"), join(folder, "x.npy")];
    await torch.safetensors.saveFile({ x: x.t() }, tensors);
    expect((await torch.safetensors.loadFile(tensors)).x!.tolist()).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    await torch.numpy.save(array, x);
    expect(((await torch.numpy.load(array)) as torch.Tensor).tolist()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    const model = new nn.Linear(2, 1).to("webgpu");
    const kept = (await model.weight.cpu()).tolist();
    const checkpoint = new torch.Checkpoint(join(folder, "run"), { model });
    await checkpoint.resume();
    const saving = checkpoint.save({ step: 1 });
    torch.noGrad(() => model.weight.fill_(9));
    await saving;
    expect(await checkpoint.load()).toEqual({ step: 1 });
    expect((await model.weight.cpu()).tolist()).toEqual(kept);
    await checkpoint.close();
  });

  it("events get them too", async () => {
    const writer = new torch.utils.tensorboard.SummaryWriter(join(folder, "events"));
    const loss = there([2.5]);
    writer.addScalar("loss", loss.squeeze(), 3);
    loss.fill_(0);
    await writer.close();
    const [name] = readdirSync(join(folder, "events"));
    const { events } = readEvents(name!, readFileSync(join(folder, "events", name!)));
    expect(events.flatMap(itemsOf)).toMatchObject([{ tag: "loss", step: 3, value: 2.5 }]);
  });
});
