/** Tensors from their messages. */
import { arrayOf, type DType, sizeOf } from "../../core/dtype";
import { FormatError } from "../../core/errors";
import { MAX_AXES, sizeOfShape } from "../../core/shape";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { type TensorProto, TensorProto_DataLocation } from "../proto/onnx_pb";
import {
  carriers,
  dtypeOfCode,
  isUnsigned,
  markUnsigned,
  Strings,
  typeText,
  type Unsigned,
  type Value,
} from "./values";

/** Bytes of the data of a tensor that lies in another file. */
export type External = ReadonlyMap<TensorProto, Uint8Array>;

const utf8 = new TextDecoder();

export const textOf = (bytes: Uint8Array): string => utf8.decode(bytes);

/** @throws FormatError for sizes that no tensor has. */
export function shapeOf(proto: TensorProto, where: string): number[] {
  const shape = proto.dims.map(Number);
  if (shape.length > MAX_AXES || shape.some((size) => size < 0 || !Number.isSafeInteger(size)))
    throw new FormatError(
      `${where}: the shape [${proto.dims.join(", ")}] is not that of a tensor: the file is damaged`,
    );
  if (!Number.isSafeInteger(sizeOfShape(shape)))
    throw new FormatError(`${where}: the shape [${proto.dims.join(", ")}] has too many elements: the file is damaged`);
  return shape;
}

/** Bytes per element as `raw_data` has them. */
function bytesOfType(type: DType | Unsigned): number {
  if (type === "uint16") return 2;
  if (type === "uint32") return 4;
  return type === "uint64" ? 8 : sizeOf(type);
}

/** How many bytes of data an element of a type takes in a file. */
export const bytesOf = (code: number): number | undefined => {
  const type = dtypeOfCode.get(code);
  return type === undefined || type === "string" ? undefined : bytesOfType(type);
};

/** The value of a message. @throws FormatError naming `where` if the data is not that of its shape. */
export function readTensor(proto: TensorProto, where: string, external?: External): Tensor | Strings {
  const place = proto.name ? `${where}, tensor "${proto.name}"` : where;
  const code = proto.dataType ?? 0;
  const type = dtypeOfCode.get(code);
  if (type === undefined)
    throw new FormatError(
      `${place}: elements of type ${typeText(code)} are not supported; convert the model to float32`,
    );
  if (proto.segment !== undefined) throw new FormatError(`${place}: tensors in segments are not supported`);
  const shape = shapeOf(proto, place);
  const numel = sizeOfShape(shape);
  if (type === "string") {
    checkCount(place, proto.stringData.length, numel, shape);
    return new Strings(shape, proto.stringData.map(textOf));
  }
  const raw = external?.get(proto) ?? proto.rawData;
  if (external === undefined && proto.dataLocation === TensorProto_DataLocation.EXTERNAL)
    throw new FormatError(`${place}: its data lies in another file, which only initializers may have`);
  return raw === undefined || (raw.length === 0 && numel > 0 && external?.get(proto) === undefined)
    ? fromFields(proto, type, shape, place)
    : fromRaw(raw, type, shape, place);
}

function checkCount(place: string, count: number, numel: number, shape: readonly number[]): void {
  if (count !== numel)
    throw new FormatError(
      `${place}: has ${count} elements, and a shape [${shape.join(", ")}] for ${numel}: the file is damaged or truncated`,
    );
}

function fromRaw(raw: Uint8Array, type: DType | Unsigned, shape: readonly number[], place: string): Tensor {
  const bytes = bytesOfType(type);
  checkCount(place, raw.length / bytes, sizeOfShape(shape), shape);
  if (!isUnsigned(type)) {
    const x = allocate(shape, type);
    const into = x.storage.backend.view(x.storage.block, "uint8", 0, raw.length) as Uint8Array;
    if (type === "bool") for (let i = 0; i < raw.length; i++) into[i] = raw[i] === 0 ? 0 : 1;
    else into.set(raw);
    return x;
  }
  const data = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  if (type === "uint16") return fill(shape, type, (i) => data.getUint16(2 * i, true));
  if (type === "uint32") return fill(shape, type, (i) => BigInt(data.getUint32(4 * i, true)));
  return fill(shape, type, (i) => data.getBigInt64(8 * i, true));
}

/** A tensor of the elements that `at` gives, in the dtype that holds `type`. */
function fill(shape: readonly number[], type: DType | Unsigned, at: (i: number) => number | bigint): Tensor {
  const dtype = isUnsigned(type) ? carriers[type] : type;
  const x = allocate(shape, dtype);
  const numel = sizeOfShape(shape);
  const into = x.storage.backend.view(x.storage.block, dtype, 0, numel) as unknown as { [i: number]: number | bigint };
  for (let i = 0; i < numel; i++) into[i] = at(i);
  return markUnsigned(x, isUnsigned(type) ? type : undefined);
}

/** The repeated fields that hold a type's elements where there is no `raw_data`. */
function fromFields(proto: TensorProto, type: DType | Unsigned, shape: readonly number[], place: string): Tensor {
  const check = <T>(data: readonly T[]): readonly T[] => {
    checkCount(place, data.length, sizeOfShape(shape), shape);
    return data;
  };
  if (type === "float32" || type === "float64") {
    const data = check(type === "float32" ? proto.floatData : proto.doubleData);
    return fill(shape, type, (i) => data[i]!);
  }
  if (type === "int64") {
    const data = check(proto.int64Data);
    return fill(shape, type, (i) => data[i]!);
  }
  if (type === "uint32" || type === "uint64") {
    const data = check(proto.uint64Data);
    return fill(shape, type, (i) => BigInt.asIntN(64, type === "uint32" ? data[i]! & 0xffffffffn : data[i]!));
  }
  const data = check(proto.int32Data);
  if (type === "bool") return fill(shape, type, (i) => (data[i] === 0 ? 0 : 1));
  return fill(shape, type, (i) => (type === "uint16" ? data[i]! & 0xffff : data[i]!));
}

/** Integers of a tensor as numbers. */
export function numbersOf(x: Tensor): number[] {
  return Array.from(x.toTypedArray() as ArrayLike<number | bigint>, Number);
}

/** Elements in row-major order, as the arrays that view memory have them. */
export type Elements = ArrayLike<number | bigint>;

/** Whether a value is a tensor, for those who have many kinds. */
export const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

/** The memory type that views the elements of a dtype. */
export const arrayFor = (dtype: DType) => arrayOf(dtype);
