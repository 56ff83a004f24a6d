/** How many elements fall on whole numbers, or between boundaries. */

import { noGrad } from "../../autograd/mode";
import { checkArray, checkInteger, checkNumber, MAX_COUNT } from "../../core/arguments";
import { type DType, isFloat } from "../../core/dtype";
import { ArgumentError, checkOptions, DTypeError, describe, ShapeError, ValueError } from "../../core/errors";
import { type Shape, sameShape, shapeText, sizeOfShape } from "../../core/shape";
import { named } from "../../core/signature";
import { allocate } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { checkAll, checkTensor } from "../builders/checks";
import { cast, computeType } from "../builders/define";
import { namedTuple } from "../builders/namedTuple";
import { checkFloating } from "../builders/precision";
import { linspace } from "../creation/ranges";
import { dense } from "../indexing/indexChecks";
import { searchsorted } from "../indexing/searchsorted";

/** Options of {@link bincount}. */
export interface BincountOptions {
  /** One per element; then the result is floating point. */
  weights?: Tensor | null;
  /** The least number of bins. Default: 0. */
  minlength?: number;
}

/**
 * How often each whole number occurs. Shape: [n] → [max + 1]. The shape depends on the data, so the device is read.
 * @see torch.bincount
 * @throws ValueError for negative elements.
 */
export const bincount = named(
  "bincount",
  "input; weights, minlength",
  (x: Tensor, options: BincountOptions = {}): Tensor => {
    checkTensor("bincount", x);
    const { weights, minlength = 0 } = options;
    if (x.ndim !== 1 || isFloat(x.dtype))
      throw new ArgumentError("bincount: only supports 1-d non-negative integral inputs.");
    if (weights != null) checkTensor("bincount", weights, "weights");
    if (weights && !sameShape(weights.shape, x.shape))
      throw new ShapeError("bincount: weights should be 1-d and have the same length as input");
    if (x.numel() > 0 && x.min().item() < 0)
      throw new ValueError("bincount: only supports 1-d non-negative integral inputs.");
    checkInteger("bincount", "minlength", minlength, 0);
    const bins = Math.max(minlength, x.numel() === 0 ? 0 : Number(x.max().item()) + 1);
    const counted = weights
      ? weights.dtype === "float32"
        ? weights
        : weights.to("float64")
      : x.newOnes(x.shape, { dtype: "int64" });
    return noGrad(() => counted.newZeros([bins]).scatterAdd(0, x.long(), counted));
  },
);

/** Options of {@link histc}. */
export interface HistcOptions {
  /** The lower end of the first bin. Where both ends are equal, the extrema of the data. Default: 0. */
  min?: number;
  /** The upper end of the last bin. Default: 0. */
  max?: number;
}

/** The range of a histogram: as given, or that of the data; never empty. */
function histogramRange(op: string, x: Tensor, low: number, high: number): [number, number] {
  let [min, max] = [low, high];
  if (min === max && x.numel() > 0) [min, max] = [x.min().item(), x.max().item()];
  if (min === max) [min, max] = op === "histc" ? [min - 1, max + 1] : x.numel() === 0 ? [0, 1] : [min - 0.5, max + 0.5];
  if (!Number.isFinite(min) || !Number.isFinite(max))
    throw new ValueError(`${op}: range of [${min}, ${max}] is not finite`);
  if (min > max) throw new ValueError(`${op}: max must be larger than min`);
  return [min, max];
}

/** {@link histc} over the range of the data, where nobody can look at it: what is counted is moved to [0, 1]. */
function histcOfAll(x: Tensor, bins: number, dtype: DType): Tensor {
  const [least, most] = [x.min(), x.max()];
  checkAll("histc", least.isfinite().logicalAnd(most.isfinite()), "the range of the data is not finite");
  const width = most.sub(least);
  const isEmpty = width.eq(0);
  const moved = x.sub(least.sub(isEmpty.to(x.dtype))).div(width.add(isEmpty.to(x.dtype).mul(2)));
  const y = allocate([bins], x.dtype, x);
  x.storage.backend.run("histogram", { y, x: dense(moved), low: 0, high: 1 });
  return cast(y, dtype);
}

