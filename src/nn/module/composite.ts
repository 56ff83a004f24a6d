/** Modules of the library that are made of others, and keep nothing of what those pass on. */
import { isTracing } from "../../autograd/anomaly";
import { savingHooks } from "../../autograd/savedTensor";
import { areCallsSeen, areCallsTaken } from "../../core/signature";
import { closeComposite, isInComposite, openComposite, runForeign, type Scope } from "../../tensor/scope";
import { isTensor } from "../../tensor/tensor";

/** The `forward` of classes of the library whose instances keep no tensor of those that they are given or make, but where scopes see it. */
const ownModules = new WeakMap<object, unknown>();
/** What runs nothing but the calls of other modules, also in classes of users. */
const ownForwards = new WeakSet<object>();
/** Modules of those classes that were looked at, and whether a user has given them accessors, which may run anything. */
const looked = new WeakMap<object, boolean>();

/** @internal */
export function registerModules(values: Iterable<unknown>): void {
  for (const value of values) {
    const forward = typeof value === "function" && value.prototype?.forward;
    if (forward) ownModules.set(value as object, forward);
  }
}

/** @internal */
export const registerForward = (forward: object): void => void ownForwards.add(forward);

interface Callee {
  readonly forward: object;
  /** @internal Fields that are buffers, which are accessors of the library's. */
  bufferFields(): ReadonlyMap<string, boolean>;
}

function hasAccessors(module: Callee): boolean {
  const buffers = module.bufferFields();
  return Object.entries(Object.getOwnPropertyDescriptors(module)).some(
    ([field, { get }]) => get !== undefined && !buffers.has(field),
  );
}

/** Whether a module runs code of the library alone. */
function isOwn(module: Callee): boolean {
  if (ownForwards.has(module.forward)) return true;
  if (ownModules.get(module.constructor) !== module.forward) return false;
  let isPlain = looked.get(module);
  if (isPlain === undefined) {
    isPlain = !hasAccessors(module);
    looked.set(module, isPlain);
  }
  return isPlain;
}

/** Whether a call of a module is one within a composite, and may run code of a user. */
export const isForeign = (module: Callee, hasHooks: boolean): boolean =>
  isInComposite() && (hasHooks || !isOwn(module));

/** A function that a user may have given to a composite module. */
export const guest =
  <A extends unknown[], R>(f: (...args: A) => R) =>
  (...args: A): R =>
    isInComposite() && !ownForwards.has(f) ? runForeign(() => f(...args)) : f(...args);

/**
 * Begins the `forward` of a composite module: the tensors that go from one module inside to the next are given back as soon as it ends, and need not
 * wait for the collector. Those that code of a user may have seen are left alone: all that was made before the call of a module with hooks or of
 * a class of theirs. Where somebody follows every op, or the module itself is of such a class, all are.
 */
export function beginComposite(module: Callee): Scope | undefined {
  const isFollowed = areCallsTaken() || areCallsSeen() || savingHooks.value !== null || isTracing();
  return isFollowed || !isOwn(module) ? undefined : openComposite();
}

/** Ends what {@link beginComposite} began. @param result Undefined if `forward` failed. */
export function endComposite(scope: Scope | undefined, result: unknown): void {
  if (scope !== undefined) closeComposite(scope, result, isTensor);
}
