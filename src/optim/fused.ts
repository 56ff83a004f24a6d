/** Updates that are one kernel: a single pass over a parameter, its gradient and its state. */
import type { Argument } from "../backend/backend";
import { DTypeError, StateError } from "../core/errors";
import { sizeOfShape } from "../core/shape";
import { allocate, filled } from "../tensor/create";
import { replaceData } from "../tensor/data";
import { Tensor } from "../tensor/tensor";
import { transfer } from "../tensor/transfer";

/** Nanoseconds per element by which an update is judged worth sharing among threads. */
const UPDATE_COST = 0.6;

/** State of an optimizer for one parameter: contiguous, of its shape and dtype, filled with `value`. Scopes let it live. */
export function stateLike(param: Tensor, value = 0): Tensor {
  const state = filled(allocate(param.shape, param.dtype, param), value);
  state.isKept = true;
  return state;
}

/**
 * Runs `kernel(dtype, param, grad, ...args)` of `assembly/optim/` over all elements.
 * @throws DTypeError unless the parameter is float32 or float64, StateError if the state is not of its size and dtype.
 */
export function update(kernel: string, param: Tensor, grad: Tensor, args: readonly Argument[]): void {
  const { dtype } = param;
  if (dtype !== "float32" && dtype !== "float64")
    throw new DTypeError(`${kernel}: optimizers update float32 and float64 parameters, got ${dtype}`);
  const n = param.numel();
  checkOperand(kernel, "gradient", grad, param, n);
  for (const arg of args) if (arg instanceof Tensor) checkOperand(kernel, "state", arg, param, n);
  param.storage.backend.call(kernel, dtype, [param, grad, ...args], { range: n, cost: n * UPDATE_COST });
}

/** Moves state to the device that its parameter has moved to, where its values can be had at once. */
export function followDevice(state: Tensor, param: Tensor): void {
  const { backend } = param.storage;
  if (state.storage.backend !== backend && state.storage.backend.readsAtOnce)
    replaceData(state, transfer(state, state.dtype, backend));
}

/** The kernels trust their operands, and state may come from a file. */
function checkOperand(kernel: string, role: string, x: Tensor, param: Tensor, n: number): void {
  x.assertAlive(kernel);
  if (role === "state") followDevice(x, param);
  if (x.dtype === param.dtype && sizeOfShape(x.shape) === n && x.device === param.device && x.isContiguous()) return;
  throw new StateError(
    `${kernel}: the ${role} is a ${x.dtype} [${x.shape}] on ${x.device}, but its parameter a ${param.dtype} [${param.shape}] on ${param.device}; ` +
      "construct the optimizer after moving or casting the model, and load state that was saved for it",
  );
}
