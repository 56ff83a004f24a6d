/** What a checkpoint's pickle describes, before anything of it is in memory. */
import { type DType, sizeOf } from "../../core/dtype";
import type { Storage } from "../../tensor/storage";

/** The memory of tensors: elements that lie elsewhere in the file, under a key. */
export class StorageRef {
  /** What was read, once it was. */
  storage: Storage | undefined;

  constructor(
    readonly key: string,
    readonly dtype: DType,
    /** Elements. */
    readonly count: number,
    /** Where they were, such as `cuda:0`. */
    readonly location: string,
  ) {}

  get bytes(): number {
    return this.count * sizeOf(this.dtype);
  }
}

/** A part of a storage that was a storage of its own, in old files. */
export class StoragePart {
  constructor(
    readonly root: StorageRef,
    /** Elements. */
    readonly offset: number,
    readonly count: number,
  ) {}
}

/** A window on a storage. */
export class TensorRef {
  constructor(
    readonly storage: StorageRef,
    readonly dtype: DType,
    /** Elements before the first. */
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
    readonly requiresGrad: boolean,
    readonly isParameter: boolean,
  ) {}
}

/** An object of a class, and what it is to be given. */
export class ObjectRef {
  state: unknown;

  constructor(readonly className: string) {}
}

/** A name of torch's that stands for itself, such as a dtype. */
export class NameRef {
  constructor(readonly name: string) {}
}

/** Tuples that are a `torch.Size`. */
export const sizes = new WeakSet<object>();

/** Python's names of the dtypes, by the class of storage that has them. */
export const storageTypes: Readonly<Record<string, DType>> = {
  FloatStorage: "float32",
  DoubleStorage: "float64",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
};

/** Storages of what is not here. */
export const foreignStorages: Readonly<Record<string, string>> = {
  ComplexFloatStorage: "complex64",
  ComplexDoubleStorage: "complex128",
  QUInt8Storage: "quint8 (quantized)",
  QInt8Storage: "qint8 (quantized)",
  QInt32Storage: "qint32 (quantized)",
  QUInt4x2Storage: "quint4x2 (quantized)",
  QUInt2x4Storage: "quint2x4 (quantized)",
};
