/** Copies and casts. */

import { isRecorded, record } from "../autograd/node";
import type { Device } from "../backend/backend";
import { checkDType, type DType } from "../core/dtype";
import { ArgumentError, checkOptions, describe } from "../core/errors";
import { broadcastShapes, sameShape } from "../core/shape";
import { named } from "../core/signature";
import type { Named } from "../core/signatureTypes";
import { allocate, checkFill, filled, resolveDevice } from "../tensor/create";
import { Tensor } from "../tensor/tensor";
import { checkFits, checkInplace, checkTensor } from "./checks";
import { sumTo } from "./define";
import { inplace } from "./inplace";

/** A contiguous copy with its own memory; gradients flow through. Shape: any. @see torch.clone */
export const clone = named("clone", "input", (x: Tensor): Tensor => {
  checkTensor("clone", x);
  const y = allocate(x.shape, x.dtype, x);
  x.storage.backend.copy(y, x);
  return record("CloneBackward0", y, [x], [], [(g) => g]);
});

/** `x` itself if its elements lie in row-major order, else a copy in which they do. @see torch.Tensor.contiguous */
export const contiguous = named("contiguous", "input", (x: Tensor): Tensor => {
  return checkTensor("contiguous", x).isContiguous() ? x : clone(x);
});

/** The same memory outside the graph: changes of one show in the other, gradients do not flow. @see torch.Tensor.detach */
export const detach = named("detach", "input", (x: Tensor): Tensor => {
  checkTensor("detach", x);
  return new Tensor(x.storage, x.dtype, x.shape, x.strides, x.offset);
});

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
    return target === "cpu" || target === "wasm" || target === "webgpu"
      ? { device: target }
      : { dtype: checkDType("to", target) };
  if (typeof target !== "object" || target === null)
    throw new ArgumentError(`to: takes a dtype, a device, a tensor or options, got ${describe(target)}`);
  checkOptions("to", target, ["dtype", "device", "copy"]);
  return target;
}

/** Options of {@link to} beside a target. */
export type CopyOptions = Pick<ToOptions, "copy">;

/**
 * `x` with another dtype, on another device, or both; `x` itself if it already is. Floats are truncated toward zero when they become integers; what
 * an integer cannot hold, NaN and infinities included, becomes what PyTorch gives on x86 processors: the smallest int32 or int64, or 0.
 * @see torch.Tensor.to
 * @throws DTypeError for an unknown dtype, DeviceError for a device that is not there.
 * @example x.to(torch.float64); x.to("cpu", torch.float64); x.to(other); x.to({ dtype: torch.int64, copy: true });
 */
export function to(
  x: Tensor,
  target: DType | Device | "wasm" | Tensor | ToOptions,
  dtype?: DType | CopyOptions,
  options: CopyOptions = typeof dtype === "object" ? dtype : {},
): Tensor {
  checkTensor("to", x);
  checkOptions("to", options, ["copy"]);
  const asked = toOptions(target);
  const wanted =
    typeof dtype === "string"
      ? checkDType("to", dtype)
      : asked.dtype === undefined
        ? x.dtype
        : checkDType("to", asked.dtype);
  if (asked.device !== undefined) resolveDevice("to", asked.device);
  const copy = asked.copy ?? options.copy ?? false;
  if (wanted === x.dtype) return copy ? clone(x) : x;
  const y = allocate(x.shape, wanted, x);
  x.storage.backend.copy(y, x);
  const from = x.dtype;
  return y.isFloatingPoint() ? record("ToCopyBackward0", y, [x], [], [(g) => g.to(from)]) : y;
}

/** `x` as the dtype of another tensor. @see torch.Tensor.type_as */
export const typeAs = named(
  "typeAs",
  "input, other",
  (x: Tensor, other: Tensor): Tensor => to(x, checkTensor("typeAs", other, "other").dtype),
);
/** `x` on the cpu, once everything that computes it is done. Await it before reading a WebGPU tensor. @see torch.Tensor.cpu */
export const cpu = named("cpu", "input", (x: Tensor): Promise<Tensor> => {
  return Promise.resolve(checkTensor("cpu", x));
});

/** @throws ShapeError unless `source` broadcasts to the shape of `x`. */
function checkSource(op: string, x: Tensor, source: Tensor): void {
  checkFits(op, x, sameShape(x.shape, source.shape) ? x.shape : broadcastShapes(op, x.shape, source.shape), x.dtype);
}

/**
 * Overwrites `x` with `source`, which broadcasts and is cast; gradients go on to `source`.
 * @see torch.Tensor.copy_
 */
export const copy_: Named<"input, src", (x: Tensor, source: Tensor) => Tensor> = inplace("copy_", {
  signature: "input, src",
  implementation: (x: Tensor, source: Tensor): Tensor => {
    checkSource("copy_", x, checkTensor("copy_", source, "source"));
    const y = allocate(x.shape, x.dtype, x);
    x.storage.backend.copy(y, source);
    const { shape, dtype } = source;
    return record("CopyBackwards", y, [x, source], [], [constantGrad, (g) => sumTo(g, shape, dtype)]);
  },
  into(out: Tensor, x: Tensor, source: Tensor): void {
    checkSource("copy_", x, checkTensor("copy_", source, "source"));
    out.storage.backend.copy(out, source);
  },
});

/** The gradient of what is overwritten. */
const constantGrad = (g: Tensor): Tensor => filled(allocate(g.shape, g.dtype, g), 0);

/** Overwrites every element of `x` with a number, or with the value of a 0-d tensor. @see torch.Tensor.fill_ */
export const fill_ = named("fill_", "input, value", (x: Tensor, value: number | boolean | bigint | Tensor): Tensor => {
  checkFill("fill_", value, checkTensor("fill_", x).dtype);
  // The value may be an element of x.
  if (value instanceof Tensor) return copy_(x, value.storage === x.storage ? value.clone() : value);
  if (x.isContiguous() && !isRecorded([x])) {
    checkInplace("fill_", x);
    filled(x, value);
    x.storage.version++;
    return x;
  }
  return copy_(x, filled(allocate([], x.dtype, x), value));
});

/** A tensor of the shape and dtype of `x` filled with a number, or with the value of a 0-d tensor. @see torch.fill */
export const fill = named(
  "fill",
  "input, value",
  (x: Tensor, value: number | boolean | bigint | Tensor): Tensor => fill_(clone(checkTensor("fill", x)), value),
);

/** Overwrites every element of `x` with 0. @see torch.Tensor.zero_ */
export const zero_ = named("zero_", "input", (x: Tensor): Tensor => fill_(x, 0));
