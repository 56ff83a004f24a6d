/** Parameters that are computed from other ones by modules. */

import { noGrad } from "../../autograd/mode";
import { checkFlag, checkString } from "../../core/arguments";
import { classNameOf } from "../../core/className";
import { ArgumentError, ShapeError } from "../../core/errors";
import { sameShape, shapeText } from "../../core/shape";
import { type Declared, named, within } from "../../core/signature";
import { Mode } from "../../platform/mode";
import { replaceData } from "../../tensor/data";
import type { Tensor } from "../../tensor/tensor";
import { checkModule } from "../module/checks";
import { ModuleDict, ModuleList } from "../module/container";
import type { Module } from "../module/module";
import { Parameter } from "../module/parameter";
import { setField, tensorField } from "./fields";
import type { ModuleTool } from "./tool";

/** A parametrization; `rightInverse` finds what gives a tensor, so that the tensor can be assigned. */
interface Invertible extends Module {
  rightInverse?(tensor: Tensor): Tensor;
}

/** The modules that a parameter goes through, and the parameter. @see torch.nn.utils.parametrize.ParametrizationList */
export class ParametrizationList extends ModuleList {
  /** What is learned. */
  original: Tensor;

  constructor(modules: Iterable<Module>, original: Tensor) {
    super();
    this.original = original;
    within("ParametrizationList", () => this.extend(modules));
    if (([...this] as Invertible[]).some((module) => module.rightInverse !== undefined)) this.assign(original);
  }

  /** Sets `original`, in place, to what the parametrizations turn into `value`. */
  assign(value: Tensor): void {
    let inner = value.detach();
    noGrad(() => {
      for (const module of [...this].reverse() as Invertible[]) inner = module.rightInverse?.(inner) ?? inner;
    });
    replaceData(this.original, inner);
  }

  /** The tensor that `original` stands for. */
  override forward(): Tensor {
    let x = this.original;
    for (const module of this) x = module(x);
    return x;
  }
}

/** Values kept while {@link cached} runs. */
const cache = new Mode<Map<ParametrizationList, Tensor> | undefined>(undefined);

function read(list: ParametrizationList): Tensor {
  const values = cache.value;
  if (values === undefined) return list();
  const value = values.get(list) ?? list();
  values.set(list, value);
  return value;
}

/**
 * Computes every parametrized tensor once in `body`, instead of at each use.
 * @see torch.nn.utils.parametrize.cached
 */
export const cached = named(
  "cached",
  "body()",
  <R>(body: () => R): R => cache.run("cached", cache.value ?? new Map(), body),
) as unknown as Cached;

interface Cached extends Declared {
  <R>(body: () => R): R;
}

interface Parametrized extends Module {
  parametrizations?: ModuleDict;
}

const listOf = (module: Module, name: string): ParametrizationList | undefined =>
  (module as Parametrized).parametrizations?.get(name) as ParametrizationList | undefined;

/** Whether a module, or one of its tensors, is parametrized. @see torch.nn.utils.parametrize.is_parametrized */
export const isParametrized = named(
  "isParametrized",
  "module, tensorName?",
  (module: Module, name?: string | null): boolean => {
    checkModule("isParametrized", module);
    if (name != null) checkString("isParametrized", "tensorName", name);
    const dict = (module as Parametrized).parametrizations;
    return dict instanceof ModuleDict && (name == null ? dict.size > 0 : dict.has(name));
  },
);

/** What {@link registerParametrization} takes after the module. */
export interface ParametrizationParameters {
  /** The name of the tensor. */
  tensorName: string;
  /** What computes the tensor from what is learned. */
  parametrization: Module;
  /** Do not check that the shape is kept. Default: false. */
  unsafe?: boolean;
}

/**
 * Lets a tensor of `module` be computed by `parametrization` from then on; what is learned is in
 * `module.parametrizations.<name>.original`. Several parametrizations are applied one after the other.
 * @see torch.nn.utils.parametrize.register_parametrization
 * @throws ShapeError if the parametrization changes the shape.
 */
