/** `torch.onnx.export`: models, open sizes, options, and what cannot be exported. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as torch from "kindling";
import { describe, expect, test } from "vitest";
import { GPT } from "../../examples/gpt/model";
import { cut, cutNote } from "../helpers/cut";
import { bytesOf, difference, type Model } from "./runtime";

const { nn } = torch;

/** Exports with the batch left open, and compares at the sizes of the example and at others. */
async function agrees(
  model: Model,
  args: torch.Tensor[],
  others: torch.Tensor[][],
  dynamicAxes = { input: { 0: "batch" } } as any,
): Promise<void> {
  if (model instanceof nn.Module) model.eval();
  const bytes = await bytesOf(model, args, { dynamicAxes });
  for (const given of [args, ...others]) expect(await difference(bytes, model, given)).toBeLessThan(1e-4);
}

class LeNet extends nn.Module {
  conv1 = new nn.Conv2d(1, 6, 5);
  bn = new nn.BatchNorm2d(6);
  conv2 = new nn.Conv2d(6, 16, 5);
  fc = new nn.Linear(256, 10);
  drop = new nn.Dropout();
  override forward(x: torch.Tensor) {
    const y = nn.functional.maxPool2d(this.bn(this.conv1(x)).relu(), 2);
    return this.fc(this.drop(nn.functional.maxPool2d(this.conv2(y).relu_(), 2).view(x.shape[0]!, -1)));
  }
}

test("the comparison sees a difference", async () => {
  const bytes = await bytesOf((x: torch.Tensor) => x.add(1), [torch.ones(2)]);
  expect(await difference(bytes, (x: torch.Tensor) => x.add(1.01), [torch.ones(2)])).toBeGreaterThan(1e-3);
});

describe("models", () => {
  test("a perceptron and LeNet with an open batch", async () => {
    const mlp = new nn.Sequential(new nn.Linear(8, 16), new nn.ReLU(), new nn.Linear(16, 4));
    await agrees(mlp, [torch.randn(3, 8)], [[torch.randn(7, 8)], [torch.randn(1, 8)]]);
    await agrees(new LeNet(), [torch.randn(2, 1, 28, 28)], [[torch.randn(5, 1, 28, 28)]]);
  });

  test.each(["LSTM", "GRU", "RNN"] as const)("%s in layers and both directions, open in both sizes", async (kind) => {
    const axes = { input: { 0: "a", 1: "b" } };
    const settings: { numLayers?: number; bidirectional?: boolean; batchFirst?: boolean; bias?: boolean }[] = [
      {},
      { numLayers: 2, bidirectional: true },
      { batchFirst: true, bias: false },
    ];
    for (const options of settings)
      await agrees(
        new (nn[kind] as typeof nn.LSTM)(5, 6, options),
        [torch.randn(4, 3, 5)],
        [[torch.randn(7, 2, 5)]],
        axes,
      );
  });

  test("cells, and a state that is given", async () => {
    await agrees(new nn.LSTMCell(5, 6), [torch.randn(4, 5)], [[torch.randn(2, 5)]]);
    await agrees(new nn.GRUCell(5, 6), [torch.randn(4, 5)], [[torch.randn(2, 5)]]);
    await agrees(new nn.RNNCell(5, 6), [torch.randn(4, 5)], [[torch.randn(2, 5)]]);
    await agrees(new nn.GRU(5, 6), [torch.randn(4, 3, 5), torch.randn(1, 3, 6)], [], {});
  });

  test("transformers, open in length and batch", async () => {
    const encoder = new nn.TransformerEncoder(new nn.TransformerEncoderLayer(16, 4, 32, { activation: "gelu" }), 2);
    await agrees(encoder, [torch.randn(5, 3, 16)], [[torch.randn(7, 2, 16)]], { input: { 0: "a", 1: "b" } });
    const both = new nn.Transformer({
      dModel: 16,
      nhead: 4,
      numEncoderLayers: 1,
      numDecoderLayers: 1,
      dimFeedforward: 32,
    });
    const axes = { input: { 0: "a", 1: "b" }, input_1: { 0: "c", 1: "b" } };
    await agrees(
      both,
      [torch.randn(5, 3, 16), torch.randn(4, 3, 16)],
      [[torch.randn(7, 2, 16), torch.randn(3, 2, 16)]],
      axes,
    );
  });

  test("a GPT, open in length and batch", async () => {
    const model = new GPT({ vocabulary: 20, context: 16, layers: 2, heads: 2, width: 16, dropout: 0.1 });
    const draw = (...shape: number[]) => torch.randint(0, 20, shape, { dtype: "int64" });
    await agrees(model, [draw(2, 6)], [[draw(3, 9)], [draw(1, 16)]], { input: { 0: "batch", 1: "length" } });
  });

  const networks = ["mobilenet_v3_small", "resnet18", "shufflenet_v2_x0_5", "squeezenet1_1"];
  test.each(cut(networks, 2))(`%s${cutNote}`, async (name) => {
    torch.manualSeed(0);
    await agrees(torch.vision.models.getModel(name), [torch.randn(1, 3, 48, 48)], [[torch.randn(2, 3, 48, 48)]]);
  });

  test("open pictures: every size of the way is arithmetic of those of the input", async () => {
    const net = new nn.Sequential(
      new nn.Conv2d(3, 4, 3, { stride: 2 }),
      new nn.ReLU(),
      new nn.AdaptiveAvgPool2d(1),
      new nn.Flatten(),
    );
    await agrees(net, [torch.randn(1, 3, 20, 20)], [[torch.randn(2, 3, 31, 17)]], {
      input: { 0: "n", 2: "h", 3: "w" },
    });
    const flat = (x: torch.Tensor) => x.reshape(x.shape[0]! * x.shape[1]!, -1).div(x.shape[1]!);
    await agrees(flat, [torch.randn(2, 3, 4)], [[torch.randn(5, 7, 4)]], { input: { 0: "n", 1: "m" } });
  });
});

