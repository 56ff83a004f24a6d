/** Recurrent layers, step by step, with every attribute of theirs. */
import * as F from "../../../nn/functional/index";
import { matmul } from "../../../ops/linalg/matmul";
import { stack } from "../../../ops/shape/join";
import type { Tensor } from "../../../tensor/tensor";
import type { Context } from "../context";
import type { Entry } from "../entry";
import type { Value } from "../values";
import { arange, zeros } from "./make";

type Activation = (x: Tensor) => Tensor;

/** The functions by lower-case names, with the parameters that they take and their defaults. */
const functions: Readonly<Record<string, { alpha?: number; beta?: number; make(a: number, b: number): Activation }>> = {
  affine: { alpha: 1, beta: 0, make: (a, b) => (x) => x.mul(a).add(b) },
  elu: { alpha: 1, make: (a) => (x) => F.elu(x, a) },
  hardsigmoid: { alpha: 0.2, beta: 0.5, make: (a, b) => (x) => x.mul(a).add(b).clamp(0, 1) },
  leakyrelu: { alpha: 0.01, make: (a) => (x) => F.leakyRelu(x, a) },
  relu: { make: () => (x) => x.relu() },
  scaledtanh: { alpha: 1, beta: 1, make: (a, b) => (x) => x.mul(b).tanh().mul(a) },
  sigmoid: { make: () => (x) => x.sigmoid() },
  softplus: { make: () => (x) => F.softplus(x) },
  softsign: { make: () => (x) => F.softsign(x) },
  tanh: { make: () => (x) => x.tanh() },
  thresholdedrelu: { alpha: 1, make: (a) => (x) => F.threshold(x, a, 0) },
};

/** The functions of all directions; parameters go in order to those that take some. */
function activationsOf(c: Context, count: number, fallback: readonly string[]): Activation[] {
  const names =
    c.attributes.strings("activations") ?? Array.from({ length: count / fallback.length }, () => fallback).flat();
  if (names.length !== count) c.fail(`has ${names.length} activations; takes ${count}`);
  const alphas = [...(c.attributes.floats("activation_alpha") ?? [])];
  const betas = [...(c.attributes.floats("activation_beta") ?? [])];
  return names.map((name) => {
    const entry = functions[name.toLowerCase()] ?? c.fail(`there is no activation "${name}"`);
    const alpha = entry.alpha === undefined ? 0 : (alphas.shift() ?? entry.alpha);
    const beta = entry.beta === undefined ? 0 : (betas.shift() ?? entry.beta);
    return entry.make(alpha, beta);
  });
}

/** What one direction of a layer computes with. */
interface Layer {
  /** The products of all steps with the input weights, with the biases of the input: [steps, batch, gates · hidden]. */
  readonly inputs: Tensor;
  readonly R: Tensor;
  readonly Rb: Tensor | undefined;
  readonly P: Tensor | undefined;
  readonly f: readonly Activation[];
  readonly hidden: number;
  readonly clip: (x: Tensor) => Tensor;
}

type State = readonly Tensor[];
type Cell = (c: Context, layer: Layer, x: Tensor, state: State) => State;

const gates = (x: Tensor, hidden: number): Tensor[] => [...x.split(hidden, -1)];

const rnnCell: Cell = (_c, { R, Rb, f, clip }, x, [h]) => {
  const sum = x.add(matmul(h!, R.t()));
  return [f[0]!(clip(Rb === undefined ? sum : sum.add(Rb)))];
};

const gruCell: Cell = (c, { R, Rb, f, hidden, clip }, x, [h]) => {
  const [xz, xr, xh] = gates(x, hidden);
  const [Rz, Rr, Rh] = [...R.split(hidden, 0)];
  const [bz, br, bh] = Rb === undefined ? [] : gates(Rb, hidden);
  const plus = (y: Tensor, bias: Tensor | undefined) => (bias === undefined ? y : y.add(bias));
  const z = f[0]!(clip(plus(xz!.add(matmul(h!, Rz!.t())), bz)));
  const r = f[0]!(clip(plus(xr!.add(matmul(h!, Rr!.t())), br)));
  const inner = c.flag("linear_before_reset")
    ? r.mul(plus(matmul(h!, Rh!.t()), bh))
    : plus(matmul(r.mul(h!), Rh!.t()), bh);
  const candidate = f[1]!(clip(xh!.add(inner)));
  return [z.neg().add(1).mul(candidate).add(z.mul(h!))];
};

const lstmCell: Cell = (c, { R, Rb, P, f, hidden, clip }, x, [h, cell]) => {
  const sum = x.add(matmul(h!, R.t()));
  const [xi, xo, xf, xc] = gates(Rb === undefined ? sum : sum.add(Rb), hidden);
  const [pi, po, pf] = P === undefined ? [] : gates(P, hidden);
  const peep = (y: Tensor, weight: Tensor | undefined, state: Tensor) =>
    weight === undefined ? y : y.add(weight.mul(state));
  const i = f[0]!(clip(peep(xi!, pi, cell!)));
  const forget = c.flag("input_forget") ? i.neg().add(1) : f[0]!(clip(peep(xf!, pf, cell!)));
  const next = forget.mul(cell!).add(i.mul(f[1]!(clip(xc!))));
  const o = f[0]!(clip(peep(xo!, po, next)));
  return [o.mul(f[2]!(next)), next];
};

