/** Ops on shapes and places: elements move, and none changes. */

import { cat } from "../../../ops/shape/join";
import { pad } from "../../../ops/shape/pad";
import type { Tensor } from "../../../tensor/tensor";
import type { Context } from "../context";
import type { Entry } from "../entry";
import type { Value } from "../values";
import { castTo } from "./cast";
import { arange, full, tensor, zeros } from "./make";

/** A size of 0 stands for that of the input, unless `allowzero`. */
function reshape(c: Context): Tensor {
  const { shape } = c.x;
  const allowsZero = c.flag("allowzero");
  const wanted = c.intsOrInput("shape", 1) ?? c.fail("the new shape is missing");
  const size = wanted.map((n, i) =>
    n === 0 && !allowsZero ? (shape[i] ?? c.fail(`size 0 at ${i} is that of no axis`)) : n,
  );
  const free = size.indexOf(-1);
  if (free >= 0 && c.x.numel() === 0) {
    const others = size.reduce((total, n, i) => (i === free ? total : total * n), 1);
    if (others === 0) size[free] = 0;
  }
  return c.x.reshape(size);
}

function squeeze(c: Context): Tensor {
  const { shape } = c.x;
  const axes = c.intsOrInput("axes", 1)?.map((axis) => c.wrapAxis(axis, shape.length));
  if (axes === undefined) return c.x.squeeze();
  const wrong = axes.find((axis) => shape[axis] !== 1);
  if (wrong !== undefined) c.fail(`axis ${wrong} has size ${shape[wrong]}; takes away axes of size 1`);
  return c.x.reshape(shape.filter((_, i) => !axes.includes(i)));
}

function unsqueeze(c: Context): Tensor {
  const given = c.intsOrInput("axes", 1) ?? c.fail("the axes are missing");
  const ndim = c.x.ndim + given.length;
  const axes = new Set(given.map((axis) => c.wrapAxis(axis, ndim)));
  if (axes.size !== given.length) c.fail("an axis is named twice");
  const rest = [...c.x.shape];
  return c.x.reshape(Array.from({ length: ndim }, (_, i) => (axes.has(i) ? 1 : rest.shift()!)));
}

/** The first axes as one, and the others as one. */
function flatten(c: Context): Tensor {
  const { shape } = c.x;
  const given = c.int("axis", 1);
  const axis = given < 0 ? given + shape.length : given;
  if (axis < 0 || axis > shape.length) c.fail(`there is no axis ${given} in ${shape.length} axes`);
  const first = shape.slice(0, axis).reduce((a, b) => a * b, 1);
  const second = shape.slice(axis).reduce((a, b) => a * b, 1);
  return c.x.reshape([first, second]);
}

function shapeOf(c: Context): Tensor {
  const shape: readonly number[] = c.strings(0)?.shape ?? c.x.shape;
  const start = c.int("start", 0);
  const end = c.int("end", shape.length);
  return tensor(shape.slice(start, end).map(Number), "int64");
}

/** Starts, ends and steps as Python's slices have them. */
function slice(c: Context): Tensor {
  const starts = c.intsOrInput("starts", 1) ?? c.fail("starts are missing");
  const ends = c.intsOrInput("ends", 2) ?? c.fail("ends are missing");
  const axes = c.intsOrInput("axes", 3) ?? starts.map((_, i) => i);
  const steps = c.maybeNumbers(4) ?? starts.map(() => 1);
  if (ends.length !== starts.length || axes.length !== starts.length || steps.length !== starts.length)
    c.fail(`has ${starts.length} starts, ${ends.length} ends, ${axes.length} axes and ${steps.length} steps`);
  let x = c.x;
  for (const [i, axis] of axes.entries()) x = sliced(c, x, c.wrapAxis(axis, x.ndim), starts[i]!, ends[i]!, steps[i]!);
  return x;
}

const within = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

function sliced(c: Context, x: Tensor, axis: number, start: number, end: number, step: number): Tensor {
  const size = x.shape[axis]!;
  if (step === 0) c.fail("a step is 0");
  const place = (at: number) => (at < 0 ? at + size : at);
  if (step > 0) {
    const from = within(place(start), 0, size);
    const to = Math.max(from, within(place(end), 0, size));
    return x.slice(axis, from, to, Math.min(step, Math.max(size, 1)));
  }
  const from = within(place(start), -1, size - 1);
  const to = within(end < 0 ? Math.max(place(end), -1) : end, -1, size - 1);
  if (from <= to) return x.slice(axis, 0, 0);
  // Backwards from `from` to just after `to`: forwards in what is turned around.
  return x
    .slice(axis, to + 1, from + 1)
    .flip([axis])
    .slice(axis, 0, from - to, Math.min(-step, size));
}

