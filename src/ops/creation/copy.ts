/** Copies and casts. */

import { isRecorded, record } from "../../autograd/node";
import type { Backend, Device } from "../../backend/backend";
import { checkFlag } from "../../core/arguments";
import { checkDType, type DType, isDType } from "../../core/dtype";
import { ArgumentError, DeviceError, describe } from "../../core/errors";
import { broadcastShapes, sameShape } from "../../core/shape";
import { named } from "../../core/signature";
import type { Overloaded } from "../../core/signatureTypes";
import { allocate, checkFill, filled } from "../../tensor/create";
import { isDeviceName, resolveDevice, unknownTarget } from "../../tensor/device";
import { Tensor } from "../../tensor/tensor";
import { arrivalOf, isArriving } from "../../tensor/transfer";
import { checkFits, checkInplace, checkTensor } from "../builders/checks";
import { sumTo } from "../builders/define";
import { inplace } from "../builders/inplace";
import { moved } from "../builders/move";

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

/** What {@link to} takes in the first place. */
type Target = DType | Device | "wasm" | Tensor | null;

/** Options of {@link to} beside a target. */
export interface CopyOptions extends Pick<ToOptions, "copy"> {
  /**
   * Whether values that a device cannot give at once may come later: until `await x.cpu()` has settled, their use is an error. Default: false, which
   * makes the move itself the error. Without an effect where values move at once.
   */
  nonBlocking?: boolean;
}

type MoveOptions = CopyOptions & { other?: Tensor };

/** What {@link to} is asked for, once its arguments are told apart. */
type Asked = ToOptions & Pick<CopyOptions, "nonBlocking">;

/** {@link to} as a method. */
interface ToMethod {
  (dtype: DType, nonBlocking?: boolean, copy?: boolean): Tensor;
  (device: Device | "wasm" | null, dtype?: DType | null, nonBlocking?: boolean, copy?: boolean): Tensor;
  (other: Tensor, nonBlocking?: boolean, copy?: boolean): Tensor;
  (target: DType | Tensor, options: CopyOptions): Tensor;
  (device: Device | "wasm", options: ToOptions & CopyOptions): Tensor;
  (device: Device | "wasm", dtype: DType, options: CopyOptions): Tensor;
  (options: (ToOptions & CopyOptions) | ({ other: Tensor } & CopyOptions)): Tensor;
}

/** {@link to} as a function. */
interface ToFunction {
  (input: Tensor, target: Target, dtype?: DType | boolean | null, ...flags: boolean[]): Tensor;
  (input: Tensor, target: Target, options: ToOptions & CopyOptions): Tensor;
  (input: Tensor, device: Device | "wasm", dtype: DType, options: CopyOptions): Tensor;
  (input: Tensor, options: (ToOptions & CopyOptions) | ({ other: Tensor } & CopyOptions)): Tensor;
}

/** A first value that is no device moves those after it: `to(dtype, nonBlocking, copy)`. */
function toOptions(target: unknown, second: unknown, { nonBlocking, copy, other }: MoveOptions): Asked {
  const flags =
    typeof second === "boolean"
      ? { nonBlocking: second, copy: nonBlocking ?? copy ?? false }
      : { nonBlocking: nonBlocking ?? false, copy: copy ?? false };
  if (target instanceof Tensor || other !== undefined) {
    const like = checkTensor("to", other ?? target, "other");
    return { dtype: like.dtype, device: like.device, ...flags };
  }
  const isDevice = target == null || (typeof target === "string" && isDeviceName(target));
  if (isDevice) {
    const dtype = second == null ? undefined : checkDType("to", second);
    return { ...(target != null && { device: target as Device }), ...(dtype && { dtype }), ...flags };
  }
  if (typeof target !== "string")
    throw new ArgumentError(`to: takes a dtype, a device, a tensor or options, got ${describe(target)}`);
  if (second != null && typeof second !== "boolean")
    throw new ArgumentError(`to: takes a device before a dtype, got ${describe(target)} and ${describe(second)}`);
  return { dtype: isDType(target) ? target : unknownTarget("to", target), ...flags };
}

/** @throws DeviceError if the values of `x` cannot be had at once. */
function checkAtOnce(op: string, x: Tensor, backend: Backend, nonBlocking: boolean): void {
  if (nonBlocking || x.storage.backend.readsAtOnce || !backend.readsAtOnce) return;
  throw new DeviceError(
    `${op}: the values of a tensor on "${x.device}" cannot be had at once; use await x.cpu(), or nonBlocking: true and await before they are used`,
  );
}

