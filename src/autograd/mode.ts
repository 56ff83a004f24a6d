/** Whether operations are recorded. */
import { setInferenceStorage } from "../tensor/storage";
import { during } from "./during";

let gradEnabled = true;
let inference = false;

/** Whether operations on tensors that require grad are recorded. @see torch.is_grad_enabled */
export const isGradEnabled = (): boolean => gradEnabled;

/** Whether inference mode is on. @see torch.is_inference_mode_enabled */
export const isInferenceModeEnabled = (): boolean => inference;

function setModes(grad: boolean, inferenceMode: boolean): void {
  [gradEnabled, inference] = [grad, inferenceMode];
  setInferenceStorage(inferenceMode);
}

function withModes<R>(grad: boolean, inferenceMode: boolean, body: () => R): R {
  const before = [gradEnabled, inference] as const;
  setModes(grad, inferenceMode);
  return during(body, () => setModes(...before));
}

/**
 * Runs `body` without recording operations, and returns its result. An async body keeps the mode until it settles.
 * @see torch.no_grad
 * @example torch.noGrad(() => { w.sub_(w.grad.mul(lr)); });
 */
export const noGrad = <R>(body: () => R): R => withModes(false, inference, body);

/** Runs `body` recording operations, also inside {@link noGrad}. @see torch.enable_grad */
export const enableGrad = <R>(body: () => R): R => withModes(true, inference, body);

/** Runs `body` without recording; tensors made in it can never become part of a graph. @see torch.inference_mode */
export const inferenceMode = <R>(body: () => R): R => withModes(false, true, body);

/**
 * Turns recording on or off: for good with one argument, for the length of `body` with two.
 * @see torch.set_grad_enabled
 */
export function setGradEnabled(mode: boolean): void;
export function setGradEnabled<R>(mode: boolean, body: () => R): R;
export function setGradEnabled<R>(mode: boolean, body?: () => R): R | undefined {
  if (body !== undefined) return withModes(mode, inference, body);
  gradEnabled = mode;
  return undefined;
}
