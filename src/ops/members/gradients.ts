/** Functions of autograd that are methods of a tensor, with the names that they take there. */
import { type BackwardOptions, backward as backwardOf } from "../../autograd/backward";
import * as hooks from "../../autograd/hooks";
import { named } from "../../core/signature";
import type { GradHook, Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";

/**
 * Adds the gradients of `x` to the `grad` of the leaves that it was computed from.
 * @param gradient The vector of the vector–Jacobian product. Default: 1 for a tensor of one element.
 * @throws AutogradError if `x` does not require grad, or if the graph was freed by an earlier pass.
 * @see torch.Tensor.backward
 */
export const backward = named(
  "backward",
  "input, gradient()?; retainGraph, createGraph, inputs",
  (x: Tensor, gradient?: Tensor | null, options: BackwardOptions = {}): void => backwardOf(x, gradient, options),
);

/**
 * Calls `hook` with each gradient of `x` that backward computes; a tensor that it returns takes its place.
 * @see torch.Tensor.register_hook
 * @throws AutogradError if `x` does not require grad.
 */
export const registerHook = named("registerHook", "input, hook", (x: Tensor, hook: GradHook) =>
  hooks.registerHook(checkTensor("registerHook", x), hook),
);

/**
 * Calls `hook` with the leaf each time its `grad` has been added to.
 * @see torch.Tensor.register_post_accumulate_grad_hook
 */
export const registerPostAccumulateGradHook = named(
  "registerPostAccumulateGradHook",
  "input, hook",
  (x: Tensor, hook: (leaf: Tensor) => void) =>
    hooks.registerPostAccumulateGradHook(checkTensor("registerPostAccumulateGradHook", x), hook),
);

/** Keeps the gradient of a tensor that is not a leaf in its `grad`. @see torch.Tensor.retain_grad */
export const retainGrad = named("retainGrad", "input", (x: Tensor): void =>
  hooks.retainGrad(checkTensor("retainGrad", x)),
);