/**
 * `x` with another dtype, on another device, or both; `x` itself if it already is. Floats are truncated toward zero when they become integers; what
 * an integer cannot hold, NaN and infinities included, becomes what PyTorch gives on x86 processors: the smallest int32 or int64, or 0.
 * Gradients move back. From a device that cannot be read at once, values come by {@link cpu}.
 * @see torch.Tensor.to
 * @throws DTypeError for an unknown dtype; DeviceError for a device that is not there, and for one whose values cannot be had at once.
 * @example x.to(torch.float64); x.to("cpu", torch.float64); x.to(other); x.to({ dtype: torch.int64, copy: true });
 */
export const to = named(
  "to",
  "input, device?, dtype?; nonBlocking, copy; other",
  (x: Tensor, target?: Target, dtype?: DType | boolean | null, options: MoveOptions = {}): Tensor => {
    checkTensor("to", x);
    const asked = toOptions(target, dtype, options);
    const wanted = asked.dtype ?? x.dtype;
    if (asked.device !== undefined) {
      const backend = resolveDevice("to", asked.device);
      if (backend.device !== x.device) {
        checkAtOnce("to", x, backend, checkFlag("to", "nonBlocking", asked.nonBlocking ?? false));
        return moved(x, wanted, backend);
      }
    }
    if (wanted === x.dtype) return asked.copy ? clone(x) : x;
    const y = allocate(x.shape, wanted, x);
    x.storage.backend.copy(y, x);
    const from = x.dtype;
    return y.isFloatingPoint() ? record("ToCopyBackward0", y, [x], [], [(g) => g.to(from)]) : y;
  },
) as unknown as Overloaded<ToFunction, ToMethod>;

/** `x` as the dtype of another tensor. @see torch.Tensor.type_as */
export const typeAs = named(
  "typeAs",
  "input, other",
  (x: Tensor, other: Tensor): Tensor => to(x, checkTensor("typeAs", other, "other").dtype),
);
/**
 * `x` on the cpu, once everything that computes it is done and its values are there; `x` itself if it is on the cpu. Await it before reading a
 * WebGPU tensor. Gradients move back.
 * @see torch.Tensor.cpu
 * @throws DeviceError (the promise rejects) if the device was lost before it gave the values.
 * @example const value = (await loss.cpu()).item();
 */
export const cpu = named("cpu", "input", (x: Tensor): Promise<Tensor> => {
  const here = resolveDevice("cpu");
  const y = checkTensor("cpu", x).device === here.device ? x : moved(x, x.dtype, here);
  return isArriving(y) ? arrivalOf(y).then(() => y) : Promise.resolve(y);
});

/** @throws ShapeError unless `source` broadcasts to the shape of `x`. */
function checkSource(op: string, x: Tensor, source: Tensor): void {
  checkFits(op, x, sameShape(x.shape, source.shape) ? x.shape : broadcastShapes(op, x.shape, source.shape), x.dtype);
}

/** The source of a copy on the device of `x`. @throws DeviceError if its values cannot be had at once. */
function onDeviceOf(x: Tensor, source: Tensor): Tensor {
  const { backend } = x.storage;
  if (source.storage.backend === backend || source.device === backend.device) return source;
  checkAtOnce("copy_", source, backend, false);
  return moved(source, x.dtype, backend);
}

/**
 * Overwrites `x` with `source`, which broadcasts, is cast, and may be on another device; gradients go on to `source`.
 * @see torch.Tensor.copy_
 * @throws DeviceError if the values of `source` cannot be had at once: await source.cpu() before.
 */
export const copy_ = inplace<"input, src; nonBlocking", (x: Tensor, source: Tensor, options?: CopyOptions) => Tensor>(
  "copy_",
  {
    signature: "input, src; nonBlocking",
    implementation: (x: Tensor, source: Tensor): Tensor => {
      checkSource("copy_", x, checkTensor("copy_", source, "source"));
      const y = allocate(x.shape, x.dtype, x);
      const near = onDeviceOf(x, source);
      x.storage.backend.copy(y, near);
      const { shape, dtype } = near;
      return record("CopyBackwards", y, [x, near], [], [constantGrad, (g) => sumTo(g, shape, dtype)]);
    },
    into(out: Tensor, x: Tensor, source: Tensor): void {
      checkSource("copy_", x, checkTensor("copy_", source, "source"));
      const near = onDeviceOf(x, source);
      out.storage.backend.copy(out, near);
      if (near !== source) near.dispose();
    },
  },
);

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
