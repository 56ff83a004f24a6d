/** Pooling. */
import type { Args, FormCall, Forms, Lower } from "../form";
import type { Graph } from "../graph";
import type { Value } from "../types";
import { type Size, Sym } from "../types";
import { batched, perAxis } from "./conv";

interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly padding: readonly number[];
  readonly dilations: readonly number[];
}

function windowOf(g: Graph, a: Args, dims: number): Window {
  const kernel = g.fixedAll(perAxis(a.kernelSize, dims, 1), "a kernel");
  const isGiven = a.stride != null && !(Array.isArray(a.stride) && a.stride.length === 0);
  return {
    kernel,
    strides: isGiven ? perAxis(a.stride, dims, 1) : kernel,
    padding: perAxis(a.padding, dims, 0),
    dilations: perAxis(a.dilation, dims, 1),
  };
}

/** The padding at the end with which windows that reach over it are counted, as `ceilMode` asks: exactly as PyTorch counts them. */
function endPadding(w: Window, input: readonly Size[], out: readonly Size[]): number[] | undefined {
  const dims = w.kernel.length;
  const ends: number[] = [];
  for (let i = 0; i < dims; i++) {
    const [n, m] = [input.at(i - dims)!, out.at(i - dims)!];
    if (n instanceof Sym || m instanceof Sym) return undefined;
    const span = (m - 1) * w.strides[i]! + w.dilations[i]! * (w.kernel[i]! - 1) + 1;
    ends.push(Math.max(w.padding[i]!, span - n - w.padding[i]!));
  }
  return ends;
}

const attributesOf = (w: Window, ends: readonly number[] | undefined, isCeil: boolean) => ({
  kernel_shape: w.kernel,
  strides: w.strides,
  pads: [...w.padding, ...(ends ?? w.padding)],
  ceil_mode: isCeil && ends === undefined ? 1 : undefined,
});

function maxPool(g: Graph, a: Args, call: FormCall, dims: number): Value[] {
  const w = windowOf(g, a, dims);
  const ends = a.ceilMode ? endPadding(w, a.input.shape, call.out[0]!.shape) : undefined;
  const attributes = { ...attributesOf(w, ends, a.ceilMode === true), dilations: w.dilations };
  let indices: Value | undefined;
  const pooled = batched(g, a.input, dims, (x) => {
    if (call.out.length < 2) return g.add("MaxPool", [x], attributes);
    const both = g.nodeOf("MaxPool", [x], [x.dtype, "int64"], attributes) as [Value, Value];
    indices = both[1];
    return both[0];
  });
  if (indices === undefined) return [pooled];
  // ONNX counts through the whole tensor, PyTorch within a plane.
  const plane = Sym.combine(a.input.shape.slice(-dims), (...sizes) => sizes.reduce((x, y) => x * y));
  const within = g.add("Mod", [indices, g.scalar(plane, "int64")]);
  return [pooled, a.input.shape.length === dims + 2 ? within : g.squeeze(within, [0])];
}

/** The zeros around the input, as a node, for means that count them and windows that reach beyond. */
function zeroPadded(g: Graph, x: Value, padding: readonly number[]): Value {
  const both = [0, 0, ...padding];
  return g.add("Pad", [x, g.constant([...both, ...both], "int64"), g.scalar(0, x.dtype)]);
}

function avgPool(g: Graph, a: Args, call: FormCall, dims: number): Value {
  if (a.divisorOverride != null) return summedPool(g, a, call, dims);
  const w = windowOf(g, a, dims);
  const counts = (a.countIncludePad ?? true) && w.padding.some((n) => n > 0);
  const ends = a.ceilMode ? endPadding(w, a.input.shape, call.out[0]!.shape) : undefined;
  const overhangs = ends?.some((n, i) => n > w.padding[i]!) ?? a.ceilMode === true;
  return batched(g, a.input, dims, (x) => {
    if (!(counts && overhangs))
      return g.add("AveragePool", [x], {
        ...attributesOf(w, ends, a.ceilMode === true),
        count_include_pad: Number(counts),
      });
    const none = { ...w, padding: w.padding.map(() => 0) };
    const rest = ends?.map((n, i) => n - w.padding[i]!);
    return g.add("AveragePool", [zeroPadded(g, x, w.padding)], {
      ...attributesOf(none, rest, true),
      count_include_pad: 0,
    });
  });
}

