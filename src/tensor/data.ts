/** What a tensor shows, given another memory. */
import type { DType } from "../core/dtype";
import { isFloat } from "../core/dtype";
import { ArgumentError, AutogradError, describe } from "../core/errors";
import { sameShape } from "../core/shape";
import { Tensor } from "./tensor";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Points a tensor at the memory of `data`, keeping its identity: optimizers and tied weights go on seeing it.
 * @see torch.Tensor.data, as assigned by torch.nn.Module.to
 */
export function replaceData(x: Tensor, data: Tensor): void {
  const { storage, dtype, shape, strides, offset } = data;
  const isSame = storage === x.storage && dtype === x.dtype && offset === x.offset;
  if (isSame && sameShape(shape, x.shape) && sameShape(strides, x.strides)) return;
  storage.retain();
  x.storage.release();
  storage.watch();
  Object.assign(x as Mutable<Tensor>, { storage, dtype, shape, strides, offset });
  // The node that adds to `grad` remembers the old dtype and device.
  x.accumulator = null;
}

/** @throws AutogradError unless a tensor that may require grad can have this dtype. */
function checkDifferentiable(x: Tensor, dtype: DType): void {
  if (x.requiresGrad && !isFloat(dtype))
    throw new AutogradError(
      `data: set to a tensor that requires gradients must be floating point, got ${dtype}; use x.requiresGrad_(false) first`,
    );
}

/** What is assigned to `x.data`. */
export function assignData(x: Tensor, data: unknown): void {
  if (!(data instanceof Tensor)) throw new ArgumentError(`data: has to be a Tensor, got ${describe(data)}`);
  data.assertAlive("data");
  x.assertAlive("data");
  checkDifferentiable(x, data.dtype);
  if (data.storage !== x.storage) x.origin = null;
  replaceData(x, data);
}
