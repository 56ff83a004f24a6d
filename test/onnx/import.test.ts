/** ONNX files as modules. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as torch from "kindling";
import { FormatError, noGrad, onnx } from "kindling";
import { describe, expect, test } from "vitest";
import { body, float, floats, graph, int, ints, longs, model, node, type TensorInit, text } from "./models";

const list = (...values: number[]) => torch.tensor(values);

describe("a model", () => {
  const bytes = () =>
    model(
      graph(
        ["x"],
        ["y"],
        [node("Gemm", ["x", "fc.weight", "fc.bias"], ["h"], [int("transB", 1)]), node("Relu", ["h"], ["y"])],
        [floats("fc.weight", [2, 2], [1, 2, 3, 4]), floats("fc.bias", [2], [0, -20])],
      ),
    );
  const x = () => torch.tensor([[1, 2]]);

  test("is called by position and by name", async () => {
    const m = await onnx.load(bytes());
    expect((m(x()) as torch.Tensor).tolist()).toEqual([[5, 0]]);
    expect((m({ x: x() }) as torch.Tensor).tolist()).toEqual([[5, 0]]);
    expect([m.inputNames, m.outputNames]).toEqual([["x"], ["y"]]);
    expect(() => m()).toThrow(/OnnxModule: the input "x" is missing/);
    expect(() => m({ z: x() })).toThrow(/there is no input "z"; the inputs are x/);
    expect(() => m(x(), x())).toThrow(/takes 1 inputs \(x\), got 2/);
    expect(() => m(x().to("int64"))).toThrow(/must be of dtype float32, got int64/);
  });

  test("has the parameters of the file by their names, and learns", async () => {
    const m = await onnx.load(bytes());
    expect(Object.keys(m.stateDict())).toEqual(["fc.weight", "fc.bias"]);
    const optimizer = new torch.optim.SGD(m.parameters(), { lr: 0.1 });
    (m(x()) as torch.Tensor).sum().backward();
    optimizer.step();
    expect(m.getParameter("fc.weight").tolist()).toEqual([
      [expect.closeTo(0.9, 5), expect.closeTo(1.8, 5)],
      [3, 4],
    ]);
    expect((noGrad(() => m(x())) as torch.Tensor).tolist()).toEqual([[expect.closeTo(4.4, 5), 0]]);
  });
});

test("batch normalization and dropout follow the mode once it is set", async () => {
  const m = await onnx.load(
    model(
      graph(
        ["x"],
        ["y"],
        [node("BatchNormalization", ["x", "bn.w", "bn.b", "bn.m", "bn.v"], ["h"]), node("Dropout", ["h"], ["y"])],
        [floats("bn.w", [1], [1]), floats("bn.b", [1], [0]), floats("bn.m", [1], [0]), floats("bn.v", [1], [1])],
      ),
      13,
    ),
  );
  const x = torch.tensor([[1], [3]]);
  expect(m.namedParameters().map(([name]) => name)).toEqual(["bn.w", "bn.b"]);
  expect(m.namedBuffers().map(([name]) => name)).toEqual(["bn.m", "bn.v"]);
  expect(torch.allclose(m(x) as torch.Tensor, x, { atol: 1e-4 })).toBe(true);
  m.train();
  m(x);
  expect(m.getBuffer("bn.m").tolist()).toEqual([expect.closeTo(0.2, 5)]);
  expect(m.getBuffer("bn.v").tolist()).toEqual([expect.closeTo(1.1, 5)]);
  m.eval();
  m(x);
  expect(m.getBuffer("bn.m").tolist()).toEqual([expect.closeTo(0.2, 5)]);
});

test("a loop that depends on values from around it", async () => {
  const inner = graph(
    ["i:7", "go:9", "a"],
    ["go", "b", "s"],
    [node("Add", ["a", "x"], ["b"]), node("Mul", ["b", "x"], ["s"])],
  );
  const m = await onnx.load(
    model(graph(["n:7", "x"], ["last", "all"], [node("Loop", ["n", "", "x"], ["last", "all"], [body("body", inner)])])),
  );
  const [last, all] = m(torch.tensor(3n), list(1, 2)) as torch.Tensor[];
  expect(last!.tolist()).toEqual([4, 8]);
  expect(all!.tolist()).toEqual([
    [2, 8],
    [3, 12],
    [4, 16],
  ]);
});

test("a branch is taken by a value", async () => {
  const branch = (op: string) => graph([], ["r"], [node(op, ["x"], ["r"])]);
  const m = await onnx.load(
    model(
      graph(
        ["c:9", "x"],
        ["y"],
        [node("If", ["c"], ["y"], [body("then_branch", branch("Neg")), body("else_branch", branch("Exp"))])],
      ),
    ),
  );
  expect((m(torch.tensor(true), list(1)) as torch.Tensor).tolist()).toEqual([-1]);
  expect((m(torch.tensor(false), list(0)) as torch.Tensor).tolist()).toEqual([1]);
});

test("functions of the model's own take attributes", async () => {
  const inner = { ...node("LeakyRelu", ["a"], ["b"]), attribute: [{ name: "alpha", refAttrName: "slope", type: 1 }] };
  const call = { ...node("Leak", ["x"], ["y"], [float("slope", 0.5)]), domain: "own" };
  const functions = [{ name: "Leak", domain: "own", input: ["a"], output: ["b"], attribute: ["slope"], node: [inner] }];
  const m = await onnx.load(model(graph(["x"], ["y"], [call]), 17, { functions } as never));
  expect((m(list(-2, 2)) as torch.Tensor).tolist()).toEqual([-1, 2]);
});

/** One op on one tensor. */
const one = async (
  op: string,
  opset: number,
  inputs: TensorInit[],
  attributes: Parameters<typeof node>[3],
  x: torch.Tensor,
) => {
  const names = inputs.map(({ name }) => name!);
  const m = await onnx.load(model(graph(["x"], ["y"], [node(op, ["x", ...names], ["y"], attributes)], inputs), opset));
  return (m(x) as torch.Tensor).tolist();
};

