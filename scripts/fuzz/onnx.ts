/** Damaged ONNX models: bytes and fields of valid ones are changed. What still loads is run on small inputs. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import * as torch from "kindling";
import { type GraphProto, type ModelProto, ModelProtoSchema, type NodeProto } from "../../src/onnx/proto/onnx_pb";
import { body, float, floats, graph, int, ints, longs, model, node, text } from "../../test/onnx/models";
import { byteEdits, pick, type Random, type Trial } from "./files";

const { nn } = torch;

/** Graphs that no network gives: control flow, functions, data in other files. */
function handmade(): Uint8Array[] {
  const step = graph(["i:7", "go:9", "a"], ["go", "q"], [node("Add", ["a", "x"], ["q"])]);
  const loop = [
    node("Shape", ["x"], ["s"]),
    node("ConstantOfShape", ["s"], ["z"]),
    node("Loop", ["n", "", "z"], ["l"], [body("body", step)]),
    node("LeakyRelu", ["l"], ["y"], [float("alpha", 0.2)]),
  ];
  const branch = (op: string) => graph([], ["r"], [node(op, ["x"], ["r"])]);
  const scan = graph(["a", "b"], ["c", "d"], [node("Add", ["a", "b"], ["c"]), node("Neg", ["c"], ["d"])]);
  const choice = [
    node("ReduceSum", ["x"], ["t"], [int("keepdims", 0)]),
    node("Greater", ["t", "k"], ["c"]),
    node("If", ["c"], ["y"], [body("then_branch", branch("Neg")), body("else_branch", branch("Exp"))]),
  ];
  const leak = { ...node("LeakyRelu", ["a"], ["b"]), attribute: [{ name: "alpha", refAttrName: "slope", type: 1 }] };
  const functions = [{ name: "Leak", domain: "own", input: ["a"], output: ["b"], attribute: ["slope"], node: [leak] }];
  const call = { ...node("Leak", ["x"], ["y"], [float("slope", 0.5)]), domain: "own" };
  const external = (location: string) => ({
    name: "w",
    dataType: 1,
    dims: [4n],
    dataLocation: 1,
    externalData: [
      { key: "location", value: location },
      { key: "offset", value: "0" },
      { key: "length", value: "16" },
    ],
  });
  return [
    model(graph(["x"], ["y"], loop, [longs("n", [], [2])])),
    model(graph(["x"], ["y"], choice, [floats("k", [], [0])])),
    model(
      graph(
        ["x"],
        ["y", "e"],
        [node("Scan", ["z", "x"], ["y", "e"], [body("body", scan), int("num_scan_inputs", 1)])],
        [floats("z", [1, 4, 4], new Array(16).fill(0))],
      ),
    ),
    model(graph(["x"], ["y"], [call]), 17, { functions } as never),
    ...["w.bin", "../w.bin", "/etc/passwd", "__proto__"].map((place) =>
      model(graph(["x"], ["y"], [node("Mul", ["x", "w"], ["y"])], [external(place)])),
    ),
    model(
      graph(
        ["x"],
        ["y", "i"],
        [
          node("Reshape", ["x", "s"], ["f"]),
          node("TopK", ["f", "k"], ["v", "i"]),
          node("Pad", ["v", "p"], ["w"]),
          node("Tile", ["w", "r"], ["t"]),
          node("Resize", ["t4", "", "", "z"], ["u"], [text("mode", "nearest")]),
          node("Unsqueeze", ["t", "a"], ["t4"]),
          node("Conv", ["u", "c"], ["y"], [ints("pads", [1, 1, 1, 1]), ints("dilations", [1, 1])]),
        ],
        [
          longs("s", [2], [4, 4]),
          longs("k", [1], [2]),
          longs("p", [4], [0, 1, 0, 1]),
          longs("r", [2], [1, 2]),
          longs("a", [2], [0, 1]),
          longs("z", [4], [1, 1, 5, 6]),
          floats("c", [2, 1, 3, 3], new Array(18).fill(0.1)),
        ],
      ),
    ),
  ];
}