/** Sums of windows by another divisor. */
function summedPool(g: Graph, a: Args, call: FormCall, dims: number): Value {
  const w = windowOf(g, a, dims);
  const ends = a.ceilMode ? endPadding(w, a.input.shape, call.out[0]!.shape) : undefined;
  const factor = w.kernel.reduce((x, y) => x * y) / a.divisorOverride;
  return batched(g, a.input, dims, (x) => {
    const mean = g.add("AveragePool", [x], { ...attributesOf(w, ends, a.ceilMode === true), count_include_pad: 1 });
    return g.add("Mul", [mean, g.scalar(factor, x.dtype)]);
  });
}

/** Where the windows of adaptive pooling begin and end. */
const bounds = (n: number, m: number): [start: number, end: number][] =>
  Array.from({ length: m }, (_, i) => [Math.floor((i * n) / m), Math.ceil(((i + 1) * n) / m)]);

function adaptive(g: Graph, a: Args, call: FormCall, dims: number, isMax: boolean): Value {
  const out = call.out[0]!.shape.slice(-dims);
  const input: readonly Size[] = a.input.shape.slice(-dims);
  const same = (i: number): boolean => Sym.combine([input[i]!, out[i]!], (n, m) => n - m) === 0;
  if (out.every((n) => n === 1))
    return batched(g, a.input, dims, (x) => g.add(isMax ? "GlobalMaxPool" : "GlobalAveragePool", [x]));
  const isEven = out.every((m, i) => typeof m === "number" && typeof input[i] === "number" && input[i] % m === 0);
  if (isEven) {
    const kernel = out.map((m, i) => (input[i] as number) / (m as number));
    return batched(g, a.input, dims, (x) =>
      g.add(isMax ? "MaxPool" : "AveragePool", [x], { kernel_shape: kernel, strides: kernel }),
    );
  }
  let x: Value = a.input;
  for (let i = 0; i < dims; i++) {
    if (same(i)) continue;
    const axis = a.input.shape.length - dims + i;
    if (out[i] === 1) x = g.reduce(isMax ? "ReduceMax" : "ReduceMean", x, [axis], true);
    else x = windowsAlong(g, x, axis, g.fixed(input[i]!, "an input"), g.fixed(out[i]!, "an output"), isMax);
  }
  return x;
}

/** Windows of different lengths along one axis. */
function windowsAlong(g: Graph, x: Value, axis: number, n: number, m: number, isMax: boolean): Value {
  const parts = bounds(n, m).map(([start, end]) =>
    g.reduce(isMax ? "ReduceMax" : "ReduceMean", g.slice(x, [axis], [start], [end]), [axis], true),
  );
  return g.add("Concat", parts, { axis });
}

const lower =
  (f: (g: Graph, a: Args, call: FormCall, dims: number) => Value | Value[], dims: number): Lower =>
  (g, a, call) =>
    f(g, a, call, dims);

const averaged = (g: Graph, a: Args, call: FormCall, dims: number): Value => adaptive(g, a, call, dims, false);

/** Positions are known where a window has the same place in every plane. */
const adaptiveMax =
  (dims: number): Lower =>
  (g, a, call) => {
    if (call.out.length > 1) throw g.refuse("cannot give the positions of the maxima");
    return adaptive(g, a, call, dims, true);
  };

export const pooling: Forms = {
  maxPool1d: lower(maxPool, 1),
  maxPool2d: lower(maxPool, 2),
  maxPool3d: lower(maxPool, 3),
  avgPool1d: lower(avgPool, 1),
  avgPool2d: lower(avgPool, 2),
  avgPool3d: lower(avgPool, 3),
  adaptiveAvgPool1d: lower(averaged, 1),
  adaptiveAvgPool2d: lower(averaged, 2),
  adaptiveAvgPool3d: lower(averaged, 3),
  adaptiveMaxPool1d: adaptiveMax(1),
  adaptiveMaxPool2d: adaptiveMax(2),
  adaptiveMaxPool3d: adaptiveMax(3),
};
