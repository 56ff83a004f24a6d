/**
 * Pooling of regions of interest. A region has pooledHeight × pooledWidth bins; a *band* says which rows, or which columns, a bin looks at: i32 triples
 * [first, length, where its weights begin]. `geom` is the i32 array [channels, height, width, pooledHeight, pooledWidth] of the input and the result.
 */
import { F32, F64 } from "../common/dtype";
import { at } from "../common/rows";

// @ts-ignore: decorator
@inline function word(p: usize, i: i32): i32 { return load<i32>(at<i32>(p, i)); }

/** y[0..n) = w * x[0..n), added to what is there unless `isFirst`. */
function addScaled<T>(y: usize, x: usize, w: T, n: i32, isFirst: bool): void {
  let i = 0;
  if (sizeof<T>() == 4) {
    const four = f32x4.splat(<f32>w);
    for (; i <= n - 4; i += 4) {
      const v = f32x4.mul(four, v128.load(at<T>(x, i)));
      v128.store(at<T>(y, i), isFirst ? v : f32x4.add(v128.load(at<T>(y, i)), v));
    }
  }
  for (; i < n; i++) {
    const v = w * load<T>(at<T>(x, i));
    store<T>(at<T>(y, i), isFirst ? v : load<T>(at<T>(y, i)) + v);
  }
}

/** The first column of all bands from `columns` on. */
function leftOf(columns: usize, bins: i32): i32 {
  let left = i32.MAX_VALUE;
  for (let q = 0; q < bins; q++) if (word(columns, 3 * q + 1) > 0) left = min(left, word(columns, 3 * q));
  return left;
}

/** What follows the last column of all bands from `columns` on. */
function rightOf(columns: usize, bins: i32): i32 {
  let right = 0;
  for (let q = 0; q < bins; q++) if (word(columns, 3 * q + 1) > 0) right = max(right, word(columns, 3 * q) + word(columns, 3 * q + 1));
  return right;
}

/** The bins of one region in one plane. Rows are summed first, over all columns of the region, into `line`. */
function meanOfPlane<T>(
  y: usize, plane: usize, rows: usize, rowWeights: usize, columns: usize, columnWeights: usize, count: T, geom: usize, line: usize,
): void {
  const width = word(geom, 2), outH = word(geom, 3), outW = word(geom, 4);
  const left = leftOf(columns, outW), n = rightOf(columns, outW) - left;
  for (let p = 0; p < outH; p++, y = at<T>(y, outW)) {
    const top = word(rows, 3 * p), height = n > 0 ? word(rows, 3 * p + 1) : 0, weights = at<T>(rowWeights, word(rows, 3 * p + 2));
    for (let h = 0; h < height; h++)
      addScaled<T>(line, at<T>(plane, (top + h) * width + left), load<T>(at<T>(weights, h)), n, h == 0);
    for (let q = 0; q < outW; q++) {
      const from = at<T>(line, word(columns, 3 * q) - left), length = height > 0 ? word(columns, 3 * q + 1) : 0;
      const weight = at<T>(columnWeights, word(columns, 3 * q + 2));
      let sum: T = 0;
      for (let w = 0; w < length; w++) sum += load<T>(at<T>(weight, w)) * load<T>(at<T>(from, w));
      store<T>(at<T>(y, q), sum / count);
    }
  }
}

function meanOfRegions<T>(
  y: usize, x: usize, batch: usize, rows: usize, rowWeights: usize, columns: usize, columnWeights: usize, counts: usize, geom: usize,
  line: usize, begin: i32, end: i32,
): void {
  const channels = word(geom, 0), plane = word(geom, 1) * word(geom, 2), outH = word(geom, 3), outW = word(geom, 4);
  for (let i = begin; i < end; i++) {
    const r = i / channels, c = i - r * channels;
    meanOfPlane<T>(
      at<T>(y, i * outH * outW), at<T>(x, (word(batch, r) * channels + c) * plane), at<i32>(rows, 3 * r * outH), rowWeights,
      at<i32>(columns, 3 * r * outW), columnWeights, load<T>(at<T>(counts, r)), geom, line,
    );
  }
}

/**
 * y[r, c, p, q] = Σ row weight · column weight · x[batch[r], c, row, column] / counts[r], over the bands of the bin. Range: planes of y. A row of x
 * fits into `scratch`. @see torchvision.ops.roi_align
 */
export function roiMean(
  t: i32, y: usize, x: usize, batch: usize, rows: usize, rowWeights: usize, columns: usize, columnWeights: usize, counts: usize, geom: usize,
  scratch: usize, begin: i32, end: i32,
): void {
  if (t == F32) return meanOfRegions<f32>(y, x, batch, rows, rowWeights, columns, columnWeights, counts, geom, scratch, begin, end);
  if (t == F64) return meanOfRegions<f64>(y, x, batch, rows, rowWeights, columns, columnWeights, counts, geom, scratch, begin, end);
  unreachable();
}

