/** Layers joined into one before they are quantized. */

import { noGrad } from "../autograd/mode";
import { checkArray, checkFlag, checkString } from "../core/arguments";
import { classNameOf } from "../core/className";
import { ArgumentError, KindlingError } from "../core/errors";
import { overloaded } from "../core/signature";
import { ReLU } from "../nn/layers/activation";
import { BatchNorm1d, BatchNorm2d } from "../nn/layers/batchnorm";
import { Conv1d, Conv2d } from "../nn/layers/conv";
import { Identity, Linear } from "../nn/layers/linear";
import { checkModule } from "../nn/module/checks";
import { deepcopy } from "../nn/module/deepcopy";
import type { Module } from "../nn/module/module";
import { Parameter } from "../nn/module/parameter";
import { BNReLU2d, ConvReLU1d, ConvReLU2d, LinearReLU } from "./modules/intrinsic";

type Norm = BatchNorm1d | BatchNorm2d;
type Weighted = Conv1d | Conv2d | Linear;

/** Options of {@link fuseModules}. */
export interface FuseOptions {
  /** Whether the model itself is changed. Default: false, a copy is. */
  inplace?: boolean;
}

/** A layer with a normalization worked into its weight and bias. */
function withNorm(layer: Weighted, norm: Norm): Weighted {
  if (layer.training || norm.training)
    throw new KindlingError("fuseModules: batch normalization is fused for evaluation; call model.eval() first");
  const { runningMean, runningVar } = norm as unknown as { runningMean: any; runningVar: any };
  return noGrad(() => {
    const fused = deepcopy(layer);
    const factor = runningVar
      .add(norm.eps)
      .rsqrt()
      .mul(norm.weight ?? 1);
    const shape = [-1, ...layer.weight.shape.slice(1).map(() => 1)];
    const bias = runningMean
      .neg()
      .add(layer.bias ?? 0)
      .mul(factor)
      .add(norm.bias ?? 0);
    fused.weight = new Parameter(layer.weight.mul(factor.reshape(shape)));
    fused.bias = new Parameter(bias);
    return fused;
  });
}

const isNorm = (module: unknown): module is Norm => module instanceof BatchNorm1d || module instanceof BatchNorm2d;

/** @throws KindlingError for layers that cannot be computed as one. */
function fused(modules: readonly Module[]): Module {
  const [first, ...rest] = modules as [any, ...any[]];
  const types = modules.map(classNameOf).join(", ");
  const isWeighted = first instanceof Conv2d || first instanceof Conv1d || first instanceof Linear;
  const norm = isNorm(rest[0]) ? rest.shift() : undefined;
  const relu = rest[0] instanceof ReLU ? (rest.shift() as ReLU) : undefined;
  if (rest.length > 0 || modules.length < 2) throw new KindlingError(`fuseModules: Cannot fuse modules: (${types})`);
  if (isWeighted) {
    const layer = norm === undefined ? first : withNorm(first, norm);
    if (relu === undefined) return layer;
    if (layer instanceof Linear) return new LinearReLU(layer, relu);
    return layer instanceof Conv1d ? new ConvReLU1d(layer, relu) : new ConvReLU2d(layer as Conv2d, relu);
  }
  if (first instanceof BatchNorm2d && norm === undefined && relu !== undefined) return new BNReLU2d(first, relu);
  throw new KindlingError(`fuseModules: Cannot fuse modules: (${types})`);
}

/** The module that holds the one at `path`, and the name of the field. */
function holderOf(model: Module, path: string): [holder: Record<string, unknown>, field: string] {
  const names = path.split(".");
  let at: any = model;
  for (const name of names.slice(0, -1)) at = at?.[name];
  const field = names.at(-1)!;
  if (at?.[field] === undefined) throw new ArgumentError(`fuseModules: the model has no module "${path}"`);
  return [at, field];
}

function fuseList(model: Module, paths: readonly string[]): void {
  const places = paths.map((path) => holderOf(model, path));
  const modules = places.map(([holder, field]) => holder[field] as Module);
  const result = fused(modules).train(modules[0]!.training);
  places.forEach(([holder, field], i) => {
    holder[field] = i === 0 ? result : new Identity().train(modules[0]!.training);
  });
}

/**
 * Joins layers that follow one another: convolution or linear map, batch normalization, rectifier. The first becomes the fused layer, the others identities.
 * Their order in `forward` is not looked at.
 * @param modulesToFuse The names of the modules, such as `["conv1", "bn1", "relu1"]`, or a list of such lists.
 * @see torch.ao.quantization.fuse_modules
 * @throws KindlingError for layers that cannot be computed as one, and for a model that is in training mode.
 * @example const fused = torch.quantization.fuseModules(model.eval(), [["conv1", "bn1", "relu1"], ["fc", "relu2"]]);
 */
export const fuseModules = overloaded("fuseModules", "model, modulesToFuse; inplace", fuse);

/** Which layers are joined: names of one list, or of several. */
export type ModulesToFuse = readonly string[] | readonly (readonly string[])[];

function fuse<M extends Module>(model: M, modulesToFuse: ModulesToFuse, { inplace = false }: FuseOptions = {}): M {
  const op = "fuseModules";
  checkModule(op, model, "model");
  checkArray(op, "modulesToFuse", modulesToFuse, "names, or of arrays of names");
  const isOne = modulesToFuse.every((item) => typeof item === "string");
  const lists = (isOne ? [modulesToFuse] : modulesToFuse) as readonly (readonly string[])[];
  for (const list of lists)
    for (const name of checkArray(op, "modulesToFuse", list, "names")) checkString(op, "modulesToFuse", name);
  const result = checkFlag(op, "inplace", inplace) ? model : deepcopy(model);
  for (const list of lists) if (list.length > 0) fuseList(result, list);
  return result;
}
