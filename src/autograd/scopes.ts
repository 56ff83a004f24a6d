/**
 * The scopes that users open around recording. Each holds for its body alone: an async body keeps its mode across every `await`, a generator
 * has it while its own code runs, whatever other scopes overlap; and nothing outside changes.
 */
import { overloaded } from "../core/signature";
import { runWith } from "../platform/mode";
import { inferenceStorage } from "../tensor/storage";
import { gradEnabled } from "./mode";

/**
 * Runs `body` without recording operations, and returns its result. An async body keeps the mode until it settles, a generator has it
 * whenever its code runs.
 * @throws AutogradError as the rejection of an async body's promise, where async scopes of different modes overlap in a runtime without `AsyncLocalStorage`.
 * @see torch.no_grad
 * @example torch.noGrad(() => { w.sub_(w.grad.mul(lr)); });
 */
export const noGrad = overloaded("noGrad", "body()", <R>(body: () => R): R => gradEnabled.run("noGrad", false, body));

/** Runs `body` recording operations, also inside {@link noGrad}. @see torch.enable_grad */
export const enableGrad = overloaded(
  "enableGrad",
  "body()",
  <R>(body: () => R): R => gradEnabled.run("enableGrad", true, body),
);

/** Runs `body` without recording; tensors made in it can never become part of a graph. @see torch.inference_mode */
export const inferenceMode = overloaded(
  "inferenceMode",
  "body()",
  <R>(body: () => R): R =>
    runWith(
      "inferenceMode",
      [
        [gradEnabled, false],
        [inferenceStorage, true],
      ],
      body,
    ),
);

/**
 * Turns recording on or off: until the scope around ends with one argument, for the length of `body` with two. Outside of any scope there is
 * no end.
 * @see torch.set_grad_enabled
 */
export const setGradEnabled = overloaded("setGradEnabled", "mode, body()?", setRecording);

function setRecording(mode: boolean): void;
function setRecording<R>(mode: boolean, body: () => R): R;
function setRecording<R>(mode: boolean, body?: () => R): R | undefined {
  if (body !== undefined) return gradEnabled.run("setGradEnabled", mode, body);
  gradEnabled.value = mode;
  return undefined;
}
