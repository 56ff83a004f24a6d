/** Damaged and hostile ONNX files: errors of ours, in bounded time and memory. */

import * as torch from "kindling";
import { FormatError, KindlingError, noGrad, onnx } from "kindling";
import { describe, expect, test } from "vitest";
import { byteEdits, pick, randomOf } from "../../scripts/fuzz/files";
import { body, float, floats, graph, int, ints, longs, model, node } from "./models";

const refused = async (bytes: Uint8Array, message: RegExp) => {
  await expect(onnx.load(bytes)).rejects.toThrow(FormatError);
  await expect(onnx.load(bytes)).rejects.toThrow(message);
};

describe("refused with the reason", () => {
  test("what is no model", async () => {
    await refused(new Uint8Array(0), /is no ONNX file/);
    await refused(new TextEncoder().encode("hello, this is no model"), /is no ONNX file/);
  });

  test("an unknown op, by name", () =>
    refused(
      model(graph(["x"], ["y"], [node("Frobnicate", ["x"], ["y"])])),
      /\(Frobnicate\): the operator Frobnicate is not supported/,
    ));

  test("nodes in a circle, and values that nobody writes", async () => {
    const circle = [node("Add", ["x", "b"], ["a"]), node("Neg", ["a"], ["b"])];
    await refused(model(graph(["x"], ["a"], circle)), /form a circle/);
    await refused(model(graph(["x"], ["y"], [node("Neg", ["z"], ["y"])])), /reads "z", which no node writes/);
    await refused(model(graph(["x"], ["z"], [])), /an output reads "z"/);
    const twice = [node("Neg", ["x"], ["y"]), node("Exp", ["x"], ["y"])];
    await refused(model(graph(["x"], ["y"], twice)), /two values have the name "y"/);
  });

  test("a shape that its data does not have", async () => {
    const huge = { name: "w", dataType: 1, dims: [1n << 40n, 1n << 40n], rawData: new Uint8Array(4) };
    await refused(model(graph(["x"], ["y"], [node("Add", ["x", "w"], ["y"])], [huge])), /too many elements|for \d+/);
    const negative = { name: "w", dataType: 1, dims: [-1n], rawData: new Uint8Array(4) };
    await refused(model(graph(["x"], ["y"], [node("Add", ["x", "w"], ["y"])], [negative])), /is not that of a tensor/);
    await refused(
      model(graph(["x"], ["y"], [node("Add", ["x", "w"], ["y"])], [floats("w", [3], [1])])),
      /has 1 elements/,
    );
  });

  test("functions that call themselves, and graphs in graphs without end", async () => {
    const functions = [
      { name: "F", domain: "own", input: ["a"], output: ["b"], node: [{ ...node("F", ["a"], ["b"]), domain: "own" }] },
    ];
    const call = { ...node("F", ["x"], ["y"]), domain: "own" };
    await refused(model(graph(["x"], ["y"], [call]), 17, { functions } as never), /calls itself/);
    let inner = graph([], ["r"], [node("Neg", ["x"], ["r"])]);
    for (let i = 0; i < 100; i++)
      inner = graph(
        [],
        ["r"],
        [node("If", ["c"], ["r"], [body("then_branch", inner), body("else_branch", graph([], ["x"], []))])],
      );
    await refused(
      model(graph(["c:9", "x"], ["y"], [node("If", ["c"], ["y"], [body("then_branch", inner)])])),
      /is no ONNX file/,
    );
  });
});

test("a loop without end ends", async () => {
  const inner = graph(["i:7", "go:9"], ["go"], []);
  const steps = [node("Loop", ["n", ""], [], [body("body", inner)]), node("Neg", ["x"], ["y"])];
  const m = await onnx.load(model(graph(["x"], ["y"], steps, [longs("n", [], [1e15])])));
  expect(() => m(torch.ones(1))).toThrow(/too many/);
});

const samples = [
  model(
    graph(
      ["x"],
      ["y"],
      [
        node("Conv", ["x", "w", "b"], ["c"], [ints("pads", [1, 1, 1, 1]), ints("strides", [1, 1])]),
        node("Relu", ["c"], ["r"]),
        node("MaxPool", ["r"], ["p"], [ints("kernel_shape", [2, 2]), ints("strides", [2, 2])]),
        node("Reshape", ["p", "s"], ["f"]),
        node("Softmax", ["f"], ["y"], [int("axis", 1)]),
      ],
      [floats("w", [2, 1, 3, 3], new Array(18).fill(0.1)), floats("b", [2], [0, 1]), longs("s", [2], [1, -1])],
    ),
  ),
  model(
    graph(
      ["x"],
      ["y"],
      [
        node("Shape", ["x"], ["s"]),
        node("ConstantOfShape", ["s"], ["z"]),
        node(
          "Loop",
          ["n", "", "z"],
          ["l"],
          [body("body", graph(["i:7", "go:9", "a"], ["go", "q"], [node("Add", ["a", "x"], ["q"])]))],
        ),
        node("LeakyRelu", ["l"], ["y"], [float("alpha", 0.2)]),
      ],
      [longs("n", [], [2])],
    ),
  ),
];

test("2,000 damaged models give results or errors of ours", async () => {
  const random = randomOf(14);
  const x = torch.ones(1, 1, 4, 4);
  let runs = 0;
  for (let i = 0; i < 2000; i++) {
    let bytes = pick(random, samples);
    for (let k = random(3); k >= 0; k--) bytes = pick(random, byteEdits)(bytes, random);
    const start = performance.now();
    try {
      const m = await onnx.load(bytes);
      torch.tidy(() => noGrad(() => void m(x)));
      runs++;
    } catch (error) {
      if (!(error instanceof KindlingError)) throw new Error(`file ${i}: ${error}`, { cause: error });
    }
    expect(performance.now() - start, `file ${i}`).toBeLessThan(20_000);
  }
  expect(runs).toBeGreaterThan(50);
  x.dispose();
}, 300_000);
