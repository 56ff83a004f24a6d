/** onnxruntime-web on WebAssembly: forward only, each workload a model of one node. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { onnx } from "onnx-proto";
import * as ort from "onnxruntime-web";
import { exported } from "../inference";
import { type Library, randomArray } from "../library";
import { type Contender, local } from "../measure";
import { type Conv, filterDepth, type Inference, type Matmul, type Op, outSize, type Workload } from "../workloads";
import { dependencies } from "./package.json";

/** ONNX's names of the ops. */
const ops: Readonly<Record<string, { type: string; inputs: number }>> = {
  add: { type: "Add", inputs: 2 },
  mul: { type: "Mul", inputs: 2 },
  relu: { type: "Relu", inputs: 1 },
  exp: { type: "Exp", inputs: 1 },
  log: { type: "Log", inputs: 1 },
  tanh: { type: "Tanh", inputs: 1 },
  sigmoid: { type: "Sigmoid", inputs: 1 },
  softmax: { type: "Softmax", inputs: 1 },
};

interface Attribute {
  readonly name: string;
  readonly i?: number;
  readonly ints?: readonly number[];
}

export async function loadOrt(threads: number): Promise<Library> {
  ort.env.wasm.wasmPaths = `${pathToFileURL(resolve("bench/peers/node_modules/onnxruntime-web/dist")).href}/`;
  ort.env.wasm.numThreads = threads;

  const FLOAT = 1;
  const value = (name: string, shape: readonly number[]) => ({
    name,
    type: { tensorType: { elemType: FLOAT, shape: { dim: shape.map((dimValue) => ({ dimValue })) } } },
  });

  const sessionOf = (bytes: Uint8Array) => ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });

  /** The network as Kindling exports it. */
  async function network(workload: Inference): Promise<Contender> {
    const { bytes, x, shape } = await exported(workload);
    const session = await sessionOf(bytes);
    const feeds = { x: new ort.Tensor("float32", x, shape) };
    return local(() => session.run(feeds));
  }

  async function node(
    type: string,
    inputs: readonly (readonly number[])[],
    output: readonly number[],
    attributes: readonly Attribute[] = [],
  ): Promise<Contender> {
    const names = inputs.map((_, i) => `x${i}`);
    const { INT, INTS } = onnx.AttributeProto.AttributeType;
    const attribute = attributes.map((a) => ({ ...a, type: a.ints ? INTS : INT }));
    const graph = {
      name: type,
      node: [{ opType: type, input: names, output: ["y"], attribute }],
      input: inputs.map((shape, i) => value(names[i]!, shape)),
      output: [value("y", output)],
    };
    const model = onnx.ModelProto.create({ irVersion: 8, opsetImport: [{ domain: "", version: 17 }], graph });
    const session = await sessionOf(onnx.ModelProto.encode(model).finish());
    const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
    const tensors = inputs.map((shape) => new ort.Tensor("float32", randomArray(size(shape)), shape));
    const feeds: Record<string, any> = Object.fromEntries(names.map((name, i) => [name, tensors[i]]));
    return local(() => session.run(feeds));
  }

  function conv(workload: Conv): Promise<Contender> | undefined {
    const { batch, channels, size, filters, kernel, stride, padding, pass } = workload;
    if (pass !== "forward") return undefined;
    const shapes = [
      [batch, channels, size, size],
      [filters, filterDepth(workload), kernel, kernel],
    ];
    const out = outSize(workload);
    return node(
      "Conv",
      shapes,
      [batch, filters, out, out],
      [
        { name: "group", i: channels / filterDepth(workload) },
        { name: "kernel_shape", ints: [kernel, kernel] },
        { name: "strides", ints: [stride, stride] },
        { name: "pads", ints: Array.from({ length: 4 }, () => padding) },
      ],
    );
  }

  const matmul = ({ m, k, n, layout }: Matmul) =>
    layout === "NN"
      ? node(
          "MatMul",
          [
            [m, k],
            [k, n],
          ],
          [m, n],
        )
      : undefined;

  function op({ op, shape }: Op): Promise<Contender> | undefined {
    const known = ops[op];
    return known && node(known.type, Array(known.inputs).fill(shape), shape);
  }

  return {
    name: "ort",
    version: dependencies["onnxruntime-web"],
    create(workload: Workload) {
      if (workload.kind === "matmul") return matmul(workload);
      if (workload.kind === "conv") return conv(workload);
      if (workload.kind === "inference") return network(workload);
      return workload.kind === "op" ? op(workload) : undefined;
    },
  };
}
