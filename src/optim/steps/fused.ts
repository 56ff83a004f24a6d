/** Updates that are one op of the device: a single pass over a parameter, its gradient and its state. */
import type { Operand } from "../../backend/backend";
import type { DeviceOps } from "../../backend/ops";
import type { Gate } from "../../backend/ops/amp";
import { DTypeError, StateError } from "../../core/errors";
import { sizeOfShape } from "../../core/shape";
import { allocate, filled } from "../../tensor/create";
import { replaceData } from "../../tensor/data";
import type { Tensor } from "../../tensor/tensor";
import { transfer } from "../../tensor/transfer";

/** State of an optimizer for one parameter: contiguous, of its shape and dtype, filled with `value`. Scopes let it live. */
export function stateLike(param: Tensor, value = 0): Tensor {
  const state = filled(allocate(param.shape, param.dtype, param), value);
  state.isKept = true;
  return state;
}

/** The device ops that are steps of optimizers. */
type StepName = { [K in keyof DeviceOps]: DeviceOps[K] extends { parameter: Operand } ? K : never }[keyof DeviceOps];

/** A tensor that an optimizer remembers, or none. */
type State = Tensor | null | undefined;

let gate: Gate | undefined;

/** Runs a step that the device leaves out if the gate is closed. */
export function gated(next: Gate, body: () => void): void {
  gate = next;
  try {
    body();
  } finally {
    gate = undefined;
  }
}

/**
 * Runs one step of an optimizer.
 * @param state What of the step the optimizer remembers.
 * @throws DTypeError unless the parameter is float32 or float64, StateError if the gradient or the state is not of its size and dtype.
 */
export function update<K extends StepName>(
  op: K,
  step: DeviceOps[K] & { readonly parameter: Tensor; readonly gradient: Tensor },
  ...state: readonly State[]
): void {
  const { parameter, gradient } = step;
  const { dtype } = parameter;
  if (dtype !== "float32" && dtype !== "float64")
    throw new DTypeError(`${op}: optimizers update float32 and float64 parameters, got ${dtype}`);
  const n = parameter.numel();
  checkOperand(op, "gradient", gradient, parameter, n);
  for (const x of state) if (x) checkOperand(op, "state", x, parameter, n);
  parameter.storage.backend.run(op, gate === undefined ? step : { ...step, gate });
}

/** Moves state to the device that its parameter has moved to, where its values can be had at once. */
export function followDevice(state: Tensor, param: Tensor): void {
  const { backend } = param.storage;
  if (state.storage.backend !== backend && state.storage.backend.readsAtOnce)
    replaceData(state, transfer(state, state.dtype, backend));
}

/** Devices trust their operands, and state may come from a file. */
function checkOperand(op: string, role: string, x: Tensor, param: Tensor, n: number): void {
  x.assertAlive(op);
  if (role === "state") followDevice(x, param);
  if (x.dtype === param.dtype && sizeOfShape(x.shape) === n && x.device === param.device && x.isContiguous()) return;
  throw new StateError(
    `${op}: the ${role} is a ${x.dtype} [${x.shape}] on ${x.device}, but its parameter a ${param.dtype} [${param.shape}] on ${param.device}; ` +
      "construct the optimizer after moving or casting the model, and load state that was saved for it",
  );
}
