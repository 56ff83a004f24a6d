/** Element types, their codes in the kernel ABI, and PyTorch's rules of promotion. */
import { DTypeError, describe } from "./errors";

/** The element types, by PyTorch's names. `torch.float32 === "float32"`. */
export type DType =
  | "float32"
  | "float64"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "uint8"
  | "bool"
  | "float16"
  | "bfloat16";

/** Any array that a tensor's memory is viewed through. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array
  | Uint16Array;

type TypedArrayConstructor = { new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray };

interface DTypeInfo {
  /** The code in `assembly/common/dtype.ts`. */
  readonly code: number;
  /** Bytes of an element. */
  readonly size: number;
  /** Promotion looks at the kind first: bool < integer < float. */
  readonly kind: "bool" | "int" | "float";
  readonly array: TypedArrayConstructor;
  /** The name in a type string such as `torch.FloatTensor`, and in autograd's errors. */
  readonly legacy: string;
}

const info: Record<DType, DTypeInfo> = {
  float32: { code: 0, size: 4, kind: "float", array: Float32Array, legacy: "Float" },
  float64: { code: 1, size: 8, kind: "float", array: Float64Array, legacy: "Double" },
  int64: { code: 2, size: 8, kind: "int", array: BigInt64Array, legacy: "Long" },
  int32: { code: 3, size: 4, kind: "int", array: Int32Array, legacy: "Int" },
  int16: { code: 4, size: 2, kind: "int", array: Int16Array, legacy: "Short" },
  int8: { code: 5, size: 1, kind: "int", array: Int8Array, legacy: "Char" },
  uint8: { code: 6, size: 1, kind: "int", array: Uint8Array, legacy: "Byte" },
  bool: { code: 7, size: 1, kind: "bool", array: Uint8Array, legacy: "Bool" },
  float16: { code: 8, size: 2, kind: "float", array: Uint16Array, legacy: "Half" },
  bfloat16: { code: 9, size: 2, kind: "float", array: Uint16Array, legacy: "BFloat16" },
};

/** Every dtype, in the order of the kernel codes. */
export const dtypes = Object.keys(info) as DType[];

export const codeOf = (dtype: DType): number => info[dtype].code;
export const sizeOf = (dtype: DType): number => info[dtype].size;
export const legacyName = (dtype: DType): string => info[dtype].legacy;
export const isFloat = (dtype: DType): boolean => info[dtype].kind === "float";
export const isInteger = (dtype: DType): boolean => info[dtype].kind === "int";
/** The typed array that views memory of `dtype` (float16 and bfloat16: their bits). */
export const arrayOf = (dtype: DType): TypedArrayConstructor => info[dtype].array;

/** Whether a value is the name of a dtype. */
export const isDType = (value: unknown): value is DType => typeof value === "string" && Object.hasOwn(info, value);

/** @throws {@link DTypeError} unless `value` is the name of a dtype. */
export function checkDType(op: string, value: unknown): DType {
  if (isDType(value)) return value;
  throw new DTypeError(`${op}: unknown dtype ${describe(value)}; the dtypes are ${dtypes.join(", ")}`);
}

let defaultDType: DType = "float32";

/** The dtype of new floating-point tensors. @see torch.get_default_dtype */
export const getDefaultDtype = (): DType => defaultDType;

/** Sets the dtype of new floating-point tensors: float32 or float64. @see torch.set_default_dtype */
export function setDefaultDtype(dtype: DType): void {
  if (!isFloat(checkDType("setDefaultDtype", dtype)))
    throw new DTypeError(`setDefaultDtype: takes a floating-point dtype, got ${dtype}`);
  defaultDType = dtype;
}

/** @throws DTypeError for what is no dtype. */
const kindOf = (op: string, dtype: DType) => info[checkDType(op, dtype)].kind;

const integerRank: Partial<Record<DType, number>> = { int8: 1, int16: 2, int32: 3, int64: 4 };
const floatRank: Partial<Record<DType, number>> = { float16: 1, bfloat16: 1, float32: 2, float64: 3 };

/**
 * The smallest dtype that both can be cast to without a change of kind.
 * @see torch.promote_types
 * @example promoteTypes("int32", "float32") // "float32"
 */
export function promoteTypes(a: DType, b: DType): DType {
  if (a === b) return a;
  const [ka, kb] = [kindOf("promoteTypes", a), kindOf("promoteTypes", b)];
  if (ka !== kb) {
    if (ka === "bool") return b;
    if (kb === "bool") return a;
    return ka === "float" ? a : b;
  }
  if (ka === "float") {
    const [ra, rb] = [floatRank[a]!, floatRank[b]!];
    return ra === rb ? "float32" : ra > rb ? a : b;
  }
  if (a === "uint8") return b === "int8" ? "int16" : b;
  if (b === "uint8") return a === "int8" ? "int16" : a;
  return integerRank[a]! > integerRank[b]! ? a : b;
}

/** Something whose dtype takes part in promotion: a tensor, or a JavaScript number. */
export type Promotable = number | bigint | boolean | { readonly dtype: DType; readonly shape: readonly number[] };

/** The dtype of a bare number: PyTorch's rule, with an integral number taken as an int, unless no int64 holds it. */
export function scalarType(value: number | bigint | boolean): DType {
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint" || (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63)) return "int64";
  return defaultDType;
}

/** A category of operands, strongest first: tensors with dimensions, 0-d tensors, bare numbers. */
function promoteWithin(category: DType | undefined, dtype: DType): DType {
  return category === undefined ? dtype : promoteTypes(category, dtype);
}

const kindOrder = { bool: 0, int: 1, float: 2 };

/** A weaker category changes the result only if its kind is higher. */
function combine(strong: DType | undefined, weak: DType | undefined): DType | undefined {
  if (strong === undefined) return weak;
  if (weak === undefined || kindOrder[info[weak].kind] <= kindOrder[info[strong].kind]) return strong;
  return promoteTypes(strong, weak);
}

/**
 * The result dtype of arithmetic between the operands.
 * @see torch.result_type; "Type promotion" in PyTorch's tensor attributes documentation.
 */
export const resultType = (...operands: readonly Promotable[]): DType => resultTypeOf(operands);

/** {@link resultType} of a list, which may be long. */
export function resultTypeOf(operands: readonly Promotable[]): DType {
  let dimensioned: DType | undefined;
  let zeroDim: DType | undefined;
  let numbers: DType | undefined;
  for (const x of operands) {
    if (typeof x !== "object") numbers = promoteWithin(numbers, scalarType(x));
    else if (!Array.isArray(x?.shape))
      throw new DTypeError(`resultType: takes tensors and numbers, got ${describe(x)}`);
    else if (x.shape.length > 0) dimensioned = promoteWithin(dimensioned, x.dtype);
    else zeroDim = promoteWithin(zeroDim, x.dtype);
  }
  return combine(combine(dimensioned, zeroDim), numbers) ?? defaultDType;
}

/** Whether values of `from` may be written into a tensor of `to` in place. @see torch.can_cast */
export const canCast = (from: DType, to: DType): boolean =>
  kindOrder[kindOf("canCast", from)] <= kindOrder[kindOf("canCast", to)];
