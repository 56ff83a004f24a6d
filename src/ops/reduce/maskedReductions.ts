/**
 * `torch.masked`: reductions, scans and normalizations in which only the elements take part where a bool mask is true. The mask broadcasts to
 * the shape of the input; without one these are the ordinary functions. Composed of ordinary ops, so that all derivatives follow.
 */

import { type DType, isFloat } from "../../core/dtype";
import { checkOptions, DTypeError, ShapeError } from "../../core/errors";
import { iinfo } from "../../core/limits";
import { shapeText, wrapDims } from "../../core/shape";
import { named } from "../../core/signature";
import { full } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor, demand } from "../builders/checks";
import type { Dim } from "./reduce";

/** Options of everything in `torch.masked`. */
export interface MaskedOptions {
  /** Which elements take part; broadcasts to the input. Default: all. */
  mask?: Tensor | null;
  /** The dtype of the result. Default: that of the input. */
  dtype?: DType | null;
}

/** Options of the masked reductions. */
export interface MaskedReduceOptions extends MaskedOptions {
  /** Keep the reduced axes with size 1. Default: false. */
  keepdim?: boolean;
}

const normalizing = ["mask", "dtype"] as const;
const reducing = [...normalizing, "keepdim"] as const;

/** `mask` as bool in the shape of `x`. @throws ShapeError if it has more axes. */
function maskFor(op: string, x: Tensor, mask: Tensor): Tensor {
  checkTensor(op, mask, "mask");
  if (mask.ndim > x.ndim)
    throw new ShapeError(
      `masked.${op}: a mask of shape ${shapeText(mask.shape)} has more axes than the input ${shapeText(x.shape)}`,
    );
  return mask.to("bool").expand(x.shape);
}

/** A value that does not change a result: a number, or the end of the range of the dtype. */
type Identity = number | "lowest" | "highest";

function identityOf(x: Tensor, identity: Identity): number | bigint {
  if (typeof identity === "number") return identity;
  if (isFloat(x.dtype)) return identity === "lowest" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (x.dtype === "bool") throw new DTypeError("masked: extrema are not defined for bool; cast with x.long()");
  return iinfo(x.dtype)[identity === "lowest" ? "min" : "max"];
}

/** `x` with the identity of the operation in place of what is masked out. */
function combined(op: string, x: Tensor, mask: Tensor | null | undefined, identity: Identity): Tensor {
  checkTensor(op, x);
  if (mask == null) return x;
  const value = full([], identityOf(x, identity), { dtype: x.dtype, device: x.device });
  return x.maskedFill(maskFor(op, x, mask).logicalNot(), value);
}

/** The number of elements that take part, int64. */
function countOf(op: string, x: Tensor, dim: Dim, mask: Tensor | null | undefined, keepdim: boolean): Tensor {
  const ones = mask == null ? x.newOnes([], { dtype: "bool" }).expand(x.shape) : maskFor(op, x, mask);
  return ones.to("int64").sum(dim, { keepdim });
}

/** The sum over `dim`; 0 where nothing takes part. @see torch.masked.sum */
export const sum = named(
  "sum",
  "input, dim?;; keepdim, mask, dtype",
  (x: Tensor, dim?: Dim, options: MaskedReduceOptions = {}): Tensor => {
    checkTensor("masked.sum", x);
    checkOptions("masked.sum", options, reducing);
    const { mask, dtype, keepdim = false } = options;
    return combined("sum", x, mask, 0).sum(dim, { keepdim, ...(dtype && { dtype }) });
  },
);

/** The product over `dim`; 1 where nothing takes part. @see torch.masked.prod */
export const prod = named(
  "prod",
  "input, dim?;; keepdim, mask, dtype",
  (x: Tensor, dim?: Dim, options: MaskedReduceOptions = {}): Tensor => {
    checkTensor("masked.prod", x);
    checkOptions("masked.prod", options, reducing);
    const { mask, dtype, keepdim = false } = options;
    let y = combined("prod", x, mask, 1).to(dtype ?? (isFloat(x.dtype) ? x.dtype : "int64"));
    for (const d of wrapDims("masked.prod", dim, x.ndim).reverse()) y = y.prod(d, { keepdim });
    return y;
  },
);

