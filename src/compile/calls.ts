/** Which calls are steps of a compiled function, and whether one is that of a step. */
import { isTracing } from "../autograd/anomaly";
import { isGradEnabled, isInferenceModeEnabled } from "../autograd/mode";
import { savingHooks } from "../autograd/savedTensor";
import { getDefaultDtype } from "../core/dtype";
import { areCallsSeen, type Declared } from "../core/signature";
import { fits, isPlain, type Tensors, tensorsIn } from "./patterns";
import type { Step } from "./segment";

/** Whether the code of an op calls code of the caller, whose ops are to be seen. */
const runsCode = (op: Declared): boolean => op.signature.includes("()");

/** Ops that make or change histories in ways that only they know. */
const breaking: ReadonlySet<string> = new Set([
  "backward",
  "grad",
  "requiresGrad_",
  "retainGrad",
  "registerHook",
  "registerPostAccumulateGradHook",
  "customFunction",
  "disabledFunction",
  "detach_",
]);

/** Functions that neither took nor gave tensors, such as those that set a mode: they are run at every call. */
export const free = new WeakSet<Declared>();

/** Whether an op is seen as a whole, broken at, or run with its own ops seen. */
export function kindOf(op: Declared, args: readonly unknown[]): "step" | "break" | "open" {
  if (breaking.has(op.opName)) return "break";
  if (runsCode(op) || (free.has(op) && tensorsIn(args).size === 0)) return "open";
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (typeof arg === "object" ? !isPlain(arg) : typeof arg === "function") return "open";
  }
  return "step";
}

/** Whether ops are more than themselves: somebody casts or sees calls, changes what is kept for backward, or looks for anomalies. */
export const areOpsChanged = (): boolean => areCallsSeen() || savingHooks.value !== null || isTracing();

/** Whether a step was in the modes of now. */
const isInModes = (step: Step): boolean =>
  step.isGradEnabled === isGradEnabled() &&
  step.isInference === isInferenceModeEnabled() &&
  step.defaultDtype === getDefaultDtype() &&
  !areOpsChanged();

/** Whether a call is that of a step. */
export function matches(
  step: Step,
  op: Declared,
  isMethod: boolean,
  self: unknown,
  given: ArrayLike<unknown>,
  run: Tensors,
): boolean {
  if (step.op !== op || step.isMethod !== isMethod || !isInModes(step)) return false;
  const { args } = step;
  const first = isMethod ? 1 : 0;
  if (args.length !== given.length + first || (isMethod && !fits(args[0]!, self, run))) return false;
  for (let i = first; i < args.length; i++) if (!fits(args[i]!, given[i - first], run)) return false;
  return true;
}
