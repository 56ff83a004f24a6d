/** Means over regions of interest, whose bins and bands `bands.ts` describes. */
import { F32, F64 } from "../common/dtype";
import { at } from "../common/rows";
import { addScaled, word } from "./bands";

/** The first column of all bands from `columns` on. */
function leftOf(columns: usize, bins: i32): i32 {
  let left = i32.MAX_VALUE;
  for (let q = 0; q < bins; q++) if (word(columns, 3 * q + 1) > 0) left = min(left, word(columns, 3 * q));
  return left;
}

/** What follows the last column of all bands from `columns` on. */
function rightOf(columns: usize, bins: i32): i32 {
  let right = 0;
  for (let q = 0; q < bins; q++)
    if (word(columns, 3 * q + 1) > 0) right = max(right, word(columns, 3 * q) + word(columns, 3 * q + 1));
  return right;
}

/** The bins of one region in one plane. Rows are summed first, over all columns of the region, into `line`. */
function meanOfPlane<T>(
  y: usize,
  plane: usize,
  rows: usize,
  rowWeights: usize,
  columns: usize,
  columnWeights: usize,
  count: T,
  geom: usize,
  line: usize,
): void {
  const width = word(geom, 2),
    outH = word(geom, 3),
    outW = word(geom, 4);
  const left = leftOf(columns, outW),
    n = rightOf(columns, outW) - left;
  for (let p = 0; p < outH; p++, y = at<T>(y, outW)) {
    const top = word(rows, 3 * p),
      height = n > 0 ? word(rows, 3 * p + 1) : 0,
      weights = at<T>(rowWeights, word(rows, 3 * p + 2));
    for (let h = 0; h < height; h++)
      addScaled<T>(line, at<T>(plane, (top + h) * width + left), load<T>(at<T>(weights, h)), n, h == 0);
    for (let q = 0; q < outW; q++) {
      const from = at<T>(line, word(columns, 3 * q) - left),
        length = height > 0 ? word(columns, 3 * q + 1) : 0;
      const weight = at<T>(columnWeights, word(columns, 3 * q + 2));
      let sum: T = 0;
      for (let w = 0; w < length; w++) sum += load<T>(at<T>(weight, w)) * load<T>(at<T>(from, w));
      store<T>(at<T>(y, q), sum / count);
    }
  }
}

function meanOfRegions<T>(
  y: usize,
  x: usize,
  batch: usize,
  rows: usize,
  rowWeights: usize,
  columns: usize,
  columnWeights: usize,
  counts: usize,
  geom: usize,
  line: usize,
  begin: i32,
  end: i32,
): void {
  const channels = word(geom, 0),
    plane = word(geom, 1) * word(geom, 2),
    outH = word(geom, 3),
    outW = word(geom, 4);
  for (let i = begin; i < end; i++) {
    const r = i / channels,
      c = i - r * channels;
    meanOfPlane<T>(
      at<T>(y, i * outH * outW),
      at<T>(x, (word(batch, r) * channels + c) * plane),
      at<i32>(rows, 3 * r * outH),
      rowWeights,
      at<i32>(columns, 3 * r * outW),
      columnWeights,
      load<T>(at<T>(counts, r)),
      geom,
      line,
    );
  }
}

/**
 * y[r, c, p, q] = Σ row weight · column weight · x[batch[r], c, row, column] / counts[r], over the bands of the bin. Range: planes of y. A row of x
 * fits into `scratch`. @see torchvision.ops.roi_align
 */
export function roiMean(
  t: i32,
  y: usize,
  x: usize,
  batch: usize,
  rows: usize,
  rowWeights: usize,
  columns: usize,
  columnWeights: usize,
  counts: usize,
  geom: usize,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  if (t == F32)
    return meanOfRegions<f32>(y, x, batch, rows, rowWeights, columns, columnWeights, counts, geom, scratch, begin, end);
  if (t == F64)
    return meanOfRegions<f64>(y, x, batch, rows, rowWeights, columns, columnWeights, counts, geom, scratch, begin, end);
  unreachable();
}

/** Adds to a plane what the bins of one region with the gradients `g` saw of it. */
function spreadPlane<T>(
  plane: usize,
  g: usize,
  rows: usize,
  rowWeights: usize,
  columns: usize,
  columnWeights: usize,
  count: T,
  geom: usize,
  line: usize,
): void {
  const width = word(geom, 2),
    outH = word(geom, 3),
    outW = word(geom, 4);
  const left = leftOf(columns, outW),
    n = rightOf(columns, outW) - left;
  if (n <= 0) return;
  for (let p = 0; p < outH; p++, g = at<T>(g, outW)) {
    const top = word(rows, 3 * p),
      height = word(rows, 3 * p + 1),
      weights = at<T>(rowWeights, word(rows, 3 * p + 2));
    memory.fill(line, 0, <usize>n * sizeof<T>());
    for (let q = 0; q < outW; q++)
      addScaled<T>(
        at<T>(line, word(columns, 3 * q) - left),
        at<T>(columnWeights, word(columns, 3 * q + 2)),
        load<T>(at<T>(g, q)) / count,
        word(columns, 3 * q + 1),
        false,
      );
    for (let h = 0; h < height; h++)
      addScaled<T>(at<T>(plane, (top + h) * width + left), line, load<T>(at<T>(weights, h)), n, false);
  }
}

function spreadRegions<T>(
  gx: usize,
  g: usize,
  order: usize,
  starts: usize,
  rows: usize,
  rowWeights: usize,
  columns: usize,
  columnWeights: usize,
  counts: usize,
  geom: usize,
  line: usize,
  begin: i32,
  end: i32,
): void {
  const channels = word(geom, 0),
    plane = word(geom, 1) * word(geom, 2),
    outH = word(geom, 3),
    outW = word(geom, 4);
  for (let i = begin; i < end; i++) {
    const b = i / channels,
      c = i - b * channels,
      to = at<T>(gx, i * plane);
    memory.fill(to, 0, <usize>plane * sizeof<T>());
    for (let k = word(starts, b); k < word(starts, b + 1); k++) {
      const r = word(order, k);
      spreadPlane<T>(
        to,
        at<T>(g, (r * channels + c) * outH * outW),
        at<i32>(rows, 3 * r * outH),
        rowWeights,
        at<i32>(columns, 3 * r * outW),
        columnWeights,
        load<T>(at<T>(counts, r)),
        geom,
        line,
      );
    }
  }
}

/** Gradient of `roiMean`; the regions of image b are order[starts[b]] … before order[starts[b + 1]]. Writes all of gx; range: its planes. */
export function roiMeanBackward(
  t: i32,
  gx: usize,
  g: usize,
  order: usize,
  starts: usize,
  rows: usize,
  rowWeights: usize,
  columns: usize,
  columnWeights: usize,
  counts: usize,
  geom: usize,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  if (t == F32)
    return spreadRegions<f32>(
      gx,
      g,
      order,
      starts,
      rows,
      rowWeights,
      columns,
      columnWeights,
      counts,
      geom,
      scratch,
      begin,
      end,
    );
  if (t == F64)
    return spreadRegions<f64>(
      gx,
      g,
      order,
      starts,
      rows,
      rowWeights,
      columns,
      columnWeights,
      counts,
      geom,
      scratch,
      begin,
      end,
    );
  unreachable();
}
