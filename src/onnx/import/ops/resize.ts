/** Resizing: along each axis, a matrix says how much each element counts in each new one. */
import { isFloat } from "../../../core/dtype";
import { matmul } from "../../../ops/linalg/matmul";
import type { Tensor } from "../../../tensor/tensor";
import type { Context } from "../context";
import type { Entry } from "../entry";
import { tensor } from "./make";

interface Axis {
  readonly size: number;
  readonly to: number;
  readonly scale: number;
  readonly roi: readonly [number, number];
}

/** Where the middle of new element `i` lies among the old ones. */
function coordinate(c: Context, mode: string, i: number, { size, to, scale, roi }: Axis): number {
  const length = scale * size;
  switch (mode) {
    case "half_pixel":
      return (i + 0.5) / scale - 0.5;
    case "half_pixel_symmetric":
      // The middle stays the middle, where the size is no multiple.
      return (size / 2) * (1 - to / length) + (i + 0.5) / scale - 0.5;
    case "pytorch_half_pixel":
      return to > 1 ? (i + 0.5) / scale - 0.5 : 0;
    case "align_corners":
      return to === 1 ? 0 : (i * (size - 1)) / (to - 1);
    case "asymmetric":
      return i / scale;
    case "tf_half_pixel_for_nn":
      return (i + 0.5) / scale;
    case "tf_crop_and_resize":
      return to > 1
        ? roi[0] * (size - 1) + (i * (roi[1] - roi[0]) * (size - 1)) / (to - 1)
        : 0.5 * (roi[0] + roi[1]) * (size - 1);
    default:
      return c.fail(`there is no coordinate_transformation_mode "${mode}"`);
  }
}

function nearest(c: Context, mode: string, at: number): number {
  switch (mode) {
    case "round_prefer_floor":
      return Math.ceil(at - 0.5);
    case "round_prefer_ceil":
      return Math.floor(at + 0.5);
    case "floor":
      return Math.floor(at);
    case "ceil":
      return Math.ceil(at);
    default:
      return c.fail(`there is no nearest_mode "${mode}"`);
  }
}

/** Cubic convolution (Keys, 1981). */
function cubic(distance: number, a: number): number {
  const d = Math.abs(distance);
  if (d <= 1) return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
  return d < 2 ? a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a : 0;
}

interface Settings {
  readonly mode: string;
  readonly transform: string;
  readonly nearest: string;
  readonly cubicA: number;
  readonly excludes: boolean;
  readonly antialias: boolean;
  readonly outside: number;
}

/** The weights of the old elements in a new one, by their places. Empty: the value for what is outside. */
function weightsAt(c: Context, i: number, axis: Axis, s: Settings): [place: number, weight: number][] {
  const at = coordinate(c, s.transform, i, axis);
  const last = axis.size - 1;
  if (s.transform === "tf_crop_and_resize" && (at < 0 || at > last)) return [];
  const inside = (place: number) => Math.min(Math.max(place, 0), last);
  if (s.mode === "nearest") return [[inside(nearest(c, s.nearest, at)), 1]];
  const isCubic = s.mode === "cubic";
  const stretch = s.antialias ? Math.max(1, 1 / axis.scale) : 1;
  const reach = (isCubic ? 2 : 1) * stretch;
  const weight = (d: number) => (isCubic ? cubic(d / stretch, s.cubicA) : Math.max(0, 1 - Math.abs(d / stretch)));
  const list: [number, number][] = [];
  for (let place = Math.floor(at - reach); place <= Math.ceil(at + reach); place++) {
    const value = weight(place - at);
    if (value === 0 || (s.excludes && (place < 0 || place > last))) continue;
    list.push([inside(place), value]);
  }
  const total = list.reduce((sum, [, value]) => sum + value, 0);
  return s.excludes || s.antialias ? list.map(([place, value]) => [place, value / total]) : list;
}

/** Elements that a matrix of weights has at most: 1 GB. */
const MOST = 2 ** 28;