class Tagger extends nn.Module {
  lstm = new nn.LSTM(4, 3, { batchFirst: true });
  override forward(x: torch.Tensor) {
    return this.lstm(x.reshape(1, 4, 4))[0].softmax(-1);
  }
}

async function exported(): Promise<Uint8Array[]> {
  const x = torch.ones(1, 1, 4, 4);
  const nets: torch.nn.Module[] = [
    new nn.Sequential(new nn.Flatten(), new nn.Linear(16, 3), new nn.GELU(), new nn.LayerNorm(3)),
    new nn.Sequential(
      new nn.Conv2d(1, 2, 3, { padding: 1 }),
      new nn.BatchNorm2d(2),
      new nn.ReLU(),
      new nn.MaxPool2d(2),
    ),
    new nn.Sequential(
      new nn.ConvTranspose2d(1, 2, 2),
      new nn.Upsample({ scaleFactor: 2 }),
      new nn.AdaptiveAvgPool2d(1),
    ),
    new Tagger(),
  ];
  const dynamicAxes = { input: { 0: "batch" } };
  return Promise.all(
    nets.map(async (net, i) => (await torch.onnx.export(net.eval(), x, null, i === 3 ? {} : { dynamicAxes }))!),
  );
}

let seeds: Promise<readonly Uint8Array[]> | undefined;

const hostileSizes = [
  0n,
  1n,
  2n,
  3n,
  5n,
  -1n,
  -2n,
  7n,
  1n << 20n,
  1n << 31n,
  (1n << 31n) - 1n,
  1n << 40n,
  (1n << 63n) - 1n,
  -(1n << 63n),
];
const hostileNames = [
  "",
  "x",
  "y",
  "__proto__",
  "constructor",
  "toString",
  "forward",
  "training",
  "a.b.c",
  ".",
  "__proto__.x",
  "parameters.x",
];
const ops =
  "Add MatMul Conv Reshape Expand Tile Pad Range Loop If Scan Concat Split Slice Gather ScatterND Resize OneHot ConstantOfShape LSTM TopK Einsum Cast QLinearConv STFT DFT GridSample SequenceAt Identity Upsample RandomNormal EyeLike CenterCropPad MaxPool Col2Im".split(
    " ",
  );

const graphsOf = (g: GraphProto): GraphProto[] => [
  g,
  ...g.node.flatMap(({ attribute }) => attribute.flatMap(({ g: inner }) => (inner ? graphsOf(inner) : []))),
];

const change = <T>(random: Random, list: T[], make: (old: T) => T): void => {
  if (list.length > 0) {
    const at = random(list.length);
    list[at] = make(list[at]!);
  }
};

