/** Running extrema and products, and statistics that sort: ONNX has the running sum and the largest elements. */
import type { Args, FormCall, Forms, Lower } from "../form";
import type { Graph } from "../graph";
import type { Size, Value } from "../types";
import { Sym } from "../types";
import { wrap } from "./shaping";
import { isValue } from "./values";

/** What takes no part in a reduction. */
const lowest: Readonly<Record<string, number>> = {
  int64: -(2 ** 63),
  int32: -(2 ** 31),
  int16: -32768,
  int8: -128,
  uint8: 0,
};
const highest: Readonly<Record<string, number>> = {
  int64: 2 ** 63 - 1024,
  int32: 2 ** 31 - 1,
  int16: 32767,
  int8: 127,
  uint8: 255,
};

const range = (g: Graph, n: Size): Value =>
  g.add(
    "Range",
    [0, n, 1].map((x) => g.scalar(x, "int64")),
    {},
    "int64",
  );

/** Says for each place along an axis which places stand before it or are it, along an axis of its own behind `axis`. */
function pastOf(g: Graph, x: Value, axis: number): Value {
  const at = range(g, x.shape[axis]!);
  const isPast = g.add("GreaterOrEqual", [g.unsqueeze(at, [1]), g.unsqueeze(at, [0])], {}, "bool");
  const after = x.shape.length - axis - 1;
  const last = Array.from({ length: after }, (_, i) => i + 2);
  return after === 0 ? isPast : g.unsqueeze(isPast, last);
}

/** Each element beside those up to it, and `rest` in place of the later ones. Takes memory of the square of the axis's length. */
const prefixes = (g: Graph, x: Value, axis: number, rest: number): Value =>
  g.add("Where", [pastOf(g, x, axis), g.unsqueeze(x, [axis]), g.scalar(rest, x.dtype)], {}, x.dtype);

const scan =
  (type: string, rest: number): Lower =>
  (g, a, call) => {
    const x = g.cast(a.input, call.out[0]!.dtype);
    if (a.input.shape.length === 0) return g.add("Identity", [x]);
    const axis = wrap(a.dim, a.input.shape.length);
    return g.reduce(type, prefixes(g, { ...x, shape: a.input.shape }, axis, rest), [axis + 1], false);
  };

/** Running extrema, and where the last of equal ones is. */
const extremes =
  (type: string, isMax: boolean): Lower =>
  (g, a) => {
    const x: Value = a.input.dtype === "bool" ? { ...g.cast(a.input, "uint8"), shape: a.input.shape } : a.input;
    if (x.shape.length === 0) return [g.add("Identity", [x]), g.scalar(0, "int64")];
    const axis = wrap(a.dim, x.shape.length);
    const rest = isMax ? (lowest[x.dtype] ?? -Infinity) : (highest[x.dtype] ?? Infinity);
    const values = g.reduce(type, prefixes(g, x, axis, rest), [axis + 1], false);
    // What comes later may be equal too: the last is looked for among those up to each place.
    const isEqual = g.add("Equal", [g.unsqueeze(values, [axis + 1]), g.unsqueeze(x, [axis])], {}, "bool");
    const hits = g.cast(g.add("And", [isEqual, pastOf(g, x, axis)], {}, "bool"), "int32");
    return [values, g.add("ArgMax", [hits], { axis: axis + 1, keepdims: 0, select_last_index: 1 }, "int64")];
  };

/** Sorted ascending along the axis, with the places that the elements came from. */
function sorted(g: Graph, x: Value, axis: number): Value[] {
  return g.nodeOf("TopK", [x, g.ints([x.shape[axis]!])], [x.dtype, "int64"], { axis, largest: 0, sorted: 1 });
}

/** The k-th smallest along an axis, with its place. */
function nth(g: Graph, x: Value, axis: number, k: Size, keepdim: boolean): Value[] {
  return sorted(g, x, axis).map((all) => {
    const one = g.add("Gather", [all, keepdim ? g.ints([k]) : g.scalar(k, "int64")], { axis });
    return one;
  });
}

