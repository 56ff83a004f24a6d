/** What flows along the edges of a graph. */
import type { DType } from "../../core/dtype";
import { Tensor } from "../../tensor/tensor";

/** A tensor of texts, which the library itself does not have. */
export class Strings {
  constructor(
    readonly shape: readonly number[],
    readonly values: readonly string[],
  ) {}
}

/** A tensor, texts, a sequence, or the empty optional. */
export type Value = Tensor | Strings | readonly Value[] | undefined;

/** Element types of ONNX that the library lacks: a tensor of a wider dtype holds them (uint64 as the same bits in int64). */
export type Unsigned = "uint16" | "uint32" | "uint64";

export const carriers: Readonly<Record<Unsigned, DType>> = { uint16: "int32", uint32: "int64", uint64: "int64" };

const unsigned = new WeakMap<Tensor, Unsigned>();

/** The unsigned type that a tensor stands for, if it does. */
export const unsignedOf = (value: Value): Unsigned | undefined =>
  value instanceof Tensor ? unsigned.get(value) : undefined;

/** Marks a tensor of the carrying dtype, whose values are in range already. */
export function markUnsigned(x: Tensor, type: Unsigned | undefined): Tensor {
  if (type !== undefined) unsigned.set(x, type);
  return x;
}

/** Another tensor on the same memory. */
export const alias = (x: Tensor): Tensor => x.view([...x.shape]);

/** Takes the elements modulo the range of the type, and marks the tensor. */
export function wrapUnsigned(x: Tensor, type: Unsigned): Tensor {
  const y = x.to(carriers[type]);
  if (type === "uint16") return markUnsigned(y.bitwiseAnd(0xffff), type);
  if (type === "uint32") return markUnsigned(y.bitwiseAnd(0xffffffff), type);
  return markUnsigned(y === x ? alias(y) : y, type);
}

/** `TensorProto.DataType` by name; the numbers are the format's. */
export const dtypeOfCode: ReadonlyMap<number, DType | Unsigned | "string"> = new Map([
  [1, "float32"],
  [2, "uint8"],
  [3, "int8"],
  [4, "uint16"],
  [5, "int16"],
  [6, "int32"],
  [7, "int64"],
  [8, "string"],
  [9, "bool"],
  [10, "float16"],
  [11, "float64"],
  [12, "uint32"],
  [13, "uint64"],
  [16, "bfloat16"],
]);

const codeNames = [
  "undefined",
  "",
  "",
  "",
  "",
  "",
  "",
  "",
  "",
  "",
  "",
  "",
  "",
  "",
  "complex64",
  "complex128",
  "",
  "float8e4m3fn",
  "float8e4m3fnuz",
  "float8e5m2",
  "float8e5m2fnuz",
];

/** What an error calls a type. */
export const typeText = (code: number): string => dtypeOfCode.get(code) ?? (codeNames[code] || `data type ${code}`);

export const isUnsigned = (type: string): type is Unsigned => Object.hasOwn(carriers, type);

const sequences = new WeakSet<object>();

/** A sequence as the value of one edge; other lists are the outputs of a node. */
export function sequence(items: Value[]): readonly Value[] {
  sequences.add(items);
  return items;
}

export const isSequence = (value: Value | Value[]): value is readonly Value[] =>
  Array.isArray(value) && sequences.has(value);
