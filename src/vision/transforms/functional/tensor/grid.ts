/** Tensors seen through an affine or a projective map, as torchvision does it: a grid of places in float32, then `gridSample`. */
import { isFloat } from "../../../../core/dtype";
import { ArgumentError } from "../../../../core/errors";
import * as nnF from "../../../../nn/functional/index";
import { where } from "../../../../ops/elementwise/where";
import { cat } from "../../../../ops/shape/join";
import { full } from "../../../../tensor/create";
import type { Tensor } from "../../../../tensor/tensor";
import type { InterpolationMode } from "../interpolation";
import { tensorOf } from "../picture";
import { restored, workable } from "./cast";

/** One number for all channels, or one for each. */
export type GridFill = number | readonly number[] | undefined;

type Places = Float32Array | Float64Array;

/** Modes that can be sampled on a grid. @throws ArgumentError for others. */
export function checkGridMode(op: string, mode: InterpolationMode): "nearest" | "bilinear" {
  if (mode === "nearest" || mode === "bilinear") return mode;
  throw new ArgumentError(
    `${op}: Interpolation mode '${mode}' is unsupported with Tensor input; use "nearest" or "bilinear", or an Image`,
  );
}

/** The dtype in which places for a picture are computed, and its rounding. */
function precisionOf(img: Tensor): { dtype: "float32" | "float64"; round: (x: number) => number } {
  return img.dtype === "float64" ? { dtype: "float64", round: (x) => x } : { dtype: "float32", round: Math.fround };
}

/** Writes the places for `ow`×`oh` pixels, whose centers count from (x0, y0). */
function placesOf(
  img: Tensor,
  [ow, oh]: readonly [number, number],
  write: (x: number, y: number, out: Places, at: number) => void,
  x0: number,
  y0: number,
): Tensor {
  return tensorOf<Places & Float64Array>(precisionOf(img).dtype, [1, oh, ow, 2], (out) => {
    for (let y = 0, at = 0; y < oh; y++) for (let x = 0; x < ow; x++, at += 2) write(x + x0, y + y0, out, at);
  });
}

/** The grid of an affine map from places of a result of `size` to those of `img`, both counted from the middle. */
export function affineGrid(img: Tensor, matrix: readonly number[], size: readonly [number, number]): Tensor {
  const { round } = precisionOf(img);
  const [h, w] = img.shape.slice(-2) as [number, number];
  const scaled = matrix.map((value, i) => round(round(value) / (0.5 * (i < 3 ? w : h))));
  const [a, b, c, d, e, f] = scaled as [number, number, number, number, number, number];
  const write = (x: number, y: number, out: Places, at: number): void => {
    // Multiplications and additions are fused, as in PyTorch's matrix products.
    out[at] = round(y * b + round(x * a)) + c;
    out[at + 1] = round(y * e + round(x * d)) + f;
  };
  return placesOf(img, size, write, 0.5 - size[0] / 2, 0.5 - size[1] / 2);
}

/** The grid of a projective map with eight coefficients. */
export function perspectiveGrid(img: Tensor, coefficients: readonly number[]): Tensor {
  const { round } = precisionOf(img);
  const [h, w] = img.shape.slice(-2) as [number, number];
  const [a, b, c, d, e, f] = coefficients
    .slice(0, 6)
    .map((value, i) => round(round(value) / (0.5 * (i < 3 ? w : h)))) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [g, k] = coefficients.slice(6).map(round) as [number, number];
  const write = (x: number, y: number, out: Places, at: number): void => {
    const divisor = round(round(y * k + round(x * g)) + 1);
    out[at] = round(round(round(y * b + round(x * a)) + c) / divisor) - 1;
    out[at + 1] = round(round(round(y * e + round(x * d)) + f) / divisor) - 1;
  };
  return placesOf(img, [w, h], write, 0.5, 0.5);
}

/** Width and height of what holds the whole of a picture after an affine map. */
export function affineOutputSize(matrix: readonly number[], w: number, h: number): [width: number, height: number] {
  const { fround } = Math;
  const [a, b, c, d, e, f] = matrix.map(fround) as [number, number, number, number, number, number];
  const corners = [
    [-0.5 * w, -0.5 * h],
    [-0.5 * w, 0.5 * h],
    [0.5 * w, 0.5 * h],
    [0.5 * w, -0.5 * h],
  ] as const;
  const span = (p: number, q: number, r: number, middle: number): number => {
    const places = corners.map(([x, y]) => fround(fround(y * q + fround(x * p)) + r));
    // Cut to 1e-4, so that what is a whole number but for rounding is not taken for more.
    const cut = (place: number) => fround(Math.trunc(fround(fround(place + middle) / fround(1e-4))) * fround(1e-4));
    return Math.ceil(cut(Math.max(...places))) - Math.floor(cut(Math.min(...places)));
  };
  return [span(a, b, c, w * 0.5), span(d, e, f, h * 0.5)];
}

/** Puts `fill` where a sampled picture has nothing: `mask`, sampled alike, says how much it has. */
function filled(op: string, sampled: Tensor, mode: "nearest" | "bilinear", fill: number | readonly number[]): Tensor {
  const channels = sampled.shape[1]! - 1;
  const values = typeof fill === "number" ? [fill] : fill;
  if (values.length > 1 && values.length !== channels)
    throw new ArgumentError(
      `${op}: The number of elements in 'fill' cannot broadcast to match the number of channels of the image (${values.length} != ${channels})`,
    );
  const img = sampled.narrow(1, 0, channels);
  const mask = sampled.narrow(1, channels, 1);
  const color = tensorOf<Float64Array>("float64", [1, values.length, 1, 1], (out) => out.set(values)).to({
    dtype: sampled.dtype,
    device: sampled.device,
  });
  if (mode === "nearest") return where(mask.lt(0.5), color, img);
  return img.mul(mask).add(mask.mul(-1).add(1).mul(color));
}

/** The values of `img` at the places of a grid, `fill` outside. */
export function sampleGrid(
  op: string,
  img: Tensor,
  grid: Tensor,
  mode: "nearest" | "bilinear",
  fill: GridFill,
): Tensor {
  const places = grid.to({ device: img.device });
  const batch = workable(img, isFloat(img.dtype) && img.dtype === places.dtype ? img.dtype : places.dtype);
  const n = batch.shape[0]!;
  const masked =
    fill === undefined
      ? batch
      : cat([batch, full([n, 1, ...batch.shape.slice(2)], 1, { dtype: batch.dtype, device: batch.device })], 1);
  const sampled = nnF.gridSample(masked, n === 1 ? places : places.expand(n, -1, -1, -1), {
    mode,
    paddingMode: "zeros",
    alignCorners: false,
  });
  return restored(fill === undefined ? sampled : filled(op, sampled, mode, fill), img);
}
