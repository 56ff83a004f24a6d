/** Which dtype each op computes in, and what a scope is. */
import * as torch from "kindling";
import { describe, expect, it } from "vitest";
import { noGpu, onGpu } from "../helpers/webgpu";

const F = torch.nn.functional;

type Tensor = torch.Tensor;

const single = (...shape: number[]): Tensor => torch.rand(shape);
const lower = (dtype: torch.DType, ...shape: number[]): Tensor => torch.rand(shape).to(dtype);

/** The dtype of a result, by PyTorch 1.13 on the cpu, and by its lists for CUDA. */
type Case = readonly [name: string, run: (half: (...shape: number[]) => Tensor) => Tensor];

const products: readonly Case[] = [
  ["mm", () => torch.mm(single(3, 3), single(3, 3))],
  ["matmul method", () => single(3, 3).matmul(single(3))],
  ["bmm", () => torch.bmm(single(2, 3, 3), single(2, 3, 3))],
  ["addmm", () => torch.addmm(single(3, 3), single(3, 3), single(3, 3))],
  ["baddbmm", () => torch.baddbmm(single(2, 3, 3), single(2, 3, 3), single(2, 3, 3))],
  ["linear", () => F.linear(single(2, 3), single(4, 3), single(4))],
  ["conv1d", () => F.conv1d(single(1, 2, 5), single(3, 2, 3))],
  ["conv2d", () => F.conv2d(single(1, 2, 5, 5), single(3, 2, 3, 3), single(3))],
  ["conv3d", () => F.conv3d(single(1, 1, 3, 3, 3), single(1, 1, 2, 2, 2))],
  ["nn.Linear", () => new torch.nn.Linear(3, 4)(single(2, 3))],
  ["nn.Conv2d", () => new torch.nn.Conv2d(2, 3, 3)(single(1, 2, 5, 5))],
  ["einsum", () => torch.einsum("ij,jk->ik", single(3, 3), single(3, 3))],
  ["multiDot", () => torch.linalg.multiDot([single(3, 3), single(3, 3), single(3, 3)])],
  [
    "nn.MultiheadAttention",
    () => new torch.nn.MultiheadAttention(4, 2)(single(2, 1, 4), single(2, 1, 4), single(2, 1, 4))[0]!,
  ],
];

const losses: readonly Case[] = [
  ["crossEntropy", (half) => F.crossEntropy(half(3, 3), torch.tensor([0, 1, 2], { dtype: torch.int64 }))],
  ["mseLoss", (half) => F.mseLoss(half(3, 3), half(3, 3))],
  ["l1Loss", (half) => F.l1Loss(half(3, 3), half(3, 3))],
  ["huberLoss", (half) => F.huberLoss(half(3, 3), half(3, 3))],
  ["nllLoss", (half) => F.nllLoss(half(3, 3), torch.tensor([0, 1, 2], { dtype: torch.int64 }))],
  ["binaryCrossEntropyWithLogits", (half) => F.binaryCrossEntropyWithLogits(half(3, 3), half(3, 3))],
  ["prod", (half) => torch.prod(half(3))],
  ["cdist", (half) => torch.cdist(half(3, 3), half(3, 3))],
  ["klDiv", (half) => F.klDiv(half(3, 3), half(3, 3), { reduction: "sum" })],
  ["cat of both", (half) => torch.cat([half(3), single(3)])],
  ["stack of both", (half) => torch.stack([half(3), single(3)])],
  ["add of both", (half) => half(3).add(single(3))],
];

const cpuHalf: readonly Case[] = [
  ...["exp", "log", "tan", "rsqrt", "sum", "relu"].map(
    (name): Case => [name, (half) => (half(3) as unknown as Record<string, () => Tensor>)[name]!()],
  ),
  ["softmax", (half) => half(3).softmax(0)],
  ["layerNorm", (half) => F.layerNorm(half(3, 3), [3])],
  ["avgPool2d", (half) => F.avgPool2d(half(1, 4, 4), 2)],
];

