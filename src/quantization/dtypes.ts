/** The types of quantized tensors, and how their values are scaled. */
import type { DType } from "../core/dtype";
import { DTypeError, describe } from "../core/errors";

/** 8-bit integers without a sign, with a scale and a zero point. @see torch.quint8 */
export const quint8 = "quint8";
/** 8-bit integers with a scale and a zero point. @see torch.qint8 */
export const qint8 = "qint8";
/** 32-bit integers with a scale and a zero point. @see torch.qint32 */
export const qint32 = "qint32";

/** One scale and one zero point for all values. @see torch.per_tensor_affine */
export const perTensorAffine = "perTensorAffine";
/** One scale, and a zero point that is 0 or in the middle of the range. @see torch.per_tensor_symmetric */
export const perTensorSymmetric = "perTensorSymmetric";
/** A scale and a zero point per channel. @see torch.per_channel_affine */
export const perChannelAffine = "perChannelAffine";
/** A scale per channel, and zero points that are 0 or in the middle of the range. @see torch.per_channel_symmetric */
export const perChannelSymmetric = "perChannelSymmetric";

/** The type of a quantized tensor. */
export type QuantizedDType = "quint8" | "qint8" | "qint32";

/** How values are scaled. */
export type QScheme = "perTensorAffine" | "perTensorSymmetric" | "perChannelAffine" | "perChannelSymmetric";

interface QuantizedInfo {
  /** The dtype of the integers. */
  readonly storage: DType;
  readonly min: number;
  readonly max: number;
}

const info: Record<QuantizedDType, QuantizedInfo> = {
  quint8: { storage: "uint8", min: 0, max: 255 },
  qint8: { storage: "int8", min: -128, max: 127 },
  qint32: { storage: "int32", min: -(2 ** 31), max: 2 ** 31 - 1 },
};

export const storageOf = (dtype: QuantizedDType): DType => info[dtype].storage;
export const boundsOf = (dtype: QuantizedDType): readonly [min: number, max: number] => [
  info[dtype].min,
  info[dtype].max,
];

/** @throws DTypeError unless `value` is the type of a quantized tensor. */
export function checkQuantizedDType(op: string, value: unknown): QuantizedDType {
  if (typeof value === "string" && Object.hasOwn(info, value)) return value as QuantizedDType;
  throw new DTypeError(`${op}: dtype must be one of ${Object.keys(info).join(", ")}, got ${describe(value)}`);
}

/** A scheme as PyTorch prints it. */
export const schemeText = (scheme: QScheme): string =>
  `torch.${scheme.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