/**
 * Counts of the elements in `bins` equal bins from min to max; others are not counted.
 * @see torch.histc
 * @throws DTypeError for integers.
 */
export const histc = named(
  "histc",
  "input, bins?; min, max",
  (x: Tensor, bins = 100, options: HistcOptions = {}): Tensor => {
    checkTensor("histc", x);
    checkFloating("histc", x);
    checkBins("histc", bins);
    const [min, max] = [options.min ?? 0, options.max ?? 0];
    const ends = [checkNumber("histc", "min", min), checkNumber("histc", "max", max)] as const;
    const source = dense(cast(x.detach(), computeType(x.dtype)));
    if (ends[0] === ends[1] && x.numel() > 0 && !x.storage.backend.readsAtOnce)
      return histcOfAll(source, bins, x.dtype);
    const [low, high] = histogramRange("histc", source, ...ends);
    const y = allocate([bins], source.dtype, x);
    x.storage.backend.run("histogram", { y, x: source, low, high });
    return cast(y, x.dtype);
  },
);

/** Options of {@link histogram}. */
export interface HistogramOptions {
  /** The ends of the first and the last bin; for several dimensions one pair after the other. Default: the extrema of the data. */
  range?: readonly number[] | null;
  /** One per element (per point in several dimensions). */
  weight?: Tensor | null;
  /** Normalize so that the integral over all bins is 1. Default: false. */
  density?: boolean;
}

function checkBins(op: string, bins: number): void {
  if (checkInteger(op, "bins", bins, undefined, MAX_COUNT) <= 0)
    throw new ValueError(`${op}: bins must be > 0, got ${bins}`);
}

function checkEdges(op: string, edges: Tensor, x: Tensor): Tensor {
  if (edges.ndim !== 1 || edges.numel() === 0)
    throw new ShapeError(
      `${op}: bins tensor should be a vector of at least one edge, but got shape ${shapeText(edges.shape)}`,
    );
  if (edges.dtype !== x.dtype)
    throw new DTypeError(
      `${op}: input tensor and bins tensors should have the same dtype, got ${x.dtype} and ${edges.dtype}`,
    );
  return edges;
}

/** The options of both histograms; `dims` coordinates have two ends each, and there is one weight per point. */
function checkHistogram(op: string, x: Tensor, dims: number, points: Shape, options: HistogramOptions): void {
  checkTensor(op, x);
  checkOptions(op, options, ["range", "weight", "density"]);
  const { range, weight } = options;
  if (!isFloat(x.dtype)) throw new DTypeError(`${op}: not implemented for ${x.dtype}; use x.float()`);
  if (range != null) {
    const ends = checkArray(op, "range", range, "numbers");
    if (ends.length !== 2 * dims)
      throw new ArgumentError(`${op}: range should have ${2 * dims} elements, but got ${ends.length}`);
    for (const end of ends) checkNumber(op, "range", end);
  }
  if (weight != null && !sameShape(checkTensor(op, weight, "weight").shape, points))
    throw new ShapeError(
      `${op}: weight should have the shape ${shapeText(points)}, one for each point, got ${shapeText(weight.shape)}`,
    );
}

/** Edges of bins: as given, or evenly spaced. */
function edgesOf(op: string, x: Tensor, bins: number | Tensor, range: readonly number[] | null | undefined): Tensor {
  if (bins instanceof Tensor) return checkEdges(op, bins, x);
  if (typeof bins !== "number")
    throw new ArgumentError(`${op}: bins must be an integer or a tensor of edges, got ${describe(bins)}`);
  checkBins(op, bins);
  const [low, high] = histogramRange(op, x, Number(range?.[0] ?? 0), Number(range?.[1] ?? 0));
  return linspace(low, high, bins + 1, { dtype: x.dtype, device: x.device });
}

