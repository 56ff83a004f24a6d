/** Modules of the library that are made of others, and keep nothing of what those pass on. */
import { isTracing } from "../../autograd/anomaly";
import { savingHooks } from "../../autograd/savedTensor";
import { areCallsSeen, areCallsTaken } from "../../core/signature";
import { callForeign, isForeign, runComposite } from "../../tensor/scope";
import { isTensor } from "../../tensor/tensor";

/**
 * Runs the `forward` of such a module: the tensors that go from one module inside to the next are given back as soon as it is over, and need not wait for the
 * collector. Those that code of a user has seen are left alone: the arguments and results of modules with hooks or of classes of
 * theirs. Where somebody follows every op, all are.
 */
export function compose<R>(body: () => R): R {
  if (areCallsTaken() || areCallsSeen() || savingHooks.value !== null || isTracing()) return body();
  return runComposite(body, isTensor);
}

/** A function that a user may have given to such a module, which may keep what it sees and makes. */
export const guest =
  <A extends unknown[], R>(f: (...args: A) => R) =>
  (...args: A): R =>
    isForeign(f, false) ? callForeign(args, isTensor, () => f(...args)) : f(...args);
