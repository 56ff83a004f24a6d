/** How methods of pruning mask a parameter, and how several of them follow each other. */

import type { RemovableHandle } from "../../../autograd/handle";
import { noGrad } from "../../../autograd/mode";
import { checkInteger } from "../../../core/arguments";
import { isPlainObject } from "../../../core/binding";
import { classNameOf } from "../../../core/className";
import { ArgumentError, checkOptions, describe, ShapeError, ValueError } from "../../../core/errors";
import { sameShape, shapeText, wrapDim } from "../../../core/shape";
import { within } from "../../../core/signature";
import { checkTensor } from "../../../ops/builders/checks";
import { replaceData } from "../../../tensor/data";
import type { Tensor } from "../../../tensor/tensor";
import type { Module } from "../../module/module";
import { parameterField, setField, tensorField } from "../fields";

/** What a method of pruning looks at: single entries, whole slices, or all that there is. */
export type PruningType = "unstructured" | "structured" | "global";

/** The methods that are at work, and the hooks that apply their masks, by module and parameter. */
const active = new WeakMap<
  Module,
  Map<string, { readonly method: BasePruningMethod; readonly hook: RemovableHandle }>
>();

/** The method that prunes a parameter. */
export const methodOf = (module: Module, name: string): BasePruningMethod | undefined =>
  active.get(module)?.get(name)?.method;

/** Whether a parameter of this very module is pruned. */
export const hasMethods = (module: Module): boolean => (active.get(module)?.size ?? 0) > 0;

/** The mask of a parameter, or ones. */
export const maskOf = (op: string, module: Module, name: string): Tensor => {
  const x = tensorField(op, module, name);
  return methodOf(module, name) === undefined
    ? x.detach().onesLike()
    : tensorField(op, module, `${name}_mask`).detach().clone();
};

/** Options of {@link BasePruningMethod.prune}. */
export interface PruneOptions {
  /** What is left by earlier prunings. Default: ones. */
  defaultMask?: Tensor | null;
  /** What decides instead of the values. */
  importanceScores?: Tensor | null;
}

type Method = new (...args: any[]) => BasePruningMethod;

/** Arguments of a method, and scores by name. */
type WithScores<A extends readonly unknown[]> = A | [...A, scores: { importanceScores?: Tensor | null }];

/**
 * Base class of methods of pruning, also of one's own: a subclass says in {@link computeMask} what is dropped.
 * @see torch.nn.utils.prune.BasePruningMethod
 * @example
 * class EveryOther extends prune.BasePruningMethod {
 *   readonly pruningType = "unstructured";
 *   computeMask(t, defaultMask) {
 *     const mask = defaultMask.clone();
 *     mask.reshape(-1).slice(0, 0, null, 2).zero_();
 *     return mask;
 *   }
 * }
 * EveryOther.apply(module, "bias");
 */
export abstract class BasePruningMethod {
  /** Which part of a parameter that is pruned already a further method gets to see. PyTorch calls it PRUNING_TYPE. */
  abstract readonly pruningType: PruningType;
  /** The axis of the slices of a structured method. */
  readonly dim?: number;
  /** The parameter that the method works on. PyTorch calls it _tensor_name. */
  tensorName = "";

  /**
   * The mask of zeros and ones, of the shape of both.
   * @param t What decides: the parameter, or scores of its entries.
   * @param defaultMask What is left by earlier prunings.
   */
  abstract computeMask(t: Tensor, defaultMask: Tensor): Tensor;

  /** The parameter of the module times its mask. @throws ArgumentError unless the method has been applied. */
  applyMask(module: Module): Tensor {
    const { tensorName } = this;
    if (tensorName === "") throw new ArgumentError(`applyMask: ${describe(module)} has to be pruned`);
    const original = parameterField("applyMask", module, `${tensorName}_orig`);
    return original.mul(tensorField("applyMask", module, `${tensorName}_mask`).to(original.dtype));
  }

  /** `t`, pruned, outside of any module. */
  prune(t: Tensor, options: PruneOptions = {}): Tensor {
    checkOptions("prune", options, ["importanceScores", "defaultMask"]);
    const scores = options.importanceScores ?? checkTensor("prune", t, "t");
    checkScores("prune", scores, checkTensor("prune", t, "t"));
    return t.mul(maskBy("prune", this, scores, options.defaultMask ?? t.detach().onesLike()));
  }

  /** Makes the pruned values the parameter. @see remove, which does so by the name of the parameter */
  remove(module: Module): void {
    const { tensorName } = this;
    const value = within("remove", () => noGrad(() => this.applyMask(module)));
    const original = parameterField("remove", module, `${tensorName}_orig`);
    active.get(module)?.get(tensorName)?.hook.remove();
    active.get(module)?.delete(tensorName);
    for (const field of [tensorName, `${tensorName}_orig`, `${tensorName}_mask`]) setField(module, field, undefined);
    replaceData(original, value);
    setField(module, tensorName, original);
  }

  /**
   * Prunes a parameter by a method made of the arguments, after those that prune it already.
   * @returns The method, or the {@link PruningContainer} that it is the last of.
   */
  static apply<M extends Method>(
    this: M,
    module: Module,
    name: string,
    ...args: WithScores<ConstructorParameters<M>>
  ): BasePruningMethod {
    const last = args.at(-1);
    const { importanceScores, ...rest } = isPlainObject(last) ? last : { importanceScores: undefined };
    const own = [...(isPlainObject(last) ? args.slice(0, -1) : args), ...(Object.keys(rest).length > 0 ? [rest] : [])];
    const method = new this(...own);
    const op = `${classNameOf(method)}.apply`;
    return applyMethod(op, module, name, method, importanceScores as Tensor | null | undefined);
  }
}