/** The mean over `dim`; NaN where nothing takes part. @see torch.masked.mean */
export const mean = named(
  "mean",
  "input, dim?;; keepdim, mask, dtype",
  (x: Tensor, dim?: Dim, options: MaskedReduceOptions = {}): Tensor => {
    checkTensor("masked.mean", x);
    checkOptions("masked.mean", options, reducing);
    const { mask, dtype, keepdim = false } = options;
    return sum(x, dim, { ...options, dtype: dtype ?? x.dtype }).div(countOf("mean", x, dim, mask, keepdim));
  },
);

/** The largest element over `dim`; −∞ (integers: the smallest there is) where nothing takes part. @see torch.masked.amax */
export const amax = named(
  "amax",
  "input, dim?;; keepdim, mask, dtype",
  (x: Tensor, dim?: Dim, options: MaskedReduceOptions = {}): Tensor => {
    checkTensor("masked.amax", x);
    checkOptions("masked.amax", options, reducing);
    const { mask, dtype, keepdim = false } = options;
    return combined("amax", x, mask, "lowest")
      .amax(dim, { keepdim })
      .to(dtype ?? x.dtype);
  },
);

/** The smallest element over `dim`; ∞ (integers: the largest there is) where nothing takes part. @see torch.masked.amin */
export const amin = named(
  "amin",
  "input, dim?;; keepdim, mask, dtype",
  (x: Tensor, dim?: Dim, options: MaskedReduceOptions = {}): Tensor => {
    checkTensor("masked.amin", x);
    checkOptions("masked.amin", options, reducing);
    const { mask, dtype, keepdim = false } = options;
    return combined("amin", x, mask, "highest")
      .amin(dim, { keepdim })
      .to(dtype ?? x.dtype);
  },
);

/** The position of the largest element, by default in the flattened tensor; as in PyTorch it has the dtype of the input. @see torch.masked.argmax */
export const argmax = named(
  "argmax",
  "input, dim?;; keepdim, mask, dtype",
  (x: Tensor, dim?: number | null, options: MaskedReduceOptions = {}): Tensor => {
    checkTensor("masked.argmax", x);
    checkOptions("masked.argmax", options, reducing);
    const { mask, dtype, keepdim = false } = options;
    return combined("argmax", x, mask, "lowest")
      .argmax(dim, { keepdim })
      .to(dtype ?? x.dtype);
  },
);

/** The position of the smallest element, by default in the flattened tensor; as in PyTorch it has the dtype of the input. @see torch.masked.argmin */
export const argmin = named(
  "argmin",
  "input, dim?;; keepdim, mask, dtype",
  (x: Tensor, dim?: number | null, options: MaskedReduceOptions = {}): Tensor => {
    checkTensor("masked.argmin", x);
    checkOptions("masked.argmin", options, reducing);
    const { mask, dtype, keepdim = false } = options;
    return combined("argmin", x, mask, "highest")
      .argmin(dim, { keepdim })
      .to(dtype ?? x.dtype);
  },
);

/**
 * The lower median along `dim`; NaN where nothing takes part.
 * @see torch.masked.median
 * @throws DTypeError for integers of which nothing takes part somewhere.
 */
