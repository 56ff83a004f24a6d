/** Pruning: parameters with a mask. */

import type { RemovableHandle } from "../../autograd/handle";
import { noGrad } from "../../autograd/mode";
import { checkArray, checkInteger, checkNumber } from "../../core/arguments";
import { ArgumentError, checkOptions, ShapeError, ValueError } from "../../core/errors";
import { sameShape, shapeText, wrapDim } from "../../core/shape";
import { named } from "../../core/signature";
import { checkTensor } from "../../ops/checks";
import { cat } from "../../ops/join";
import { randLike } from "../../ops/rand";
import type { Tensor } from "../../tensor/tensor";
import { checkModule } from "../checks";
import type { Module } from "../module";
import { Parameter } from "../parameter";
import { parameterField, setField, tensorField } from "./fields";

/** The hooks that apply the masks, by module and parameter. */
const active = new WeakMap<Module, Map<string, RemovableHandle>>();

const maskOf = (module: Module, name: string): Tensor | undefined =>
  active.get(module)?.has(name) ? tensorField("prune", module, `${name}_mask`) : undefined;

const masked = (module: Module, name: string): Tensor =>
  parameterField("prune", module, `${name}_orig`).mul(tensorField("prune", module, `${name}_mask`));

/** Whether a parameter of the module, or of one inside, is pruned. @see torch.nn.utils.prune.is_pruned */
export const isPruned = named("isPruned", "module", (module: Module): boolean => {
  checkModule("isPruned", module);
  return module.modules().some((m) => (active.get(m)?.size ?? 0) > 0);
});

/**
 * Multiplies a parameter by a mask of zeros and ones at each call; `<name>_orig` is what is learnt, `<name>_mask` a buffer. With a mask
 * that is there already, what either drops is dropped.
 * @see torch.nn.utils.prune.custom_from_mask
 */
export function customFromMask<M extends Module>(module: M, name: string, mask: Tensor): M {
  tensorField("customFromMask", module, name);
  checkTensor("customFromMask", mask, "mask");
  const old = maskOf(module, name);
  const original =
    old === undefined
      ? parameterField("customFromMask", module, name)
      : parameterField("prune", module, `${name}_orig`);
  if (!sameShape(mask.shape, original.shape))
    throw new ShapeError(
      `customFromMask: a mask of shape ${shapeText(mask.shape)} does not fit a parameter of shape ${shapeText(original.shape)}`,
    );
  const factors = noGrad(() =>
    old === undefined ? mask.to(original.dtype).clone() : old.mul(mask.to(original.dtype)),
  );
  if (old === undefined) {
    setField(module, name, undefined);
    setField(module, `${name}_orig`, original);
    const hook = module.registerForwardPreHook(() => setField(module, name, masked(module, name)));
    active.set(module, (active.get(module) ?? new Map<string, RemovableHandle>()).set(name, hook));
  }
  module.registerBuffer(`${name}_mask`, factors);
  setField(module, name, masked(module, name));
  return module;
}

/** How many of `total` an amount means: a number of units, or a share of them. */
function count(op: string, amount: number, total: number): number {
  checkNumber(op, "amount", amount);
  if (!(amount >= 0) || (!Number.isInteger(amount) && amount > 1))
    throw new ValueError(
      `${op}: amount=${amount} should either be a float in the range [0, 1] or a non-negative integer`,
    );
  if (Number.isInteger(amount) && amount > total)
    throw new ValueError(`${op}: amount=${amount} should be smaller than the number of parameters to prune=${total}`);
  // JavaScript does not tell 1 from 1.0: it means one unit.
  return Number.isInteger(amount) ? amount : Math.round(amount * total);
}

/** Ones, with zeros at the `n` smallest scores. */
function dropSmallest(scores: Tensor, n: number): Tensor {
  const flat = scores.reshape(-1);
  const order = flat.argsort(0).narrow(0, 0, n);
  return flat.onesLike().indexFill(0, order, 0).reshape(scores.shape);
}

/** What is left to prune: entries that are dropped already score below all others. */
function remaining(module: Module, name: string, scores: Tensor): { scores: Tensor; total: number; dropped: number } {
  const mask = maskOf(module, name);
  if (mask === undefined) return { scores, total: scores.numel(), dropped: 0 };
  const dropped = scores.numel() - mask.sum().item();
  return { scores: scores.maskedFill(mask.eq(0), -1), total: scores.numel() - dropped, dropped };
}

function unstructured<M extends Module>(
  op: string,
  module: M,
  name: string,
  amount: number,
  scoresOf: (x: Tensor) => Tensor,
): M {
  const x = tensorField(op, module, name).detach();
  const mask = noGrad(() => {
    const { scores, total, dropped } = remaining(module, name, scoresOf(x));
    return dropSmallest(scores, dropped + count(op, amount, total));
  });
  return customFromMask(module, name, mask);
}

