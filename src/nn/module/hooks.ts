/** Calls of modules: hooks before and after `forward`, and around backward. */
import { addHook } from "../../autograd/handle";
import { isGradEnabled } from "../../autograd/mode";
import { type Grads, type Node, recordAll } from "../../autograd/node";
import { AutogradError, KindlingError } from "../../core/errors";
import { windowOn } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";

/** Gradients by position of an argument or output; null where none flows. */
export type ModuleGrads = readonly (Tensor | null)[];

/** Called before `forward` with its arguments; may return other arguments (one that is no array stands for itself). */
export type ForwardPreHook<M> = (module: M, args: any[]) => unknown;
/** Called after `forward`; may return another output. */
export type ForwardHook<M> = (module: M, args: any[], output: any) => unknown;
/** Called when the gradients of a module's outputs are known; may return others. */
export type BackwardPreHook<M> = (module: M, gradOutput: ModuleGrads) => ModuleGrads | Tensor | undefined | void;
/** Called when the gradients of a module's inputs are known; may return others. */
export type BackwardHook<M> = (
  module: M,
  gradInput: ModuleGrads,
  gradOutput: ModuleGrads,
) => ModuleGrads | Tensor | undefined | void;

/** The hooks of one module, or of all. */
export class HookTable {
  readonly forwardPre = new Map<number, ForwardPreHook<any>>();
  readonly forward = new Map<number, ForwardHook<any>>();
  readonly backwardPre = new Map<number, BackwardPreHook<any>>();
  readonly backward = new Map<number, BackwardHook<any>>();
  /** Whether the backward hooks are those of `registerFullBackwardHook`; undefined before the first. */
  isFull: boolean | undefined;

  get isEmpty(): boolean {
    return this.forwardPre.size + this.forward.size + this.backwardPre.size + this.backward.size === 0;
  }

  /** @throws AutogradError when both kinds of backward hooks meet. */
  setFull(isFull: boolean): void {
    if (this.isFull === !isFull)
      throw new AutogradError(
        "Cannot use both regular backward hooks and full backward hooks on a single Module. Please use only one of them.",
      );
    this.isFull = isFull;
  }
}

/** Hooks of every module; they run before a module's own. */
export const globalHooks = new HookTable();

/** Something with a `forward` to call. */
interface Forward {
  forward(...args: any[]): unknown;
}

/** `module.forward(...args)` with the hooks around it, in PyTorch's order. */
export function callWithHooks(module: Forward, own: HookTable, given: unknown[]): unknown {
  let args = given;
  for (const hook of both((table) => table.forwardPre, own)) {
    const result = hook(module, args);
    if (result !== undefined) args = Array.isArray(result) ? result : [result];
  }
  const full = [...hooksOf(globalHooks, true), ...hooksOf(own, true)];
  const pre = both((table) => table.backwardPre, own);
  const watch = full.length + pre.length > 0 ? new BackwardWatch(module, full, pre) : undefined;
  if (watch !== undefined) args = watch.tapInputs(args);
  let output = module.forward(...args);
  for (const hook of both((table) => table.forward, own)) output = hook(module, args, output) ?? output;
  if (watch !== undefined) output = watch.tapOutputs(output);
  watchLastNode(module, output, [...hooksOf(globalHooks, false), ...hooksOf(own, false)]);
  return output;
}

/** The hooks of one kind: those of every module, then the module's own. */
const both = <H>(kind: (table: HookTable) => ReadonlyMap<number, H>, own: HookTable): H[] => [
  ...kind(globalHooks).values(),
  ...kind(own).values(),
];

const hooksOf = (table: HookTable, full: boolean): BackwardHook<any>[] =>
  (table.isFull === true) === full ? [...table.backward.values()] : [];

/** The old backward hooks: they see the gradients of the operation that made the output, whatever the module's inputs are. */
function watchLastNode(module: Forward, output: unknown, hooks: readonly BackwardHook<any>[]): void {
  if (hooks.length === 0) return;
  let first = output;
  while (Array.isArray(first)) first = first[0];
  const node = first instanceof Tensor ? (first.gradFn as Node | null) : null;
  if (node === null) return;
  node.postHooks ??= new Map();
  for (const hook of hooks)
    addHook(node.postHooks, (gradInputs: Grads, gradOutputs: Grads) =>
      asGrads(hook(module, withNulls(gradInputs), withNulls(gradOutputs))),
    );
}

const withNulls = (grads: Grads): (Tensor | null)[] => grads.map((g) => g ?? null);
const asGrads = (result: ModuleGrads | Tensor | undefined | void): ModuleGrads | undefined =>
  result instanceof Tensor ? [result] : (result ?? undefined);

