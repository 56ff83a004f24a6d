/** Custom functions: a forward and a backward written by the user. */

import { checkSettled } from "../core/arguments";
import { nameOf } from "../core/className";
import { ArgumentError, AutogradError, describe, KindlingError } from "../core/errors";
import { sameShape } from "../core/shape";
import { named } from "../core/signature";
import { windowOn } from "../tensor/create";
import { enrollStep, noteHistory } from "../tensor/scope";
import { isTensor, Tensor } from "../tensor/tensor";
import { FunctionCtx } from "./functionCtx";
import { isGradEnabled, noGrad } from "./mode";
import { type Edge, edgeOf, type Grads, infoOf, Node, type OutputInfo, rebaseHistory, zeroGradient } from "./node";

/** What `backward` returns: a gradient per argument of `forward`, null for those that have none; a single one may stand alone. */
export type FunctionGrads = Tensor | null | undefined | readonly (Tensor | null | undefined)[];

/** A class whose `forward` gets the context first. */
interface WithContext<A extends unknown[], R> {
  forward(ctx: any, ...args: A): R;
}

/** A class whose `forward` is a plain function, and whose `setupContext` saves what backward needs. */
interface WithSetup<A extends unknown[], R> {
  forward(...args: A): R;
  setupContext(ctx: any, inputs: any, output: any): void;
}

/** The static side of any custom function. */
interface FunctionClass {
  readonly name: string;
  forward?(...args: unknown[]): unknown;
  setupContext?(ctx: FunctionCtx, inputs: readonly unknown[], output: unknown): void;
  backward?(ctx: FunctionCtx, ...grads: (Tensor | null)[]): FunctionGrads;
}

/**
 * Base class of operations with a backward of their own.
 *
 * A subclass has a static `forward(ctx, ...args)`, which runs outside of the graph and returns a tensor or an array of them (other values in it
 * are passed on), and a static `backward(ctx, ...gradOutputs)`, which gets a gradient per output and returns one per argument. Where `backward`
 * is written in differentiable ops, the function can be differentiated any number of times. `apply` calls it, with the types of `forward`.
 *
 * Instead of the context, `forward` may leave saving to a static `setupContext(ctx, inputs, output)`.
 *
 * @see torch.autograd.Function
 * @example
 * class Exp extends torch.autograd.Function {
 *   static forward(ctx: torch.autograd.FunctionCtx<[torch.Tensor]>, x: torch.Tensor) {
 *     const y = x.exp();
 *     ctx.saveForBackward(y);
 *     return y;
 *   }
 *   static backward(ctx: torch.autograd.FunctionCtx<[torch.Tensor]>, g: torch.Tensor) {
 *     const [y] = ctx.savedTensors;
 *     return g.mul(y);
 *   }
 * }
 * const y = Exp.apply(x);
 */
export abstract class CustomFunction {
  /** @throws KindlingError always: custom functions have no instances. */
  constructor() {
    throw new KindlingError(
      `${nameOf(new.target)} should not be instantiated. Methods on autograd functions are all static, so you should invoke them on the class itself: ${nameOf(new.target)}.apply(…)`,
    );
  }

  /**
   * Runs `forward` on the arguments and records the call.
   * @throws AutogradError if `forward` or `backward` is missing, or if what `forward` marked does not fit its inputs and outputs.
   * @see torch.autograd.Function.apply
   */
  static readonly apply: typeof apply = apply;
}

function apply<A extends unknown[], R>(this: WithSetup<A, R>, ...args: A): R;
function apply<A extends unknown[], R>(this: WithContext<A, R>, ...args: A): R;
function apply(this: unknown, ...args: unknown[]): unknown {
  return customFunction(() => applied(this as FunctionClass, args));
}

/** A compiled function runs it as it is: it makes histories that only it knows. */
const customFunction = named("customFunction", "body", (body: () => unknown): unknown => body());

function applied(type: FunctionClass, args: readonly unknown[]): unknown {
  if (typeof type.forward !== "function")
    throw new AutogradError(
      `You must implement the static forward function for custom autograd.Function ${nameOf(type)}.`,
    );
  const ctx = new FunctionCtx(`${nameOf(type)}Backward`, args);
  const isRecorded = isGradEnabled() && ctx.needsInputGrad.includes(true);
  // An in-place change by `forward` must not move the edges, so they are taken before.
  const node = isRecorded ? new FunctionNode(type, ctx, args) : null;
  const result = noGrad(() => runForward(type, ctx, args));
  checkSettled(`${nameOf(type)}.apply`, result);
  const outputs = Array.isArray(result) ? [...result] : [result];
  checkDirty(ctx, args, outputs);
  outputs.forEach((y, i) => {
    if (y instanceof Tensor) outputs[i] = placeOutput(node, i, y, { ctx, args, outputs });
  });
  node?.finish(outputs);
  return Array.isArray(result) ? outputs : outputs[0];
}

