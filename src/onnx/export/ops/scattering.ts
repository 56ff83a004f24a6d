/** Writing by index, by mask and into windows. */
import { isFloat } from "../../../core/dtype";
import type { Args, Lower } from "../form";
import type { Graph } from "../graph";
import type { Value } from "../types";
import { type Size, Sym } from "../types";
import { wrap } from "./shaping";

/** Indices as ONNX takes them. */
export const index = (g: Graph, x: Value): Value => (x.dtype === "int32" ? x : g.cast(x, "int64"));

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

export const scatter =
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
export const indexReduce: Lower = (g, a) => {
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
export const put: Lower = (g, a) => {
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
export const maskedScatter: Lower = (g, a, call) => {
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

export const sliceScatter: Lower = (g, a) => {
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

export const selectScatter: Lower = (g, a) => {
  const axis = wrap(a.dim, a.input.shape.length);
  const shape = a.input.shape.map((n: Size, i: number) => (i === axis ? 1 : n));
  return replaced(g, a, axis, g.ints([a.index]), g.unsqueeze(a.src, [axis]), shape);
};

/** Whole slices along an axis, written or added. */
export const slices =
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