/** Changes of one field, somewhere. */
const fieldEdits: ((g: GraphProto, node: NodeProto, random: Random, m: ModelProto) => void)[] = [
  (g, _, random) =>
    change(random, g.initializer, (t) => ({
      ...t,
      dims: t.dims.map((d) => (random(2) ? pick(random, hostileSizes) : d)),
    })),
  (g, _, random) => change(random, g.initializer, (t) => ({ ...t, dataType: random(25) })),
  (g, _, random) => change(random, g.initializer, (t) => ({ ...t, name: pick(random, hostileNames) })),
  (g, _, random) =>
    change(random, g.initializer, (t) => ({
      ...t,
      int64Data: t.int64Data.map((d) => (random(2) ? pick(random, hostileSizes) : d)),
    })),
  (g, _, random) =>
    change(random, g.initializer, (t) => ({
      ...t,
      externalData: t.externalData.map((e) => ({
        ...e,
        value: pick(random, ["w.bin", "..", "-1", "1e9", "99999999999", "0", "../../x", "\0", "file:///etc/passwd"]),
      })),
    })),
  (_, own, random) => change(random, own.input, () => pick(random, [...hostileNames, ...own.output])),
  (_, own, random) => change(random, own.output, () => pick(random, [...hostileNames, ...own.input])),
  (_, own, random) => void Object.assign(own, { opType: pick(random, ops) }),
  (_, own, random) =>
    void Object.assign(own, { domain: pick(random, ["", "ai.onnx", "com.microsoft", "own", "__proto__"]) }),
  (_, own, random) =>
    change(random, own.attribute, (a) => ({
      ...a,
      i: pick(random, hostileSizes),
      ints: a.ints.map(() => pick(random, hostileSizes)),
    })),
  (_, own, random) => change(random, own.attribute, (a) => ({ ...a, f: pick(random, [0, -1, NaN, Infinity, 1e30]) })),
  (_, own, random) =>
    change(random, own.attribute, (a) => ({
      ...a,
      s: new TextEncoder().encode(pick(random, ["", "linear", "cubic", "SAME_UPPER", "VALID", "reverse", "x"])),
    })),
  (_, own, random) =>
    change(random, own.attribute, (a) => ({
      ...a,
      name: pick(random, ["axis", "axes", "pads", "strides", "group", "to", "value", "__proto__"]),
    })),
  (_, own, random) => change(random, own.attribute, ({ s: _s, i: _i, ...a }) => a as never),
  (g, own, random) => void g.node.splice(random(g.node.length + 1), 0, own),
  (g, _, random) => void g.node.splice(random(Math.max(1, g.node.length)), 1),
  (g, _, random) => change(random, g.output, (o) => ({ ...o, name: pick(random, hostileNames) })),
  (g, _, random) => change(random, g.input, (o) => ({ ...o, name: pick(random, hostileNames) })),
  (_g, _n, random, m) =>
    change(random, m.opsetImport, (o) => ({
      ...o,
      version: pick(random, [0n, 1n, 6n, 9n, 13n, 21n, 99n, -1n, 1n << 62n]),
    })),
  (_g, _n, random, m) =>
    change(random, m.functions, (f) => ({
      ...f,
      name: pick(random, ["Leak", "LeakyRelu", "Add"]),
      domain: pick(random, ["own", ""]),
    })),
];

function editFields(file: Uint8Array, random: Random): Uint8Array {
  const m = fromBinary(ModelProtoSchema, file);
  for (let i = random(3); i >= 0; i--) {
    if (m.graph === undefined) break;
    const g = pick(random, graphsOf(m.graph));
    const own = g.node.length > 0 ? pick(random, g.node) : (create(ModelProtoSchema) as never);
    if (g.node.length > 0) pick(random, fieldEdits)(g, own, random, m);
  }
  try {
    return toBinary(ModelProtoSchema, m);
  } catch {
    // The fields no longer fit together: the file is left as it is.
    return file;
  }
}

async function run(file: Uint8Array, x: torch.Tensor): Promise<Record<string, never>> {
  const loaded = await torch.onnx.load(file, { externalData: { "w.bin": new Uint8Array(64) } });
  if (({} as Record<string, unknown>).x !== undefined) throw new Error("the prototype of all objects was changed");
  const inputs = loaded.inputNames.map(() => x);
  torch.tidy(() => torch.noGrad(() => void loaded(...inputs)));
  loaded.parameters().length;
  loaded.stateDict();
  return {};
}

export async function onnxTrial(random: Random): Promise<Trial> {
  seeds ??= exported().then((nets) => [...nets, ...handmade()]);
  let file = pick(random, await seeds).slice() as Uint8Array;
  const x = random(4) === 0 ? torch.ones(pick(random, [0, 2, 3]), 4) : torch.ones(1, 1, 4, 4);
  if (random(3) > 0) file = editFields(file, random);
  if (random(2) === 0) for (let i = random(3); i >= 0; i--) file = pick(random, byteEdits)(file, random);
  // What is loaded is given back when nothing can reach it, which takes a turn of the event loop.
  if (random(20) === 0) await new Promise((resolve) => setImmediate(resolve));
  const read = async () => {
    try {
      return await run(file, x);
    } finally {
      x.dispose();
    }
  };
  return { call: "await torch.onnx.load(file)", file, read, expected: undefined, isOpen: true, isCollected: true };
}
