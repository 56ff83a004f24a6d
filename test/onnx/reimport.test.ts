/** The way there and back: what is exported loads again, computes the same, learns the same, and is exported again. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";
import { model as file, floats, graph, node } from "./models";
import { bytesOf, difference, tensorsIn } from "./runtime";

const { nn, onnx } = torch;
type Tensor = torch.Tensor;
type Call = (...inputs: Tensor[]) => unknown;

class ConvNet extends nn.Module {
  conv = new nn.Conv2d(2, 6, 3, { padding: 1 });
  norm = new nn.BatchNorm2d(6);
  depthwise = new nn.Conv2d(6, 6, 3, { groups: 6, stride: 2 });
  fc = new nn.Linear(6, 4);
  override forward(x: Tensor) {
    const y = this.depthwise(this.norm(this.conv(x)).relu());
    return this.fc(nn.functional.adaptiveAvgPool2d(y.hardswish(), 1).flatten(1));
  }
}

class Tagger extends nn.Module {
  lstm = new nn.LSTM(5, 6, { numLayers: 2, bidirectional: true, batchFirst: true });
  fc = new nn.Linear(12, 3);
  override forward(x: Tensor) {
    return this.fc(this.lstm(x)[0]).logSoftmax(-1);
  }
}

const models: [name: string, make: () => torch.nn.Module, shape: number[], other: number[]][] = [
  [
    "a perceptron",
    () => new nn.Sequential(new nn.Linear(8, 16), new nn.GELU(), new nn.LayerNorm(16), new nn.Linear(16, 4)),
    [3, 8],
    [5, 8],
  ],
  ["a convolutional network", () => new ConvNet(), [2, 2, 9, 9], [3, 2, 9, 9]],
  ["an LSTM", () => new Tagger(), [2, 3, 5], [4, 3, 5]],
  [
    "a transformer",
    () => new nn.TransformerEncoder(new nn.TransformerEncoderLayer(8, 2, 16, { batchFirst: true }), 2),
    [2, 5, 8],
    [3, 5, 8],
  ],
];

/** The largest difference relative to the largest value. */
function apart(a: unknown, b: unknown): number {
  const [[x], [y]] = [tensorsIn(a), tensorsIn(b)];
  expect(x!.shape).toEqual(y!.shape);
  return x!.sub(y!).abs().max().item() / y!.abs().max().item();
}

/** One step of the loss of a regression. @returns the loss before it. */
function learn(model: torch.nn.Module, x: Tensor): number {
  const optimizer = new torch.optim.SGD(model.parameters(), { lr: 0.05 });
  const [y] = tensorsIn((model as unknown as Call)(x));
  const loss = y!.sub(0.5).square().mean();
  loss.backward();
  optimizer.step();
  return loss.item();
}

describe("loaded again", () => {
  test.each(models)(
    "%s computes the same, learns the same and is exported again",
    async (...[, make, shape, other]) => {
      torch.manualSeed(3);
      const model = make().eval();
      const [x, z] = [torch.randn(...shape), torch.randn(...other)];
      const dynamicAxes = { input: { 0: "batch" } };
      const loaded = await onnx.load(await bytesOf(model, [x], { dynamicAxes }));
      const call = (own: torch.nn.Module, input: Tensor) => torch.noGrad(() => (own as unknown as Call)(input));
      for (const input of [x, z]) expect(apart(call(loaded, input), call(model, input))).toBeLessThan(1e-5);
      const count = (own: torch.nn.Module) => own.parameters().reduce((sum, p) => sum + p.numel(), 0);
      expect(count(loaded)).toBe(count(model));

      const before = call(model, z);
      expect(learn(loaded, x)).toBeCloseTo(learn(model, x), 5);
      expect(apart(call(model, z), before)).toBeGreaterThan(1e-4);
      expect(apart(call(loaded, z), call(model, z))).toBeLessThan(1e-4);

      const again = await bytesOf(loaded, [x], { dynamicAxes });
      for (const input of [x, z]) expect(await difference(again, model as never, [input])).toBeLessThan(1e-4);
      const third = await onnx.load(again);
      expect(apart(call(third, z), call(model, z))).toBeLessThan(1e-4);
    },
  );
});

describe("parameters and constants", () => {
  const names = (own: torch.nn.Module) => own.namedParameters().map(([name]: readonly [string, unknown]) => name);

  test("a file written here keeps them apart, of whatever size they are", async () => {
    class Net extends nn.Module {
      scale = new nn.Parameter(torch.tensor([2]));
      shift = new nn.Parameter(torch.randn(3));
      fc = new nn.Linear(3, 3);
      constructor() {
        super();
        this.registerBuffer("table", torch.randn(3));
      }
      override forward(x: Tensor) {
        return this.fc(x.mul(this.scale).add(this.shift))
          .add(this.getBuffer("table"))
          .mul(torch.tensor([1, 2, 3]));
      }
    }
    const model = new Net();
    const x = torch.randn(2, 3);
    const loaded = await onnx.load(await bytesOf(model, [x]));
    expect(new Set(names(loaded))).toEqual(new Set(names(model)));
    const constants = [...loaded.namedBuffers()].map(([, b]) => b.tolist());
    for (let i = 0; i < 3; i++) expect(learn(loaded, x)).toBeCloseTo(learn(model, x), 4);
    expect([...loaded.namedBuffers()].map(([, b]) => b.tolist())).toEqual(constants);
    expect(apart((loaded as unknown as Call)(x), (model as unknown as Call)(x))).toBeLessThan(1e-4);
    expect(await difference(await bytesOf(loaded, [x]), model as never, [x])).toBeLessThan(1e-4);
  });

  test("of files of others, what they name as constants is no parameter", async () => {
    const row = (name: string, values = [1, 2, 3]) => floats(name, [3], values);
    const adds = ["bias", "/block/Constant_1", "onnx::Add_7", "const_fold_opt__3", "attn.mask", "image_std", "far"];
    const nodes = [
      node("MatMul", ["x", "onnx::MatMul_4"], ["h"]),
      ...adds.map((name, i) => node("Add", [i === 0 ? "h" : `h${i - 1}`, name], [`h${i}`])),
    ];
    const state = [
      floats("onnx::MatMul_4", [3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]),
      ...adds.map((name) => row(name, name === "far" ? [0, 0, -Infinity] : undefined)),
    ];
    const loaded = await onnx.load(file(graph(["x"], [`h${adds.length - 1}`], nodes, state)));
    expect(new Set(names(loaded))).toEqual(new Set(["onnx::MatMul_4", "bias"]));
  });
});