const cpuSingle: readonly Case[] = [
  ["mv", () => torch.mv(single(3, 3), single(3))],
  ["bilinear", () => F.bilinear(single(2, 3), single(2, 3), single(2, 3, 3))],
  ["prelu", () => F.prelu(single(3), torch.ones([1]))],
  ["convTranspose2d", (half) => F.convTranspose2d(half(1, 2, 4, 4), half(2, 3, 2, 2))],
  ["binaryCrossEntropy", (half) => F.binaryCrossEntropy(half(3), half(3))],
  ["avgPool3d", (half) => F.avgPool3d(half(1, 4, 4, 4), 2)],
  ["trace", (half) => torch.trace(half(3, 3))],
  ["matrixNorm", (half) => torch.linalg.matrixNorm(half(3, 3))],
];

describe("autocast on the cpu", () => {
  const half = (...shape: number[]): Tensor => lower("bfloat16", ...shape);
  const dtypeOf = (run: Case[1]): torch.DType => torch.autocast("cpu", () => run(half)).dtype;

  it.each([...products, ...cpuHalf])("%s is bfloat16", (_, run) => expect(dtypeOf(run)).toBe("bfloat16"));
  it.each([...losses, ...cpuSingle])("%s is float32", (_, run) => expect(dtypeOf(run)).toBe("float32"));

  it("takes a dtype, leaves float64 and integers alone, and can be ended inside", () => {
    const [a, b] = [single(3, 3), single(3, 3)];
    expect(torch.autocast("cpu", () => a.mm(b), { dtype: torch.float16 }).dtype).toBe("float16");
    expect((torch.autocast("cpu", () => a.mm(b), torch.float16) as Tensor).dtype).toBe("float16");
    expect(torch.autocast("cpu", () => a.double().mm(b.double())).dtype).toBe("float64");
    expect(torch.autocast("cpu", () => a.long().mm(b.long())).dtype).toBe("int64");
    torch.autocast("cpu", () => {
      expect(torch.autocast("cpu", () => a.mm(b), { enabled: false }).dtype).toBe("float32");
      expect(a.mm(b).dtype).toBe("bfloat16");
    });
    expect(torch.autocast("webgpu", () => a.mm(b)).dtype).toBe("float32");
    expect(a.mm(b).dtype).toBe("float32");
  });

  it("ends with an error, and lasts as long as an async body", async () => {
    const a = single(3, 3);
    expect(() =>
      torch.autocast("cpu", () => {
        throw new Error("mine");
      }),
    ).toThrow("mine");
    expect(a.mm(a).dtype).toBe("float32");
    const body = torch.autocast("cpu", async () => {
      await Promise.resolve();
      return a.mm(a).dtype;
    });
    expect(a.mm(a).dtype).toBe("float32");
    expect(await body).toBe("bfloat16");
    expect(a.mm(a).dtype).toBe("float32");
    const numbers = torch.autocast("cpu", function* () {
      yield a.mm(a).dtype;
    });
    expect(a.mm(a).dtype).toBe("float32");
    expect([...numbers]).toEqual(["bfloat16"]);
  });

  it("leaves nothing behind that a generator did not end: functions are compiled again", () => {
    const { explain } = torch.compiler;
    const compiled = () => {
      const f = torch.compile((x: Tensor) => x.mul(2).add(1));
      for (let i = 0; i < 2; i++) f(torch.ones(2));
      return explain(f).compiledCallCount;
    };
    const a = single(3, 3);
    const steps = torch.autocast("cpu", function* () {
      for (;;) yield a.mm(a).dtype;
    });
    expect([compiled(), steps.next().value, compiled(), steps.next().value]).toEqual([1, "bfloat16", 1, "bfloat16"]);
    expect(torch.autocast("cpu", compiled)).toBe(0);
    expect(steps.return(undefined as never)).toEqual({ done: true, value: undefined });
    expect(() => steps.throw(new Error("mine"))).toThrow("mine");
    expect(compiled()).toBe(1);
  });

  it("casts a parameter once, and gives gradients of float32", () => {
    const w = single(3, 3).requiresGrad_();
    const x = single(2, 3);
    const values = () => {
      w.grad = null;
      torch.autocast("cpu", () => x.matmul(w).add(x.matmul(w)).float().sum()).backward();
      return w.grad as unknown as Tensor;
    };
    const gradient = values();
    expect(gradient.dtype).toBe("float32");
    const rounded = x.bfloat16().float().sum(0).unsqueeze(1).expand(3, 3).mul(2);
    expect(gradient.sub(rounded).abs().max().item()).toBeLessThan(0.05);
    torch.autocast("cpu", () => {
      const before = x.matmul(w);
      torch.noGrad(() => w.mul_(2));
      expect(x.matmul(w).sub(before.mul(2)).abs().max().item()).toBeLessThan(0.05);
    });
  });

  it("says what is wrong with its arguments", () => {
    const body = () => 1;
    expect(() => torch.autocast("cuda" as "cpu", body)).toThrow('autocast: deviceType must be "webgpu" or "cpu"');
    // No text can be made of an object without a prototype.
    expect(() => torch.autocast(Object.create(null), body)).toThrow(torch.ValueError);
    expect(() => torch.autocast("cpu", body, { dtype: torch.float32 })).toThrow(
      "autocast: dtype must be torch.float16",
    );
    expect(() => torch.autocast("cpu", 3 as never)).toThrow("autocast: body");
    expect(() => torch.autocast("cpu", body, { enabled: 3 as never })).toThrow("autocast: enabled");
  });
});