function split(c: Context): Value[] {
  const x = c.x;
  const axis = c.axis("axis", x.ndim, 0);
  const size = x.shape[axis]!;
  const sizes = c.intsOrInput("split", 1);
  if (sizes !== undefined) return [...x.split(sizes, axis)];
  const parts = c.int("num_outputs", c.outputs);
  const each = Math.ceil(size / parts);
  return Array.from({ length: parts }, (_, i) =>
    x.slice(axis, Math.min(size, i * each), Math.min(size, (i + 1) * each)),
  );
}

function transpose(c: Context): Tensor {
  const axes = c.ints("perm") ?? c.x.shape.map((_, i) => c.x.ndim - 1 - i);
  return c.x.permute(axes);
}

/** Broadcasts both ways: a size of 1 leaves that of the input. */
function expand(c: Context): Tensor {
  const wanted = c.numbers(1);
  const ndim = Math.max(wanted.length, c.x.ndim);
  const own = [...new Array(ndim - c.x.ndim).fill(1), ...c.x.shape];
  const size = [...new Array(ndim - wanted.length).fill(1), ...wanted].map((n, i) => (n === 1 ? own[i]! : n));
  return c.x.expand(size);
}

/** Leaves out where `pads` are negative, adds where they are positive. */
export function padded(
  c: Context,
  x: Tensor,
  pads: readonly number[],
  axes: readonly number[],
  mode: string,
  value: number,
): Tensor {
  let y = x;
  const n = axes.length;
  if (pads.length !== 2 * n) c.fail(`has ${pads.length} pads for ${n} axes`);
  for (const [i, axis] of axes.entries()) {
    const [before, after] = [pads[i]!, pads[i + n]!];
    const size = y.shape[axis]!;
    if (before < 0 || after < 0) y = y.slice(axis, Math.max(0, -before), Math.max(0, size + Math.min(0, after)));
    if (before > 0 || after > 0) y = padAxis(c, y, axis, Math.max(0, before), Math.max(0, after), mode, value);
  }
  return y;
}

function padAxis(
  c: Context,
  x: Tensor,
  axis: number,
  before: number,
  after: number,
  mode: string,
  value: number,
): Tensor {
  if (mode === "constant") {
    const list = new Array(2 * (x.ndim - axis)).fill(0);
    list[list.length - 2] = before;
    list[list.length - 1] = after;
    return x.dtype === "bool" ? pad(x.to("uint8"), list, { value }).to("bool") : pad(x, list, { value });
  }
  const size = x.shape[axis]!;
  if (size === 0) c.fail(`cannot pad an axis of size 0 by "${mode}"`);
  const period = Math.max(1, 2 * (size - 1));
  const source = (i: number): number => {
    if (mode === "edge") return within(i, 0, size - 1);
    if (mode === "wrap") return ((i % size) + size) % size;
    const at = ((i % period) + period) % period;
    return at < size ? at : period - at;
  };
  if (!["edge", "wrap", "reflect"].includes(mode)) c.fail(`there is no mode "${mode}"`);
  if (!Number.isSafeInteger(before + after) || before + after > 2 ** 31) c.fail(`cannot pad by ${before + after}`);
  const index = Array.from({ length: before + size + after }, (_, i) => source(i - before));
  return x.indexSelect(axis, tensor(index, "int64"));
}

function padOf(c: Context): Tensor {
  const pads = c.ints("pads") ?? c.ints("paddings") ?? c.numbers(1);
  const value = c.version >= 11 ? (c.has(2) ? c.scalar(2) : 0) : c.float("value", 0);
  const axes = c.maybeNumbers(3)?.map((axis) => c.wrapAxis(axis, c.x.ndim)) ?? c.x.shape.map((_, i) => i);
  return padded(c, c.x, pads, axes, c.string("mode", "constant"), value);
}

function depthToSpace(c: Context): Tensor {
  const [n, depth, h, w] = fourSizes(c);
  const b = c.int("blocksize");
  const inner = depth / (b * b);
  const isCrd = c.string("mode", "DCR") === "CRD";
  const parts = c.x.reshape(isCrd ? [n, inner, b, b, h, w] : [n, b, b, inner, h, w]);
  return parts.permute(isCrd ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]).reshape([n, inner, h * b, w * b]);
}

function spaceToDepth(c: Context): Tensor {
  const [n, depth, h, w] = fourSizes(c);
  const b = c.int("blocksize");
  return c.x
    .reshape([n, depth, h / b, b, w / b, b])
    .permute([0, 3, 5, 1, 2, 4])
    .reshape([n, depth * b * b, h / b, w / b]);
}