describe("versions of ops", () => {
  const square = () =>
    torch.tensor([
      [
        [1, 2],
        [3, 4],
      ],
    ]);

  test("Softmax of all axes from one on, until opset 12", async () => {
    const old = await one("Softmax", 11, [], [int("axis", 1)], torch.zeros(1, 2, 2));
    expect(old).toEqual([
      [
        [0.25, 0.25],
        [0.25, 0.25],
      ],
    ]);
    expect(await one("Softmax", 13, [], [int("axis", 1)], torch.zeros(1, 2, 2))).toEqual([
      [
        [0.5, 0.5],
        [0.5, 0.5],
      ],
    ]);
  });

  test("axes as an attribute, then as an input", async () => {
    expect(await one("Squeeze", 11, [], [ints("axes", [0])], square())).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(await one("Squeeze", 13, [longs("axes", [1], [0])], [], square())).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(await one("ReduceSum", 11, [], [ints("axes", [2]), int("keepdims", 0)], square())).toEqual([[3, 7]]);
    expect(await one("ReduceSum", 13, [longs("axes", [1], [2])], [int("keepdims", 0)], square())).toEqual([[3, 7]]);
  });

  test("Clip by attributes, then by inputs", async () => {
    expect(await one("Clip", 6, [], [float("min", 0), float("max", 2)], list(-1, 1, 3))).toEqual([0, 1, 2]);
    expect(await one("Clip", 13, [floats("lo", [], [0]), floats("hi", [], [2])], [], list(-1, 1, 3))).toEqual([
      0, 1, 2,
    ]);
  });

  test("a slice backwards, to the first element", async () => {
    const at = (name: string, value: number) => longs(name, [1], [value]);
    const inputs = [at("s", 3), at("e", -99), at("a", 0), at("t", -1)];
    expect(await one("Slice", 13, inputs, [], list(1, 2, 3, 4))).toEqual([4, 3, 2, 1]);
  });

  test("Resize between pixels, and of the nearest", async () => {
    const x = torch.tensor([[[[1, 3]]]]);
    const scales = [floats("roi", [0], []), floats("scales", [4], [1, 1, 1, 2])];
    expect(await one("Resize", 13, scales, [text("mode", "linear")], x)).toEqual([[[[1, 1.5, 2.5, 3]]]]);
    expect(await one("Resize", 13, scales, [text("mode", "nearest")], x)).toEqual([[[[1, 1, 3, 3]]]]);
  });

  test("unsigned integers wrap at 16 bits", async () => {
    const u16 = (name: string, value: number): TensorInit => ({ name, dataType: 4, dims: [1n], int32Data: [value] });
    const g = graph([], ["y"], [node("Add", ["a", "b"], ["y"])], [u16("a", 65535), u16("b", 2)]);
    const m = await onnx.load(model(g));
    expect((m() as torch.Tensor).tolist()).toEqual([1]);
  });

  test("an op that takes no unsigned integers says so", async () => {
    const u32: TensorInit = { name: "a", dataType: 12, dims: [1n], uint64Data: [1n] };
    const m = await onnx.load(
      model(graph([], ["y"], [node("TopK", ["a", "k"], ["y", "i"])], [u32, longs("k", [1], [1])])),
    );
    expect(() => m()).toThrow(/\(TopK\): does not take uint32 here/);
  });
});

describe("data in other files", () => {
  const external = (location: string, offset = "4"): TensorInit => ({
    name: "w",
    dataType: 1,
    dims: [2n],
    dataLocation: 1,
    externalData: [
      { key: "location", value: location },
      { key: "offset", value: offset },
      { key: "length", value: "8" },
    ],
  });
  const bytes = (location: string, offset?: string) =>
    model(graph(["x"], ["y"], [node("Mul", ["x", "w"], ["y"])], [external(location, offset)]));
  const data = () => new Uint8Array(new Float32Array([9, 2, 3]).buffer);

  test("lies beside the model, or is given", async () => {
    const folder = mkdtempSync(join(tmpdir(), "onnx-"));
    writeFileSync(join(folder, "m.onnx"), bytes("w.bin"));
    writeFileSync(join(folder, "w.bin"), data());
    const m = await onnx.load(join(folder, "m.onnx"));
    expect((m(list(1, 1)) as torch.Tensor).tolist()).toEqual([2, 3]);
    const given = await onnx.load(bytes("w.bin"), { externalData: { "w.bin": data() } });
    expect((given(list(1, 1)) as torch.Tensor).tolist()).toEqual([2, 3]);
    await expect(onnx.load(bytes("w.bin"))).rejects.toThrow(/pass it as \{ externalData/);
    await expect(onnx.load(bytes("w.bin", "8"), { externalData: { "w.bin": data() } })).rejects.toThrow(FormatError);
  });

  test("never lies outside of its folder", async () => {
    const folder = mkdtempSync(join(tmpdir(), "onnx-"));
    for (const location of ["../w.bin", "/etc/passwd", "a/../../w.bin", "C:\\w", "file:///etc/passwd", "..\\w"]) {
      writeFileSync(join(folder, "m.onnx"), bytes(location));
      await expect(onnx.load(join(folder, "m.onnx"))).rejects.toThrow(/outside of its folder/);
    }
  });
});