describe("options", () => {
  const model = new nn.Linear(3, 2);
  const x = torch.ones(1, 3);

  test.each([13, 14, 15, 16, 17, 18, 19, 20])("opset %i", async (opsetVersion) => {
    const encoder = new nn.TransformerEncoderLayer(8, 2, 16, { activation: "gelu", batchFirst: true }).eval();
    const input = torch.randn(2, 4, 8);
    expect(await difference(await bytesOf(encoder, [input], { opsetVersion }), encoder, [input])).toBeLessThan(1e-4);
  });

  test("names, of inputs, outputs, parameters and nodes", async () => {
    const net = new nn.Sequential(new nn.Sequential(new nn.Linear(3, 3)), new nn.ReLU());
    const bytes = await torch.onnx.export(net, x, {
      inputNames: ["features"],
      outputNames: ["scores"],
      dynamicAxes: { features: [0], scores: { 0: "rows" } },
    });
    const text = new TextDecoder("latin1").decode(bytes!);
    for (const name of [
      "features",
      "scores",
      "rows",
      "features_dynamic_axes_0",
      "0.0.weight",
      "/0/0.0/Gemm",
      "/1/Relu",
      "kindling",
    ])
      expect(text).toContain(name);
  });

  test("parameters as inputs", async () => {
    const bytes = await bytesOf(model, [x], { exportParams: false });
    const f = (input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) =>
      nn.functional.linear(input, weight, bias);
    expect(await difference(bytes, f, [x, torch.ones(2, 3), torch.ones(2)])).toBe(0);
  });

  test("weights beside the model", async () => {
    const folder = await mkdtemp(join(tmpdir(), "kindling-onnx-"));
    try {
      const large = new nn.Linear(100, 50);
      const path = join(folder, "net.onnx");
      await torch.onnx.export(large, torch.ones(1, 100), path, { externalData: true });
      const [bytes, data] = await Promise.all([readFile(path), readFile(`${path}.data`)]);
      expect(bytes.length).toBeLessThan(2000);
      expect(new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + 20000))).toEqual(
        large.weight.detach().toTypedArray(),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("the model's modes come back", async () => {
    const net = new nn.Sequential(new nn.Dropout(), new nn.BatchNorm1d(3));
    net.at(0).eval();
    const modes = () => net.modules().map((module) => module.training);
    const before = modes();
    const bytes = await bytesOf(net, [torch.randn(4, 3)]);
    expect(modes()).toEqual(before);
    expect(await difference(bytes, net.eval(), [torch.randn(4, 3)])).toBeLessThan(1e-5);
  });

  test("by name", async () => {
    expect(await torch.onnx.export({ model, args: [x], opsetVersion: 15 })).toBeInstanceOf(Uint8Array);
  });
});

describe("what cannot be exported", () => {
  const x = torch.randn(3, 4);
  const fails = (model: any, args: any, options: any, message: RegExp) =>
    expect(torch.onnx.export(model, args, null, options)).rejects.toThrow(message);

  test("an op without a form is named with the line that called it", async () => {
    await fails(
      (y: torch.Tensor) => y.digamma().add(1),
      [x],
      {},
      /onnx\.export: digamma has no ONNX form \(called at .*export\.test\.ts:\d+\)/,
    );
  });

  test("random numbers, values read into JavaScript, and paths that depend on them", async () => {
    await fails((y: torch.Tensor) => y.add(torch.randn(4)), [x], {}, /add takes a tensor that the trace did not see/);
    await fails((y: torch.Tensor) => y.add(y.at(0, 0).item()), [x], {}, /add takes a number that depends on the input/);
    await fails(
      (y: torch.Tensor) => (y.at(0, 0).item() === x.at(0, 0).item() ? y.add(1) : y.mul(2)),
      [x],
      {},
      /path that the model takes for some sizes or values/,
    );
    await fails(new nn.BatchNorm1d(4), [x], { training: torch.onnx.TrainingMode.TRAINING }, /batchNorm|BatchNorm/);
  });

  test("a size that ONNX cannot be told", async () => {
    const f = (y: torch.Tensor) => y.reshape(-1).slice(0, 0, Math.round(Math.sqrt(y.shape[0]!) * 10));
    await fails(f, [x], { dynamicAxes: { input: [0] } }, /slice takes a number that depends on the input/);
  });

  test.each([
    ["a model that is none", {}, [x], {}, /model must be a Module or a function/],
    ["no inputs", (y: any) => y, [], {}, /args must be example inputs/],
    ["no tensors", () => 1, [x], {}, /must give a Tensor/],
    ["an opset", (y: any) => y, [x], { opsetVersion: 9 }, /unsupported ONNX opset version: 9/],
    [
      "axes of nothing",
      (y: any) => y.add(1),
      [x],
      { dynamicAxes: { image: [0] } },
      /names "image", which is no input or output; those are input, output/,
    ],
    [
      "an axis that there is not",
      (y: any) => y.add(1),
      [x],
      { dynamicAxes: { input: [2] } },
      /names axis 2 of a tensor with 2 axes/,
    ],
    [
      "too many names",
      (y: any) => y.add(1),
      [x],
      { inputNames: ["a", "b"] },
      /number of input names provided \(2\) exceeded number of inputs \(1\)/,
    ],
    ["a name twice", (y: any, z: any) => y.add(z), [x, x], { inputNames: ["a", "a"] }, /has "a" twice/],
    ["a mode", (y: any) => y, [x], { training: 7 }, /training must be one of/],
    ["weights beside nothing", (y: any) => y, [x], { externalData: true }, /need a file/],
  ])("%s", async (_name, model, args, options, message) => {
    await fails(model, args, options, message);
  });
});
