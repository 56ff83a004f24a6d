/** `torch.autograd.graph`: nodes, edges, and hooks on what the graph saves and on several gradients together. */

import { checkArray, checkChoice, checkFunction, checkString } from "../core/arguments";
import { ArgumentError, AutogradError, checkOptions, describe } from "../core/errors";
import { named, overloaded, within } from "../core/signature";
import { Mode } from "../platform/mode";
import { Tensor } from "../tensor/tensor";
import { runningWalk } from "./engine";
import { RemovableHandle } from "./handle";
import { registerHook } from "./hooks";
import { type Edge, edgeOf } from "./node";
import { savingHooks } from "./savedTensor";

export { AccumulateGrad, type Edge as GradientEdge, Node, type NodeHook, type NodePreHook } from "./node";

/**
 * Runs `body`; each tensor that its operations save for backward is kept as what `pack` makes of it, and `unpack` gives it again when
 * backward needs it. Inside of other such calls, the innermost hooks count.
 *
 * @param pack Must not change its tensor. It may return anything: a copy in another dtype, an index, the name of a file.
 * @param unpack Gives a tensor of the same shape, dtype and values.
 * @throws AutogradError if `pack` changes its input, or inside of {@link disableSavedTensorsHooks}.
 * @see torch.autograd.graph.saved_tensors_hooks
 * @example
 * const loss = torch.autograd.graph.savedTensorsHooks(
 *   (x) => x.to(torch.float16),
 *   (half) => half.float(),
 *   () => lossFn(model(x), y),
 * );
 */
export const savedTensorsHooks = overloaded(
  "savedTensorsHooks",
  "packHook(), unpackHook(), body()",
  <P, R>(pack: (x: Tensor) => P, unpack: (packed: P) => Tensor, body: () => R): R => {
    checkFunction("savedTensorsHooks", "pack", pack);
    checkFunction("savedTensorsHooks", "unpack", unpack);
    if (forbidden.value !== undefined) throw new AutogradError(forbidden.value);
    return savingHooks.run("savedTensorsHooks", { pack, unpack }, body);
  },
);

/** The message of the error that hooks on saved tensors are here. */
const forbidden = new Mode<string | undefined>(undefined);

/**
 * Runs `body`, in which {@link savedTensorsHooks} is an error with the message given. For code that cannot work with hooks.
 * @see torch.autograd.graph.disable_saved_tensors_hooks
 */
export const disableSavedTensorsHooks = overloaded(
  "disableSavedTensorsHooks",
  "errorMessage, body()",
  <R>(message: string, body: () => R): R => {
    checkString("disableSavedTensorsHooks", "message", message);
    return forbidden.run("disableSavedTensorsHooks", message, body);
  },
);

/** Where the gradient of a tensor flows: a node and the position among its operation's outputs. @see torch.autograd.graph.get_gradient_edge */
export const getGradientEdge = named("getGradientEdge", "tensor", (x: Tensor): Edge => {
  checkTensor("getGradientEdge", x);
  const edge = edgeOf(x);
  if (edge === null)
    throw new AutogradError(
      "It is not possible to get the gradient edge for a Tensor that does not require gradients.",
    );
  return edge;
});

/** Raises the version of tensors that were changed in a way that operations do not see. @see torch.autograd.graph.increment_version */
export function incrementVersion(...tensors: readonly Tensor[]): void {
  for (const x of tensors) checkTensor("incrementVersion", x);
  for (const x of tensors) x.storage.version++;
}

/** Options of {@link registerMultiGradHook}. */
export interface MultiGradHookOptions<M extends "all" | "any" = "all" | "any"> {
  /** "all" (the default) waits for the gradients of all tensors, "any" takes the first. */
  mode?: M;
}

/**
 * Calls `fn` once per backward: with the gradients of all tensors when the last is known (null for tensors that this backward does not reach),
 * or with the first gradient.
 * @throws AutogradError if a tensor does not require grad.
 * @see torch.autograd.graph.register_multi_grad_hook
 */
export const registerMultiGradHook = overloaded("registerMultiGradHook", "tensors, fn(); mode", watchTensors);

function watchTensors(
  tensors: readonly Tensor[],
  fn: (grads: (Tensor | null)[]) => void,
  options?: MultiGradHookOptions<"all">,
): RemovableHandle;
function watchTensors(
  tensors: readonly Tensor[],
  fn: (grad: Tensor) => void,
  options: MultiGradHookOptions<"any">,
): RemovableHandle;
function watchTensors(
  tensors: readonly Tensor[],
  fn: (grads: any) => void,
  options: MultiGradHookOptions = {},
): RemovableHandle {
  const op = "registerMultiGradHook";
  checkOptions(op, options, ["mode"]);
  if (options.mode !== undefined) checkChoice(op, "mode", options.mode, ["all", "any"]);
  for (const x of checkArray(op, "tensors", tensors, "tensors")) checkTensor(op, x);
  checkFunction(op, "fn", fn);
  const hook = options.mode === "any" ? onFirst(fn) : onLast(tensors, fn);
  return new MultiHandle(tensors.map((x, i) => registerHook(x, (grad) => hook(grad, i))));
}

/** The checks of operations cannot be imported here, since operations are made of nodes. */
function checkTensor(op: string, x: unknown): void {
  if (!(x instanceof Tensor)) throw new ArgumentError(`${op}: takes tensors, got ${describe(x)}`);
}

type MultiHook = (grad: Tensor, index: number) => void;

function onFirst(fn: (grad: Tensor) => void): MultiHook {
  const seen = new WeakSet<object>();
  return (grad) => {
    const { pass } = runningWalk()!;
    if (seen.has(pass)) return;
    seen.add(pass);
    fn(grad);
  };
}

function onLast(tensors: readonly Tensor[], fn: (grads: (Tensor | null)[]) => void): MultiHook {
  const edges = within("registerMultiGradHook", () => tensors.map((x) => getGradientEdge(x)));
  const passes = new WeakMap<object, { grads: (Tensor | null)[]; left: number }>();
  return (grad, index) => {
    const { pass, has } = runningWalk()!;
    let state = passes.get(pass);
    if (state === undefined) {
      state = { grads: tensors.map(() => null), left: edges.filter((edge) => has(edge.node)).length };
      passes.set(pass, state);
    }
    state.grads[index] = grad;
    if (--state.left === 0) fn(state.grads);
  };
}

/** One handle for several. */
class MultiHandle extends RemovableHandle {
  constructor(private readonly handles: readonly RemovableHandle[]) {
    super(undefined);
  }

  override remove(): void {
    for (const handle of this.handles) handle.remove();
  }
}
