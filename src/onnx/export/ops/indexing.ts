import { parseIndex } from "../../../tensor/indexing";
import type { Tensor } from "../../../tensor/tensor";
import type { Args, FormCall, Forms } from "../form";
import type { Graph } from "../graph";
import type { Value } from "../types";
import { Sym } from "../types";
import { index, indexReduce, maskedScatter, put, scatter, selectScatter, sliceScatter, slices } from "./scattering";
import { wrap } from "./shaping";

/** Places of the elements of a view, counted along the memory that it shows. */
function places(g: Graph, a: Args): Value {
  const shape = g.fixedAll(a.shape, "a view");
  const strides = g.fixedAll(a.strides, "a view");
  let list = [g.fixed(a.offset, "a view")];
  shape.forEach((n, axis) => {
    list = list.flatMap((at) => Array.from({ length: n }, (_, i) => at + i * strides[axis]!));
  });
  return g.constant(list, "int64");
}

/** @throws KindlingError unless the memory is laid out as its tensor is read, row by row. */
function checkRoot(g: Graph, a: Args): void {
  let stride = 1;
  const sizes: number[] = g.fixedAll(a.rootShape, "a view");
  const isDense = sizes
    .map((n, axis) => [n, a.rootStrides[axis]] as const)
    .reverse()
    .every(([n, own]) => {
      const fits = n === 1 || own === stride;
      stride *= n;
      return fits;
    });
  if (!isDense || !a.sameType)
    throw g.refuse("changes a tensor through a view that ONNX cannot express; clone() it first");
}

/** The steps of an index, and whether a tensor is among them. */
const hasTensor = (items: readonly any[]): boolean => items.some(({ kind }) => kind === "tensor" || kind === "truth");

/** Applies numbers, slices and new axes; gives the indices by tensors with the axis of each. */
function basic(g: Graph, x: Value, steps: readonly any[]): { x: Value; indices: [axis: number, index: Value][] } {
  const indices: [number, Value][] = [];
  const slices: any[] = [];
  const dropped: number[] = [];
  let axis = 0;
  // Slices and numbers first, by the axes of the input.
  for (const step of steps) {
    if (step.kind === "newAxis") continue;
    if (step.kind === "select") dropped.push(axis);
    if (step.kind === "select")
      slices.push([
        axis,
        step.index,
        step.index === -1 ? Number.MAX_SAFE_INTEGER : Sym.combine([step.index], (n) => n + 1),
        1,
      ]);
    else if (step.kind === "slice" && !(step.start === null && step.end === null && step.step === 1))
      slices.push([axis, step.start ?? 0, step.end ?? Number.MAX_SAFE_INTEGER, step.step]);
    axis += step.kind === "tensor" && step.index.dtype === "bool" ? step.index.shape.length : 1;
  }
  let y = x;
  if (slices.length > 0)
    y = g.slice(
      x,
      slices.map((s) => s[0]),
      slices.map((s) => s[1]),
      slices.map((s) => s[2]),
      slices.map((s) => s[3]),
    );
  if (dropped.length > 0) y = g.squeeze(y, dropped);
  let at = 0;
  const added: number[] = [];
  for (const step of steps) {
    if (step.kind === "select") continue;
    if (step.kind === "newAxis") added.push(at);
    if (step.kind === "tensor") indices.push([at, step.index]);
    at += step.kind === "tensor" && step.index.dtype === "bool" ? step.index.shape.length : 1;
  }
  if (added.length > 0) y = g.unsqueeze(y, added);
  return { x: y, indices };
}

/** Masks as whole numbers, one vector per axis. */
function unmask(g: Graph, indices: readonly [number, Value][]): [number, Value][] {
  return indices.flatMap(([axis, x]): [number, Value][] => {
    if (x.dtype !== "bool" && x.dtype !== "uint8") return [[axis, x]];
    const found = g.add("NonZero", [x], {}, "int64");
    return x.shape.map((_, i) => [axis + i, g.add("Gather", [found, g.scalar(i, "int64")], { axis: 0 })]);
  });
}

