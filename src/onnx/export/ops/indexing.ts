/** Choosing elements by numbers, slices and tensors; writing to chosen elements; views of changed memory. */
import { isFloat } from "../../../core/dtype";
import { parseIndex } from "../../../tensor/indexing";
import type { Tensor } from "../../../tensor/tensor";
import type { Args, FormCall, Forms, Lower } from "../form";
import type { Graph } from "../graph";
import type { Value } from "../types";
import { type Size, Sym } from "../types";
import { wrap } from "./shaping";

const index = (g: Graph, x: Value): Value => (x.dtype === "int32" ? x : g.cast(x, "int64"));

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

/** A source for ScatterElements: a number becomes as many as there are indices. */
const sourceOf = (g: Graph, a: Args): Value => {
  const src = a.src ?? a.value;
  if (typeof src !== "object" || src === null || src instanceof Sym)
    return g.add("Expand", [g.scalar(src, a.input.dtype), g.ints(a.index.shape)]);
  const isSame = src.shape.every((n: Size, i: number) => Sym.combine([n, a.index.shape[i]], (x, y) => x - y) === 0);
  if (isSame) return g.cast(src, a.input.dtype);
  return g.slice(
    g.cast(src, a.input.dtype),
    src.shape.map((_: Size, i: number) => i),
    src.shape.map(() => 0),
    a.index.shape,
  );
};

const reductions: Readonly<Record<string, string>> = {
  add: "add",
  multiply: "mul",
  sum: "add",
  prod: "mul",
  amax: "max",
  amin: "min",
};

/** The opset from which on ScatterElements and ScatterND reduce in a way. */
function checkReduction(g: Graph, reduction: string | undefined): void {
  const needs = reduction === undefined ? 13 : reduction === "max" || reduction === "min" ? 18 : 16;
  if (g.opset < needs) throw g.refuse(`needs opset ${needs} or above, got ${g.opset}`);
}

/** What leaves the other operand of a reduction as it is. */
function identityOf(reduction: string, dtype: Value["dtype"]): number {
  if (reduction === "add") return 0;
  if (reduction === "mul") return 1;
  const most = isFloat(dtype) ? Number.POSITIVE_INFINITY : (largest[dtype] ?? 1);
  if (reduction === "min") return most;
  return isFloat(dtype) ? -most : dtype === "uint8" || dtype === "bool" ? 0 : -most - 1;
}

const largest: Readonly<Record<string, number>> = {
  int64: 2 ** 62,
  int32: 2 ** 31 - 1,
  int16: 32767,
  int8: 127,
  uint8: 255,
};

interface Scattered {
  readonly x: Value;
  readonly at: Value;
  readonly source: Value;
  readonly axis: number;
  readonly shape: readonly Size[];
}

/** Reduces into a tensor; without its own values where `includesSelf` is false. */
function reduceInto(g: Graph, { x, at, source, axis, shape }: Scattered, reduce: string, includesSelf: boolean): Value {
  const reduction = reduce === "mean" ? "add" : reductions[reduce]!;
  checkReduction(g, reduction);
  const filled = (value: number): Value => g.add("Expand", [g.scalar(value, x.dtype), g.ints(shape)]);
  const write = (to: Value, what: Value, how?: string): Value =>
    g.add("ScatterElements", [to, at, what], { axis, reduction: how });
  const clear = (to: Value, value: number): Value => (includesSelf ? to : write(to, filled(value)));
  const result = write(clear(x, identityOf(reduction, x.dtype)), source, reduction);
  if (reduce !== "mean") return result;
  const ones = g.add("Expand", [g.scalar(1, x.dtype), g.ints(x.shape)]);
  const counts = g.add("Max", [write(clear(ones, 0), filled(1), "add"), g.scalar(1, x.dtype)]);
  const quotient = g.add("Div", [result, counts]);
  if (isFloat(x.dtype)) return quotient;
  // Whole numbers are divided rounding down; ONNX rounds to zero.
  const rest = g.add("Sub", [result, g.add("Mul", [quotient, counts])]);
  return g.add("Sub", [quotient, g.cast(g.add("Less", [rest, g.scalar(0, x.dtype)], {}, "bool"), x.dtype)]);
}

const scatter =
  (fixed?: string): Lower =>
  (g, a) => {
    const axis = wrap(a.dim, Math.max(1, a.input.shape.length));
    const source = sourceOf(g, a);
    if (fixed === undefined && a.reduce != null) {
      const parts = { x: a.input, at: index(g, a.index), source, axis, shape: a.index.shape };
      return reduceInto(g, parts, a.reduce, a.includeSelf ?? true);
    }
    checkReduction(g, fixed);
    return g.add("ScatterElements", [a.input, index(g, a.index), source], { axis, reduction: fixed });
  };

