/** Shapes, axes, joining and splitting, padding. */
import type { Args, FormCall, Forms, Lower } from "../form";
import type { Graph } from "../graph";
import type { Value } from "../types";
import { type Size, Sym } from "../types";

export const wrap = (dim: number, ndim: number): number => (dim < 0 ? dim + ndim : dim);

const add = (...sizes: Size[]): Size => Sym.combine(sizes, (...n) => n.reduce((x, y) => x + y, 0));

/** What only changes the shape: the result says to which. */
const reshaped: Lower = (g, a, call) => g.reshape(a.input ?? a.tensors?.[0], call.out[0]!.shape);

const expanded: Lower = (g, a, call) => g.add("Expand", [a.input, g.ints(call.out[0]!.shape)]);

function permuted(g: Graph, a: Args): Value {
  const ndim = a.input.shape.length;
  return g.transpose(
    a.input,
    (a.dims as number[]).map((dim) => wrap(dim, ndim)),
  );
}

function swapped(g: Graph, x: Value, dim0: number, dim1: number): Value {
  const perm = x.shape.map((_, i) => i);
  if (perm.length === 0) return x;
  const [i, j] = [wrap(dim0, perm.length), wrap(dim1, perm.length)];
  [perm[i], perm[j]] = [perm[j]!, perm[i]!];
  return g.transpose(x, perm);
}

function moved(g: Graph, a: Args): Value {
  const ndim = a.input.shape.length;
  const list = (dims: unknown): number[] => [dims].flat().map((dim) => wrap(dim as number, ndim));
  const [from, to] = [list(a.source), list(a.destination)];
  const rest = a.input.shape.map((_: Size, i: number) => i).filter((i: number) => !from.includes(i));
  const perm = a.input.shape.map((_: Size, i: number) => (to.includes(i) ? from[to.indexOf(i)] : rest.shift()));
  return g.transpose(a.input, perm);
}

/** Pieces along an axis, whose sizes the results tell. */
const pieces =
  (name: string): Lower =>
  (g, a, call) => {
    const x: Value = a[name] ?? a.input;
    const axis = wrap(a.dim ?? 0, x.shape.length);
    const sizes = call.out.map(({ shape }) => shape[axis]!);
    if (sizes.length === 1) return g.add("Identity", [x]);
    return g.nodeOf(
      "Split",
      [x, g.ints(sizes)],
      sizes.map(() => x.dtype),
      { axis },
    );
  };

const joined = (g: Graph, values: readonly Value[], axis: number, call: FormCall): Value =>
  g.add(
    "Concat",
    values.map((x) => g.cast(x, call.out[0]!.dtype)),
    { axis },
  );

/** Empty vectors are left out, as PyTorch does. */
function cat(g: Graph, a: Args, call: FormCall): Value {
  const ndim = call.out[0]!.shape.length;
  const parts = (a.tensors as Value[]).filter(
    (x) => x.shape.length === ndim && !(x.shape.length === 1 && x.shape[0] === 0),
  );
  return joined(g, parts, wrap(a.dim ?? 0, ndim), call);
}

function stack(g: Graph, a: Args, call: FormCall): Value {
  const axis = wrap(a.dim ?? 0, call.out[0]!.shape.length);
  return joined(
    g,
    (a.tensors as Value[]).map((x) => g.unsqueeze(x, [axis])),
    axis,
    call,
  );
}

/** PyTorch counts pads from the last axis; negative ones cut. */
function padOf(g: Graph, x: Value, pad: readonly Size[], mode: string, value: number): Value {
  const ndim = x.shape.length;
  const [before, after] = [new Array<Size>(ndim).fill(0), new Array<Size>(ndim).fill(0)];
  for (let i = 0; i < pad.length / 2; i++) {
    before[ndim - 1 - i] = pad[2 * i]!;
    after[ndim - 1 - i] = pad[2 * i + 1]!;
  }
  const pads = g.ints([...before, ...after]);
  if (mode !== "circular")
    return g.add("Pad", [x, pads, mode === "constant" ? g.scalar(value, x.dtype) : null], {
      mode: mode === "replicate" ? "edge" : mode,
    });
  let y = x;
  for (let axis = 0; axis < ndim; axis++) y = wrapped(g, y, axis, x.shape[axis]!, before[axis]!, after[axis]!);
  return y;
}

