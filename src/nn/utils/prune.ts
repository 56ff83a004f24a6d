/** Pruning: parameters with a mask of zeros and ones. `<name>_orig` is what is learned, `<name>_mask` a buffer; the product is taken at each call. */

import { noGrad } from "../../autograd/mode";
import { checkArray } from "../../core/arguments";
import { classNameOf, nameOf } from "../../core/className";
import { ArgumentError, describe } from "../../core/errors";
import { named, overloaded } from "../../core/signature";
import { cat } from "../../ops/shape/join";
import type { Tensor } from "../../tensor/tensor";
import { checkModule } from "../module/checks";
import type { Module } from "../module/module";
import { tensorField } from "./fields";
import { applyMethod, BasePruningMethod, hasMethods, maskOf, methodOf, PruningContainer } from "./pruning/method";
import {
  CustomFromMask,
  checkAmount,
  Identity,
  L1Unstructured,
  LnStructured,
  RandomStructured,
  RandomUnstructured,
} from "./pruning/methods";

export { BasePruningMethod, type PruneOptions, PruningContainer, type PruningType } from "./pruning/method";
export {
  CustomFromMask,
  Identity,
  L1Unstructured,
  LnStructured,
  type LnStructuredOptions,
  type PruneAmount,
  RandomStructured,
  type RandomStructuredOptions,
  RandomUnstructured,
} from "./pruning/methods";

/** Scores that decide instead of the values, of the shape of the parameter. */
interface Scores {
  importanceScores?: Tensor | null;
}

/** Whether a parameter of the module, or of one inside, is pruned. @see torch.nn.utils.prune.is_pruned */
export const isPruned = named("isPruned", "module", (module: Module): boolean => {
  checkModule("isPruned", module);
  return module.modules().some(hasMethods);
});

function prune<M extends Module>(
  op: string,
  module: M,
  name: string,
  make: () => BasePruningMethod,
  scores: Scores = {},
): M {
  tensorField(op, module, name);
  applyMethod(op, module, name, make(), scores.importanceScores);
  return module;
}

/**
 * Multiplies a parameter by a mask of zeros and ones. With a mask that is there already, what either drops is dropped.
 * @see torch.nn.utils.prune.custom_from_mask
 */
export const customFromMask = overloaded(
  "customFromMask",
  "module(), name, mask",
  <M extends Module>(module: M, name: string, mask: Tensor): M =>
    prune("customFromMask", module, name, () => new CustomFromMask(mask)),
);

/** Drops the entries of smallest absolute value: `amount` of them, or that share. @see torch.nn.utils.prune.l1_unstructured */
export const l1Unstructured = overloaded(
  "l1Unstructured",
  "module(), name, amount; importanceScores",
  <M extends Module>(module: M, name: string, amount: number, options?: Scores): M =>
    prune("l1Unstructured", module, name, () => new L1Unstructured(checkAmount("l1Unstructured", amount)), options),
);

/** Drops random entries: `amount` of them, or that share. @see torch.nn.utils.prune.random_unstructured */
export const randomUnstructured = overloaded(
  "randomUnstructured",
  "module(), name, amount",
  <M extends Module>(module: M, name: string, amount: number): M =>
    prune("randomUnstructured", module, name, () => new RandomUnstructured(checkAmount("randomUnstructured", amount))),
);

/**
 * Drops the slices along `dim` of smallest norm: `amount` of them, or that share.
 * @param n The degree of the norm.
 * @see torch.nn.utils.prune.ln_structured
 */
export const lnStructured = overloaded(
  "lnStructured",
  "module(), name, amount, n, dim; importanceScores",
  <M extends Module>(module: M, name: string, amount: number, n: number, dim: number, options?: Scores): M =>
    prune("lnStructured", module, name, () => new LnStructured(checkAmount("lnStructured", amount), n, dim), options),
);

/** Drops random slices along `dim`: `amount` of them, or that share. @see torch.nn.utils.prune.random_structured */
export const randomStructured = overloaded(
  "randomStructured",
  "module(), name, amount, dim",
  <M extends Module>(module: M, name: string, amount: number, dim: number): M =>
    prune("randomStructured", module, name, () => new RandomStructured(checkAmount("randomStructured", amount), dim)),
);

/** Gives a parameter a mask of ones, as a place for later ones. @see torch.nn.utils.prune.identity */
export const identity = overloaded(
  "identity",
  "module(), name",
  <M extends Module>(module: M, name: string): M => prune("identity", module, name, () => new Identity()),
);

/** Options of {@link globalUnstructured}. */
export interface GlobalPruneOptions {
  /** Which entries are dropped. Default: {@link L1Unstructured}, those of smallest absolute value. */
  pruningMethod?: new (
    amount: number,
  ) => BasePruningMethod;
  /** Scores that decide instead of the values, by module and name. */
  importanceScores?: ReadonlyMap<Module, Readonly<Record<string, Tensor>>> | null;
  /** How many entries, or which share of them all. */
  amount: number;
}

/**
 * Prunes all of the parameters together, as if they were one.
 * @param parameters Modules with the names of their parameters.
 * @see torch.nn.utils.prune.global_unstructured
 * @example prune.globalUnstructured([[net.fc1, "weight"], [net.fc2, "weight"]], { pruningMethod: prune.L1Unstructured, amount: 0.2 });
 */
export const globalUnstructured = named(
  "globalUnstructured",
  "parameters; pruningMethod, importanceScores; amount",
  (parameters: readonly (readonly [module: Module, name: string])[], options: GlobalPruneOptions): void => {
    const op = "globalUnstructured";
    for (const [i, pair] of checkArray(op, "parameters", parameters, "[module, name] pairs").entries())
      checkArray(op, `parameters[${i}]`, pair, "a module and a name");
    const { pruningMethod: Method = L1Unstructured, importanceScores } = options ?? {};
    const amount = checkAmount(op, options?.amount);
    if (!(Method?.prototype instanceof BasePruningMethod))
      throw new ArgumentError(`${op}: pruningMethod must be a class of pruning methods, got ${describe(Method)}`);
    const tensors = parameters.map(([module, name]) => tensorField(op, module, name).detach());
    const scores = parameters.map(([module, name], i) => importanceScores?.get(module)?.[name] ?? tensors[i]!);
    const method = new Method(amount);
    if (method.pruningType !== "unstructured")
      throw new ArgumentError(
        `${op}: Only "unstructured" methods are supported for pruningMethod, got ${nameOf(Method)} of type "${method.pruningType}"`,
      );
    const flat = (xs: readonly Tensor[]) => cat(xs.map((x) => x.reshape(-1)));
    const masks = noGrad(() => {
      const before = flat(parameters.map(([module, name]) => maskOf(op, module, name)));
      const mask = new PruningContainer(method).computeMask(flat(scores).detach(), before);
      return mask.split(
        tensors.map((x) => x.numel()),
        0,
      );
    });
    parameters.forEach(([module, name], i) => {
      customFromMask(module, name, masks[i]!.reshape(tensors[i]!.shape).clone());
    });
  },
);

/** Makes the pruned values the parameter; what was dropped is zero for good. @see torch.nn.utils.prune.remove */
export const remove = overloaded("remove", "module(), name", <M extends Module>(module: M, name: string): M => {
  tensorField("remove", module, name);
  const method = methodOf(module, name);
  if (method === undefined)
    throw new ArgumentError(
      `remove: Parameter '${name}' of module ${classNameOf(module)} has to be pruned before pruning can be removed`,
    );
  method.remove(module);
  return module;
});
