/** Sums, means, extrema, sorting. */
import { isFloat } from "../../../core/dtype";
import type { Args, FormCall, Forms, Lower } from "../form";
import type { Graph } from "../graph";
import type { Value } from "../types";
import { type Size, Sym } from "../types";
import { wrap } from "./shaping";

/** The axes of a reduction; null for all. */
function axesOf(a: Args): number[] | null {
  if (a.dim == null) return null;
  const dims = [a.dim].flat() as number[];
  return dims.length === 0 ? null : dims.map((dim) => wrap(dim, Math.max(1, a.input.shape.length)));
}

const isScalar = (a: Args): boolean => a.input.shape.length === 0;

const reducing =
  (type: string): Lower =>
  (g, a, call) => {
    const x = g.cast(a.input, call.out[0]!.dtype);
    return isScalar(a) ? g.add("Identity", [x]) : g.reduce(type, x, axesOf(a), a.keepdim ?? false);
  };

/** Extrema keep the dtype; truth values are compared as whole numbers. */
const extremum =
  (type: string): Lower =>
  (g, a) =>
    isScalar(a)
      ? g.add("Identity", [a.input])
      : g.reduce(type, a.input.dtype === "bool" ? g.cast(a.input, "int32") : a.input, axesOf(a), a.keepdim ?? false);

const truth =
  (type: string): Lower =>
  (g, a) => {
    const x = g.cast(g.cast(a.input, "bool"), "int32");
    return isScalar(a) ? g.cast(x, "bool") : g.cast(g.reduce(type, x, axesOf(a), a.keepdim ?? false), "bool");
  };

const arg =
  (type: string): Lower =>
  (g, a) => {
    const isAll = a.dim == null;
    const x = isAll ? g.reshape(a.input, [-1]) : a.input;
    const at = g.add(type, [x], { axis: isAll ? 0 : a.dim, keepdims: Number(!isAll && (a.keepdim ?? false)) }, "int64");
    return isAll ? g.reshape(at, []) : at;
  };

/** max and min: of everything, along an axis with positions, or of two tensors. */
const extremes =
  (reduce: string, argument: string, pair: string): Lower =>
  (g, a, call) => {
    const other = a.other ?? (typeof a.dim === "object" && a.dim !== null && "name" in a.dim ? a.dim : undefined);
    if (other) return g.add(pair, [g.cast(a.input, call.out[0]!.dtype), g.cast(other, call.out[0]!.dtype)]);
    if (call.out.length === 1) return extremum(reduce)(g, { ...a, dim: null }, call);
    const keep = { axis: a.dim, keepdims: Number(a.keepdim ?? false) };
    const values = g.reduce(reduce, a.input, [wrap(a.dim, a.input.shape.length)], a.keepdim ?? false);
    return [values, g.add(argument, [a.input], keep, "int64")];
  };

/** How many elements are reduced to one. */
function countOf(a: Args): Size {
  const axes = axesOf(a);
  const sizes = axes === null ? a.input.shape : axes.map((axis) => a.input.shape[axis]);
  return Sym.combine(sizes, (...n) => n.reduce((x, y) => x * y, 1));
}

function variance(g: Graph, a: Args, keepdim: boolean): Value {
  const x: Value = a.input;
  const axes = axesOf(a);
  const centered = g.add("Sub", [x, g.reduce("ReduceMean", x, axes, true)]);
  const sum = g.reduce("ReduceSum", g.add("Mul", [centered, centered]), axes, keepdim);
  const correction = a.correction ?? (a.unbiased === false ? 0 : 1);
  return g.add("Div", [
    sum,
    g.scalar(
      Sym.combine([countOf(a)], (n) => Math.max(0, n - correction)),
      x.dtype,
    ),
  ]);
}

const moments =
  (isRoot: boolean, withMean: boolean): Lower =>
  (g, a) => {
    const keep = a.keepdim ?? false;
    const spread = variance(g, a, keep);
    const first = isRoot ? g.add("Sqrt", [spread]) : spread;
    return withMean ? [first, g.reduce("ReduceMean", a.input, axesOf(a), keep)] : first;
  };