const nthOf =
  (k: (a: Args, n: Size) => Size): Lower =>
  (g, a, call) => {
    const { shape } = a.input as Value;
    if (call.out.length === 1) {
      const n = Sym.combine(shape, (...sizes) => sizes.reduce((x, y) => x * y, 1));
      return nth(g, { ...g.reshape(a.input, [-1]), shape: [n] }, 0, k(a, n), false)[0]!;
    }
    if (shape.length === 0) return [g.add("Identity", [a.input]), g.scalar(0, "int64")];
    const axis = wrap(a.dim ?? -1, shape.length);
    return nth(g, a.input, axis, k(a, shape[axis]!), a.keepdim ?? false);
  };

const half = nthOf((_a, n) => Sym.combine([n], (count) => Math.floor((count - 1) / 2)));

/** A median of NaN is NaN: they sort to the end, so the last tells. */
const median: Lower = (g, a, call) => {
  const isFloat = /float/.test(a.input.dtype);
  const found = [half(g, a, call)].flat() as Value[];
  if (!isFloat) return found;
  const axes = call.out.length === 1 ? null : [wrap(a.dim ?? -1, Math.max(1, a.input.shape.length))];
  const missing = g.cast(g.add("IsNaN", [a.input], {}, "bool"), "int32");
  const keep = call.out.length === 2 && (a.keepdim ?? false);
  const any = a.input.shape.length === 0 ? missing : g.reduce("ReduceMax", missing, axes, keep);
  const where = (yes: Value, no: Value): Value => g.add("Where", [g.cast(any, "bool"), yes, no], {}, no.dtype);
  const first = where(g.scalar(Number.NaN, a.input.dtype), found[0]!);
  if (found.length === 1) return first;
  const at = g.add("ArgMax", [missing], { axis: axes![0]!, keepdims: Number(keep) }, "int64");
  return [first, where(at, found[1]!)];
};

/** How many of a sorted sequence are below each value: all of them compared, which takes memory of both lengths' product. */
function places(g: Graph, sequence: Value, values: Value, right: boolean): Value {
  const edges = sequence.shape.length > 1 ? g.unsqueeze(sequence, [sequence.shape.length - 1]) : sequence;
  const isBelow = g.add(right ? "LessOrEqual" : "Less", [edges, g.unsqueeze(values, [-1])], {}, "bool");
  return g.reduce("ReduceSum", g.cast(isBelow, "int64"), [-1], false);
}

function searched(g: Graph, a: Args, call: FormCall, edges: Value, given: unknown): Value {
  if (a.sorter) throw g.refuse("with a sorter has no ONNX form");
  const dtype = edges.dtype;
  const values = isValue(given) ? g.cast(given, dtype) : g.scalar(given as number, dtype);
  return g.cast(places(g, edges, values, a.right || a.side === "right"), call.out[0]!.dtype);
}

export const scans: Forms = {
  cumprod: scan("ReduceProd", 1),
  logcumsumexp: scan("ReduceLogSumExp", -Infinity),
  cummax: extremes("ReduceMax", true),
  cummin: extremes("ReduceMin", false),
  kthvalue: nthOf((a) => Sym.combine([a.k], (k) => k - 1)),
  median,
  searchsorted: (g, a, call) => searched(g, a, call, a.sortedSequence, a.values),
  bucketize: (g, a, call) => searched(g, a, call, a.boundaries, a.input),
  countNonzero: (g, a) => {
    const hit = g.cast(g.cast(a.input, "bool"), "int64");
    if (a.input.shape.length === 0) return hit;
    const dims = a.dim == null ? null : [a.dim].flat().map((dim: number) => wrap(dim, a.input.shape.length));
    return g.reduce("ReduceSum", hit, dims, false);
  },
  aminmax: (g, a) => {
    const keep = a.keepdim ?? false;
    if (a.input.shape.length === 0) return [g.add("Identity", [a.input]), g.add("Identity", [a.input])];
    const axes = a.dim == null ? null : [wrap(a.dim, a.input.shape.length)];
    return ["ReduceMin", "ReduceMax"].map((type) => g.reduce(type, a.input, axes, keep));
  },
};
