/** Hooks on tensors. */

import { checkFunction } from "../core/arguments";
import { nameOf } from "../core/className";
import { ArgumentError, AutogradError, describe } from "../core/errors";
import { sameShape, shapeText } from "../core/shape";
import { type GradHook, Tensor } from "../tensor/tensor";
import { addHook, type RemovableHandle } from "./handle";
import type { Node } from "./node";
import { accumulatorOf } from "./node";

/**
 * Calls `hook` with each gradient of `x` that backward computes; a tensor that it returns takes its place.
 * @see torch.Tensor.register_hook
 * @throws AutogradError if `x` does not require grad.
 */
export function registerHook(x: Tensor, hook: GradHook): RemovableHandle {
  checkFunction("registerHook", "hook", hook);
  if (!x.requiresGrad) throw new AutogradError("cannot register a hook on a tensor that doesn't require gradient");
  const node = (x.gradFn ?? accumulatorOf(x)) as Node;
  const index = x.gradFn === null ? 0 : x.outputNr;
  node.outputHooks ??= new Map();
  const hooks = node.outputHooks.get(index) ?? new Map();
  node.outputHooks.set(index, hooks);
  return addHook(hooks, hook);
}

/**
 * Calls `hook` with the leaf each time its `grad` has been added to.
 * @see torch.Tensor.register_post_accumulate_grad_hook
 */
export function registerPostAccumulateGradHook(x: Tensor, hook: (leaf: Tensor) => void): RemovableHandle {
  checkFunction("registerPostAccumulateGradHook", "hook", hook);
  if (!x.requiresGrad) throw new AutogradError("cannot register a hook on a tensor that doesn't require gradient");
  if (x.gradFn !== null) throw new AutogradError("post accumulate grad hooks cannot be registered on non-leaf tensors");
  x.hooks ??= { grad: new Map(), postAccumulate: new Map() };
  return addHook(x.hooks.postAccumulate, hook);
}

/** Keeps the gradient of a tensor that is not a leaf in its `grad`. @see torch.Tensor.retain_grad */
export function retainGrad(x: Tensor): void {
  if (!x.requiresGrad) throw new AutogradError("can't retain_grad on Tensor that has requires_grad=False");
  if (x.gradFn === null || x.retainsGrad) return;
  const node = x.gradFn as Node;
  x.retainsGrad = true;
  node.retained ??= new Map();
  node.retained.set(x.outputNr, new WeakRef(x));
}

/** @internal */
export function runTensorHooks(hooks: ReadonlyMap<number, GradHook>, grad: Tensor): Tensor {
  for (const hook of hooks.values()) {
    grad.isShared = true;
    const other = hook(grad) ?? undefined;
    if (other === undefined) continue;
    checkReplacement(hook, other, grad);
    other.isShared = true;
    grad = other;
  }
  return grad;
}

function checkReplacement(hook: GradHook, other: unknown, grad: Tensor): void {
  const name = nameOf(hook) === "" ? "hook" : `hook '${nameOf(hook)}'`;
  if (!(other instanceof Tensor)) throw new ArgumentError(`expected Tensor, but ${name} returned ${describe(other)}`);
  if (!sameShape(other.shape, grad.shape))
    throw new AutogradError(
      `${name} has changed the size of value: got ${shapeText(other.shape)}, expected ${shapeText(grad.shape)}`,
    );
  if (other.dtype !== grad.dtype)
    throw new AutogradError(`${name} has changed the type of value (was ${grad.type()} got ${other.type()})`);
}

/** @internal */
export function runPostAccumulateHooks(leaf: Tensor): void {
  if (leaf.hooks !== null) for (const hook of leaf.hooks.postAccumulate.values()) hook(leaf);
}