/** Drops the entries of smallest absolute value: `amount` of them, or that share. @see torch.nn.utils.prune.l1_unstructured */
export const l1Unstructured = <M extends Module>(module: M, name: string, amount: number): M =>
  unstructured("l1Unstructured", module, name, amount, (x) => x.abs());

/** Drops random entries: `amount` of them, or that share. @see torch.nn.utils.prune.random_unstructured */
export const randomUnstructured = <M extends Module>(module: M, name: string, amount: number): M =>
  unstructured("randomUnstructured", module, name, amount, (x) => randLike(x));

/** Drops whole slices along `dim` by scores, one for each slice. */
function structured<M extends Module>(
  op: string,
  module: M,
  name: string,
  amount: number,
  dim: number,
  scoresOf: (x: Tensor, others: number[]) => Tensor,
): M {
  const mask = noGrad(() => {
    const x = tensorField(op, module, name).detach();
    if (x.ndim < 2)
      throw new ShapeError(
        `${op}: Structured pruning can only be applied to multidimensional tensors, got ${x.ndim} dimensions`,
      );
    const d = wrapDim(op, checkInteger(op, "dim", dim), x.ndim);
    const others = x.shape.flatMap((_, i) => (i === d ? [] : [i]));
    const keep = dropSmallest(scoresOf(x, others), count(op, amount, x.shape[d]!));
    return keep.reshape(x.shape.map((_, i) => (i === d ? -1 : 1))).expand(x.shape);
  });
  return customFromMask(module, name, mask);
}

/**
 * Drops the slices along `dim` of smallest norm: `amount` of them, or that share.
 * @param n The degree of the norm.
 * @see torch.nn.utils.prune.ln_structured
 */
export const lnStructured = <M extends Module>(module: M, name: string, amount: number, n: number, dim: number): M =>
  structured("lnStructured", module, name, amount, dim, (x, others) => x.norm(n, others));

/** Drops random slices along `dim`: `amount` of them, or that share. @see torch.nn.utils.prune.random_structured */
export const randomStructured = <M extends Module>(module: M, name: string, amount: number, dim: number): M =>
  structured("randomStructured", module, name, amount, dim, (x, others) => randLike(x.sum(others)));

/** Options of {@link globalUnstructured}. */
export interface GlobalPruneOptions {
  /** How many entries, or which share of them all. */
  amount: number;
}

/**
 * Drops the entries of smallest absolute value among all of the parameters together.
 * @param parameters Modules with the names of their parameters.
 * @see torch.nn.utils.prune.global_unstructured
 */
export const globalUnstructured = named(
  "globalUnstructured",
  "parameters;; amount",
  (parameters: readonly (readonly [module: Module, name: string])[], options: GlobalPruneOptions): void => {
    const op = "globalUnstructured";
    checkOptions(op, options, ["amount"]);
    checkNumber(op, "amount", options?.amount);
    for (const [i, pair] of checkArray(op, "parameters", parameters, "[module, name] pairs").entries())
      checkArray(op, `parameters[${i}]`, pair, "a module and a name");
    const masks = noGrad(() => {
      const parts = parameters.map(([module, name]) =>
        remaining(module, name, tensorField(op, module, name).detach().abs()),
      );
      const total = parts.reduce((sum, part) => sum + part.total, 0);
      const dropped = parts.reduce((sum, part) => sum + part.dropped, 0);
      const all = dropSmallest(
        cat(parts.map((part) => part.scores.reshape(-1))),
        dropped + count(op, options.amount, total),
      );
      return all.split(
        parts.map((part) => part.scores.numel()),
        0,
      );
    });
    parameters.forEach(([module, name], i) => {
      customFromMask(module, name, masks[i]!.reshape(tensorField(op, module, name).shape));
    });
  },
);

/** Gives a parameter a mask of ones, as a place for later ones. @see torch.nn.utils.prune.identity */
export const identity = <M extends Module>(module: M, name: string): M =>
  customFromMask(module, name, tensorField("identity", module, name).detach().onesLike());

/** Makes the pruned values the parameter; what was dropped is zero for good. @see torch.nn.utils.prune.remove */
export function remove<M extends Module>(module: M, name: string): M {
  tensorField("remove", module, name);
  const hook = active.get(module)?.get(name);
  if (hook === undefined)
    throw new ArgumentError(
      `remove: Parameter '${name}' of module ${module.constructor.name} has to be pruned before pruning can be removed`,
    );
  const { requiresGrad } = parameterField("prune", module, `${name}_orig`);
  const value = noGrad(() => masked(module, name));
  hook.remove();
  active.get(module)!.delete(name);
  for (const field of [name, `${name}_orig`, `${name}_mask`]) setField(module, field, undefined);
  setField(module, name, new Parameter(value, { requiresGrad }));
  return module;
}
