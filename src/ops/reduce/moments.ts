/** Products, variances and norms over axes. */

import { noGrad } from "../../autograd/mode";
import { record } from "../../autograd/node";
import { checkNumber } from "../../core/arguments";
import { type DType, isFloat } from "../../core/dtype";
import { DTypeError, ValueError } from "../../core/errors";
import { wrapDim } from "../../core/shape";
import { named } from "../../core/signature";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { cast, computeType } from "../builders/define";
import { cat } from "../shape/join";
import type { KeepdimOptions } from "./extrema";
import { type Dim, type Plan, plan, type ReduceOptions, spread, sum } from "./reduce";
import { reduceInto, reduceOnce, reductions, threeAxes } from "./reduceInto";

/** The product over `dim`. Integers and bool are multiplied as int64. @see torch.prod */
export const prod = named(
  "prod",
  "input, dim?; keepdim, dtype",
  (x: Tensor, dim?: number | null, options: ReduceOptions = {}): Tensor => {
    checkTensor("prod", x);
    const input = options.dtype === undefined ? x : x.to(options.dtype);
    const axis = dim === undefined || dim === null ? undefined : wrapDim("prod", dim, x.ndim);
    const p = plan("prod", input, axis, options.keepdim);
    const y = allocate(p.shape, isFloat(input.dtype) ? computeType(input.dtype) : "int64", input);
    reduceInto(reductions.prod, y, input, p.dims, computeType(input.dtype));
    const result: DType = options.dtype ?? (isFloat(input.dtype) ? input.dtype : "int64");
    const { shape } = input;
    return record(
      "ProdBackward0",
      cast(y, result),
      [input],
      [input],
      [(g, [v]) => prodGrad(g, v!, p.dims, p.kept, shape)],
    );
  },
);

/** Each element's gradient is the product of the others: products before it times products after it, so that zeros need no division. */
function prodGrad(
  g: Tensor,
  x: Tensor,
  dims: readonly number[],
  kept: readonly number[],
  shape: readonly number[],
): Tensor {
  if (x.numel() === 0) return x.mul(0);
  if (shape.length === 0) return g.reshape(shape);
  if (dims.length === shape.length && shape.length > 1)
    return prodGrad(g, x.reshape(-1), [0], [1], [x.numel()]).reshape(shape);
  const d = dims[0]!;
  const n = shape[d]!;
  const one = x.narrow(d, 0, 1).newOnes(kept);
  const before = cat([one, x.narrow(d, 0, n - 1)], d).cumprod(d);
  const after = cat([one, x.narrow(d, 1, n - 1).flip([d])], d)
    .cumprod(d)
    .flip([d]);
  return spread(g, kept, shape).mul(before.mul(after));
}

/** Options of variances and standard deviations. */
export interface VarianceOptions extends KeepdimOptions {
  /** What is subtracted from the number of elements in the divisor. Default: 1 (Bessel's correction). */
  correction?: number;
  /** `false` means correction 0. */
  unbiased?: boolean;
}

/** A truth value in the place of the axes is PyTorch's `std(input, unbiased)`: over all of them. */
const axesIn = (dim: Dim | boolean): Dim => (typeof dim === "boolean" ? undefined : dim);

const varianceOptions = (dim: Dim | boolean, options: VarianceOptions): VarianceOptions =>
  typeof dim === "boolean" ? { ...options, unbiased: dim } : options;

function checkFloat(op: string, x: Tensor): void {
  checkTensor(op, x);
  if (!isFloat(x.dtype))
    throw new DTypeError(`${op} only support floating point and complex dtypes, got ${x.dtype}; use x.float()`);
}

/** Σ (x − mean)² over the axes of a plan, and the mean, in two passes, so that a large mean does no harm. */
function squaredDeviations(x: Tensor, p: Plan): [sum: Tensor, mean: Tensor] {
  const dtype = computeType(x.dtype);
  const outputs = [allocate(p.shape, dtype, x), allocate(p.shape, dtype, x)] as const;
  reduceOnce(x, p.dims, outputs, ([squares, means], distinct, copies) => {
    const source = cast(distinct, dtype);
    const rows = threeAxes(source, p.dims);
    const { n, inner } = rows;
    x.storage.backend.run("squaredDeviation", { sum: squares!, mean: means!, x: rows.x, n, inner });
    if (copies > 1) x.storage.backend.binary("mul", dtype, squares!, squares!, copies, 0);
    if (rows.owned) rows.x.dispose();
    if (source !== distinct) source.dispose();
  });
  const [y, mean] = outputs;
  return [cast(y, x.dtype), cast(mean, x.dtype)];
}

