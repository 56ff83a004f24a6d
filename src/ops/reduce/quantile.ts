/** Quantiles: elements, or points between elements, at a fraction of the way through a sorted row. */

import { checkNumber } from "../../core/arguments";
import { isFloat } from "../../core/dtype";
import { ArgumentError, checkOptions, DTypeError, describe, ShapeError, ValueError } from "../../core/errors";
import { wrapDim } from "../../core/shape";
import { named } from "../../core/signature";
import { tensor } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { checkTensor, demand } from "../builders/checks";
import { sort } from "./sort";

const interpolations = ["linear", "lower", "higher", "midpoint", "nearest"] as const;

/** Options of {@link quantile}. */
export interface QuantileOptions {
  /** Keep the reduced axis with size 1. Default: false. */
  keepdim?: boolean;
  /** What to take between two elements. Default: "linear". */
  interpolation?: (typeof interpolations)[number];
}

/** The quantiles as a vector of the dtype of `x`. @throws ValueError unless all lie in [0, 1]. */
function fractions(op: string, x: Tensor, q: number | Tensor): Tensor {
  const list = q instanceof Tensor ? q : tensor([checkNumber(op, "q", q)], { dtype: x.dtype, device: x.device });
  if (list.ndim > 1) throw new ShapeError(`${op}() q must be a scalar or 1D tensor, got ${list.ndim}D`);
  if (list.dtype !== x.dtype)
    throw new DTypeError(`${op}() q tensor must be same dtype as the input tensor, got ${list.dtype} and ${x.dtype}`);
  const outside = () => new ValueError(`${op}() q must be in the range [0, 1] but got ${q}`);
  if (q instanceof Tensor) demand(list.ge(0).logicalAnd(list.le(1)), outside);
  else if (!(q >= 0 && q <= 1)) throw outside();
  return list.reshape(-1);
}

/** The elements of sorted rows at fractional positions. */
function interpolate(rows: Tensor, ranks: Tensor, interpolation: QuantileOptions["interpolation"]): Tensor {
  if (interpolation === "lower") return rows.gather(-1, ranks.floor().long());
  if (interpolation === "higher") return rows.gather(-1, ranks.ceil().long());
  if (interpolation === "nearest") return rows.gather(-1, ranks.round().long());
  const below = ranks.detach().floor();
  const weight =
    interpolation === "midpoint" ? ranks.newFull(ranks.shape, 0.5, { dtype: ranks.dtype }) : ranks.sub(below);
  const [low, high] = [rows.gather(-1, below.long()), rows.gather(-1, ranks.detach().ceil().long())];
  return low.lerp(high, weight);
}

function quantileOf(
  op: string,
  x: Tensor,
  q: number | Tensor,
  dim: number | null | undefined,
  ignoreNaN: boolean,
  options: QuantileOptions,
): Tensor {
  checkTensor(op, x);
  checkOptions(op, options, ["keepdim", "interpolation"]);
  const { keepdim = false, interpolation = "linear" } = options;
  if (!interpolations.includes(interpolation))
    throw new ArgumentError(
      `${op}() interpolation must be one of ${interpolations.join(", ")}, but got ${describe(interpolation)}`,
    );
  if (!isFloat(x.dtype))
    throw new DTypeError(`${op}() input tensor must be either float or double dtype, got ${x.dtype}; use x.float()`);
  if (x.numel() === 0) throw new ShapeError(`${op}() input tensor must be non-empty`);
  const all = dim === undefined || dim === null;
  const d = all ? 0 : wrapDim(op, dim, x.ndim);
  const rows = sort(all || x.ndim === 0 ? x.reshape(-1) : x.movedim(d, -1), -1).values;
  const missing = rows.detach().isnan();
  const last = rows.shape.at(-1)! - 1;
  const list = fractions(op, x, q);
  const ends = ignoreNaN
    ? missing.logicalNot().sum(-1, { keepdim: true }).sub(1).clampMin(0).to(x.dtype)
    : missing.newFull([...rows.shape.slice(0, -1), 1], last, { dtype: x.dtype });
  const ranks = ignoreNaN ? list.mul(ends) : list.mul(ends).maskedFill(missing.any(-1, { keepdim: true }), last);
  const values = interpolate(rows, ranks, interpolation).movedim(-1, 0);
  const kept = all ? x.shape.map(() => 1) : x.ndim === 0 ? [] : x.shape.with(d, 1);
  const shape = keepdim ? kept : all ? [] : x.shape.filter((_, i) => i !== d);
  return values.reshape(q instanceof Tensor && q.ndim > 0 ? [list.numel(), ...shape] : shape);
}

/**
 * The q-quantiles over `dim`, or over all elements. A vector of q gives a new first axis. NaN where there is one.
 * @see torch.quantile
 * @throws DTypeError for integers, ValueError for a q outside [0, 1].
 */
export const quantile = named(
  "quantile",
  "input, q, dim?; keepdim; interpolation",
  (x: Tensor, q: number | Tensor, dim?: number | null, options: QuantileOptions = {}): Tensor =>
    quantileOf("quantile", x, q, dim, false, options),
);

/** {@link quantile} of the elements that are not NaN. @see torch.nanquantile */
export const nanquantile = named(
  "nanquantile",
  "input, q, dim?; keepdim; interpolation",
  (x: Tensor, q: number | Tensor, dim?: number | null, options: QuantileOptions = {}): Tensor =>
    quantileOf("nanquantile", x, q, dim, true, options),
);