/** Counts of points [n, d] in a grid of bins. */
function countPoints(
  points: Tensor,
  edges: readonly Tensor[],
  weight: Tensor | null | undefined,
  density: boolean,
): Tensor {
  const shape = edges.map((edge) => edge.numel() - 1);
  const n = points.shape[0]!;
  let cell = points.newZeros([n], { dtype: "int64" });
  let isInside = points.newOnes([n], { dtype: "bool" });
  edges.forEach((edge, k) => {
    const column = points.select(1, k).contiguous();
    const [first, last] = [edge.select(0, 0), edge.select(0, shape[k]!)];
    // The last bin includes its upper end.
    const bin = searchsorted(edge.contiguous(), column, { right: true }).sub(1).sub(column.eq(last).long());
    isInside = isInside.logicalAnd(column.ge(first)).logicalAnd(column.le(last));
    cell = cell.mul(shape[k]!).add(bin.clamp(0, shape[k]! - 1));
  });
  const amount = (weight ? weight.reshape(-1).to(points.dtype) : points.newOnes([n])).mul(isInside);
  const counts = points
    .newZeros([sizeOfShape(shape)])
    .scatterAdd(0, cell, amount)
    .reshape(shape);
  return density ? normalized(counts, edges) : counts;
}

function normalized(counts: Tensor, edges: readonly Tensor[]): Tensor {
  let y = counts.div(counts.sum());
  edges.forEach((edge, k) => {
    const widths = edge.narrow(0, 1, counts.shape[k]!).sub(edge.narrow(0, 0, counts.shape[k]!));
    y = y.div(widths.reshape(counts.shape.map((size, i) => (i === k ? size : 1))));
  });
  return y;
}

/** Counts and the edges of the bins, as PyTorch names them. */
export type Histogram<E> = { readonly hist: Tensor; readonly binEdges: E } & readonly [hist: Tensor, binEdges: E];

const pair = <E>(hist: Tensor, binEdges: E): Histogram<E> => namedTuple({ hist, binEdges });

/**
 * Counts of the elements in bins, and the edges of the bins: `bins` equal ones, or between the elements of a sorted vector.
 * @see torch.histogram
 */
export const histogram = named(
  "histogram",
  "input, bins;; range, weight, density",
  (x: Tensor, bins: number | Tensor, options: HistogramOptions = {}): Histogram<Tensor> => {
    checkFloating("histogram", x);
    checkHistogram("histogram", x, 1, x.shape, options);
    return noGrad(() => {
      const edges = edgesOf("histogram", x, bins, options.range);
      return pair(countPoints(x.reshape([-1, 1]), [edges], options.weight, options.density ?? false), edges);
    });
  },
);

/**
 * Counts of points in a grid of bins. Shape: [*, d] → [bins₀, …]; `bins` for each of the d coordinates as in {@link histogram}.
 * @see torch.histogramdd
 */
export const histogramdd = named(
  "histogramdd",
  "input, bins; range, weight, density",
  (x: Tensor, bins: number | readonly (number | Tensor)[], options: HistogramOptions = {}): Histogram<Tensor[]> => {
    checkFloating("histogramdd", x);
    if (x.ndim < 2)
      throw new ShapeError(`histogramdd: input tensor should have at least 2 dimensions, but got ${x.ndim}`);
    const d = x.shape.at(-1)!;
    checkHistogram("histogramdd", x, d, x.shape.slice(0, -1), options);
    const list =
      typeof bins === "number"
        ? Array<number>(d).fill(bins)
        : (checkArray("histogramdd", "bins", bins, "numbers or tensors") as readonly (number | Tensor)[]);
    if (list.length !== d)
      throw new ShapeError(
        `histogramdd: The size of bins must be equal to the innermost dimension of the input: ${list.length} and ${d}`,
      );
    return noGrad(() => {
      const points = x.reshape([sizeOfShape(x.shape.slice(0, -1)), d]);
      const edges = list.map((b, k) =>
        edgesOf("histogramdd", points.select(1, k), b, options.range?.slice(2 * k, 2 * k + 2)),
      );
      return pair(countPoints(points, edges, options.weight, options.density ?? false), edges);
    });
  },
);