/** Values of which some are tensors in the graph, at the positions `places`. */
interface Tapped {
  readonly values: unknown[];
  readonly places: readonly number[];
  /** The identity that the tensors went through; null if none requires grad. */
  readonly node: Node | null;
}

/** Sends the tensors that require grad through one identity node, which sees all of their gradients together. */
function tap(values: readonly unknown[]): Tapped {
  const places = values.flatMap((x, i) => (x instanceof Tensor && x.requiresGrad && isGradEnabled() ? [i] : []));
  if (places.length === 0) return { values: [...values], places, node: null };
  const inputs = places.map((i) => values[i] as Tensor);
  const outputs = inputs.map(aliasOf);
  recordAll("BackwardHookFunctionBackward", outputs, inputs, [], (grads) => grads);
  const result = [...values];
  places.forEach((place, i) => {
    result[place] = outputs[i];
  });
  return { values: result, places, node: outputs[0]!.gradFn as Node };
}

/** A view of all of `x`: an in-place change of it is a change of `x`. */
function aliasOf(x: Tensor): Tensor {
  const y = windowOn(x, x.shape, x.strides, x.offset);
  y.origin = { base: x.origin?.base ?? x, version: x.storage.version };
  return y;
}

/** `grads` at their places among `size` positions. */
function spread(grads: Grads, places: readonly number[], size: number): (Tensor | null)[] {
  const out = new Array<Tensor | null>(size).fill(null);
  places.forEach((place, i) => {
    out[place] = grads[i] ?? null;
  });
  return out;
}

/** Follows one call of a module into backward. @see torch.utils.hooks.BackwardHook */
class BackwardWatch {
  /** The gradients of the outputs, between the two ends of the module's backward. */
  private gradOutput: ModuleGrads | null = null;
  private inputs: Tapped = { values: [], places: [], node: null };

  constructor(
    private readonly module: Forward,
    private readonly hooks: readonly BackwardHook<any>[],
    private readonly preHooks: readonly BackwardPreHook<any>[],
  ) {}

  tapInputs(args: readonly unknown[]): unknown[] {
    this.inputs = tap(args);
    const { node, places, values } = this.inputs;
    if (node !== null) {
      node.postHooks ??= new Map();
      addHook(node.postHooks, (gradInputs: Grads) => {
        // A gradient that did not come through the module's output, as in a second backward, is not the module's.
        if (this.gradOutput === null) return undefined;
        const grads = this.runHooks(spread(gradInputs, places, values.length));
        return places.map((place) => grads[place]);
      });
    }
    return values;
  }

  tapOutputs(output: unknown): unknown {
    const outputs = tap(Array.isArray(output) ? output : [output]);
    const { node, places, values } = outputs;
    if (node !== null) {
      node.preHooks ??= new Map();
      addHook(node.preHooks, (gradOutputs: Grads) => {
        const grads = this.runPreHooks(spread(gradOutputs, places, values.length));
        this.gradOutput = grads;
        if (this.inputs.node === null) this.runWithoutInputs();
        return places.map((place) => grads[place]);
      });
    }
    return Array.isArray(output) ? values : values[0];
  }

  private runPreHooks(grads: ModuleGrads): ModuleGrads {
    let current = grads;
    for (const hook of this.preHooks) {
      const result = asGrads(hook(this.module, current));
      if (result === undefined) continue;
      checkCount("Backward pre hook returned an invalid number of grad_output", result, current);
      current = result;
    }
    return current;
  }

  private runHooks(grads: ModuleGrads): ModuleGrads {
    let current = grads;
    for (const hook of this.hooks) {
      const result = asGrads(hook(this.module, current, this.gradOutput!));
      if (result === undefined) continue;
      checkCount("Backward hook returned an invalid number of grad_input", result, current);
      current = result;
    }
    this.gradOutput = null;
    return current;
  }

  /** No input requires grad: the hooks run as soon as the gradients of the outputs are there, and have nothing to replace. */
  private runWithoutInputs(): void {
    const none = spread([], [], this.inputs.values.length);
    for (const hook of this.hooks) {
      const result = asGrads(hook(this.module, none, this.gradOutput!));
      if (result?.some((g) => g !== null))
        throw new KindlingError(
          "Backward hook for Modules where no input requires gradient should always return None or None for all gradients.",
        );
    }
    this.gradOutput = null;
  }
}

function checkCount(what: string, got: ModuleGrads, expected: ModuleGrads): void {
  if (got.length !== expected.length)
    throw new AutogradError(`${what}, got ${got.length}, but expected ${expected.length}`);
}
