/** Copies and casts. */
import { record } from "../autograd/node";
import type { Device } from "../backend/backend";
import { checkDType, type DType } from "../core/dtype";
import { ArgumentError, checkOptions, describe } from "../core/errors";
import { allocate, resolveDevice } from "../tensor/create";
import { Tensor } from "../tensor/tensor";
import { checkTensor } from "./define";

/** A contiguous copy with its own memory; gradients flow through. Shape: any. @see torch.clone */
export function clone(x: Tensor): Tensor {
  checkTensor("clone", x);
  const y = allocate(x.shape, x.dtype, x);
  x.storage.backend.copy(y, x);
  return record("CloneBackward0", y, [x], [], [(g) => g]);
}

/** `x` itself if its elements lie in row-major order, else a copy in which they do. @see torch.Tensor.contiguous */
export function contiguous(x: Tensor): Tensor {
  return checkTensor("contiguous", x).isContiguous() ? x : clone(x);
}

/** The same memory outside the graph: changes of one show in the other, gradients do not flow. @see torch.Tensor.detach */
export function detach(x: Tensor): Tensor {
  checkTensor("detach", x);
  return new Tensor(x.storage, x.dtype, x.shape, x.strides, x.offset);
}

/** Options of {@link to}. */
export interface ToOptions {
  dtype?: DType;
  device?: Device | "wasm";
  /** Copy even if nothing changes. Default: false. */
  copy?: boolean;
}

function toOptions(target: DType | Device | "wasm" | Tensor | ToOptions): ToOptions {
  if (target instanceof Tensor) return { dtype: target.dtype, device: target.device };
  if (typeof target === "string")
    return target === "cpu" || target === "wasm" || target === "webgpu" ? { device: target } : { dtype: checkDType("to", target) };
  if (typeof target !== "object" || target === null)
    throw new ArgumentError(`to: takes a dtype, a device, a tensor or options, got ${describe(target)}`);
  checkOptions("to", target, ["dtype", "device", "copy"]);
  return target;
}

/**
 * `x` with another dtype or on another device; `x` itself if it already is. Floats are truncated toward zero when they become integers.
 * @see torch.Tensor.to
 * @example x.to(torch.float64); x.to({ dtype: torch.int64, copy: true });
 */
export function to(x: Tensor, target: DType | Device | "wasm" | Tensor | ToOptions, options: { copy?: boolean } = {}): Tensor {
  checkTensor("to", x);
  const asked = toOptions(target);
  const dtype = asked.dtype ?? x.dtype;
  if (asked.device !== undefined) resolveDevice("to", asked.device);
  const copy = asked.copy ?? options.copy ?? false;
  if (dtype === x.dtype) return copy ? clone(x) : x;
  const y = allocate(x.shape, dtype, x);
  x.storage.backend.copy(y, x);
  const from = x.dtype;
  return y.isFloatingPoint() ? record("ToCopyBackward0", y, [x], [], [(g) => g.to(from)]) : y;
}

/** `x` as the dtype of another tensor. @see torch.Tensor.type_as */
export const typeAs = (x: Tensor, other: Tensor): Tensor => to(x, other.dtype);
/** `x` on the cpu, once everything that computes it is done. Await it before reading a WebGPU tensor. @see torch.Tensor.cpu */
export async function cpu(x: Tensor): Promise<Tensor> {
  return checkTensor("cpu", x);
}