export const median = named(
  "median",
  "input, dim?;; keepdim, mask, dtype",
  (x: Tensor, dim = -1, options: MaskedReduceOptions = {}): Tensor => {
    checkTensor("masked.median", x);
    checkOptions("masked.median", options, reducing);
    const { mask, dtype, keepdim = false } = options;
    const input = isFloat(x.dtype) ? x : x.float();
    const y = combined("median", input, mask, Number.NaN).nanmedian(dim, { keepdim }).values;
    if (isFloat(x.dtype)) return y;
    const error = () =>
      new DTypeError(`masked.median: ${x.dtype} has no NaN for rows that are fully masked out; use x.float()`);
    if (mask) demand(y.isnan().logicalNot(), error);
    return y.to(dtype ?? x.dtype);
  },
);

/** The p-norm over `dim`; 0 where nothing takes part, but ∞ for the order −∞. @see torch.masked.norm */
export const norm = named(
  "norm",
  "input, ord?, dim?;; keepdim, mask, dtype",
  (x: Tensor, ord: number | null = 2, dim?: Dim, options: MaskedReduceOptions = {}): Tensor => {
    checkTensor("masked.norm", x);
    checkOptions("masked.norm", options, reducing);
    const { mask, dtype, keepdim = false } = options;
    const identity = ord === Number.NEGATIVE_INFINITY ? Number.POSITIVE_INFINITY : 0;
    return combined("norm", x, mask, identity).vectorNorm(ord ?? 2, dim, { keepdim, ...(dtype && { dtype }) });
  },
);

/** The variance over `dim`; NaN where nothing takes part. `unbiased` divides by the count less 1. @see torch.masked.var */
const variance = named(
  "variance",
  "input, dim?, unbiased?;; keepdim, mask, dtype",
  (x: Tensor, dim?: Dim, unbiased = false, options: MaskedReduceOptions = {}): Tensor => {
    checkTensor("masked.var", x);
    checkOptions("masked.var", options, reducing);
    const { mask, keepdim = false } = options;
    const dtype = options.dtype ?? (isFloat(checkTensor("masked.var", x).dtype) ? x.dtype : "float32");
    const center = sum(x, dim, { mask: mask ?? null, dtype, keepdim: true }).div(countOf("var", x, dim, mask, true));
    const squares = x.sub(center).square();
    const total = sum(squares, dim, { mask: mask ?? null, dtype: isFloat(dtype) ? dtype : "float32", keepdim });
    const count = countOf("var", x, dim, mask, keepdim);
    return total.div(unbiased ? count.sub(1).clampMin(0) : count).to(dtype);
  },
);

export { variance as var };

/** The standard deviation over `dim`; NaN where nothing takes part. @see torch.masked.std */
export const std = named(
  "std",
  "input, dim?, unbiased?;; keepdim, mask, dtype",
  (x: Tensor, dim?: Dim, unbiased = false, options: MaskedReduceOptions = {}): Tensor =>
    variance(x, dim, unbiased, options).sqrt(),
);

/** log Σ eˣ over `dim`; −∞ where nothing takes part. @see torch.masked.logsumexp */
export const logsumexp = named(
  "logsumexp",
  "input, dim?;; keepdim, mask, dtype",
  (x: Tensor, dim?: Dim, options: MaskedReduceOptions = {}): Tensor => {
    checkTensor("masked.logsumexp", x);
    checkOptions("masked.logsumexp", options, reducing);
    const { mask, dtype, keepdim = false } = options;
    return combined("logsumexp", x, mask, "lowest")
      .logsumexp(dim, { keepdim })
      .to(dtype ?? x.dtype);
  },
);

/** Options of {@link logaddexp}. */
export interface MaskedPairOptions {
  /** Which elements of the first operand take part. Default: all. */
  inputMask?: Tensor | null;
  /** Which elements of the second operand take part. Default: all. */
  otherMask?: Tensor | null;
  /** The dtype of the result. Default: that of the first operand. */
  dtype?: DType | null;
}

