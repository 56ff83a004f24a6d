/** Histograms as PyTorch makes them: NumPy's bins, of which the ones around all values are kept. */
import { create } from "@bufbuild/protobuf";
import { ArgumentError, describe, ValueError } from "../core/errors";
import { type Bins, countEqual, extremes, widthOf } from "./bins";
import { type Summary, SummarySchema } from "./proto/tensorboard_pb";

let tensorflow: Float64Array | undefined;

/** The edges that TensorFlow takes: each 1.1 times the one before, on both sides of zero. */
function defaultEdges(): Float64Array {
  if (tensorflow !== undefined) return tensorflow;
  const positive: number[] = [];
  for (let v = 1e-12; v < 1e20; v *= 1.1) positive.push(v);
  tensorflow = Float64Array.from([...positive.map((v) => -v).reverse(), 0, ...positive]);
  return tensorflow;
}

/** How many of the sorted values lie below `x`, or below and at it. */
export function placeOf(sorted: ArrayLike<number>, x: number, isAfter: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const value = sorted[middle]!;
    if (value < x || (isAfter && value <= x)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Values between edges; the last bin has both of its own. */
function countBetween(values: Float64Array, edges: ArrayLike<number>): number[] {
  const sorted = values.slice().sort();
  const last = edges.length - 1;
  const places = Array.from({ length: edges.length }, (_, i) => placeOf(sorted, edges[i]!, i === last));
  return Array.from({ length: last }, (_, i) => places[i + 1]! - places[i]!);
}

/** The range that equal bins divide. @throws ValueError in NumPy's words. */
function rangeOf(values: Float64Array): [first: number, last: number] {
  const { min, max } = extremes(values);
  if (!Number.isFinite(min) || !Number.isFinite(max))
    throw new ValueError(`autodetected range of [${min}, ${max}] is not finite`);
  return min === max ? [min - 0.5, max + 0.5] : [min, max];
}

/** @throws ValueError, ArgumentError for bins that there are not. */
function binsOf(values: Float64Array, bins: unknown): Bins {
  if (bins === undefined || bins === "tensorflow") bins = defaultEdges();
  if (typeof bins === "number") {
    if (!Number.isInteger(bins) || bins < 1)
      throw new ValueError(`\`bins\` must be positive, when an integer, got ${bins}`);
    return countEqual(values, bins, rangeOf(values));
  }
  if (typeof bins === "string") {
    const range = rangeOf(values);
    const width = widthOf(bins, values);
    return countEqual(values, width > 0 ? Math.max(1, Math.ceil((range[1] - range[0]) / width)) : 1, range);
  }
  const edges = bins as ArrayLike<number>;
  if (typeof edges !== "object" || !(edges.length >= 2))
    throw new ArgumentError(`bins must be a name, a number or a list of edges, got ${describe(bins)}`);
  for (let i = 0; i + 1 < edges.length; i++)
    if (!(edges[i]! <= edges[i + 1]!)) throw new ValueError("`bins` must increase monotonically, when an array");
  return { counts: countBetween(values, edges), edges };
}

/** At most `most` bins, of which each holds as many old ones; the last one may hold fewer. */
function fewer({ counts, edges }: Bins, most: number | undefined): Bins {
  if (most === undefined || counts.length <= most) return { counts, edges };
  const step = Math.floor(counts.length / most);
  const length = Math.ceil(counts.length / step);
  const sums = Array.from({ length }, (_, i) => counts.slice(i * step, (i + 1) * step).reduce((a, b) => a + b, 0));
  return { counts: sums, edges: [...sums.map((_, i) => edges[i * step]!), edges[edges.length - 1]!] };
}

/**
 * The bins from the first to the last that hold anything. Viewers know upper limits only, so that an empty bin comes first, whose upper limit
 * is the lower one of the first.
 */
function support({ counts, edges }: Bins): { bucket: number[]; bucketLimit: number[] } {
  const start = counts.findIndex((n) => n > 0);
  if (start < 0) throw new ValueError("the histogram is empty: no value lies within the bins");
  const end = counts.findLastIndex((n) => n > 0) + 1;
  const bucketLimit = Array.from({ length: end - start + 1 }, (_, i) => edges[start + i]!);
  return { bucket: [start > 0 ? counts[start - 1]! : 0, ...counts.slice(start, end)], bucketLimit };
}

/** A histogram of values. @throws ValueError, ArgumentError. */
export function histogramSummary(tag: string, values: Float64Array, bins: unknown, maxBins?: number): Summary {
  if (values.length === 0) throw new ValueError("The input has no element.");
  let [sum, sumSquares] = [0, 0];
  for (const value of values) {
    sum += value;
    sumSquares += value * value;
  }
  const { bucket, bucketLimit } = support(fewer(binsOf(values, bins), maxBins));
  const value = { ...extremes(values), num: values.length, sum, sumSquares, bucketLimit, bucket };
  return create(SummarySchema, { value: [{ tag, value: { case: "histo", value } }] });
}