/** What the squares are divided by: n less the correction. */
function divisorOf(op: string, n: number, { correction, unbiased }: VarianceOptions): number {
  return Math.max(0, n - (correction == null ? Number(unbiased !== false) : checkNumber(op, "correction", correction)));
}

/** The variance over `dim`. @see torch.var @example x.var(0, { correction: 0 }) */
const variance = named(
  "var",
  "input, dim?; unbiased, keepdim; correction",
  (x: Tensor, axes?: Dim | boolean, given: VarianceOptions = {}): Tensor => {
    checkFloat("var", x);
    const [dim, options] = [axesIn(axes), varianceOptions(axes, given)];
    const p = plan("var", x, dim, options.keepdim);
    const divisor = divisorOf("var", p.n, options);
    const y = noGrad(() => squaredDeviations(x, p)[0].div(divisor));
    const { shape } = x;
    return record(
      "VarBackward0",
      y,
      [x],
      [x],
      [
        (g, [v]) => {
          const centered = v!.sub(v!.ndim === 0 ? v! : v!.mean(p.dims, { keepdim: true }));
          return spread(g, p.kept, shape)
            .mul(centered)
            .mul(2 / divisor);
        },
      ],
    );
  },
);

export { variance as var };

/** The standard deviation over `dim`. @see torch.std */
export const std = named(
  "std",
  "input, dim?; unbiased, keepdim; correction",
  (x: Tensor, axes?: Dim | boolean, given: VarianceOptions = {}): Tensor => {
    checkFloat("std", x);
    const [dim, options] = [axesIn(axes), varianceOptions(axes, given)];
    const y = noGrad(() => variance(x, dim, options).sqrt());
    const p = plan("std", x, dim, options.keepdim);
    const divisor = divisorOf("std", p.n, options);
    const { shape } = x;
    return record(
      "StdBackward0",
      y,
      [x],
      [x, y],
      [
        (g, [v, s]) => {
          const centered = v!.sub(v!.ndim === 0 ? v! : v!.mean(p.dims, { keepdim: true }));
          const scaled = g.div(s!.mul(divisor)).maskedFill(s!.eq(0), 0);
          return spread(scaled, p.kept, shape).mul(centered);
        },
      ],
    );
  },
);

/** Variance and mean. @see torch.var_mean */
export const varMean = named(
  "varMean",
  "input, dim?; unbiased, keepdim; correction",
  (x: Tensor, dim?: Dim | boolean, options: VarianceOptions = {}): [variance: Tensor, mean: Tensor] => [
    variance(x, dim, options),
    x.mean(axesIn(dim), { keepdim: options.keepdim ?? false }),
  ],
);

/** Standard deviation and mean. @see torch.std_mean */
export const stdMean = named(
  "stdMean",
  "input, dim?; unbiased, keepdim; correction",
  (x: Tensor, dim?: Dim | boolean, options: VarianceOptions = {}): [std: Tensor, mean: Tensor] => [
    std(x, dim, options),
    x.mean(axesIn(dim), { keepdim: options.keepdim ?? false }),
  ],
);

/** log Σ e^x over `dim`, without overflow. @see torch.logsumexp */
export const logsumexp = named(
  "logsumexp",
  "input, dim; keepdim",
  (x: Tensor, dim: Dim, options: KeepdimOptions = {}): Tensor => {
    checkTensor("logsumexp", x);
    const source = isFloat(x.dtype) ? x : x.float();
    const p = plan("logsumexp", x, dim, options.keepdim);
    const y = allocate(p.shape, computeType(source.dtype), x);
    reduceInto(reductions.logsumexp, y, source, p.dims, computeType(source.dtype));
    const { shape } = x;
    return record(
      "LogsumexpBackward0",
      cast(y, source.dtype),
      [source],
      [source, y],
      [(g, [v, s]) => spread(g, p.kept, shape).mul(v!.sub(spread(s!, p.kept, shape)).exp())],
    );
  },
);

/** The sum over `dim`, NaN counting as 0. @see torch.nansum */
export const nansum = named(
  "nansum",
  "input, dim?; keepdim, dtype",
  (x: Tensor, dim?: Dim, options: ReduceOptions = {}): Tensor => {
    checkTensor("nansum", x);
    const input = options.dtype === undefined ? x : x.to(options.dtype);
    if (!isFloat(input.dtype)) return sum(input, dim, options);
    const { keepdim = false } = options;
    const p = plan("nansum", input, dim, keepdim);
    const y = noGrad(() => sum(input.maskedFill(input.isnan(), 0), dim, { keepdim }));
    const { shape } = input;
    return record(
      "NansumBackward0",
      y,
      [input],
      [input],
      [(g, [v]) => spread(g, p.kept, shape).maskedFill(v!.isnan(), 0)],
    );
  },
);

