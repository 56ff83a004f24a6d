/** Models of float32 made into quantized ones. */
import { checkFlag } from "../core/arguments";
import { ArgumentError, describe, KindlingError, ValueError } from "../core/errors";
import { overloaded } from "../core/signature";
import { BatchNorm2d } from "../nn/layers/batchnorm";
import { Conv1d, Conv2d } from "../nn/layers/conv";
import { Dropout } from "../nn/layers/dropout";
import { Linear } from "../nn/layers/linear";
import { checkModule } from "../nn/module/checks";
import { Sequential } from "../nn/module/container";
import { deepcopy } from "../nn/module/deepcopy";
import { Module } from "../nn/module/module";
import * as conv from "./modules/conv";
import { FloatFunctional, QFunctional } from "./modules/functional";
import { LinearHalf } from "./modules/half";
import { BNReLU2d, ConvReLU1d, ConvReLU2d, FusedModule, LinearReLU } from "./modules/intrinsic";
import * as linear from "./modules/linear";
import { DeQuantize, DeQuantStub, Quantize, QuantStub } from "./modules/stubs";
import { ObserverBase } from "./observers";
import { checkQConfig, defaultDynamicQconfig, float16DynamicQconfig, type QConfig } from "./qconfig";

/** A class of modules. */
export type ModuleType = abstract new (...args: any[]) => Module;

/** What makes a quantized layer of a float one. */
interface QuantizedType {
  fromFloat(module: Module): Module;
}

/** Which quantized layer takes the place of each float one. */
export type Mapping = ReadonlyMap<ModuleType, QuantizedType>;

/** The quantized layers for models that have been observed. @see torch.ao.quantization.get_default_static_quant_module_mappings */
const staticMapping: Mapping = new Map<ModuleType, QuantizedType>([
  [QuantStub, Quantize],
  [DeQuantStub, DeQuantize],
  [Linear, linear.Linear],
  [LinearReLU, linear.LinearReLU],
  [Conv1d, conv.Conv1d],
  [Conv2d, conv.Conv2d],
  [ConvReLU1d, conv.ConvReLU1d],
  [ConvReLU2d, conv.ConvReLU2d],
  [FloatFunctional, QFunctional],
]);

/** Layers whose inputs stay float32. @see torch.ao.quantization.get_default_dynamic_quant_module_mappings */
const dynamicMapping: Mapping = new Map<ModuleType, QuantizedType>([
  [
    Linear,
    {
      fromFloat: (module: Module) =>
        qconfigOf(module)?.weight().dtype === "float16"
          ? LinearHalf.fromFloat(module as Linear)
          : linear.DynamicLinear.fromFloat(module),
    },
  ],
]);

interface Configured {
  qconfig?: QConfig | null;
  activationPostProcess?: Module;
}

const configured = (module: Module): Configured => module as Configured;
const qconfigOf = (module: Module): QConfig | null | undefined => configured(module).qconfig;

/** Modules in the fields of a module. */
const childrenOf = (module: Module): [field: string, child: Module][] =>
  Object.entries(module).filter((entry): entry is [string, Module] => entry[1] instanceof Module);

/** Gives each module the configuration of its name, its class, or the module around it. */
function propagate(
  module: Module,
  spec: ReadonlyMap<unknown, QConfig | null>,
  parent: QConfig | null,
  path: string,
): void {
  let own = spec.get(module.constructor) ?? parent;
  if (spec.has(path)) own = spec.get(path)!;
  const given = qconfigOf(module);
  if (given !== undefined) own = given;
  configured(module).qconfig = own;
  for (const [field, child] of childrenOf(module))
    propagate(child, spec, own, path === "" ? field : `${path}.${field}`);
}

/** Lets an observer see the results of a module. */
function watch(module: Module): void {
  const qconfig = qconfigOf(module);
  if (qconfig == null || module instanceof DeQuantStub) return;
  const observer = qconfig.activation();
  configured(module).activationPostProcess = observer;
  module.registerForwardHook((_module: unknown, _input: unknown, output: unknown) => observer(output as never));
}

const observable = (module: Module): boolean =>
  module instanceof QuantStub || staticMapping.has(module.constructor as ModuleType) || module instanceof BatchNorm2d;

function addObservers(module: Module): void {
  for (const [, child] of childrenOf(module)) {
    if (child instanceof Dropout || child instanceof ObserverBase) continue;
    if (child instanceof FloatFunctional) {
      const qconfig = qconfigOf(child);
      if (qconfig != null) child.activationPostProcess = qconfig.activation();
    } else if (child instanceof FusedModule) watch(child);
    else addObservers(child);
  }
  const hasChildren = childrenOf(module).length > 0;
  if (!hasChildren && !(module instanceof Sequential) && observable(module)) watch(module);
}

/** Options of {@link prepare} and {@link convert}. */
export interface InplaceOptions {
  /** Whether the model itself is changed. Default: false, a copy is. */
  inplace?: boolean;
}

/**
 * Adds observers to the layers that have a configuration: set `model.qconfig` before, and run the result on some inputs, without gradients, before
 * {@link convert}.
 * @see torch.ao.quantization.prepare
 * @throws KindlingError if nothing has a configuration.
 * @example
 * model.eval();
 * model.qconfig = torch.quantization.getDefaultQconfig("fbgemm");
 * const prepared = torch.quantization.prepare(model);
 * for (const [x] of batches) prepared(x);
 * const quantized = torch.quantization.convert(prepared);
 */
export const prepare = overloaded("prepare", "model; inplace", observed);

