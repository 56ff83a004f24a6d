/** Means over regions of interest, position-sensitive: each bin has a channel of its own. `bands.ts` describes bins and bands. */
import { F32, F64 } from "../common/dtype";
import { at } from "../common/rows";
import { addScaled, word } from "./bands";

/** The weighted sum of a bin of a plane. */
function sumOfBin<T>(plane: usize, width: i32, row: usize, rowWeights: usize, column: usize, columnWeights: usize): T {
  const top = word(row, 0),
    height = word(row, 1),
    left = word(column, 0),
    n = word(column, 1);
  const weights = at<T>(rowWeights, word(row, 2)),
    along = at<T>(columnWeights, word(column, 2));
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
  y: usize,
  x: usize,
  batch: usize,
  rows: usize,
  rowWeights: usize,
  columns: usize,
  columnWeights: usize,
  counts: usize,
  geom: usize,
  begin: i32,
  end: i32,
): void {
  const channels = word(geom, 0),
    width = word(geom, 2),
    plane = word(geom, 1) * width,
    outH = word(geom, 3),
    outW = word(geom, 4);
  const bins = outH * outW,
    outChannels = channels / bins;
  for (let i = begin; i < end; i++) {
    const r = i / outChannels,
      c = i - r * outChannels,
      count = load<T>(at<T>(counts, r));
    for (let b = 0; b < bins; b++) {
      const from = at<T>(x, (word(batch, r) * channels + c * bins + b) * plane);
      const row = at<i32>(rows, 3 * (r * outH + b / outW)),
        column = at<i32>(columns, 3 * (r * outW + (b % outW)));
      store<T>(at<T>(y, i * bins + b), sumOfBin<T>(from, width, row, rowWeights, column, columnWeights) / count);
    }
  }
}

/** `roiMean` where bin (p, q) of channel c looks at channel (c · pooledHeight + p) · pooledWidth + q. Range: planes of y. @see torchvision.ops.ps_roi_align */
export function roiOwnMean(
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
  begin: i32,
  end: i32,
): void {
  if (t == F32) return ownMeans<f32>(y, x, batch, rows, rowWeights, columns, columnWeights, counts, geom, begin, end);
  if (t == F64) return ownMeans<f64>(y, x, batch, rows, rowWeights, columns, columnWeights, counts, geom, begin, end);
  unreachable();
}

function spreadOwn<T>(
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
  begin: i32,
  end: i32,
): void {
  const channels = word(geom, 0),
    width = word(geom, 2),
    plane = word(geom, 1) * width,
    outH = word(geom, 3),
    outW = word(geom, 4);
  const bins = outH * outW,
    outChannels = channels / bins;
  for (let i = begin; i < end; i++) {
    const image = i / channels,
      channel = i - image * channels,
      b = channel % bins,
      to = at<T>(gx, i * plane);
    memory.fill(to, 0, <usize>plane * sizeof<T>());
    for (let k = word(starts, image); k < word(starts, image + 1); k++) {
      const r = word(order, k),
        row = at<i32>(rows, 3 * (r * outH + b / outW)),
        column = at<i32>(columns, 3 * (r * outW + (b % outW)));
      const grad = load<T>(at<T>(g, (r * outChannels + channel / bins) * bins + b)) / load<T>(at<T>(counts, r));
      const weights = at<T>(rowWeights, word(row, 2)),
        along = at<T>(columnWeights, word(column, 2));
      for (let h = 0; h < word(row, 1); h++)
        addScaled<T>(
          at<T>(to, (word(row, 0) + h) * width + word(column, 0)),
          along,
          grad * load<T>(at<T>(weights, h)),
          word(column, 1),
          false,
        );
    }
  }
}

/** Gradient of `roiOwnMean`, as `roiMeanBackward`. */
export function roiOwnMeanBackward(
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
  begin: i32,
  end: i32,
): void {
  if (t == F32)
    return spreadOwn<f32>(gx, g, order, starts, rows, rowWeights, columns, columnWeights, counts, geom, begin, end);
  if (t == F64)
    return spreadOwn<f64>(gx, g, order, starts, rows, rowWeights, columns, columnWeights, counts, geom, begin, end);
  unreachable();
}