/** The mean over `dim` of the elements that are not NaN. @see torch.nanmean */
export const nanmean = named(
  "nanmean",
  "input, dim?; keepdim; dtype",
  (x: Tensor, dim?: Dim, options: ReduceOptions = {}): Tensor => {
    checkTensor("nanmean", x);
    const count = x
      .isnan()
      .logicalNot()
      .sum(dim, { keepdim: options.keepdim ?? false });
    return nansum(x, dim, options).div(count);
  },
);

/** The p-norm of all elements over `dim`: (Σ |x|^p)^(1/p). @see torch.linalg.vector_norm */
export const vectorNorm = named(
  "vectorNorm",
  "x, ord?, dim?; keepdim; dtype",
  (x: Tensor, order: number = 2, dim?: Dim, options: ReduceOptions = {}): Tensor => {
    checkTensor("vectorNorm", x);
    const ord = checkNumber("vectorNorm", "ord", order);
    const input = options.dtype === undefined ? x : x.to(options.dtype);
    checkFloat("vectorNorm", input);
    const keepdim = options.keepdim ?? false;
    const p = plan("vectorNorm", input, dim, keepdim);
    if (input.numel() === 0 && (ord < 0 || ord === Number.POSITIVE_INFINITY)) checkNotEmpty(input, ord, p, dim);
    const y = noGrad(() => normValue(input, ord, p, keepdim));
    const { shape } = input;
    return record(
      "LinalgVectorNormBackward0",
      y,
      [input],
      [input, y],
      [(g, [v, s]) => normGrad(spread(g, p.kept, shape), v!, spread(s!, p.kept, shape), ord, p.dims)],
    );
  },
);

/** @throws ValueError if an axis without elements is reduced: there is no least or largest of none. */
function checkNotEmpty(x: Tensor, ord: number, { dims }: Plan, dim: Dim | undefined): void {
  const empty = dims.find((d) => x.shape[d] === 0);
  const where = dim == null ? "an empty tensor" : `the dimension ${empty} because this dimension is empty and`;
  if (empty !== undefined)
    throw new ValueError(
      `vectorNorm: cannot compute the ${ord} norm on ${where}${dim == null ? " because" : ""} the operation does not have an identity`,
    );
}

function normValue(x: Tensor, ord: number, p: Plan, keepdim: boolean): Tensor {
  const over = x.ndim === 0 ? undefined : p.dims;
  if (ord === Number.POSITIVE_INFINITY) return x.abs().amax(over, { keepdim });
  if (ord === Number.NEGATIVE_INFINITY) return x.abs().amin(over, { keepdim });
  if (ord === 0) return x.ne(0).to(x.dtype).sum(over, { keepdim });
  const source = cast(x, computeType(x.dtype));
  const root = ord === 2 ? sumSquare(source, p).sqrt() : sumPower(source.abs(), ord, over, keepdim).pow(1 / ord);
  return cast(root, x.dtype);
}

/** Σ x² in one pass. */
function sumSquare(x: Tensor, p: Plan): Tensor {
  const y = allocate(p.shape, x.dtype, x);
  reduceInto(reductions.sumSquare, y, x, p.dims);
  return y;
}

const sumPower = (x: Tensor, ord: number, over: Dim, keepdim: boolean): Tensor =>
  (ord === 1 ? x : x.pow(ord)).sum(over, { keepdim });

/** The subgradient at 0 is 0. @see norm_backward */
function normGrad(g: Tensor, x: Tensor, norm: Tensor, ord: number, dims: readonly number[]): Tensor {
  if (ord === 0) return g.mul(0);
  if (ord === 1) return g.mul(x.sgn());
  if (ord === 2) return g.mul(x.div(norm).maskedFill(norm.eq(0), 0));
  if (Math.abs(ord) === Number.POSITIVE_INFINITY) {
    const hits = x.abs().eq(norm).logicalOr(x.isnan().logicalAnd(norm.isnan())).to(x.dtype);
    const count = x.ndim === 0 ? hits : hits.sum(dims, { keepdim: true });
    return g.mul(x.sgn()).mul(hits.div(count));
  }
  if (ord < 1)
    return g.mul(
      x
        .sgn()
        .mul(x.abs().pow(ord - 1))
        .mul(norm.pow(1 - ord))
        .maskedFill(x.eq(0), 0),
    );
  if (ord < 2)
    return g.mul(
      x
        .sgn()
        .mul(x.abs().pow(ord - 1))
        .mul(norm.pow(1 - ord))
        .maskedFill(norm.eq(0), 0),
    );
  return g.mul(
    x
      .mul(x.abs().pow(ord - 2))
      .mul(norm.pow(1 - ord))
      .maskedFill(norm.eq(0), 0),
  );
}
