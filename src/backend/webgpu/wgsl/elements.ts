/**
 * How elements lie in memory: as on the cpu, so that uploads, downloads and casts of views move bytes as they are. Every buffer is seen as an array
 * of 32-bit words; smaller elements share a word, and an int64 is a word and its sign, since WGSL has no integers of 64 bits.
 */
import { type DType, sizeOf } from "../../../core/dtype";

/** The types that kernels compute in. */
export type Scalar = "f32" | "i32";

/** The type that elements of a dtype are computed in; float64 has none. */
export const scalarOf = (dtype: DType): Scalar | undefined => {
  if (dtype === "float64") return undefined;
  return dtype === "float32" || dtype === "float16" || dtype === "bfloat16" ? "f32" : "i32";
};

/** Elements of a word; 1 also where an element takes more. */
export const perWord = (dtype: DType): number => Math.max(1, 4 / sizeOf(dtype));

/** The bits of element `index` where it shares a word, as a u32 without those of its neighbors. */
function part(word: (index: string) => string, index: string, dtype: DType): string {
  const n = perWord(dtype);
  const bits = 32 / n;
  return `extractBits(${word(`(${index}) / ${n}u`)}, ((${index}) % ${n}u) * ${bits}u, ${bits}u)`;
}

/** An expression for the value of element `index`. @param word gives an expression for a word of the buffer */
export function load(word: (index: string) => string, index: string, dtype: DType): string {
  switch (dtype) {
    case "float32":
      return `bitcast<f32>(${word(index)})`;
    case "int32":
      return `bitcast<i32>(${word(index)})`;
    case "int64":
      return `bitcast<i32>(${word(`2u * (${index})`)})`;
    case "int8":
    case "int16": {
      const shift = 32 - 8 * sizeOf(dtype);
      return `((bitcast<i32>(${part(word, index, dtype)}) << ${shift}u) >> ${shift}u)`;
    }
    case "float16":
      return `unpack2x16float(${part(word, index, dtype)}).x`;
    case "bfloat16":
      return `bitcast<f32>(${part(word, index, dtype)} << 16u)`;
    default:
      return `bitcast<i32>(${part(word, index, dtype)})`;
  }
}

/** An expression for the bits of a value in its place of a word, the lowest ones. */
export function bitsOf(value: string, dtype: DType): string {
  if (dtype === "float16") return `halfBits(${value})`;
  if (dtype === "bfloat16") return `brainBits(${value})`;
  if (perWord(dtype) > 1) return `(bitcast<u32>(${value}) & ${2 ** (8 * sizeOf(dtype)) - 1}u)`;
  return `bitcast<u32>(${value})`;
}

/** A value of one type cast to a dtype, as PyTorch casts: floats truncate, and become true where they are not 0; integers wrap. */
export function convert(value: string, from: DType, to: DType): string {
  if (from === to) return value;
  const [source, target] = [scalarOf(from), scalarOf(to)];
  if (to === "bool")
    return source === "f32" ? `select(0i, 1i, isNonzero(${value}))` : `select(0i, 1i, (${value}) != 0i)`;
  if (source === target) return value;
  return target === "f32" ? `f32(${value})` : `toInteger(${value})`;
}

/** A literal for `value` of a type; infinities and NaN are no constants in WGSL and come as uniforms instead. */
export const zero = (type: Scalar): string => (type === "f32" ? "0.0" : "0i");