/** Whether `linalg.norm` is that of matrices. */
const isOfMatrices = (a: Args): boolean => a.ord != null && (a.dim == null ? a.A.ndim > 1 : [a.dim].flat().length > 1);

function norm(g: Graph, a: Args, call: FormCall): Value {
  const x = g.cast(a.input, call.out[0]!.dtype);
  const p = a.p ?? a.ord ?? 2;
  const axes = axesOf(a);
  const keep = a.keepdim ?? false;
  if (p === 1) return g.reduce("ReduceL1", x, axes, keep);
  if (p === 2 || p === "fro") return g.reduce("ReduceL2", x, axes, keep);
  const size = g.add("Abs", [x]);
  if (p === Number.POSITIVE_INFINITY) return g.reduce("ReduceMax", size, axes, keep);
  if (p === Number.NEGATIVE_INFINITY) return g.reduce("ReduceMin", size, axes, keep);
  if (typeof p !== "number") throw g.refuse(`of the order ${p} has no ONNX form`);
  if (p === 0) {
    const counted = g.cast(g.add("Not", [g.add("Equal", [x, g.scalar(0, x.dtype)], {}, "bool")]), x.dtype);
    return g.reduce("ReduceSum", counted, axes, keep);
  }
  const sum = g.reduce("ReduceSum", g.add("Pow", [size, g.scalar(p, x.dtype)]), axes, keep);
  return g.add("Pow", [sum, g.scalar(1 / p, x.dtype)]);
}

function topk(g: Graph, x: Value, k: Size, axis: number, largest: boolean, sorted: boolean): Value[] {
  return g.nodeOf("TopK", [x, g.ints([k])], [x.dtype, "int64"], {
    axis,
    largest: Number(largest),
    sorted: Number(sorted),
  });
}

const sorting = (g: Graph, a: Args): Value[] => {
  const axis = wrap(a.dim ?? -1, a.input.shape.length);
  return topk(g, a.input, a.input.shape[axis], axis, a.descending ?? false, true);
};

export const reduction: Forms = {
  sum: reducing("ReduceSum"),
  mean: reducing("ReduceMean"),
  prod: reducing("ReduceProd"),
  logsumexp: (g, a) => {
    const axes = axesOf(a);
    const keep = a.keepdim ?? false;
    const most = g.reduce("ReduceMax", a.input, axes, true);
    const sum = g.reduce("ReduceSum", g.add("Exp", [g.add("Sub", [a.input, most])]), axes, true);
    const all = g.add("Add", [g.add("Log", [sum]), most]);
    return keep ? all : axes === null ? g.reshape(all, []) : g.squeeze(all, axes);
  },
  amax: extremum("ReduceMax"),
  amin: extremum("ReduceMin"),
  all: truth("ReduceMin"),
  any: truth("ReduceMax"),
  argmax: arg("ArgMax"),
  argmin: arg("ArgMin"),
  max: extremes("ReduceMax", "ArgMax", "Max"),
  min: extremes("ReduceMin", "ArgMin", "Min"),
  var: moments(false, false),
  std: moments(true, false),
  varMean: moments(false, true),
  stdMean: moments(true, true),
  norm: {
    // `linalg.norm` calls its input A, `linalg.vectorNorm` x.
    prepare: (a) => ({ ...a, input: a.input ?? a.A ?? a.x }),
    when: (a) => a.p !== "nuc" && typeof a.ord !== "string" && !(a.A !== undefined && isOfMatrices(a)),
    lower: norm,
  },
  cumsum: (g, a, call) => {
    const x = g.cast(a.input, call.out[0]!.dtype);
    return isFloat(x.dtype) || x.dtype === "int32" || x.dtype === "int64"
      ? g.add("CumSum", [x, g.scalar(a.dim, "int64")])
      : g.cast(g.add("CumSum", [g.cast(x, "int64"), g.scalar(a.dim, "int64")]), x.dtype);
  },
  topk: (g, a) => topk(g, a.input, a.k, wrap(a.dim ?? -1, a.input.shape.length), a.largest ?? true, a.sorted ?? true),
  sort: sorting,
  argsort: (g, a) => sorting(g, a)[1]!,
};