function fourSizes(c: Context): [number, number, number, number] {
  if (c.x.ndim !== 4) c.fail(`takes a tensor of shape [n, c, h, w], got [${c.x.shape.join(", ")}]`);
  return c.x.shape as unknown as [number, number, number, number];
}

function constantOfShape(c: Context): Tensor {
  const value = c.attributes.tensor("value");
  const shape = c.numbers(0);
  if (value === undefined || !("dtype" in value)) return zeros(shape, "float32");
  return value.reshape([]).expand(shape).clone();
}

/** Numbers from start to limit, counted first: no step makes more of them. */
function range(c: Context): Tensor {
  const [start, limit, delta] = [c.scalar(0), c.scalar(1), c.scalar(2)];
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  if (delta === 0 || !(count < 2 ** 31)) c.fail(`cannot count from ${start} to ${limit} by ${delta}`);
  return arange(count, "float64").mul(delta).add(start).to(c.x.dtype);
}

function eyeLike(c: Context): Tensor {
  const [rows, columns] = c.x.shape;
  if (c.x.ndim !== 2) c.fail("takes a matrix");
  const code = c.int("dtype", 0);
  const k = c.int("k", 0);
  const i = arange(rows!, "int64").reshape([-1, 1]).add(k);
  return castTo(c, i.eq(arange(columns!, "int64").reshape([1, -1])), code, c.x.dtype);
}

function reverseSequence(c: Context): Tensor {
  const [batch, time] = [c.int("batch_axis", 1), c.int("time_axis", 0)];
  const x = c.x;
  const lengths = c.y.to("int64");
  const [n, steps] = [x.shape[batch]!, x.shape[time]!];
  const at = arange(steps, "int64").reshape([-1, 1]);
  const turned = lengths.reshape([1, -1]).sub(1).sub(at);
  const index = turned.where(at.lt(lengths.reshape([1, -1])), at.expand([steps, n]));
  const placed = time < batch ? index : index.t();
  const full = x.shape.map((size, i) => (i === batch || i === time ? size : 1));
  return x.gather(time, placed.reshape(full).expand([...x.shape]));
}

/** A row of entries that join what they are given. */
export const shapes: readonly Entry[] = [
  { name: "CenterCropPad", since: 18, run: centerCropPad },
  {
    name: "Concat",
    weights: "all",
    unsigned: true,
    run: (c) => cat(c.tensors, c.axis("axis", c.x.ndim, c.version < 4 ? 1 : undefined)),
  },
  { name: "ConstantOfShape", since: 9, run: constantOfShape },
  { name: "DepthToSpace", run: depthToSpace },
  { name: "Expand", since: 8, weights: "all", unsigned: true, run: expand },
  { name: "EyeLike", since: 9, run: eyeLike },
  { name: "Flatten", weights: [0], unsigned: true, run: flatten },
  { name: "Pad", unsigned: true, run: padOf },
  { name: "Range", since: 11, run: range },
  { name: "Reshape", weights: [0], unsigned: true, run: reshape },
  { name: "ReverseSequence", since: 10, run: reverseSequence },
  { name: "Shape", unsigned: "itself", run: shapeOf },
  { name: "Size", unsigned: "itself", run: (c) => full([], c.x.numel(), "int64") },
  { name: "Slice", weights: [0], unsigned: true, run: slice },
  { name: "SpaceToDepth", run: spaceToDepth },
  { name: "Split", weights: [0], unsigned: true, run: split },
  { name: "Squeeze", weights: [0], unsigned: true, run: squeeze },
  { name: "Tile", weights: [0], unsigned: true, run: (c) => c.x.repeat(c.numbers(1)) },
  { name: "Transpose", weights: [0], unsigned: true, run: transpose },
  {
    name: "Trilu",
    since: 14,
    run: (c) => {
      const k = c.has(1) ? c.scalar(1) : 0;
      return c.flag("upper", true) ? c.x.triu(k) : c.x.tril(k);
    },
  },
  { name: "Unsqueeze", weights: [0], unsigned: true, run: unsqueeze },
];

function centerCropPad(c: Context): Tensor {
  const axes = c.ints("axes")?.map((axis) => c.wrapAxis(axis, c.x.ndim)) ?? c.x.shape.map((_, i) => i);
  const wanted = c.numbers(1);
  let x = c.x;
  for (const [i, axis] of axes.entries()) {
    const [size, to] = [x.shape[axis]!, wanted[i]!];
    const before = Math.floor(Math.abs(size - to) / 2);
    x =
      size >= to ? x.slice(axis, before, before + to) : padAxis(c, x, axis, before, to - size - before, "constant", 0);
  }
  return x;
}
