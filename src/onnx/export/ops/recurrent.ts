/** Recurrent networks, which modules name: one node per layer. */
import type { Module } from "../../../nn/module/module";
import { GRU, LSTM, RNN } from "../../../nn/recurrent/rnn";
import { GRUCell, LSTMCell } from "../../../nn/recurrent/rnnCell";
import { Tensor } from "../../../tensor/tensor";
import type { Args, Forms } from "../form";
import type { Graph } from "../graph";
import type { Size, Value } from "../types";

/** How ONNX orders the gates, by PyTorch's: of an LSTM i, f, g, o become i, o, f, g; of a GRU r, z, n become z, r, n. */
const gateOrders: Readonly<Record<string, readonly number[]>> = { LSTM: [0, 3, 1, 2], GRU: [1, 0, 2], RNN: [0] };

const kinds = [
  ["LSTM", LSTM],
  ["GRU", GRU],
  ["RNN", RNN],
] as const;

const suffixes = (m: any, layer: number): string[] => [`L${layer}`, ...(m.bidirectional ? [`L${layer}Reverse`] : [])];

/** The weights of a layer in its directions. */
const weightsOf = (m: any, layer: number) =>
  suffixes(m, layer).map((suffix) => ({
    ih: m[`weightIh${suffix}`],
    hh: m[`weightHh${suffix}`],
    bih: m.bias ? m[`biasIh${suffix}`] : null,
    bhh: m.bias ? m[`biasHh${suffix}`] : null,
  }));

/** What a call of a module that is written as a whole computes with; undefined for other modules. */
export function moduleFormOf(
  module: Module,
  args: readonly unknown[],
): { op: string; args: Record<string, unknown> } | undefined {
  const m = module as any;
  const kind = kinds.find(([, type]) => module instanceof type && m.forward === type.prototype.forward);
  const [input, hx] = args;
  if (!(input instanceof Tensor)) return undefined;
  if (kind !== undefined) {
    if (m.projSize > 0 || (m.training && m.dropout > 0 && m.numLayers > 1)) return undefined;
    const layers = Array.from({ length: m.numLayers }, (_, layer) => weightsOf(m, layer));
    const { hiddenSize, bidirectional, batchFirst, nonlinearity = "tanh" } = m;
    const state = hx == null ? null : hx instanceof Tensor ? [hx] : [...(hx as Tensor[])];
    return { op: `nn.${kind[0]}`, args: { input, state, layers, hiddenSize, bidirectional, batchFirst, nonlinearity } };
  }
  const cell = (
    [
      ["LSTM", LSTMCell],
      ["GRU", GRUCell],
    ] as const
  ).find(([, type]) => module instanceof type && m.forward === type.prototype.forward);
  if (cell === undefined) return undefined;
  const layer = { ih: m.weightIh, hh: m.weightHh, bih: m.biasIh ?? null, bhh: m.biasHh ?? null };
  const state = hx == null ? null : hx instanceof Tensor ? [hx] : [...(hx as Tensor[])];
  return { op: `nn.${cell[0]}Cell`, args: { input, state, layers: [[layer]], hiddenSize: m.hiddenSize } };
}

/** The rows of the gates in ONNX's order. */
function ordered(g: Graph, x: Value, order: readonly number[], size: number): Value {
  if (order.length === 1) return x;
  const parts = order.map((gate) => g.slice(x, [0], [gate * size], [(gate + 1) * size]));
  return g.add("Concat", parts, { axis: 0 });
}

const joined = (g: Graph, list: readonly Value[]): Value => {
  const own = list.map((x) => g.unsqueeze(x, [0]));
  return own.length === 1 ? own[0]! : g.add("Concat", own, { axis: 0 });
};

/** A state of zeros where none is given: [directions, N, H]. */
const zeroState = (g: Graph, a: Args, directions: number, n: Size): Value =>
  g.add("Expand", [g.scalar(0, a.input.dtype), g.ints([directions, n, a.hiddenSize])]);

interface Layer {
  readonly kind: string;
  readonly directions: number;
  readonly batch: Size;
}