/** Adds to a plane what the bins of one region with the gradients `g` saw of it. */
function spreadPlane<T>(
  plane: usize, g: usize, rows: usize, rowWeights: usize, columns: usize, columnWeights: usize, count: T, geom: usize, line: usize,
): void {
  const width = word(geom, 2), outH = word(geom, 3), outW = word(geom, 4);
  const left = leftOf(columns, outW), n = rightOf(columns, outW) - left;
  if (n <= 0) return;
  for (let p = 0; p < outH; p++, g = at<T>(g, outW)) {
    const top = word(rows, 3 * p), height = word(rows, 3 * p + 1), weights = at<T>(rowWeights, word(rows, 3 * p + 2));
    memory.fill(line, 0, <usize>n * sizeof<T>());
    for (let q = 0; q < outW; q++)
      addScaled<T>(
        at<T>(line, word(columns, 3 * q) - left), at<T>(columnWeights, word(columns, 3 * q + 2)), load<T>(at<T>(g, q)) / count,
        word(columns, 3 * q + 1), false,
      );
    for (let h = 0; h < height; h++)
      addScaled<T>(at<T>(plane, (top + h) * width + left), line, load<T>(at<T>(weights, h)), n, false);
  }
}

function spreadRegions<T>(
  gx: usize, g: usize, order: usize, starts: usize, rows: usize, rowWeights: usize, columns: usize, columnWeights: usize, counts: usize,
  geom: usize, line: usize, begin: i32, end: i32,
): void {
  const channels = word(geom, 0), plane = word(geom, 1) * word(geom, 2), outH = word(geom, 3), outW = word(geom, 4);
  for (let i = begin; i < end; i++) {
    const b = i / channels, c = i - b * channels, to = at<T>(gx, i * plane);
    memory.fill(to, 0, <usize>plane * sizeof<T>());
    for (let k = word(starts, b); k < word(starts, b + 1); k++) {
      const r = word(order, k);
      spreadPlane<T>(
        to, at<T>(g, (r * channels + c) * outH * outW), at<i32>(rows, 3 * r * outH), rowWeights, at<i32>(columns, 3 * r * outW),
        columnWeights, load<T>(at<T>(counts, r)), geom, line,
      );
    }
  }
}

/** Gradient of `roiMean`; the regions of image b are order[starts[b]] … before order[starts[b + 1]]. Writes all of gx; range: its planes. */
export function roiMeanBackward(
  t: i32, gx: usize, g: usize, order: usize, starts: usize, rows: usize, rowWeights: usize, columns: usize, columnWeights: usize,
  counts: usize, geom: usize, scratch: usize, begin: i32, end: i32,
): void {
  if (t == F32) return spreadRegions<f32>(gx, g, order, starts, rows, rowWeights, columns, columnWeights, counts, geom, scratch, begin, end);
  if (t == F64) return spreadRegions<f64>(gx, g, order, starts, rows, rowWeights, columns, columnWeights, counts, geom, scratch, begin, end);
  unreachable();
}

// ---- Position-sensitive: each bin has a channel of its own ----------------------------------------------------------

/** The weighted sum of a bin of a plane. */
function sumOfBin<T>(plane: usize, width: i32, row: usize, rowWeights: usize, column: usize, columnWeights: usize): T {
  const top = word(row, 0), height = word(row, 1), left = word(column, 0), n = word(column, 1);
  const weights = at<T>(rowWeights, word(row, 2)), along = at<T>(columnWeights, word(column, 2));
  let sum: T = 0;
  for (let h = 0; h < height; h++) {
    const from = at<T>(plane, (top + h) * width + left);
    let line: T = 0;
    for (let w = 0; w < n; w++) line += load<T>(at<T>(along, w)) * load<T>(at<T>(from, w));
    sum += load<T>(at<T>(weights, h)) * line;
  }
  return sum;
}

function ownMeans<T>(
  y: usize, x: usize, batch: usize, rows: usize, rowWeights: usize, columns: usize, columnWeights: usize, counts: usize, geom: usize,
  begin: i32, end: i32,
): void {
  const channels = word(geom, 0), width = word(geom, 2), plane = word(geom, 1) * width, outH = word(geom, 3), outW = word(geom, 4);
  const bins = outH * outW, outChannels = channels / bins;
  for (let i = begin; i < end; i++) {
    const r = i / outChannels, c = i - r * outChannels, count = load<T>(at<T>(counts, r));
    for (let b = 0; b < bins; b++) {
      const from = at<T>(x, (word(batch, r) * channels + c * bins + b) * plane);
      const row = at<i32>(rows, 3 * (r * outH + b / outW)), column = at<i32>(columns, 3 * (r * outW + b % outW));
      store<T>(at<T>(y, i * bins + b), sumOfBin<T>(from, width, row, rowWeights, column, columnWeights) / count);
    }
  }
}

/** `roiMean` where bin (p, q) of channel c looks at channel (c · pooledHeight + p) · pooledWidth + q. Range: planes of y. @see torchvision.ops.ps_roi_align */
export function roiOwnMean(
  t: i32, y: usize, x: usize, batch: usize, rows: usize, rowWeights: usize, columns: usize, columnWeights: usize, counts: usize, geom: usize,
  begin: i32, end: i32,
): void {
  if (t == F32) return ownMeans<f32>(y, x, batch, rows, rowWeights, columns, columnWeights, counts, geom, begin, end);
  if (t == F64) return ownMeans<f64>(y, x, batch, rows, rowWeights, columns, columnWeights, counts, geom, begin, end);
  unreachable();
}