function runForward(type: FunctionClass, ctx: FunctionCtx, args: readonly unknown[]): unknown {
  if (type.setupContext === undefined) return type.forward!(ctx, ...args);
  const result = type.forward!(...args);
  type.setupContext(ctx, args, result);
  return result;
}

function checkDirty(ctx: FunctionCtx, args: readonly unknown[], outputs: readonly unknown[]): void {
  for (const x of ctx.dirty) {
    if (!outputs.includes(x))
      throw new AutogradError(
        "Some elements marked as dirty during the forward method were not returned as output. The inputs that are modified inplace must all be outputs of the Function.",
      );
    if (!args.includes(x)) throw new AutogradError(`markDirty: takes inputs of ${ctx.op}, got another tensor`);
    if (!isGradEnabled() || !ctx.needsInputGrad.includes(true)) continue;
    if (x.leafRequiresGrad && x.isLeaf)
      throw new AutogradError("a leaf Variable that requires grad has been used in an in-place operation.");
    if (x.origin !== null && outputs.filter(isTensor).length > 1)
      throw new AutogradError(
        "If your Function modifies inplace an input that is a view of another Tensor, your Function cannot return more than one Tensor. Make sure the input is not a view (using x.clone() for example), or make your Function only return one Tensor.",
      );
  }
}

interface Call {
  readonly ctx: FunctionCtx;
  readonly args: readonly unknown[];
  readonly outputs: readonly unknown[];
}

/** Gives an output of `forward` its place in the graph; the tensor itself, or another handle where it must not change. */
function placeOutput(node: FunctionNode | null, index: number, y: Tensor, { ctx, args }: Call): Tensor {
  const isInput = args.includes(y);
  if (ctx.dirty.has(y)) {
    y.storage.version++;
    if (node !== null) rebaseHistory(y, node, index);
    return y;
  }
  if (node === null || !y.isFloatingPoint() || ctx.nonDifferentiable.has(y)) return y.requiresGrad ? handleOn(y) : y;
  const output = isInput || y.requiresGrad ? viewOn(y) : y;
  if (output.origin !== null) output.origin = { ...output.origin, inplaceError: viewInFunction };
  output.node = node;
  output.outputNr = index;
  noteHistory(output);
  return output;
}

/** @see CreationMeta::IN_CUSTOM_FUNCTION */
const viewInFunction =
  "This view was created inside a custom Function (or because an input was returned as-is) and the autograd logic to handle view+inplace would override the custom backward associated with the custom Function, leading to incorrect gradients. This behavior is forbidden. You can fix this by cloning the output of the custom Function.";

const handleOn = (x: Tensor): Tensor => windowOn(x, x.shape, x.strides, x.offset);

function viewOn(x: Tensor): Tensor {
  const y = handleOn(x);
  y.origin = { base: x.origin?.base ?? x, version: x.storage.version };
  return y;
}

/** The backward of one call. */
class FunctionNode extends Node {
  /** Positions of the tensors among the outputs of `forward`. */
  private places: readonly number[] = [];
  private outputCount = 0;
  /** For each argument of `forward`, whether it is a tensor: only those have an edge. */
  private readonly isTensorArg: readonly boolean[];

  constructor(
    private readonly type: FunctionClass,
    private readonly ctx: FunctionCtx,
    args: readonly unknown[],
  ) {
    super(
      ctx.op,
      args.filter(isTensor).map((x) => edgeOf(x)),
    );
    this.isTensorArg = args.map(isTensor);
  }

  /** Users see what backward makes, so it is left to the collector. */
  override get isInternal(): boolean {
    return false;
  }

  /** Called when the outputs are in the graph. */
  finish(outputs: readonly unknown[]): void {
    this.places = outputs.flatMap((y, i) => (y instanceof Tensor ? [i] : []));
    this.outputCount = outputs.length;
    for (const y of outputs) this.outputs.push(y instanceof Tensor ? infoOf(y) : noOutput);
    enrollStep(this);
    this.ctx.keepSaved();
  }

  override get isReleased(): boolean {
    return this.ctx.isReleased;
  }

  override get kept(): readonly unknown[] {
    return this.ctx.kept;
  }

