/** Maxima over regions of interest, whose bins and bands `bands.ts` describes. */
import { F32, F64 } from "../common/dtype";
import { at } from "../common/rows";
import { word } from "./bands";

/** Index in the plane of the first maximum above `least` of rows [top, bottom) and columns [left, right), or -1. */
// @ts-ignore: decorator
@inline
function maxOfBin<T>(plane: usize, width: i32, top: i32, bottom: i32, left: i32, right: i32, least: T): i32 {
  let best = least,
    found = -1;
  for (let h = top; h < bottom; h++) {
    const row = h * width;
    for (let i = row + left; i < row + right; i++) {
      const v = load<T>(at<T>(plane, i));
      if (v > best) {
        best = v;
        found = i;
      }
    }
  }
  return found;
}

/** The bins of one region in one plane, whose first element has the index `base` in x. */
function maxOfPlane<T>(
  y: usize,
  indices: usize,
  plane: usize,
  base: i64,
  rows: usize,
  columns: usize,
  width: i32,
  outH: i32,
  outW: i32,
): void {
  const least = <T>-f32.MAX_VALUE;
  for (let p = 0; p < outH; p++, rows = at<i32>(rows, 3)) {
    const top = word(rows, 0),
      bottom = top + word(rows, 1);
    for (let q = 0, column = columns; q < outW; q++, column = at<i32>(column, 3)) {
      const left = word(column, 0),
        right = left + word(column, 1);
      const found = maxOfBin<T>(plane, width, top, bottom, left, right, least),
        isEmpty = bottom <= top || right <= left;
      store<T>(y, found >= 0 ? load<T>(at<T>(plane, found)) : isEmpty ? <T>0 : least);
      store<i64>(indices, found < 0 ? -1 : base + found);
      y = at<T>(y, 1);
      indices = at<i64>(indices, 1);
    }
  }
}

function maxOfRegions<T>(
  y: usize,
  indices: usize,
  x: usize,
  batch: usize,
  rows: usize,
  columns: usize,
  geom: usize,
  begin: i32,
  end: i32,
): void {
  const channels = word(geom, 0),
    width = word(geom, 2),
    plane = word(geom, 1) * width,
    outH = word(geom, 3),
    outW = word(geom, 4);
  for (let i = begin; i < end; i++) {
    const r = i / channels,
      number = word(batch, r) * channels + i - r * channels,
      bin = i * outH * outW;
    maxOfPlane<T>(
      at<T>(y, bin),
      at<i64>(indices, bin),
      at<T>(x, number * plane),
      <i64>number * plane,
      at<i32>(rows, 3 * r * outH),
      at<i32>(columns, 3 * r * outW),
      width,
      outH,
      outW,
    );
  }
}

/**
 * The largest element of each bin, and its index in x as i64; 0 and -1 of an empty bin, the least f32 and -1 of one without an element above that.
 * Range: planes of y. @see torchvision.ops.roi_pool
 */
export function roiMax(
  t: i32,
  y: usize,
  indices: usize,
  x: usize,
  batch: usize,
  rows: usize,
  columns: usize,
  geom: usize,
  begin: i32,
  end: i32,
): void {
  if (t == F32) return maxOfRegions<f32>(y, indices, x, batch, rows, columns, geom, begin, end);
  if (t == F64) return maxOfRegions<f64>(y, indices, x, batch, rows, columns, geom, begin, end);
  unreachable();
}
