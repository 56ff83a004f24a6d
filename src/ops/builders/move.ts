/** Tensors that move to another device, their place in the graph included. */
import { record } from "../../autograd/node";
import { type Backend, backendOf } from "../../backend/backend";
import type { DType } from "../../core/dtype";
import type { Tensor } from "../../tensor/tensor";
import { transfer } from "../../tensor/transfer";

/**
 * A copy of `x` in another dtype or on another device; its gradient moves back. Values of a device that cannot be read at once are still on their way
 * when this returns.
 */
export function moved(x: Tensor, dtype: DType, backend: Backend): Tensor {
  const y = transfer(x, dtype, backend);
  if (!y.isFloatingPoint()) return y;
  const { dtype: from, device: home } = x;
  return record("ToCopyBackward0", y, [x], [], [(g) => moved(g, from, backendOf(home)!)]);
}

/** Whether `x` is a number of the cpu: a tensor without axes, which may stand beside tensors of any device. */
const isLooseNumber = (x: Tensor): boolean => x.shape.length === 0 && x.device === "cpu";

/** `x` in a dtype on the device of `other` if `x` is a number of the cpu, else `x` itself: a device may lack the number's own dtype. */
export const beside = (x: Tensor, other: Tensor, dtype: DType): Tensor =>
  isLooseNumber(x) && x.device !== other.device ? moved(x, dtype, other.storage.backend) : x;