function chosen(g: Graph, x: Value, ndim: number, given: readonly [number, Value][], call: FormCall): Value {
  const indices = unmask(g, given);
  if (indices.length === 1) return g.add("Gather", [x, index(g, indices[0]![1])], { axis: indices[0]![0] });
  const axes = indices.map(([axis]) => axis);
  const rest = Array.from({ length: ndim }, (_, i) => i).filter((i) => !axes.includes(i));
  const isTogether = axes.at(-1)! - axes[0]! === axes.length - 1;
  const front = [...axes, ...rest].every((axis, i) => axis === i)
    ? x
    : g.add("Transpose", [x], { perm: [...axes, ...rest] });
  const all = g.add(
    "GatherND",
    [
      front,
      together(
        g,
        indices.map(([, i]) => i),
      ),
    ],
    {},
    x.dtype,
  );
  const lead = isTogether ? axes[0]! : 0;
  if (lead === 0) return all;
  // The axes of the indices stand first and belong behind those that were before them.
  const own = call.out[0]!.shape.length - rest.length;
  const order = [...range(own, own + lead), ...range(0, own), ...range(own + lead, call.out[0]!.shape.length)];
  return g.add("Transpose", [all], { perm: order });
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Indices that broadcast as one tensor whose last axis holds one of each. */
function together(g: Graph, indices: readonly Value[]): Value {
  const own = indices.map((x) => g.cast(x, "int64"));
  const shapes = own.map((x) => g.add("Shape", [x], {}, "int64"));
  const sum = own.reduce((a, b) => g.add("Add", [a, b]));
  const shape = shapes.length === 1 ? shapes[0]! : g.add("Shape", [sum], {}, "int64");
  const last = own.map((x) => g.add("Unsqueeze", [g.add("Expand", [x, shape]), g.constant([-1], "int64")]));
  return g.add("Concat", last, { axis: -1 });
}

const countAxes = (steps: readonly any[]): number =>
  steps.reduce(
    (n, { kind, index: own }) =>
      n + (kind === "select" ? 0 : kind === "tensor" && own.dtype === "bool" ? own.shape.length : 1),
    0,
  );

const at = (g: Graph, a: Args, call: FormCall): Value => {
  if (a.steps.some(({ kind }: any) => kind === "truth")) throw g.refuse("by a truth value has no ONNX form");
  const { x, indices } = basic(g, a.input, a.steps);
  return chosen(g, x, countAxes(a.steps), indices, call);
};

/** Positions given one tensor per axis. */
function perAxisIndices(a: Args): [number, Value][] {
  let axis = 0;
  const found: [number, Value][] = [];
  for (const own of a.indices) {
    if (own) found.push([axis, own]);
    axis += own?.dtype === "bool" ? own.shape.length : 1;
  }
  return found;
}

function indexPut(g: Graph, a: Args): Value {
  const indices = unmask(g, perAxisIndices(a));
  if (indices.some(([axis], i) => axis !== i)) throw g.refuse("of axes behind others has no ONNX form");
  const at = together(
    g,
    indices.map(([, i]) => i),
  );
  const shape = g.add("Shape", [g.add("GatherND", [a.input, at], {}, a.input.dtype)], {}, "int64");
  const values = g.add("Expand", [g.cast(a.values, a.input.dtype), shape]);
  if (a.accumulate && g.opset < 16) throw g.refuse(`that accumulates needs opset 16 or above, got ${g.opset}`);
  return g.add("ScatterND", [a.input, at, values], { reduction: a.accumulate ? "add" : undefined });
}

function embedding(g: Graph, a: Args): Value {
  // `torch.embedding` and `nn.functional.embedding` name the two in another order.
  const [weight, indices] = a.indices === undefined ? [a.weight, a.input] : [a.weight, a.indices];
  if (a.maxNorm != null) throw g.refuse("with maxNorm changes its weight, which has no ONNX form");
  return g.add("Gather", [weight, index(g, indices)], { axis: 0 });
}

export const indexing: Forms = {
  "onnx.read": (g, a) => {
    checkRoot(g, a);
    return g.reshape(g.add("Gather", [g.reshape(a.input, [-1]), places(g, a)], { axis: 0 }), a.shape);
  },
  "onnx.write": (g, a) => {
    checkRoot(g, a);
    const flat = g.add("ScatterElements", [g.reshape(a.input, [-1]), places(g, a), g.reshape(a.source, [-1])], {
      axis: 0,
    });
    return g.reshape(flat, a.rootShape);
  },
  at: {
    prepare: (a) => ({
      input: a.input,
      steps: parseIndex([a.items].flat() as never, (a.input as Tensor).ndim).map((step) => ({ ...step })),
    }),
    when: (a) => hasTensor(a.steps),
    lower: at,
  },
  select: (g, a) => g.add("Gather", [a.input, g.scalar(a.index, "int64")], { axis: wrap(a.dim, a.input.shape.length) }),
  indexSelect: (g, a) =>
    g.add("Gather", [a.input, index(g, a.index)], { axis: wrap(a.dim, Math.max(1, a.input.shape.length)) }),
  gather: (g, a) => g.add("GatherElements", [a.input, index(g, a.index)], { axis: a.dim }),
  take: (g, a) => g.add("Gather", [g.reshape(a.input, [-1]), index(g, a.index)], { axis: 0 }),
  takeAlongDim: {
    when: (a) => a.dim != null,
    lower: (g, a) => g.add("GatherElements", [a.input, index(g, a.indices)], { axis: a.dim }),
  },
  embedding,
  nonzero: {
    when: (a) => !a.asTuple,
    lower: (g, a) => g.add("Transpose", [g.add("NonZero", [a.input], {}, "int64")], { perm: [1, 0] }),
  },
  maskedSelect: (g, a) => {
    const isSame = a.mask.shape.length === a.input.shape.length;
    const mask = isSame ? a.mask : g.add("Expand", [a.mask, g.ints(a.input.shape)]);
    return g.add("Compress", [g.reshape(a.input, [-1]), g.reshape(mask, [-1])], {}, a.input.dtype);
  },
  indexPut,
  scatter: scatter(),
  scatterAdd: scatter("add"),
  scatterReduce: scatter(),
  indexReduce,
  put,
  maskedScatter,
  sliceScatter,
  selectScatter,
  asStridedScatter: (g, a) => {
    const at = places(g, { shape: a.size, strides: a.stride, offset: a.storageOffset ?? 0 });
    const source = g.reshape(g.cast(a.src, a.input.dtype), [-1]);
    return g.reshape(g.add("ScatterElements", [g.reshape(a.input, [-1]), at, source], { axis: 0 }), a.input.shape);
  },
  indexAdd: slices("add"),
  indexCopy: slices(undefined),
  indexFill: slices(undefined),
  copy: (g, a, call) => {
    const source = a.src ?? a.source ?? a.other;
    return g.add("Expand", [g.cast(source, call.out[0]!.dtype), g.ints(call.out[0]!.shape)]);
  },
};
