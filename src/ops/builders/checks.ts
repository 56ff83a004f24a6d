/** Checks that many ops share. */
import { isGradEnabled, isInferenceModeEnabled } from "../../autograd/mode";
import { canCast, type DType } from "../../core/dtype";
import {
  ArgumentError,
  AutogradError,
  DeviceError,
  DTypeError,
  describe,
  ShapeError,
  ValueError,
} from "../../core/errors";
import { overlapsItself, sameShape, shapeText } from "../../core/shape";
import { Tensor } from "../../tensor/tensor";

/** @throws ArgumentError unless `x` is a tensor, DisposedError if its memory is gone. */
export function checkTensor(op: string, x: unknown, name = "input"): Tensor {
  if (!(x instanceof Tensor)) throw new ArgumentError(`${op}: ${name} must be a Tensor, got ${describe(x)}`);
  x.assertAlive(op);
  return x;
}

/** @throws DeviceError unless all tensors are on one device. */
export const checkSameDevice = (op: string, ...xs: readonly (Tensor | undefined | null)[]): void =>
  checkOneDevice(op, xs);

/** {@link checkSameDevice} of a list, which may be long. */
export function checkOneDevice(op: string, xs: readonly (Tensor | undefined | null)[]): void {
  let first: Tensor | undefined;
  for (let i = 0; i < xs.length; i++) {
    const x = xs[i];
    if (!x) continue;
    first ??= x;
    if (x.storage.backend !== first.storage.backend)
      throw new DeviceError(
        `${op}: Expected all tensors to be on the same device, but found at least two devices, ${first.device} and ${x.device}! Move one with x.to(device).`,
      );
  }
}

/**
 * Checks that a result can be written over `out`.
 * @throws DTypeError or ShapeError saying what the result is.
 */
export function checkFits(op: string, out: Tensor, shape: readonly number[], dtype: DType): void {
  if (!canCast(dtype, out.dtype))
    throw new DTypeError(
      `${op}: result type ${dtype} can't be cast to the desired output type ${out.dtype}; use the out-of-place form`,
    );
  if (!sameShape(out.shape, shape))
    throw new ShapeError(
      `${op}: output with shape ${shapeText(out.shape)} doesn't match the broadcast shape ${shapeText(shape)}`,
    );
}

/**
 * Checks that a condition holds everywhere, that is, that no element of it is 0. Where values cannot be read at once, it is the next read that throws.
 * @param error Makes the error. It may be called late, when tensors that it shows have been disposed.
 */
export function demand(condition: Tensor, error: () => Error): void {
  const dense = condition.detach().contiguous();
  if (dense.storage.backend.firstInvalid({ kind: "nonzero", x: dense }, error) >= 0) throw error();
}

/** {@link demand}. @throws ValueError with the message. */
export const checkAll = (op: string, condition: Tensor, message: string): void =>
  demand(condition, () => new ValueError(`${op}: ${message}`));

/**
 * Whether a condition holds everywhere. Of values that cannot be read at once it is taken to hold, so this is for what decides how to go on, and
 * {@link demand} for what is an error.
 */
export const holds = (condition: Tensor): boolean =>
  !condition.storage.backend.readsAtOnce || Boolean(condition.detach().all().item());

const overlapError = (op: string): AutogradError =>
  new AutogradError(
    `${op}: unsupported operation: more than one element of the written-to tensor refers to a single memory location. Please clone() the tensor before performing the operation.`,
  );

/** @throws AutogradError if elements of `x` share memory, so that none of them could keep what is written to it. */
export function checkNoOverlap(op: string, x: Tensor): void {
  if (overlapsItself(x.shape, x.strides)) throw overlapError(op);
}

/** Like {@link checkNoOverlap}, but only for windows that repeat an axis. In other windows that overlap the element that is written last stays, as in PyTorch. */
export function checkNotRepeated(op: string, x: Tensor): void {
  if (x.shape.some((size, i) => size > 1 && x.strides[i] === 0)) throw overlapError(op);
}

/**
 * @param isView Whether only the window is changed, and no element written.
 * @throws AutogradError if `x` may not be changed in place: because its elements overlap, or while gradients are recorded.
 */
export function checkInplace(op: string, x: Tensor, isView = false): void {
  checkTensor(op, x);
  if (!isView && !x.isContiguous()) checkNoOverlap(op, x);
  if (x.isInference() && !isInferenceModeEnabled())
    throw new AutogradError(
      `${op}: Inplace update to inference tensor outside InferenceMode is not allowed. You can make a clone to get a normal tensor before doing inplace update.`,
    );
  if (!isGradEnabled()) return;
  if (x.leafRequiresGrad && x.node === null)
    throw new AutogradError(
      `${op}: a leaf Variable that requires grad is being used in an in-place operation. Wrap the update in torch.noGrad(() => …).`,
    );
  if (x.origin?.inplaceError !== undefined && (x.node !== null || x.origin.base.requiresGrad))
    throw new AutogradError(
      x.node === null
        ? `${op}: ${x.origin.inplaceError}`
        : `Output ${x.outputNr} of ${x.node.name} is a view and is being modified inplace. ${x.origin.inplaceError}`,
    );
  if (x.origin?.base.leafRequiresGrad && x.origin.base.node === null)
    throw new AutogradError(
      `${op}: a view of a leaf Variable that requires grad is being used in an in-place operation.`,
    );
}