/** The end of an axis put before it and its beginning after it. */
function wrapped(g: Graph, x: Value, axis: number, size: Size, before: Size, after: Size): Value {
  const parts: Value[] = [x];
  if (before !== 0) parts.unshift(g.slice(x, [axis], [Sym.combine([size, before], (n, m) => n - m)], [size]));
  if (after !== 0) parts.push(g.slice(x, [axis], [0], [after]));
  return parts.length === 1 ? x : g.add("Concat", parts, { axis });
}

const padded: Lower = (g, a) => padOf(g, a.input, a.pad, a.mode ?? "constant", a.value ?? 0);

const repeated =
  (name: string): Lower =>
  (g, a, call) => {
    const repeats: Size[] = [...a[name]];
    const lead = Math.max(0, repeats.length - a.input.shape.length);
    while (repeats.length < call.out[0]!.shape.length) repeats.unshift(1);
    const x = lead > 0 ? g.reshape(a.input, [...new Array(lead).fill(1), ...a.input.shape]) : a.input;
    return g.add("Tile", [x, g.ints(repeats)]);
  };

function flip(g: Graph, a: Args): Value {
  const ndim = a.input.shape.length;
  const axes = (a.dims as number[]).map((dim) => wrap(dim, ndim));
  if (axes.length === 0) return g.add("Identity", [a.input]);
  const all = (n: number): Size[] => axes.map(() => n);
  return g.slice(a.input, axes, all(-1), all(Number.MIN_SAFE_INTEGER), all(-1) as number[]);
}

function roll(g: Graph, a: Args): Value {
  const dims = a.dims == null ? [] : [a.dims].flat();
  const shifts: Size[] = [a.shifts].flat();
  if (dims.length === 0 && a.input.shape.length > 0) {
    const n = Sym.combine(a.input.shape, (...sizes) => sizes.reduce((p, q) => p * q, 1));
    const flat = { ...g.reshape(a.input, [-1]), shape: [n] };
    return g.reshape(roll(g, { input: flat, shifts, dims: [0] }), a.input.shape);
  }
  let x: Value = a.input;
  dims.forEach((dim: number, i: number) => {
    const axis = wrap(dim, a.input.shape.length);
    const cut = Sym.combine([a.input.shape[axis], shifts[i]!], (n, shift) =>
      n === 0 ? 0 : (((n - shift) % n) + n) % n,
    );
    if (cut === 0) return;
    const parts = [g.slice(x, [axis], [cut], [Number.MAX_SAFE_INTEGER]), g.slice(x, [axis], [0], [cut])];
    x = g.add("Concat", parts, { axis });
  });
  return x === a.input ? g.add("Identity", [x]) : x;
}

/** [N, C·r², H, W] → [N, C, H·r, W·r], and back. */
const pixels =
  (type: "up" | "down"): Lower =>
  (g, a, call) => {
    const r = a.upscaleFactor ?? a.downscaleFactor;
    const lead = a.input.shape.slice(0, -3);
    const [c, h, w] = (type === "up" ? call.out[0]!.shape : a.input.shape).slice(-3);
    const over = (size: Size): Size => Sym.combine([size], (n) => n / r);
    const n = lead.length;
    const at = (...axes: number[]): number[] => [
      ...lead.map((_: Size, i: number) => i),
      ...axes.map((axis) => axis + n),
    ];
    const split = type === "up" ? [...lead, c, r, r, over(h), over(w)] : [...lead, c, over(h), r, over(w), r];
    const perm = type === "up" ? at(0, 3, 1, 4, 2) : at(0, 2, 4, 1, 3);
    return g.reshape(g.transpose(g.reshape(a.input, split), perm), call.out[0]!.shape);
  };