/** Whole slices along an axis, reduced. */
const indexReduce: Lower = (g, a) => {
  const axis = wrap(a.dim, a.input.shape.length);
  const shape = a.input.shape.map((n: Size, i: number) => (i === axis ? a.index.shape[0] : n));
  const row = g.reshape(
    index(g, a.index),
    a.input.shape.map((_: Size, i: number) => (i === axis ? -1 : 1)),
  );
  const at = g.add("Expand", [row, g.ints(shape)]);
  const parts = { x: a.input, at, source: g.cast(a.source, a.input.dtype), axis, shape };
  return reduceInto(g, parts, a.reduce, a.includeSelf ?? true);
};

/** Elements counted along the memory of a tensor, written or added. */
const put: Lower = (g, a) => {
  if (a.accumulate) checkReduction(g, "add");
  const source = g.reshape(g.cast(a.source, a.input.dtype), [-1]);
  const at = g.reshape(index(g, a.index), [-1]);
  const written = g.add("ScatterElements", [g.reshape(a.input, [-1]), at, source], {
    axis: 0,
    reduction: a.accumulate ? "add" : undefined,
  });
  return g.reshape(written, a.input.shape);
};

/** The elements of a source, in order, where a mask is true. */
const maskedScatter: Lower = (g, a, call) => {
  const { shape, dtype } = call.out[0]!;
  const mask = g.add("Expand", [g.cast(a.mask, "bool"), g.ints(shape)]);
  const flat = g.cast(g.reshape(mask, [-1]), "int64");
  const count = g.add("Sub", [g.add("CumSum", [flat, g.scalar(0, "int64")]), g.scalar(1, "int64")]);
  const at = g.add("Max", [count, g.scalar(0, "int64")]);
  const chosen = g.add("Gather", [g.reshape(g.cast(a.source, dtype), [-1]), at], { axis: 0 });
  return g.add("Where", [mask, g.reshape(chosen, shape), a.input], {}, dtype);
};

/** Slices along an axis that are replaced. @param at their places, as a vector. */
function replaced(g: Graph, a: Args, axis: number, at: Value, source: Value, shape: readonly Size[]): Value {
  const row = g.reshape(
    at,
    shape.map((_, i) => (i === axis ? -1 : 1)),
  );
  const places = g.add("Expand", [row, g.ints(shape)]);
  return g.add("ScatterElements", [a.input, places, g.cast(source, a.input.dtype)], { axis });
}

const sliceScatter: Lower = (g, a) => {
  const axis = wrap(a.dim ?? 0, a.input.shape.length);
  const step = a.step ?? 1;
  const start = Sym.combine([a.start ?? 0, a.input.shape[axis]], (from, n) =>
    Math.min(n, from < 0 ? Math.max(0, from + n) : from),
  );
  const end = Sym.combine([start, a.src.shape[axis]], (from, n) => from + n * step);
  const at = g.add(
    "Range",
    [start, end, step].map((n) => g.scalar(n, "int64")),
    {},
    "int64",
  );
  return replaced(g, a, axis, at, a.src, a.src.shape);
};

const selectScatter: Lower = (g, a) => {
  const axis = wrap(a.dim, a.input.shape.length);
  const shape = a.input.shape.map((n: Size, i: number) => (i === axis ? 1 : n));
  return replaced(g, a, axis, g.ints([a.index]), g.unsqueeze(a.src, [axis]), shape);
};

/** Whole slices along an axis, written or added. */
const slices =
  (reduction: string | undefined): Lower =>
  (g, a) => {
    if (reduction !== undefined && g.opset < 16) throw g.refuse(`needs opset 16 or above, got ${g.opset}`);
    const axis = wrap(a.dim, a.input.shape.length);
    const at = g.reshape(
      index(g, a.index),
      a.input.shape.map((_: Size, i: number) => (i === axis ? -1 : 1)),
    );
    let source = typeof a.source === "object" && a.source !== null ? a.source : undefined;
    const shape = a.input.shape.map((n: Size, i: number) => (i === axis ? (a.index.shape[0] ?? 1) : n));
    if (source === undefined) {
      const value =
        typeof a.value === "object" && !(a.value instanceof Sym)
          ? g.cast(a.value, a.input.dtype)
          : g.scalar(a.value, a.input.dtype);
      source = g.add("Expand", [value, g.ints(shape)]);
    }
    if (a.alpha !== undefined && a.alpha !== 1) source = g.add("Mul", [source, g.scalar(a.alpha, a.input.dtype)]);
    return g.add("ScatterElements", [a.input, g.add("Expand", [at, g.ints(shape)]), source], { axis, reduction });
  };

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