function spreadOwn<T>(
  gx: usize, g: usize, order: usize, starts: usize, rows: usize, rowWeights: usize, columns: usize, columnWeights: usize, counts: usize,
  geom: usize, begin: i32, end: i32,
): void {
  const channels = word(geom, 0), width = word(geom, 2), plane = word(geom, 1) * width, outH = word(geom, 3), outW = word(geom, 4);
  const bins = outH * outW, outChannels = channels / bins;
  for (let i = begin; i < end; i++) {
    const image = i / channels, channel = i - image * channels, b = channel % bins, to = at<T>(gx, i * plane);
    memory.fill(to, 0, <usize>plane * sizeof<T>());
    for (let k = word(starts, image); k < word(starts, image + 1); k++) {
      const r = word(order, k), row = at<i32>(rows, 3 * (r * outH + b / outW)), column = at<i32>(columns, 3 * (r * outW + b % outW));
      const grad = load<T>(at<T>(g, (r * outChannels + channel / bins) * bins + b)) / load<T>(at<T>(counts, r));
      const weights = at<T>(rowWeights, word(row, 2)), along = at<T>(columnWeights, word(column, 2));
      for (let h = 0; h < word(row, 1); h++)
        addScaled<T>(at<T>(to, (word(row, 0) + h) * width + word(column, 0)), along, grad * load<T>(at<T>(weights, h)), word(column, 1), false);
    }
  }
}

/** Gradient of `roiOwnMean`, as `roiMeanBackward`. */
export function roiOwnMeanBackward(
  t: i32, gx: usize, g: usize, order: usize, starts: usize, rows: usize, rowWeights: usize, columns: usize, columnWeights: usize,
  counts: usize, geom: usize, begin: i32, end: i32,
): void {
  if (t == F32) return spreadOwn<f32>(gx, g, order, starts, rows, rowWeights, columns, columnWeights, counts, geom, begin, end);
  if (t == F64) return spreadOwn<f64>(gx, g, order, starts, rows, rowWeights, columns, columnWeights, counts, geom, begin, end);
  unreachable();
}

// ---- Maxima ---------------------------------------------------------------------------------------------------------

/** Index in the plane of the first maximum above `least` of rows [top, bottom) and columns [left, right), or -1. */
// @ts-ignore: decorator
@inline
function maxOfBin<T>(plane: usize, width: i32, top: i32, bottom: i32, left: i32, right: i32, least: T): i32 {
  let best = least, found = -1;
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
function maxOfPlane<T>(y: usize, indices: usize, plane: usize, base: i64, rows: usize, columns: usize, width: i32, outH: i32, outW: i32): void {
  const least = <T>-f32.MAX_VALUE;
  for (let p = 0; p < outH; p++, rows = at<i32>(rows, 3)) {
    const top = word(rows, 0), bottom = top + word(rows, 1);
    for (let q = 0, column = columns; q < outW; q++, column = at<i32>(column, 3)) {
      const left = word(column, 0), right = left + word(column, 1);
      const found = maxOfBin<T>(plane, width, top, bottom, left, right, least), isEmpty = bottom <= top || right <= left;
      store<T>(y, found >= 0 ? load<T>(at<T>(plane, found)) : isEmpty ? <T>0 : least);
      store<i64>(indices, found < 0 ? -1 : base + found);
      y = at<T>(y, 1);
      indices = at<i64>(indices, 1);
    }
  }
}

function maxOfRegions<T>(
  y: usize, indices: usize, x: usize, batch: usize, rows: usize, columns: usize, geom: usize, begin: i32, end: i32,
): void {
  const channels = word(geom, 0), width = word(geom, 2), plane = word(geom, 1) * width, outH = word(geom, 3), outW = word(geom, 4);
  for (let i = begin; i < end; i++) {
    const r = i / channels, number = word(batch, r) * channels + i - r * channels, bin = i * outH * outW;
    maxOfPlane<T>(
      at<T>(y, bin), at<i64>(indices, bin), at<T>(x, number * plane), <i64>number * plane, at<i32>(rows, 3 * r * outH),
      at<i32>(columns, 3 * r * outW), width, outH, outW,
    );
  }
}

/**
 * The largest element of each bin, and its index in x as i64; 0 and -1 of an empty bin, the least f32 and -1 of one without an element above that.
 * Range: planes of y. @see torchvision.ops.roi_pool
 */
export function roiMax(
  t: i32, y: usize, indices: usize, x: usize, batch: usize, rows: usize, columns: usize, geom: usize, begin: i32, end: i32,
): void {
  if (t == F32) return maxOfRegions<f32>(y, indices, x, batch, rows, columns, geom, begin, end);
  if (t == F64) return maxOfRegions<f64>(y, indices, x, batch, rows, columns, geom, begin, end);
  unreachable();
}