describe.skipIf(noGpu !== undefined)(`autocast ${onGpu}`, () => {
  const half = (...shape: number[]): Tensor => lower("float16", ...shape).to("webgpu");
  const onDevice = (run: Case[1]): torch.DType => {
    const moved: Case[1] = (make) => {
      torch.manualSeed(0);
      return run(make);
    };
    return torch.autocast("webgpu", () => moved(half)).dtype;
  };

  it("computes products in float16 and what is delicate in float32", () => {
    const x = half(3, 3).float();
    const is = (dtype: torch.DType, runs: Readonly<Record<string, () => Tensor>>): void => {
      for (const [name, run] of Object.entries(runs)) expect(onDevice(run), name).toBe(dtype);
    };
    is("float16", {
      mm: () => x.mm(x),
      mv: () => x.mv(x.select(0, 0)),
      linear: () => F.linear(x, x, x.select(0, 0)),
      conv2d: () => F.conv2d(x.reshape(1, 1, 3, 3), x.reshape(1, 1, 3, 3)),
      convTranspose2d: () => F.convTranspose2d(x.reshape(1, 1, 3, 3), x.reshape(1, 1, 3, 3)),
      prelu: () => F.prelu(x, torch.ones([1], { device: "webgpu" })),
      relu: () => half(3).relu(),
      batchNorm: () => F.batchNorm(half(3, 3), undefined, undefined, x.select(0, 0), x.select(0, 1), true),
      lstm: () => (new torch.nn.LSTM(3, 4).to("webgpu") as torch.nn.LSTM)(x.reshape(1, 3, 3))[0],
    });
    is("float32", {
      exp: () => half(3).exp(),
      pow: () => half(3).pow(2),
      softmax: () => half(3).softmax(0),
      sum: () => half(3).sum(),
      cumsum: () => half(3).cumsum(0),
      layerNorm: () => F.layerNorm(half(3, 3), [3]),
      groupNorm: () => F.groupNorm(half(3, 3), 1),
      norm: () => half(3).norm(),
      mseLoss: () => F.mseLoss(half(3), half(3)),
      crossEntropy: () => F.crossEntropy(half(3, 3), torch.tensor([0, 1, 2], { dtype: torch.int64 }).to("webgpu")),
      dot: () => torch.dot(half(3), x.select(0, 0)),
      addcmul: () => torch.addcmul(half(3), x.select(0, 0), half(3)),
      cat: () => torch.cat([half(3), x.select(0, 0)]),
    });
    expect(() => torch.autocast("webgpu", () => F.binaryCrossEntropy(half(3), half(3)))).toThrow(
      "binaryCrossEntropy: unsafe to autocast",
    );
  });

  it("rounds products as the cpu does, and adds them up in float32", async () => {
    torch.manualSeed(0);
    const [a, b] = [torch.randn(40, 600), torch.randn(600, 36)];
    const images = torch.randn(2, 5, 9, 9);
    const kernel = torch.randn(6, 5, 3, 3);
    const run = (device: torch.Device) =>
      torch.autocast(
        device,
        () => [a.to(device).mm(b.to(device)), F.conv2d(images.to(device), kernel.to(device), { padding: 1 })],
        { dtype: torch.float16 },
      );
    const [expected, actual] = [run("cpu"), run("webgpu")];
    for (const [i, y] of actual.entries()) {
      const error = (await y.cpu()).float().sub(expected[i]!.float()).abs().max().item() as number;
      expect(error).toBeLessThan(2 ** -10 * (expected[i]!.float().abs().max().item() as number));
    }
  });
});