/** The steps of each sequence from its end, those after it where they are. */
function reversed(x: Tensor, lengths: Tensor | undefined): Tensor {
  if (lengths === undefined) return x.flip([0]);
  const [steps, batch] = x.shape as unknown as [number, number];
  const t = arange(steps, "int64").reshape([-1, 1]);
  const ends = lengths.to("int64").reshape([1, -1]);
  const index = ends
    .sub(1)
    .sub(t)
    .where(t.lt(ends), t.expand([steps, batch]));
  return x.gather(0, index.unsqueeze(-1).expand([steps, batch, x.shape[2]!]));
}

/** All steps of one direction. After the end of a sequence its outputs are 0 and its state stays. */
function runLayer(c: Context, cell: Cell, layer: Layer, initial: State, lengths: Tensor | undefined): [Tensor, State] {
  const steps = layer.inputs.shape[0]!;
  const outputs: Tensor[] = [];
  let state = initial;
  for (let t = 0; t < steps; t++) {
    const next = cell(c, layer, layer.inputs.select(0, t), state);
    const goes = lengths?.gt(t).unsqueeze(-1);
    state = goes === undefined ? next : next.map((now, i) => now.where(goes, state[i]!));
    outputs.push(goes === undefined ? next[0]! : next[0]!.mul(goes.to(next[0]!.dtype)));
  }
  const empty = () => zeros([0, ...initial[0]!.shape], initial[0]!.dtype);
  return [steps === 0 ? empty() : stack(outputs), state];
}

interface Kind {
  readonly gates: number;
  readonly states: number;
  readonly activations: readonly string[];
  readonly cell: Cell;
}

/** The layer of one direction. */
function layerOf(c: Context, x: Tensor, d: number, kind: Kind, all: readonly Activation[]): Layer {
  const [W, R, B, P] = [c.tensor(1), c.tensor(2), c.optional(3), c.optional(7)];
  const hidden = R.shape[2] ?? c.fail("the recurrence weights must have shape [directions, gates · hidden, hidden]");
  const rows = kind.gates * hidden;
  if (W.ndim !== 3 || W.shape[1] !== rows || R.shape[1] !== rows)
    c.fail(`weights of shapes [${W.shape.join(", ")}] and [${R.shape.join(", ")}] do not fit each other`);
  const bias = B?.select(0, d);
  const products = matmul(x, W.select(0, d).t());
  const limit = c.attributes.has("clip") ? c.float("clip") : undefined;
  const each = kind.activations.length;
  return {
    inputs: bias === undefined ? products : products.add(bias.narrow(0, 0, rows)),
    R: R.select(0, d),
    Rb: bias?.narrow(0, rows, rows),
    P: kind.states === 2 ? P?.select(0, d) : undefined,
    f: all.slice(each * d, each * (d + 1)),
    hidden,
    clip: limit === undefined ? (y) => y : (y) => y.clamp(-limit, limit),
  };
}

function recurrent(c: Context, kind: Kind): Value[] {
  const isBatchFirst = c.int("layout", 0) === 1;
  const x = isBatchFirst ? c.x.transpose(0, 1) : c.x;
  if (x.ndim !== 3) c.fail(`takes a tensor of shape [steps, batch, inputs], got [${c.x.shape.join(", ")}]`);
  const direction = c.string("direction", "forward");
  const directions = direction === "bidirectional" ? 2 : 1;
  const activations = activationsOf(c, directions * kind.activations.length, kind.activations);
  const lengths = c.optional(4);
  const ys: Tensor[] = [];
  const ends: State[] = [];
  for (let d = 0; d < directions; d++) {
    const turns = d === 1 || direction === "reverse";
    const layer = layerOf(c, turns ? reversed(x, lengths) : x, d, kind, activations);
    const initial = Array.from({ length: kind.states }, (_, i) => {
      const given = c.optional(5 + i);
      if (given === undefined) return zeros([x.shape[1]!, layer.hidden], x.dtype);
      return given.select(isBatchFirst ? 1 : 0, d);
    });
    const [y, end] = runLayer(c, kind.cell, layer, initial, lengths);
    ys.push(turns ? reversed(y, lengths) : y);
    ends.push(end);
  }
  const Y = stack(ys, 1);
  const states = Array.from({ length: kind.states }, (_, i) =>
    stack(
      ends.map((end) => end[i]!),
      isBatchFirst ? 1 : 0,
    ),
  );
  return [isBatchFirst ? Y.permute([2, 0, 1, 3]) : Y, ...states];
}

const kinds: Readonly<Record<string, Kind>> = {
  GRU: { gates: 3, states: 1, activations: ["Sigmoid", "Tanh"], cell: gruCell },
  LSTM: { gates: 4, states: 2, activations: ["Sigmoid", "Tanh", "Tanh"], cell: lstmCell },
  RNN: { gates: 1, states: 1, activations: ["Tanh"], cell: rnnCell },
};

export const recurrents: readonly Entry[] = Object.entries(kinds).map(([name, kind]) => ({
  name,
  since: 7,
  weights: [1, 2, 3, 7],
  run: (c) => recurrent(c, kind),
}));
