/** Whether operations are recorded, as the library itself asks and says; `scopes.ts` has what users call. */
import { Mode } from "../platform/mode";
import { inferenceStorage } from "../tensor/storage";

/** @internal Whether operations on tensors that require grad are recorded. */
export const gradEnabled = new Mode(true);

/** Whether operations on tensors that require grad are recorded. @see torch.is_grad_enabled */
export const isGradEnabled = (): boolean => gradEnabled.value;

/** Whether inference mode is on. @see torch.is_inference_mode_enabled */
export const isInferenceModeEnabled = (): boolean => inferenceStorage.value;

/** @internal Runs a synchronous `body` without recording. */
export const noGrad = <R>(body: () => R): R => gradEnabled.hold(false, body);

/** @internal Runs a synchronous `body` recording. */
export const enableGrad = <R>(body: () => R): R => gradEnabled.hold(true, body);

/** @internal Runs a synchronous `body` recording or not. */
export const withGrad = <R>(mode: boolean, body: () => R): R => gradEnabled.hold(mode, body);
