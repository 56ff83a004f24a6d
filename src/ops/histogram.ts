/** How many elements fall on whole numbers, or between boundaries. */
import { noGrad } from "../autograd/mode";
import { isFloat } from "../core/dtype";
import { ArgumentError, checkOptions, describe, ShapeError, ValueError } from "../core/errors";
import { sameShape, sizeOfShape } from "../core/shape";
import { allocate } from "../tensor/create";
import { Tensor } from "../tensor/tensor";
import { checkTensor } from "./checks";
import { linspace } from "./creation";
import { cast, computeType } from "./define";
import { dense } from "./positions";
import { checkFloating } from "./precision";
import { searchsorted } from "./search";

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
export function bincount(x: Tensor, options: BincountOptions = {}): Tensor {
  checkTensor("bincount", x);
  checkOptions("bincount", options, ["weights", "minlength"]);
  const { weights, minlength = 0 } = options;
  if (x.ndim !== 1 || isFloat(x.dtype))
    throw new ArgumentError("bincount: only supports 1-d non-negative integral inputs.");
  if (weights && !sameShape(weights.shape, x.shape))
    throw new ShapeError("bincount: weights should be 1-d and have the same length as input");
  if (x.numel() > 0 && x.min().item() < 0)
    throw new ValueError("bincount: only supports 1-d non-negative integral inputs.");
  const bins = Math.max(minlength, x.numel() === 0 ? 0 : x.max().item() + 1);
  const counted = weights
    ? weights.dtype === "float32"
      ? weights
      : weights.to("float64")
    : x.newOnes(x.shape, { dtype: "int64" });
  return noGrad(() => counted.newZeros([bins]).scatterAdd(0, x.long(), counted));
}

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

/**
 * Counts of the elements in `bins` equal bins from min to max; others are not counted.
 * @see torch.histc
 * @throws DTypeError for integers.
 */
export function histc(x: Tensor, bins = 100, options: HistcOptions = {}): Tensor {
  checkTensor("histc", x);
  checkOptions("histc", options, ["min", "max"]);
  checkFloating("histc", x);
  if (!Number.isInteger(bins) || bins <= 0) throw new ValueError(`histc: bins must be > 0, got ${bins}`);
  const source = dense(cast(x.detach(), computeType(x.dtype)));
  const [low, high] = histogramRange("histc", source, options.min ?? 0, options.max ?? 0);
  const y = allocate([bins], source.dtype, x);
  x.storage.backend.call("histc", source.dtype, [y, source, x.numel(), bins, low, high], { range: bins, cost: 0 });
  return cast(y, x.dtype);
}

/** Options of {@link histogram}. */
export interface HistogramOptions {
  /** The ends of the first and the last bin; for several dimensions one pair after the other. Default: the extrema of the data. */
  range?: readonly number[] | null;
  /** One per element (per point in several dimensions). */
  weight?: Tensor | null;
  /** Normalise so that the integral over all bins is 1. Default: false. */
  density?: boolean;
}

/** Edges of bins: as given, or evenly spaced. */
function edgesOf(op: string, x: Tensor, bins: number | Tensor, range: readonly number[] | null | undefined): Tensor {
  if (bins instanceof Tensor) return bins;
  if (!Number.isInteger(bins) || bins <= 0) throw new ValueError(`${op}: bins must be > 0, got ${describe(bins)}`);
  const [low, high] = histogramRange(op, x, range?.[0] ?? 0, range?.[1] ?? 0);
  return linspace(low, high, bins + 1, { dtype: x.dtype });
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
export interface Histogram<E> {
  readonly hist: Tensor;
  readonly binEdges: E;
  [Symbol.iterator](): IterableIterator<Tensor | E>;
}

const pair = <E>(hist: Tensor, binEdges: E): Histogram<E> => ({
  hist,
  binEdges,
  [Symbol.iterator]: () => [hist, binEdges].values(),
});

/**
 * Counts of the elements in bins, and the edges of the bins: `bins` equal ones, or between the elements of a sorted vector.
 * @see torch.histogram
 */
export function histogram(x: Tensor, bins: number | Tensor, options: HistogramOptions = {}): Histogram<Tensor> {
  checkTensor("histogram", x);
  checkOptions("histogram", options, ["range", "weight", "density"]);
  checkFloating("histogram", x);
  return noGrad(() => {
    const edges = edgesOf("histogram", x, bins, options.range);
    return pair(countPoints(x.reshape([-1, 1]), [edges], options.weight, options.density ?? false), edges);
  });
}

/**
 * Counts of points in a grid of bins. Shape: [*, d] → [bins₀, …]; `bins` for each of the d coordinates as in {@link histogram}.
 * @see torch.histogramdd
 */
export function histogramdd(
  x: Tensor,
  bins: number | readonly (number | Tensor)[],
  options: HistogramOptions = {},
): Histogram<Tensor[]> {
  checkTensor("histogramdd", x);
  checkOptions("histogramdd", options, ["range", "weight", "density"]);
  checkFloating("histogramdd", x);
  if (x.ndim < 2)
    throw new ShapeError(`histogramdd: input tensor should have at least 2 dimensions, but got ${x.ndim}`);
  const d = x.shape.at(-1)!;
  const list = typeof bins === "number" ? Array<number>(d).fill(bins) : bins;
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
}