/** A mask has the shape of what it is for. */
export function checkMask(op: string, mask: Tensor, x: Tensor): void {
  if (!sameShape(checkTensor(op, mask, "the mask").shape, x.shape))
    throw new ShapeError(
      `${op}: a mask of shape ${shapeText(mask.shape)} does not fit a parameter of shape ${shapeText(x.shape)}`,
    );
}

/** The mask that a method computes, which a class of a user's may have forgotten to define. */
function maskBy(op: string, method: BasePruningMethod, t: Tensor, defaultMask: Tensor): Tensor {
  if (typeof method.computeMask !== "function")
    throw new ArgumentError(`${op}: ${classNameOf(method)} has no method computeMask(t, defaultMask)`);
  return method.computeMask(t, defaultMask);
}

function checkScores(op: string, scores: Tensor, x: Tensor): void {
  if (!sameShape(checkTensor(op, scores, "importanceScores").shape, x.shape))
    throw new ShapeError(
      `${op}: importanceScores should have the same shape as the tensor, ${shapeText(x.shape)}, got ${shapeText(scores.shape)}`,
    );
}

/** Lets `method` prune a parameter, after the methods that do so already. The mask is computed before anything is changed. */
export function applyMethod(
  op: string,
  module: Module,
  name: string,
  method: BasePruningMethod,
  importanceScores?: Tensor | null,
): BasePruningMethod {
  const x = tensorField(op, module, name).detach();
  const before = active.get(module)?.get(name);
  const original = before === undefined ? parameterField(op, module, name) : undefined;
  const scores = importanceScores ?? x;
  checkScores(op, scores, x);
  method.tensorName = name;
  const earlier = before?.method instanceof PruningContainer ? [...before.method] : before && [before.method];
  const applied = earlier === undefined ? method : new PruningContainer(...earlier, method);
  applied.tensorName = name;
  const mask = noGrad(() => maskBy(op, applied, scores.detach(), maskOf(op, module, name)));
  checkMask(op, mask, x);
  if (original !== undefined) {
    setField(module, name, undefined);
    setField(module, `${name}_orig`, original);
  }
  module.registerBuffer(`${name}_mask`, mask);
  before?.hook.remove();
  const hook = module.registerForwardPreHook(() => setField(module, name, applied.applyMask(module)));
  active.set(module, (active.get(module) ?? new Map()).set(name, { method: applied, hook }));
  setField(module, name, applied.applyMask(module));
  return applied;
}

/**
 * Methods that prune one parameter, one after the other: each sees what those before it have left.
 * @see torch.nn.utils.prune.PruningContainer
 */
export class PruningContainer extends BasePruningMethod implements Iterable<BasePruningMethod> {
  readonly pruningType = "global";
  readonly #methods: BasePruningMethod[] = [];

  constructor(...methods: readonly BasePruningMethod[]) {
    super();
    for (const method of methods) this.addPruningMethod(method);
  }

  /** @throws ArgumentError for what is no method, ValueError for one of another parameter. */
  addPruningMethod(method: BasePruningMethod): void {
    if (!(method instanceof BasePruningMethod))
      throw new ArgumentError(`PruningContainer: ${describe(method)} is not a BasePruningMethod`);
    if (this.#methods.length === 0) this.tensorName ||= method.tensorName;
    if (this.tensorName !== method.tensorName)
      throw new ValueError(
        `PruningContainer: Can only add pruning methods acting on the parameter named '${this.tensorName}'. Found '${method.tensorName}'`,
      );
    this.#methods.push(method);
  }

  /** How many methods there are. */
  get length(): number {
    return this.#methods.length;
  }

  /** The method at a place; from the end for a negative one. */
  at(index: number): BasePruningMethod | undefined {
    return this.#methods.at(checkInteger("PruningContainer.at", "index", index));
  }

  [Symbol.iterator](): Iterator<BasePruningMethod> {
    return this.#methods[Symbol.iterator]();
  }

  /** What the last method drops of what `defaultMask` has left, dropped too. */
  computeMask(t: Tensor, defaultMask: Tensor): Tensor {
    const method = this.#methods.at(-1);
    if (method === undefined) throw new ArgumentError("PruningContainer: there is no method yet");
    const whole = defaultMask.to(t.dtype);
    if (method.pruningType === "global") return maskBy("PruningContainer", method, t, whole);
    if (method.pruningType === "structured") return remainingSlices(method, t, whole);
    const left = whole.reshape(-1).eq(1).nonzero().squeeze(1);
    const part = (x: Tensor) => x.reshape(-1).indexSelect(0, left);
    const mask = maskBy("PruningContainer", method, part(t), part(whole)).to(whole.dtype);
    return whole.reshape(-1).indexCopy(0, left, mask).reshape(t.shape);
  }
}

/** The mask of a method that sees only the slices of which something is left. */
function remainingSlices(method: BasePruningMethod, t: Tensor, whole: Tensor): Tensor {
  const { dim } = method;
  if (dim === undefined)
    throw new ArgumentError('PruningContainer: a method of pruning type "structured" needs a field `dim`');
  const axis = wrapDim("PruningContainer", dim, t.ndim);
  const others = t.shape.flatMap((_, i) => (i === axis ? [] : [i]));
  const left = (others.length === 0 ? whole : whole.sum(others)).ne(0).nonzero().squeeze(1);
  const part = (x: Tensor) => x.indexSelect(axis, left);
  return whole.indexCopy(axis, left, maskBy("PruningContainer", method, part(t), part(whole)).to(whole.dtype));
}