/** One layer: gives the output [L, directions, N, H] and the last states [directions, N, H]. */
function layerNode(
  g: Graph,
  a: Args,
  x: Value,
  weights: readonly any[],
  states: readonly Value[],
  { kind, directions }: Layer,
): Value[] {
  const order = gateOrders[kind]!;
  const gates = (part: string): Value =>
    joined(
      g,
      weights.map((own) => ordered(g, own[part], order, a.hiddenSize)),
    );
  const biases = weights[0].bih
    ? joined(
        g,
        weights.map((own) =>
          g.add("Concat", [ordered(g, own.bih, order, a.hiddenSize), ordered(g, own.bhh, order, a.hiddenSize)], {
            axis: 0,
          }),
        ),
      )
    : null;
  const activation = a.nonlinearity === "relu" ? "Relu" : "Tanh";
  const attributes = {
    hidden_size: a.hiddenSize,
    direction: directions === 2 ? "bidirectional" : "forward",
    linear_before_reset: kind === "GRU" ? 1 : undefined,
    activations: kind === "RNN" ? new Array(directions).fill(activation) : undefined,
  };
  const dtypes = new Array(kind === "LSTM" ? 3 : 2).fill(x.dtype);
  return g.nodeOf(kind, [x, gates("ih"), gates("hh"), biases, null, ...states], dtypes, attributes as never);
}

/** [L, directions, N, H] → [L, N, directions · H]. */
const flatten = (g: Graph, y: Value, directions: number): Value =>
  directions === 1
    ? g.squeeze(y, [1])
    : g.add("Reshape", [g.add("Transpose", [y], { perm: [0, 2, 1, 3] }), g.constant([0, 0, -1], "int64")]);

const sequence =
  (kind: string) =>
  (g: Graph, a: Args): Value[] => {
    const directions = a.bidirectional ? 2 : 1;
    const isSingle = a.input.shape.length === 2;
    let x: Value = a.input;
    if (isSingle) x = g.unsqueeze(x, [1]);
    else if (a.batchFirst) x = g.transpose(x, [1, 0, 2]);
    const batch: Size = isSingle ? 1 : a.input.shape[a.batchFirst ? 0 : 1];
    const given: Value[] | null = a.state?.map((state: Value) => (isSingle ? g.unsqueeze(state, [1]) : state)) ?? null;
    const count = kind === "LSTM" ? 2 : 1;
    const last: Value[][] = [];
    a.layers.forEach((weights: any[], layer: number) => {
      const states = Array.from({ length: count }, (_, i) =>
        given === null
          ? zeroState(g, a, directions, batch)
          : g.slice(given[i]!, [0], [layer * directions], [(layer + 1) * directions]),
      );
      const [y, ...ends] = layerNode(g, a, x, weights, states, { kind, directions, batch }) as [Value, ...Value[]];
      x = flatten(g, y, directions);
      last.push(ends);
    });
    const output = isSingle ? g.squeeze(x, [1]) : a.batchFirst ? g.add("Transpose", [x], { perm: [1, 0, 2] }) : x;
    const ends = Array.from({ length: count }, (_, i) => {
      const all = last.map((own) => own[i]!);
      const joint = all.length === 1 ? all[0]! : g.add("Concat", all, { axis: 0 });
      return isSingle ? g.squeeze(joint, [1]) : joint;
    });
    return [output, ...ends];
  };

/** One step is a sequence of one. */
const cell =
  (kind: string) =>
  (g: Graph, a: Args): Value[] => {
    const isSingle = a.input.shape.length === 1;
    const input = {
      ...g.unsqueeze(a.input, isSingle ? [0, 1] : [0]),
      shape: isSingle ? [1, 1, a.input.shape[0]] : [1, ...a.input.shape],
    };
    const state = a.state?.map((x: Value) => g.unsqueeze(x, isSingle ? [0, 1] : [0])) ?? null;
    const [, ...ends] = sequence(kind)(g, { ...a, input, state, bidirectional: false, batchFirst: false });
    return ends.map((x) => g.squeeze(x, isSingle ? [0, 1] : [0]));
  };

export const recurrent: Forms = {
  "nn.LSTM": sequence("LSTM"),
  "nn.GRU": sequence("GRU"),
  "nn.RNN": sequence("RNN"),
  "nn.LSTMCell": cell("LSTM"),
  "nn.GRUCell": cell("GRU"),
};