function resizeAxis(c: Context, x: Tensor, dim: number, axis: Axis, s: Settings): Tensor {
  const rows = Array.from({ length: axis.to }, (_, i) => weightsAt(c, i, axis, s));
  if (rows.every((row) => row.length === 1 && row[0]![1] === 1))
    return x.indexSelect(
      dim,
      tensor(
        rows.map((row) => row[0]![0]),
        "int64",
      ),
    );
  if (axis.to * axis.size > MOST) c.fail(`cannot resize an axis from ${axis.size} to ${axis.to}`);
  const matrix = new Float64Array(axis.to * axis.size);
  for (const [i, row] of rows.entries()) for (const [place, weight] of row) matrix[i * axis.size + place]! += weight;
  const weights = tensor(matrix as never, "float64")
    .reshape([axis.to, axis.size])
    .to(x.dtype);
  return matmul(x.transpose(dim, x.ndim - 1), weights.t()).transpose(dim, x.ndim - 1);
}

/** Where the new element lies outside of the old tensor along any axis. */
function filled(c: Context, x: Tensor, axes: readonly (readonly [number, Axis])[], s: Settings): Tensor {
  if (s.transform !== "tf_crop_and_resize") return x;
  let y = x;
  for (const [dim, axis] of axes) {
    const out = Array.from({ length: axis.to }, (_, i) => (weightsAt(c, i, axis, s).length === 0 ? 1 : 0));
    const mask = tensor(out, "bool").reshape(x.shape.map((_, i) => (i === dim ? -1 : 1)));
    y = y.maskedFill(mask, s.outside);
  }
  return y;
}

function settingsOf(c: Context): Settings {
  const isNew = c.version >= 11;
  return {
    mode: c.string("mode", "nearest").replace("bilinear", "linear").replace("trilinear", "linear"),
    transform: isNew ? c.string("coordinate_transformation_mode", "half_pixel") : "asymmetric",
    nearest: isNew ? c.string("nearest_mode", "round_prefer_floor") : "floor",
    cubicA: c.float("cubic_coeff_a", -0.75),
    excludes: c.flag("exclude_outside"),
    antialias: c.flag("antialias"),
    outside: c.float("extrapolation_value", 0),
  };
}

/** Scales and sizes of the axes that are named. */
function axesOf(c: Context, x: Tensor, isOld: boolean): (readonly [number, Axis])[] {
  const list = (i: number) => (c.has(i) && c.tensor(i).numel() > 0 ? c.numbers(i) : undefined);
  const scales = c.attributes.floats("scales") ?? list(isOld ? 1 : 2);
  const sizes = isOld ? undefined : list(3);
  const dims = c.ints("axes")?.map((axis) => c.wrapAxis(axis, x.ndim)) ?? x.shape.map((_, i) => i);
  const roi = (!isOld && list(1)) || [...dims.map(() => 0), ...dims.map(() => 1)];
  const given = sizes ?? scales ?? c.fail("has neither scales nor sizes");
  if (given.length !== dims.length) c.fail(`has ${given.length} scales or sizes for ${dims.length} axes`);
  const policy = c.string("keep_aspect_ratio_policy", "stretch");
  const ratios = dims.map((dim, i) => (sizes ? sizes[i]! / x.shape[dim]! : scales![i]!));
  const shared =
    policy === "not_larger" ? Math.min(...ratios) : policy === "not_smaller" ? Math.max(...ratios) : undefined;
  return dims.map((dim, i) => {
    const size = x.shape[dim]!;
    const scale = sizes && shared !== undefined ? shared : ratios[i]!;
    const to = sizes ? (shared === undefined ? sizes[i]! : Math.round(shared * size)) : Math.floor(size * scale + 1e-9);
    if (!(to >= 0 && to < 2 ** 31) || !(scale > 0))
      c.fail(`cannot resize an axis of size ${size} by ${scale} to ${to}`);
    return [dim, { size, to, scale, roi: [roi[i]!, roi[i + dims.length]!] }] as const;
  });
}

function resize(c: Context): Tensor {
  const isOld = c.version < 11;
  const s = settingsOf(c);
  const axes = axesOf(c, c.x, isOld).filter(([, { size, to }]) => size !== to || s.transform === "tf_crop_and_resize");
  let x = s.mode === "nearest" || isFloat(c.x.dtype) ? c.x : c.x.to("float32");
  for (const [dim, axis] of axes) x = resizeAxis(c, x, dim, axis, s);
  const y = filled(c, x, axes, s);
  return y.dtype === c.x.dtype ? y : y.round().to(c.x.dtype);
}

export const resizing: readonly Entry[] = [
  { name: "Resize", since: 10, run: resize },
  { name: "Upsample", run: resize },
];