export const registerParametrization = named(
  "registerParametrization",
  "module, tensorName, parametrization();; unsafe",
  <M extends Module>(module: M, name: string, parametrization: Module, options: { unsafe?: boolean } = {}): M => {
    checkFlag("registerParametrization", "unsafe", options.unsafe ?? false);
    checkModule("registerParametrization", parametrization, "parametrization");
    const before = tensorField("registerParametrization", module, name);
    parametrization.train(module.training);
    if (!options.unsafe) checkShape(parametrization, before);
    const list = listOf(module, name);
    if (list !== undefined) {
      const value = before.detach();
      list.append(parametrization);
      list.assign(value);
      return module;
    }
    setField(module, name, undefined);
    const made = new ParametrizationList([parametrization], before);
    (module as Parametrized).parametrizations ??= new ModuleDict();
    (module as Parametrized).parametrizations!.set(name, made);
    // Not enumerable, so that the computed tensor is no field of the module's own.
    Object.defineProperty(module, name, {
      configurable: true,
      enumerable: false,
      get: () => read(made),
      set: (value: Tensor) => made.assign(value),
    });
    return module;
  },
) as unknown as ModuleTool<"tensorName, parametrization;; unsafe", ParametrizationParameters>;

function checkShape(parametrization: Invertible, before: Tensor): void {
  const after = noGrad(() => parametrization(before)) as Tensor;
  if (!sameShape(after.shape, before.shape) || after.dtype !== before.dtype)
    throw new ShapeError(
      `registerParametrization: a parametrization may not change the shape or dtype of the tensor: from ${shapeText(before.shape)} ${before.dtype} to ${shapeText(after.shape)} ${after.dtype}`,
    );
}

/**
 * Makes a tensor an ordinary parameter again.
 * @param options.leaveParametrized Whether it keeps its computed value; otherwise it gets what was learned. Default: true.
 * @see torch.nn.utils.parametrize.remove_parametrizations
 */
export const removeParametrizations = named(
  "removeParametrizations",
  "module(), tensorName; leaveParametrized",
  <M extends Module>(module: M, name: string, options: { leaveParametrized?: boolean } = {}): M => {
    checkFlag("removeParametrizations", "leaveParametrized", options.leaveParametrized ?? true);
    checkModule("removeParametrizations", module);
    checkString("removeParametrizations", "tensorName", name);
    const list = listOf(module, name);
    if (list === undefined)
      throw new ArgumentError(
        `removeParametrizations: Module ${classNameOf(module)} does not have a parametrization on ${name}`,
      );
    const value =
      options.leaveParametrized === false
        ? list.original
        : noGrad(() => list())
            .detach()
            .clone();
    const { requiresGrad } = list.original;
    (module as Parametrized).parametrizations!.delete(name);
    if (!isParametrized(module)) setField(module, "parametrizations", undefined);
    setField(module, name, undefined);
    setField(module, name, value instanceof Parameter ? value : new Parameter(value, { requiresGrad }));
    return module;
  },
) as unknown as ModuleTool<"tensorName; leaveParametrized", { tensorName: string; leaveParametrized?: boolean }>;

/** The class of a module, parametrized or not: registering a parametrization changes no class here. @see torch.nn.utils.parametrize.type_before_parametrizations */
export const typeBeforeParametrizations = named("typeBeforeParametrizations", "module", (module: Module): unknown => {
  checkModule("typeBeforeParametrizations", module);
  return module.constructor;
});

/**
 * Gives another module the parametrizations of `fromModule`, and the parameters that they start from: both modules share them then.
 * @param tensorName The only tensor to transfer. Default: all that are parametrized.
 * @returns The other module.
 * @see torch.nn.utils.parametrize.transfer_parametrizations_and_params
 */
export function transferParametrizationsAndParams<M extends Module>(
  fromModule: Module,
  toModule: M,
  tensorName?: string | null,
): M {
  const op = "transferParametrizationsAndParams";
  checkModule(op, fromModule, "fromModule");
  checkModule(op, toModule, "toModule");
  if (!isParametrized(fromModule)) return toModule;
  const names = tensorName == null ? [...(fromModule as Parametrized).parametrizations!.keys()] : [tensorName];
  for (const name of names) {
    const list = listOf(fromModule, checkString(op, "tensorName", name));
    if (list === undefined)
      throw new ArgumentError(`${op}: ${classNameOf(fromModule)} has no parametrized tensor \`${name}\``);
    const fields = toModule as unknown as Record<string, unknown>;
    if (fields[name] === undefined) setField(toModule, name, new Parameter(list.original.detach().clone()));
    for (const parametrization of list) registerParametrization(toModule, name, parametrization);
    listOf(toModule, name)!.original = list.original;
  }
  return toModule;
}