function observed<M extends Module>(model: M, { inplace = false }: InplaceOptions = {}): M {
  checkModule("prepare", model, "model");
  for (const module of model.modules()) checkQConfig("prepare", qconfigOf(module));
  const result = checkFlag("prepare", "inplace", inplace) ? model : deepcopy(model);
  propagate(result, new Map(), null, "");
  if (!result.modules().some((module) => qconfigOf(module) != null))
    throw new KindlingError(
      "prepare: None of the submodule got qconfig applied. Set model.qconfig, such as torch.quantization.getDefaultQconfig(), first",
    );
  addObservers(result);
  return result;
}

/** The layer that takes the place of a module. */
function swapped(module: Module, mapping: Mapping): Module {
  if (qconfigOf(module) == null) return module;
  const type = mapping.get(module.constructor as ModuleType);
  if (type !== undefined) return type.fromFloat(module).train(module.training);
  if (mapping === staticMapping && module instanceof BNReLU2d)
    throw new KindlingError(
      "convert: batch normalization is quantized with the layer before it; fuse them by fuseModules",
    );
  return module;
}

function convertChildren(module: Module, mapping: Mapping, done: Map<Module, Module>): void {
  for (const [field, child] of childrenOf(module)) {
    if (child instanceof ObserverBase) continue;
    let next = done.get(child);
    if (next === undefined) {
      if (!(child instanceof FusedModule)) convertChildren(child, mapping, done);
      next = swapped(child, mapping);
      done.set(child, next);
    }
    if (next !== child) (module as unknown as Record<string, unknown>)[field] = next;
  }
}

/** Takes observers and configurations away. */
function clean(module: Module): void {
  for (const [, child] of childrenOf(module)) clean(child);
  const own = module as unknown as Record<string, unknown>;
  delete own.qconfig;
  if (own.activationPostProcess instanceof ObserverBase) delete own.activationPostProcess;
}

/**
 * Makes quantized layers of those that have been observed.
 * @see torch.ao.quantization.convert
 * @throws KindlingError for a model that was not prepared.
 */
export const convert = overloaded("convert", "model; inplace", converted);

function converted<M extends Module>(model: M, { inplace = false }: InplaceOptions = {}): M {
  checkModule("convert", model, "model");
  const result = checkFlag("convert", "inplace", inplace) ? model : deepcopy(model);
  convertChildren(result, staticMapping, new Map());
  clean(result);
  return result;
}

/** Which modules {@link quantizeDynamic} changes: their classes or names, or a configuration for each. */
export type QConfigSpec = ReadonlySet<ModuleType | string> | ReadonlyMap<ModuleType | string, QConfig | null>;

/** Options of {@link quantizeDynamic}. */
export interface QuantizeDynamicOptions extends InplaceOptions {
  /** Default: all `nn.Linear`. */
  qconfigSpec?: QConfigSpec | null;
  /** The type of the weights. Default: `"qint8"`. */
  dtype?: "qint8" | "float16";
}

function specOf(spec: QConfigSpec | null | undefined, dtype: unknown): ReadonlyMap<unknown, QConfig | null> {
  if (spec instanceof Map) return spec;
  if (dtype !== "qint8" && dtype !== "float16")
    throw new ValueError(
      `quantizeDynamic: Don't know how to quantize with default settings for ${describe(dtype)}; dtype must be "qint8" or "float16"`,
    );
  const qconfig = dtype === "qint8" ? defaultDynamicQconfig : float16DynamicQconfig;
  const keys = spec instanceof Set ? [...spec] : [Linear];
  return new Map(keys.map((key) => [key, qconfig]));
}

/**
 * A copy of a model whose linear maps have weights of 8 bits (`"qint8"`: inputs are measured and made integers in each call) or 16 bits (`"float16"`). Nothing has to be
 * observed; other layers stay as they are.
 * @see torch.ao.quantization.quantize_dynamic
 * @throws ValueError for a dtype that weights cannot have.
 * @example const small = torch.quantization.quantizeDynamic(model, new Set([torch.nn.Linear]), "qint8");
 */
export const quantizeDynamic = overloaded(
  "quantizeDynamic",
  "model, qconfigSpec?, dtype?, inplace?",
  dynamic as {
    <M extends Module>(model: M, options: QuantizeDynamicOptions): M;
    <M extends Module>(
      model: M,
      qconfigSpec?: QConfigSpec | null,
      dtype?: "qint8" | "float16",
      inplace?: boolean | InplaceOptions,
    ): M;
  },
);

function dynamic<M extends Module>(
  model: M,
  qconfigSpec?: any,
  dtype: "qint8" | "float16" = "qint8",
  inplace: any = false,
): M {
  const op = "quantizeDynamic";
  checkModule(op, model, "model");
  if (qconfigSpec != null && !(qconfigSpec instanceof Set) && !(qconfigSpec instanceof Map))
    throw new ArgumentError(
      `${op}: qconfigSpec must be a Set of classes or names of modules, or a Map of these to configurations, got ${describe(qconfigSpec)}`,
    );
  if (qconfigSpec instanceof Map) for (const value of qconfigSpec.values()) checkQConfig(op, value);
  const spec = specOf(qconfigSpec, dtype);
  const result = checkFlag(op, "inplace", inplace) ? model : deepcopy(model);
  result.eval();
  propagate(result, spec, null, "");
  const root = swapped(result, dynamicMapping);
  if (root === result) convertChildren(result, dynamicMapping, new Map());
  clean(root);
  return root as M;
}