/** log(eˣ + eʸ), elementwise; what is masked out counts as −∞. @see torch.masked.logaddexp */
export const logaddexp = named(
  "logaddexp",
  "input, other;; dtype, inputMask, otherMask",
  (x: Tensor, other: Tensor, options: MaskedPairOptions = {}): Tensor => {
    checkTensor("masked.logaddexp", x);
    checkOptions("masked.logaddexp", options, ["inputMask", "otherMask", "dtype"]);
    const { inputMask, otherMask, dtype } = options;
    const a = combined("logaddexp", x, inputMask, "lowest");
    const b = combined("logaddexp", other, otherMask, "lowest");
    return a.logaddexp(b).to(dtype ?? x.dtype);
  },
);

/** The running sum along `dim`; what is masked out counts as 0. @see torch.masked.cumsum */
export const cumsum = named(
  "cumsum",
  "input, dim;; mask, dtype",
  (x: Tensor, dim: number, options: MaskedOptions = {}): Tensor => {
    checkTensor("masked.cumsum", x);
    checkOptions("masked.cumsum", options, normalizing);
    const dtype = options.dtype ?? x.dtype;
    return combined("cumsum", x, options.mask, 0).cumsum(dim, { dtype });
  },
);

/** The running product along `dim`; what is masked out counts as 1. @see torch.masked.cumprod */
export const cumprod = named(
  "cumprod",
  "input, dim;; mask, dtype",
  (x: Tensor, dim: number, options: MaskedOptions = {}): Tensor => {
    checkTensor("masked.cumprod", x);
    checkOptions("masked.cumprod", options, normalizing);
    const dtype = options.dtype ?? x.dtype;
    return combined("cumprod", x, options.mask, 1).cumprod(dim, { dtype });
  },
);

/** Softmax along `dim`; what is masked out gets 0. @see torch.masked.softmax */
export const softmax = named(
  "softmax",
  "input, dim;; mask, dtype",
  (x: Tensor, dim: number, options: MaskedOptions = {}): Tensor => {
    checkTensor("masked.softmax", x);
    checkOptions("masked.softmax", options, normalizing);
    const { mask, dtype } = options;
    return combined("softmax", x, mask, "lowest").softmax(dim, { dtype: dtype ?? x.dtype });
  },
);

/** The logarithm of {@link softmax}; what is masked out gets −∞. @see torch.masked.log_softmax */
export const logSoftmax = named(
  "logSoftmax",
  "input, dim;; mask, dtype",
  (x: Tensor, dim: number, options: MaskedOptions = {}): Tensor => {
    checkTensor("masked.logSoftmax", x);
    checkOptions("masked.logSoftmax", options, normalizing);
    const { mask, dtype } = options;
    return combined("logSoftmax", x, mask, "lowest").logSoftmax(dim, { dtype: dtype ?? x.dtype });
  },
);

/** Softmax of −x along `dim`; what is masked out gets 0. @see torch.masked.softmin */
export const softmin = named(
  "softmin",
  "input, dim;; mask, dtype",
  (x: Tensor, dim: number, options: MaskedOptions = {}): Tensor => {
    checkTensor("masked.softmin", x);
    checkOptions("masked.softmin", options, normalizing);
    const { mask, dtype } = options;
    return combined("softmin", x, mask, "highest")
      .neg()
      .softmax(dim, { dtype: dtype ?? x.dtype });
  },
);

/** `x` divided by its p-norm along `dim`, at least `eps`; what is masked out gets 0. @see torch.masked.normalize */
export const normalize = named(
  "normalize",
  "input, ord, dim;; mask, dtype, eps",
  (x: Tensor, ord: number, dim: number, options: MaskedOptions & { eps?: number } = {}): Tensor => {
    checkTensor("masked.normalize", x);
    checkOptions("masked.normalize", options, [...normalizing, "eps"]);
    const { eps = 1e-12, ...rest } = options;
    const size = norm(x, ord, dim, { ...rest, keepdim: true });
    return combined("normalize", x, rest.mask, 0).div(
      size.maximum(full([], eps, { dtype: size.dtype, device: size.device })),
    );
  },
);