  override watch(): void {
    this.ctx.watch();
  }

  apply(grads: (Tensor | undefined)[]): Grads {
    const { type, ctx } = this;
    if (typeof type.backward !== "function")
      throw new AutogradError(
        `Implementing the static backward function for your custom autograd.Function ${nameOf(type)} is required to use it with backward.`,
      );
    const result = type.backward(ctx, ...this.gradOutputs(grads));
    const list = Array.isArray(result) ? result : [result];
    return this.byEdge(this.checkCount(list)).map((g, i) => g && conform(g, this.edges[i]));
  }

  private gradOutputs(grads: readonly (Tensor | undefined)[]): (Tensor | null)[] {
    const all = new Array<Tensor | null>(this.outputCount).fill(null);
    for (const i of this.places) {
      all[i] = grads[i] ?? (this.ctx.materializesGrads ? zeroGradient(this.outputs[i]!) : null);
      if (all[i]) all[i].isShared = true;
    }
    return all;
  }

  /** One entry per argument: superfluous ones at the end are dropped if they are null. */
  private checkCount(grads: Grads): Grads {
    const expected = this.isTensorArg.length;
    const list = grads.length > expected && !grads.slice(expected).some((g) => g) ? grads.slice(0, expected) : grads;
    if (list.length !== expected)
      throw new AutogradError(
        `function ${this.name} returned an incorrect number of gradients (expected ${expected}, got ${list.length})`,
      );
    return list;
  }

  private byEdge(grads: Grads): Grads {
    grads.forEach((g, i) => {
      if (g === null || g === undefined) return;
      if (!this.isTensorArg[i])
        throw new AutogradError(
          `function ${this.name} returned a gradient different from null at position ${i + 1}, but the corresponding forward input was not a Tensor`,
        );
      if (!isTensor(g))
        throw new ArgumentError(`function ${this.name} expected a Tensor or null as its gradient, got ${describe(g)}`);
      g.isShared = true;
    });
    return grads.filter((_, i) => this.isTensorArg[i]);
  }

  override release(): void {
    this.ctx.release();
  }
}

/** Stands for an output that is no tensor, so that gradients keep their positions. */
const noOutput = { shape: [0], dtype: "float32", device: "cpu" } as const satisfies OutputInfo;

/** A gradient in the dtype of its input, summed where it was broadcast; other misfits are left to the engine's check. */
function conform(grad: Tensor, edge: Edge | null | undefined): Tensor {
  if (!edge) return grad;
  const { shape, dtype } = edge.node.outputs[edge.index]!;
  const typed = grad.dtype === dtype ? grad : grad.to(dtype);
  return sameShape(typed.shape, shape) || !isExpandable(shape, typed.shape) ? typed : typed.sumToSize(shape);
}

/** Whether `from` broadcasts to `to`. */
function isExpandable(from: readonly number[], to: readonly number[]): boolean {
  const lead = to.length - from.length;
  return lead >= 0 && from.every((n, i) => n === 1 || n === to[lead + i]);
}

/** Stands behind the gradients of a function that can be differentiated only once. */
class DelayedError extends Node {
  apply(): Grads {
    throw new AutogradError("trying to differentiate twice a function that was marked with onceDifferentiable");
  }
}

/**
 * Marks a `backward` that is not written in differentiable ops: it runs outside of the graph, and differentiating its result is an error instead of
 * a wrong value. A decorator, or a function to wrap `backward` in.
 *
 * @see torch.autograd.function.once_differentiable
 * @example static backward = torch.autograd.onceDifferentiable((ctx, g) => …);
 */
export function onceDifferentiable<C extends FunctionCtx<any>, G extends (Tensor | null)[]>(
  backward: (ctx: C, ...grads: G) => FunctionGrads,
  _decorated?: unknown,
): (ctx: C, ...grads: G) => FunctionGrads {
  return function once(this: unknown, ctx, ...grads) {
    const result = noGrad(() => backward.call(this, ctx, ...grads));
    const sources = [...grads, ...ctx.savedTensors].filter((x: Tensor | null) => x?.requiresGrad) as Tensor[];
    if (!isGradEnabled() || sources.length === 0) return result;
    const results: Grads = Array.isArray(result) ? result : [result];
    const node = new DelayedError("DelayedError", sources.map(edgeOf));
    return results.map((g) => {
      if (!isTensor(g)) return g;
      const output = handleOn(g);
      output.node = node;
      output.outputNr = node.outputs.push(infoOf(output)) - 1;
      return output;
    });
  };
}
