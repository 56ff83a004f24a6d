/** Weights as direction times length: Salimans and Kingma, NeurIPS 2016. */

import type { RemovableHandle } from "../../autograd/handle";
import { noGrad } from "../../autograd/mode";
import { checkInteger } from "../../core/arguments";
import { classNameOf } from "../../core/className";
import { ArgumentError } from "../../core/errors";
import { wrapDim } from "../../core/shape";
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import type { Module } from "../module/module";
import { Parameter } from "../module/parameter";
import { parameterField, setField, tensorField } from "./fields";
import type { ModuleTool } from "./tool";

/** The norm over all axes but `dim`, which keep size 1; over all with null. */
function normExcept(v: Tensor, dim: number | null): Tensor {
  if (dim === null) return v.norm();
  const d = dim < 0 ? dim + v.ndim : dim;
  return v.norm(
    2,
    v.shape.flatMap((_, i) => (i === d ? [] : [i])),
    { keepdim: true },
  );
}

interface Reparametrization {
  readonly hook: RemovableHandle;
  readonly dim: number | null;
}

/** The reparametrized weights of each module, by name. */
const active = new WeakMap<Module, Map<string, Reparametrization>>();

const weightOf = (module: Module, name: string, dim: number | null): Tensor => {
  const v = parameterField("weightNorm", module, `${name}_v`);
  return v.mul(parameterField("weightNorm", module, `${name}_g`).div(normExcept(v, dim)));
};

/** Options of {@link weightNorm}. */
export interface WeightNormOptions {
  /** The axis whose slices have a length each; null for one length. Default: 0. */
  dim?: number | null;
}

/**
 * Splits a weight into a direction `<name>_v` and lengths `<name>_g`, both learned; the weight is put together before each call.
 * @param options.dim The axis whose slices have a length each; null for one length. Default: 0.
 * @see torch.nn.utils.weight_norm
 */
export const weightNorm = named(
  "weightNorm",
  "module, name?; dim",
  <M extends Module>(module: M, name = "weight", options: WeightNormOptions = {}): M => {
    const { dim = 0 } = options;
    tensorField("weightNorm", module, name);
    const known = active.get(module) ?? new Map<string, Reparametrization>();
    if (known.has(name))
      throw new ArgumentError(`weightNorm: Cannot register two weightNorm hooks on the same parameter ${name}`);
    const weight = parameterField("weightNorm", module, name);
    if (dim !== null) wrapDim("weightNorm", checkInteger("weightNorm", "dim", dim), weight.ndim);
    const g = noGrad(() => normExcept(weight, dim));
    setField(module, name, undefined);
    setField(module, `${name}_g`, new Parameter(g));
    setField(module, `${name}_v`, new Parameter(weight.detach()));
    setField(module, name, weightOf(module, name, dim));
    const hook = module.registerForwardPreHook(() => setField(module, name, weightOf(module, name, dim)));
    active.set(module, known.set(name, { hook, dim }));
    return module;
  },
) as unknown as ModuleTool<"; name, dim", WeightNormOptions & { name?: string }>;

/** Makes the weight one parameter again. @see torch.nn.utils.remove_weight_norm */
export const removeWeightNorm = named(
  "removeWeightNorm",
  "module, name?",
  <M extends Module>(module: M, name = "weight"): M => {
    tensorField("removeWeightNorm", module, name);
    const found = active.get(module)?.get(name);
    if (found === undefined)
      throw new ArgumentError(`removeWeightNorm: weightNorm of '${name}' not found in ${classNameOf(module)}`);
    const weight = noGrad(() => weightOf(module, name, found.dim));
    found.hook.remove();
    active.get(module)!.delete(name);
    for (const field of [name, `${name}_g`, `${name}_v`]) setField(module, field, undefined);
    setField(module, name, new Parameter(weight));
    return module;
  },
) as unknown as ModuleTool<"; name", { name?: string }>;
