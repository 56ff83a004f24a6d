/** Resampling of grids along their spatial axes: every mode weighs a few input places for each output place, axis by axis. */

import { checkChoice, checkFlag, MAX_COUNT } from "../../core/arguments";
import { ShapeError, ValueError } from "../../core/errors";
import { checkShape, shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { checkTensor } from "../../ops/builders/checks";
import { adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d } from "../../ops/layers/pool";
import type { Sizes } from "../../ops/layers/slidingWindows";
import { numbersFor, spread } from "../../ops/layers/slidingWindows";
import { allocate, tensor } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";

/** How {@link interpolate} weighs its neighbors. */
export type InterpolateMode = "nearest" | "nearest-exact" | "linear" | "bilinear" | "bicubic" | "trilinear" | "area";

/** Options of {@link interpolate}. */
export interface InterpolateOptions {
  /** The output size: one for all axes, or one for each. */
  size?: Sizes | null;
  /** Or its ratio to the input size. */
  scaleFactor?: Sizes | null;
  /** Default: `"nearest"`. */
  mode?: InterpolateMode;
  /** Let the centers of the corners meet, instead of the corners. Default: false. */
  alignCorners?: boolean | null;
  /** Derive the scale from the sizes instead of using `scaleFactor` itself. Default: false. */
  recomputeScaleFactor?: boolean | null;
  /** Widen the window when shrinking (`"bilinear"`, `"bicubic"`). Default: false. */
  antialias?: boolean;
}

/** One axis: `index[k]` and `weight[k]` are the k-th input place of every output place and what it counts. */
interface Taps {
  readonly index: readonly Int32Array[];
  /** Undefined where there is one tap of weight 1. */
  readonly weight?: readonly Float64Array[];
}

/** How one axis is resampled. */
interface Axis {
  readonly input: number;
  readonly output: number;
  /** Input places per output place. */
  readonly scale: number;
  readonly alignCorners: boolean;
}

const clip = (i: number, size: number): number => Math.min(Math.max(i, 0), size - 1);

/** One number for each of `count` places: an axis may have millions of them, so they are written where they stay. */
function indices(count: number, at: (i: number) => number): Int32Array {
  const list = new Int32Array(count);
  for (let i = 0; i < count; i++) list[i] = at(i);
  return list;
}

function weights(count: number, at: (i: number) => number): Float64Array {
  const list = new Float64Array(count);
  for (let i = 0; i < count; i++) list[i] = at(i);
  return list;
}

/** The nearest place, in PyTorch's float32 arithmetic, on which ties depend. */
function nearestTaps(axis: Axis, exact: boolean): Taps {
  const { input, output, scale } = axis;
  const step = Math.fround(scale);
  const shift = exact ? 0.5 : 0;
  const source = (i: number): number => {
    if (!exact && output === input) return i;
    if (!exact && output === 2 * input) return i >> 1;
    return clip(Math.floor(Math.fround((i + shift) * step)), input);
  };
  return { index: [indices(output, source)] };
}

/** Where in the input an output place lies. */
const sourceOf = ({ scale, alignCorners }: Axis, i: number): number =>
  alignCorners ? scale * i : scale * (i + 0.5) - 0.5;

function linearTaps(axis: Axis): Taps {
  const { input, output } = axis;
  const at = (i: number): number => (input === output ? i : Math.max(0, sourceOf(axis, i)));
  const low = indices(output, (i) => Math.min(Math.floor(at(i)), input - 1));
  const high = indices(output, (i) => clip(low[i]! + 1, input));
  const share = weights(output, (i) => Math.min(Math.max(at(i) - low[i]!, 0), 1));
  return { index: [low, high], weight: [weights(output, (i) => 1 - share[i]!), share] };
}

/** Keys' cubic convolution kernel at distance x, for slope `a` at 1. */
export function cubic(x: number, a: number): number {
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((d - 5) * d + 8) * d * a - 4 * a : 0;
}

function cubicTaps(axis: Axis): Taps {
  const { input, output } = axis;
  const at = weights(output, (i) => sourceOf(axis, i));
  const offsets = [-1, 0, 1, 2];
  return {
    index: offsets.map((k) => indices(output, (i) => clip(Math.floor(at[i]!) + k, input))),
    weight: offsets.map((k) => weights(output, (i) => cubic(at[i]! - Math.floor(at[i]!) - k, -0.75))),
  };
}

/** Windows that grow with the scale, so that every input place counts. */
function antialiasTaps(axis: Axis, reach: number, filter: (x: number) => number): Taps {
  const { input, output, scale } = axis;
  const stretch = Math.max(scale, 1);
  const support = reach * stretch;
  const center = (i: number): number => scale * (i + 0.5);
  const from = indices(output, (i) => Math.max(Math.trunc(center(i) - support + 0.5), 0));
  const count = indices(output, (i) => Math.max(Math.min(Math.trunc(center(i) + support + 0.5), input) - from[i]!, 0));
  const raw = (i: number, k: number): number => filter((k + from[i]! - center(i) + 0.5) / stretch);
  const sum = weights(output, (i) => {
    let total = 0;
    for (let k = 0; k < count[i]!; k++) total += raw(i, k);
    return total === 0 ? 1 : total;
  });
  const taps = count.reduce((most, n) => Math.max(most, n), 0);
  const each = <T>(tap: (k: number) => T) => Array.from({ length: taps }, (_, k) => tap(k));
  return {
    index: each((k) => indices(output, (i) => clip(from[i]! + k, input))),
    weight: each((k) => weights(output, (i) => (k < count[i]! ? raw(i, k) / sum[i]! : 0))),
  };
}

function tapsOf(mode: InterpolateMode, axis: Axis, antialias: boolean): Taps {
  if (mode === "nearest" || mode === "nearest-exact") return nearestTaps(axis, mode === "nearest-exact");
  if (mode === "bicubic") return antialias ? antialiasTaps(axis, 2, (x) => cubic(x, -0.5)) : cubicTaps(axis);
  return antialias ? antialiasTaps(axis, 1, (x) => Math.max(0, 1 - Math.abs(x))) : linearTaps(axis);
}

function resample(x: Tensor, dim: number, { index, weight }: Taps): Tensor {
  const shape = x.shape.map((_, i) => (i === dim ? -1 : 1));
  const parts = index.map((list, k) => {
    const part = x.indexSelect(dim, tensor(list, { dtype: "int64", device: x.device }));
    return weight === undefined
      ? part
      : part.mul(tensor(weight[k]!, { dtype: x.dtype, device: x.device }).reshape(shape));
  });
  return parts.reduce((sum, part) => sum.add(part));
}

const ranks: Readonly<Record<InterpolateMode, readonly number[]>> = {
  nearest: [3, 4, 5],
  "nearest-exact": [3, 4, 5],
  area: [3, 4, 5],
  linear: [3],
  bilinear: [4],
  bicubic: [4],
  trilinear: [5],
};

/** @internal @throws ArgumentError that lists the modes. */
export const checkMode = (op: string, mode: unknown): InterpolateMode =>
  checkChoice(op, "mode", mode, Object.keys(ranks) as InterpolateMode[]);

function checkInput(input: Tensor, options: InterpolateOptions, mode: InterpolateMode): void {
  if (!ranks[mode].includes(input.ndim))
    throw new ShapeError(
      `interpolate: mode "${mode}" takes inputs of ${ranks[mode].join(", ")} axes [N, C, …], got shape ${shapeText(input.shape)}`,
    );
  const interpolates = mode.endsWith("linear") || mode === "bicubic";
  if (!interpolates && (options.alignCorners ?? null) !== null)
    throw new ValueError(
      "interpolate: alignCorners can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear",
    );
  if (options.antialias && mode !== "bilinear" && mode !== "bicubic")
    throw new ValueError("interpolate: antialias is only supported for bilinear and bicubic modes");
}

/** Output sizes, and the scales that were asked for (if they count). */
function target(input: Tensor, options: InterpolateOptions): { output: number[]; scales: number[] | undefined } {
  const { size, scaleFactor, recomputeScaleFactor } = options;
  const spatial = input.shape.slice(2);
  if (size != null && scaleFactor != null)
    throw new ValueError("interpolate: only one of size or scaleFactor should be defined");
  if (size != null) {
    const output = spread("interpolate", "size", size, spatial.length);
    if (recomputeScaleFactor)
      throw new ValueError("interpolate: recomputeScaleFactor is not meaningful with an explicit size.");
    return { output, scales: undefined };
  }
  if (scaleFactor == null) throw new ValueError("interpolate: either size or scaleFactor should be defined");
  const scales = numbersFor("interpolate", "scaleFactor", scaleFactor, spatial.length);
  const output = spatial.map((n, i) => Math.floor(n * scales[i]!));
  return { output, scales: recomputeScaleFactor ? undefined : scales };
}

/**
 * The input resampled to another size. Shape: [N, C, L], [N, C, H, W] or [N, C, D, H, W] (by mode).
 * @see torch.nn.functional.interpolate
 * @example F.interpolate(images, { scaleFactor: 2, mode: "bilinear", alignCorners: false });
 */
export const interpolate = named(
  "interpolate",
  "input; size, scaleFactor, mode, alignCorners, recomputeScaleFactor, antialias",
  (input: Tensor, options: InterpolateOptions = {}): Tensor => {
    checkTensor("interpolate", input);
    const { mode = "nearest", antialias = false } = options;
    checkInput(input, options, checkMode("interpolate", mode));
    checkFlag("interpolate", "antialias", antialias);
    const { output, scales } = target(input, options);
    if (output.some((n) => n < 1))
      throw new ShapeError(`interpolate: input and output sizes should be greater than 0, got ${shapeText(output)}`);
    checkShape("interpolate", [...input.shape.slice(0, 2), ...output]);
    if (output.some((n) => n > MAX_COUNT))
      throw new ShapeError(`interpolate: an output size is at most ${MAX_COUNT}, got ${shapeText(output)}`);
    // Positions are listed axis by axis: a result that has no place is refused before that.
    allocate([...input.shape.slice(0, 2), ...output], input.dtype, input).dispose();
    if (mode === "area")
      return [adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d][output.length - 1]!(input, output);
    const alignCorners = options.alignCorners ?? false;
    return output.reduce((x, n, i) => {
      const size = input.shape[i + 2]!;
      const free = scales === undefined ? size / n : 1 / scales[i]!;
      const scale = !alignCorners ? free : n > 1 ? (size - 1) / (n - 1) : 0;
      return resample(x, i + 2, tapsOf(mode, { input: size, output: n, scale, alignCorners }, antialias));
    }, input);
  },
);

/** Options of the old functions of upsampling. */
export interface UpsampleOptions {
  size?: Sizes | null;
  scaleFactor?: Sizes | null;
}

/** {@link interpolate} with mode `"nearest"`. @see torch.nn.functional.upsample_nearest */
export const upsampleNearest = named(
  "upsampleNearest",
  "input; size, scaleFactor",
  (input: Tensor, options: UpsampleOptions = {}): Tensor => interpolate(input, { ...options, mode: "nearest" }),
);

/** {@link interpolate} with mode `"bilinear"` and aligned corners. @see torch.nn.functional.upsample_bilinear */
export const upsampleBilinear = named(
  "upsampleBilinear",
  "input; size, scaleFactor",
  (input: Tensor, options: UpsampleOptions = {}): Tensor =>
    interpolate(input, { ...options, mode: "bilinear", alignCorners: true }),
);

/** {@link interpolate} by its old name. @see torch.nn.functional.upsample */
export const upsample = named(
  "upsample",
  "input; size, scaleFactor, mode, alignCorners; recomputeScaleFactor, antialias",
  (input: Tensor, options: InterpolateOptions = {}): Tensor => interpolate(input, options),
);
