/** The ranges of the dtypes. */

import { checkDType, type DType, isFloat, isInteger } from "./dtype";
import { DTypeError } from "./errors";
import { named } from "./signature";

/** What a floating-point dtype can hold. @see torch.finfo */
export interface FloatInfo {
  readonly dtype: DType;
  /** Bits of an element. */
  readonly bits: number;
  /** The smallest ε with 1 + ε ≠ 1. */
  readonly eps: number;
  /** The largest number. */
  readonly max: number;
  /** The most negative number, −max. */
  readonly min: number;
  /** The smallest positive normal number; also called `smallestNormal`. */
  readonly tiny: number;
  readonly smallestNormal: number;
  /** Decimal digits to which a number is precise. */
  readonly resolution: number;
}

/** Bits of the exponent and of the fraction. */
const layouts: Partial<Record<DType, readonly [exponent: number, fraction: number]>> = {
  float16: [5, 10],
  bfloat16: [8, 7],
  float32: [8, 23],
  float64: [11, 52],
};

/**
 * The limits of a floating-point dtype.
 * @see torch.finfo
 * @throws DTypeError for other dtypes: those have {@link iinfo}.
 * @example torch.finfo("float32").eps // 1.1920928955078125e-7
 */
export const finfo = named("finfo", "type", (dtype: DType): FloatInfo => {
  if (!isFloat(checkDType("finfo", dtype)))
    throw new DTypeError(`finfo: takes a floating-point dtype, got ${dtype}; use iinfo`);
  const [exponent, fraction] = layouts[dtype]!;
  const bias = 2 ** (exponent - 1) - 1;
  const eps = 2 ** -fraction;
  const max = (2 - eps) * 2 ** bias;
  const tiny = 2 ** (1 - bias);
  const resolution = 10 ** -Math.floor(fraction * Math.log10(2));
  return { dtype, bits: 1 + exponent + fraction, eps, max, min: -max, tiny, smallestNormal: tiny, resolution };
});

/** What an integer dtype can hold; numbers beyond 2^53 are bigints. @see torch.iinfo */
export interface IntegerInfo {
  readonly dtype: DType;
  /** Bits of an element. */
  readonly bits: number;
  readonly max: number | bigint;
  readonly min: number | bigint;
}

const widths: Partial<Record<DType, number>> = { uint8: 8, int8: 8, int16: 16, int32: 32, int64: 64 };

const plain = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

/**
 * The limits of an integer dtype.
 * @see torch.iinfo
 * @throws DTypeError for other dtypes: floating-point ones have {@link finfo}.
 * @example torch.iinfo("int8").max // 127
 */
export const iinfo = named("iinfo", "type", (dtype: DType): IntegerInfo => {
  if (!isInteger(checkDType("iinfo", dtype)))
    throw new DTypeError(`iinfo: takes an integer dtype, got ${dtype}${isFloat(dtype) ? "; use finfo" : ""}`);
  const bits = widths[dtype]!;
  if (dtype === "uint8") return { dtype, bits, max: 255, min: 0 };
  const half = 2n ** BigInt(bits - 1);
  return { dtype, bits, max: plain(half - 1n), min: plain(-half) };
});