function channelShuffle(g: Graph, a: Args): Value {
  const [n, c, ...rest] = a.input.shape;
  const split = g.reshape(a.input, [n, a.groups, Sym.combine([c], (m) => m / a.groups), ...rest]);
  const perm = split.shape.map((_, i) => (i === 1 ? 2 : i === 2 ? 1 : i));
  return g.reshape(g.transpose(split, perm), a.input.shape);
}

const unsqueezed: Lower = (g, a, call) => g.unsqueeze(a.input, [wrap(a.dim, call.out[0]!.shape.length)]);

function squeezed(g: Graph, a: Args, call: FormCall): Value {
  const ndim = a.input.shape.length;
  if (call.out[0]!.shape.length === ndim) return g.add("Identity", [a.input]);
  const dims =
    a.dim == null
      ? a.input.shape.flatMap((n: Size, i: number) => (n === 1 ? [i] : []))
      : [a.dim].flat().map((d: number) => wrap(d, ndim));
  return g.squeeze(
    a.input,
    dims.filter((i: number) => a.input.shape[i] === 1),
  );
}

function narrow(g: Graph, a: Args): Value {
  const axis = wrap(a.dim, a.input.shape.length);
  return g.slice(a.input, [axis], [a.start], [add(a.start, a.length)]);
}

function slice(g: Graph, a: Args): Value {
  const axis = wrap(a.dim ?? 0, a.input.shape.length);
  return g.slice(a.input, [axis], [a.start ?? 0], [a.end ?? Number.MAX_SAFE_INTEGER], [a.step ?? 1]);
}

/** Sliding windows along an axis, at the end as an axis of their own. */
function unfolded(g: Graph, a: Args, call: FormCall): Value {
  const axis = wrap(a.dimension, a.input.shape.length);
  const count = g.fixed(call.out[0]!.shape[axis]!, "a number of windows");
  const positions = Array.from({ length: count * a.size }, (_, k) => Math.floor(k / a.size) * a.step + (k % a.size));
  const windows = g.add("Gather", [a.input, g.constant(positions, "int64", [count, a.size])], { axis });
  const perm = a.input.shape.map((_: Size, i: number) => (i > axis ? i + 1 : i));
  return { ...g.add("Transpose", [windows], { perm: [...perm, axis + 1] }) };
}

export const shaping: Forms = {
  view: { when: (a) => a.dtype === undefined && typeof (a.size as unknown[])?.[0] !== "string", lower: reshaped },
  reshape: reshaped,
  viewAs: reshaped,
  reshapeAs: reshaped,
  flatten: reshaped,
  ravel: reshaped,
  unflatten: reshaped,
  squeeze: squeezed,
  unsqueeze: unsqueezed,
  expand: expanded,
  expandAs: expanded,
  broadcastTo: expanded,
  permute: permuted,
  transpose: (g, a) => swapped(g, a.input, a.dim0 ?? a.axis0, a.dim1 ?? a.axis1),
  t: (g, a) => (a.input.shape.length < 2 ? g.add("Identity", [a.input]) : g.transpose(a.input, [1, 0])),
  adjoint: (g, a) => swapped(g, a.input, -2, -1),
  movedim: moved,
  cat,
  stack,
  split: pieces("tensor"),
  chunk: pieces("input"),
  tensorSplit: pieces("input"),
  unbind: (g, a, call) => {
    const axis = wrap(a.dim ?? 0, a.input.shape.length);
    return call.out.map((_, i) => g.add("Gather", [a.input, g.scalar(i, "int64")], { axis }));
  },
  pad: padded,
  constantPadNd: padded,
  repeat: repeated("repeats"),
  tile: repeated("dims"),
  flip,
  roll,
  narrow,
  slice,
  unfold: { when: (a) => a.dimension !== undefined, lower: unfolded },
  pixelShuffle: pixels("up"),
  pixelUnshuffle: pixels("down"),
  channelShuffle,
};
