/** The memory of tensors as engines see it: contiguous, of an element type that they have, and there until the call is over. */
import type { DType, TypedArray } from "../core/dtype";
import { sizeOf } from "../core/dtype";
import { DeviceError, ShapeError } from "../core/errors";
import { contiguousStrides, overlapsItself, sizeOfShape } from "../core/shape";
import { resolveDevice } from "../tensor/device";
import { Storage } from "../tensor/storage";
import { Tensor } from "../tensor/tensor";
import type { WireType } from "./engine";

/** As what elements are moved. */
const moved: Readonly<Record<DType, WireType>> = {
  float32: "float32",
  float64: "float64",
  int64: "int64",
  int32: "int32",
  int16: "int16",
  int8: "int8",
  uint8: "uint8",
  bool: "uint8",
  float16: "int16",
  bfloat16: "int16",
};

/** Whether values are cast before they are reduced: no MPI has 16-bit floats. */
const isHalf = (dtype: DType): boolean => dtype === "float16" || dtype === "bfloat16";

/** The dtype in which values of `dtype` are reduced. */
export const reducedAs = (dtype: DType): DType => (isHalf(dtype) ? "float32" : dtype);

/** The element type that an engine is told for values of `dtype`. */
export const wireTypeOf = (dtype: DType): WireType => moved[dtype];

/** Memory that takes part in a call. */
export interface Staged {
  readonly type: WireType;
  readonly view: TypedArray;
  /** A tensor on the memory that the engine sees. */
  readonly tensor: Tensor;
  /** Copies results to where they belong. */
  finish(): void;
  /** Gives scratch memory back. To be called once the engine is done with it. */
  release(): void;
}

/** @throws DeviceError for tensors that are not in the memory that engines see, ShapeError for those that cannot be written. */
export function checkMemory(op: string, x: Tensor, writes: boolean): void {
  x.assertAlive(op);
  if (x.device !== "cpu")
    throw new DeviceError(
      `${op}: tensors have to be on the cpu, got one on "${x.device}"; use await x.cpu(), and x.to("${x.device}") afterwards`,
    );
  if (writes && !x.isContiguous() && overlapsItself(x.shape, x.strides))
    throw new ShapeError(
      `${op}: more than one element of the written-to tensor refers to a single memory location; clone() it first`,
    );
}

/** An uninitialized contiguous tensor that no scope gives back. */
function scratch(shape: readonly number[], dtype: DType): Tensor {
  const storage = new Storage(resolveDevice("empty"), Math.max(1, sizeOfShape(shape)) * sizeOf(dtype));
  return new Tensor(storage, dtype, shape, contiguousStrides(shape), 0, false);
}

function viewOf(x: Tensor): TypedArray {
  const { backend, block } = x.storage;
  return backend.view(block, wireTypeOf(x.dtype), x.offset, x.numel());
}

/** Copies values between layouts and dtypes, without history. */
const copy = (y: Tensor, x: Tensor): void => {
  if (x.numel() > 0) y.storage.backend.copy(y, x);
};

/**
 * One tensor.
 * @param writes Whether the engine writes it.
 * @param dtype In which the engine gets it.
 */
export function stage(op: string, x: Tensor, writes: boolean, dtype: DType = x.dtype): Staged {
  checkMemory(op, x, writes);
  const { storage } = x;
  if (writes) storage.version++;
  // The tensor may be given back, or point at other memory, before the call is over.
  const target = new Tensor(storage, x.dtype, x.shape, x.strides, x.offset, false);
  if (x.isContiguous() && dtype === x.dtype)
    return {
      type: wireTypeOf(dtype),
      view: viewOf(target),
      tensor: target,
      finish: () => {},
      release: () => target.dispose(),
    };
  const own = scratch(x.shape, dtype);
  copy(own, x);
  return {
    type: wireTypeOf(dtype),
    view: viewOf(own),
    tensor: own,
    finish: () => {
      if (writes) copy(target, own);
    },
    release: () => {
      own.dispose();
      target.dispose();
    },
  };
}

/** Tensors of one dtype, one after the other. */
export function stageList(op: string, list: readonly Tensor[], writes: boolean, dtype: DType = list[0]!.dtype): Staged {
  for (const x of list) checkMemory(op, x, writes);
  const own = scratch([list.reduce((n, x) => n + x.numel(), 0)], dtype);
  let offset = 0;
  const parts = list.map((x) => {
    const part = new Tensor(own.storage, dtype, x.shape, contiguousStrides(x.shape), offset, false);
    offset += x.numel();
    return part;
  });
  const targets = list.map((x) => new Tensor(x.storage, x.dtype, x.shape, x.strides, x.offset, false));
  for (const [i, x] of targets.entries()) {
    if (writes) x.storage.version++;
    else copy(parts[i]!, x);
  }
  return {
    type: wireTypeOf(dtype),
    view: viewOf(own),
    tensor: own,
    finish: () => {
      if (writes) for (const [i, x] of targets.entries()) copy(x, parts[i]!);
    },
    release: () => {
      for (const x of [own, ...parts, ...targets]) x.dispose();
    },
  };
}
