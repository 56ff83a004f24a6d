/** Fine-tuning by matrices of low rank beside frozen weights (Hu et al., "LoRA", ICLR 2022): `torch.nn.utils.lora`. */

import { noGrad } from "../../autograd/mode";
import {
  assertNumber,
  checkArray,
  checkChoice,
  checkInteger,
  checkNumber,
  checkString,
  MAX_COUNT,
} from "../../core/arguments";
import { isPlainObject } from "../../core/binding";
import { classNameOf } from "../../core/className";
import { ArgumentError, describe, StateError, ValueError } from "../../core/errors";
import { named } from "../../core/signature";
import { zeros } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import * as F from "../functional";
import { kaimingUniform_, normal_, zeros_ } from "../init";
import { Conv2d } from "../layers/conv";
import { Dropout } from "../layers/dropout";
import { Linear } from "../layers/linear";
import { Embedding } from "../layers/sparse";
import { checkModule } from "../module/checks";
import { Module } from "../module/module";
import { Parameter } from "../module/parameter";
import { IncompatibleKeys, type StateDict } from "../module/state";

/** Options of {@link applyLora}, by the names of peft and loralib. */
export interface LoraOptions {
  /** The rank. Default: 8. */
  r?: number;
  /** What the product is scaled by, divided by r. Default: 8. */
  alpha?: number;
  /** The probability of dropout of what the matrices get. Default: 0. */
  dropout?: number;
  /** Ends of the names of layers, such as `["c_attn"]`, or a pattern of whole names. Default: all linear layers. */
  targetModules?: readonly string[] | RegExp | null;
  /** Which biases are trained: none, all, or those of the layers with matrices. Default: "none". */
  bias?: "none" | "all" | "lora_only";
}

type Base = Linear | Embedding | Conv2d;

/** The shapes of the two matrices, and how they are put together. */
function shapesOf(base: Base, r: number): [a: number[], b: number[]] {
  if (base instanceof Linear)
    return [
      [r, base.inFeatures],
      [base.outFeatures, r],
    ];
  if (base instanceof Embedding)
    return [
      [r, base.numEmbeddings],
      [base.embeddingDim, r],
    ];
  const [out, inner, ...kernel] = base.weight.shape as unknown as number[];
  return [
    [r, inner!, ...kernel],
    [out!, r, 1, 1],
  ];
}

/**
 * A layer with frozen weights, and two matrices beside it whose product is learned: base(x) + B(A(dropout(x))) · alpha / r. B is zero at first.
 * @see peft.tuners.lora.LoraLayer
 */
export class LoraLayer<B extends Module = Module> extends Module {
  /** The layer itself. */
  base: B;
  /** Shape: [r, inputs]. */
  loraA: Parameter;
  /** Shape: [outputs, r]. */
  loraB: Parameter;
  loraDropout: Dropout;
  readonly r: number;
  readonly scaling: number;
  /** Whether the weight of the layer has the product in it. */
  merged = false;

  constructor(base: B, options: Omit<LoraOptions, "targetModules" | "bias"> = {}) {
    super();
    const { r, alpha, dropout } = checkOptions("LoraLayer", options);
    if (!isBase(base))
      throw new ArgumentError(
        `LoraLayer: base must be a Linear, an Embedding or a Conv2d without groups, got ${describe(base)}`,
      );
    this.base = base;
    this.r = r;
    this.scaling = alpha / r;
    const { dtype, device } = base.weight;
    const [a, b] = shapesOf(base, r).map((shape) => new Parameter(zeros(shape, { dtype, device })));
    this.loraA = a!;
    this.loraB = b!;
    this.loraDropout = new Dropout(dropout);
    this.resetParameters();
    this.train(base.training);
  }

  override stateKey(field: string): string {
    return field === "loraA" ? "lora_A" : field === "loraB" ? "lora_B" : field;
  }

  /** Draws new initial values, with which the layer computes what its base does. */
  resetParameters(): void {
    if (!(this.base instanceof Embedding)) {
      kaimingUniform_(this.loraA, { a: Math.sqrt(5) });
      zeros_(this.loraB);
      return;
    }
    // What is looked up is zero, as in loralib, so that rows that are not used stay as they are.
    zeros_(this.loraA);
    normal_(this.loraB);
  }

  override forward(input: Tensor): Tensor {
    const y = (this.base as unknown as (x: Tensor) => Tensor)(input);
    return this.merged ? y : y.add(this.path(input).mul(this.scaling));
  }

  /** What the matrices make of an input. */
  private path(input: Tensor): Tensor {
    const { base, loraA, loraB } = this;
    if (base instanceof Embedding)
      return F.linear(F.embedding(input, loraA.t(), { paddingIdx: base.paddingIdx }), loraB);
    const x = this.loraDropout(input);
    if (!(base instanceof Conv2d)) return F.linear(F.linear(x, loraA), loraB);
    // The base pads as it does; the kernel of A is of its size.
    const prepared = (base as unknown as { prepare(x: Tensor): { x: Tensor; options: object } }).prepare(x);
    const inner = F.conv2d(prepared.x, loraA, null, prepared.options);
    return F.conv2d(inner, loraB);
  }

  /** What is added to the weight. Shape: that of the weight. */
  deltaWeight(): Tensor {
    const { base, loraA, loraB, scaling } = this;
    const product = loraB.flatten(1).matmul(loraA.flatten(1)).mul(scaling);
    return base instanceof Embedding ? product.t() : product.reshape((base as unknown as Base).weight.shape);
  }

  /** Adds the product to the weight. */
  merge(): void {
    if (this.merged) return;
    noGrad(() => (this.base as unknown as Base).weight.add_(this.deltaWeight()));
    this.merged = true;
  }

  /** Takes the product out of the weight. */
  unmerge(): void {
    if (!this.merged) return;
    noGrad(() => (this.base as unknown as Base).weight.sub_(this.deltaWeight()));
    this.merged = false;
  }

  override extraRepr(): string {
    return `r=${this.r}, scaling=${this.scaling}`;
  }
}

const isBase = (x: unknown): x is Base =>
  x instanceof Linear || x instanceof Embedding || (x instanceof Conv2d && x.groups === 1);

function checkOptions(op: string, options: LoraOptions) {
  if (!isPlainObject(options as unknown))
    throw new ArgumentError(`${op}: options must be an object, got ${describe(options)}`);
  const { r = 8, alpha = 8, dropout = 0 } = options;
  checkInteger(op, "r", r, 1, MAX_COUNT);
  assertNumber(op, "alpha", alpha);
  if (!(checkNumber(op, "dropout", dropout) >= 0 && dropout < 1))
    throw new ValueError(`${op}: dropout must be from 0 to below 1, got ${dropout}`);
  return { r, alpha, dropout };
}

function matcher(op: string, targets: unknown): (name: string, layer: Module) => boolean {
  if (targets === null) return (_, layer) => layer instanceof Linear;
  if (targets instanceof RegExp)
    return (name) => new RegExp(targets.source, targets.flags.replace(/[gy]/g, "")).test(name);
  const ends = checkArray(op, "targetModules", targets, "names").map((end) => checkString(op, "targetModules", end));
  return (name) => ends.some((end) => name === end || name.endsWith(`.${end}`));
}

/** The field of a module in which a layer stands, by the path of its state key; undefined for the model itself. */
function* places(model: Module): Generator<[name: string, parent: Module, field: string, layer: Module]> {
  const names = new Map(model.namedModules().map(([name, module]) => [module, name]));
  for (const [parent, prefix] of names) {
    if (parent instanceof LoraLayer) continue;
    for (const [field, value] of Object.entries(parent))
      if (value instanceof Module)
        yield [prefix === "" ? parent.stateKey(field) : `${prefix}.${parent.stateKey(field)}`, parent, field, value];
  }
}

/**
 * Puts matrices of low rank beside layers of a model, in place, and freezes everything else. What the model computes is the same at first.
 * @returns The model.
 * @see peft.get_peft_model
 * @throws ValueError if no layer has such a name, ArgumentError for one that is no Linear, Embedding or Conv2d without groups.
 * @example nn.utils.lora.applyLora(gpt2, { r: 4, alpha: 8, targetModules: ["c_attn"] });
 */
export const applyLora = named(
  "applyLora",
  "model; r, alpha, dropout, targetModules, bias",
  <M extends Module>(model: M, options: LoraOptions = {}): M => {
    const op = "applyLora";
    checkModule(op, model);
    const { targetModules = null, bias = "none" } = options;
    checkChoice(op, "bias", bias, ["none", "all", "lora_only"]);
    const settings = checkOptions(op, options);
    const matches = matcher(op, targetModules);
    const found = [...places(model)].filter(
      ([name, , , layer]) => !(layer instanceof LoraLayer) && matches(name, layer),
    );
    if (found.length === 0)
      throw new ValueError(
        `${op}: no layer of ${classNameOf(model)} is named as targetModules say; model.namedModules() lists all`,
      );
    for (const [name, , , layer] of found)
      if (!isBase(layer))
        throw new ArgumentError(
          `${op}: "${name}" is a ${classNameOf(layer)}; matrices go beside Linear, Embedding and Conv2d without groups`,
        );
    const made = new Map<Module, LoraLayer>();
    for (const [, parent, field, layer] of found) {
      const lora = made.get(layer) ?? new LoraLayer(layer, settings);
      made.set(layer, lora);
      (parent as unknown as Record<string, Module>)[field] = lora;
    }
    markOnlyLoraAsTrainable(model, bias);
    return model;
  },
);

const isLora = (key: string): boolean => /(?:^|\.)lora_[AB]$/.test(key);

/**
 * Freezes all parameters but the matrices, and the biases that are asked for.
 * @param bias Which are trained: "none", "all", or those of layers with matrices, "lora_only". Default: "none".
 * @see loralib.mark_only_lora_as_trainable
 */
export const markOnlyLoraAsTrainable = named(
  "markOnlyLoraAsTrainable",
  "model, bias?",
  (model: Module, bias: "none" | "all" | "lora_only" = "none"): void => {
    const op = "markOnlyLoraAsTrainable";
    checkModule(op, model);
    checkChoice(op, "bias", bias, ["none", "all", "lora_only"]);
    for (const [key, parameter] of model.namedParameters())
      parameter.requiresGrad = isLora(key) || (bias === "all" && /(?:^|\.)bias$/.test(key));
    if (bias !== "lora_only") return;
    for (const layer of loraLayers(model)) {
      const own = (layer.base as unknown as { bias?: Parameter | null }).bias;
      if (own) own.requiresGrad = true;
    }
  },
);

const loraLayers = (model: Module): LoraLayer[] =>
  model.modules().filter((module) => module instanceof LoraLayer) as LoraLayer[];

/** Adds every product to its weight, for calls that cost nothing more. @see peft.LoraModel.merge_adapter */
export const mergeLora = named("mergeLora", "model", <M extends Module>(model: M): M => {
  checkModule("mergeLora", model);
  for (const layer of loraLayers(model)) layer.merge();
  return model;
});

/** Takes every product out of its weight again, to go on training. @see peft.LoraModel.unmerge_adapter */
export const unmergeLora = named("unmergeLora", "model", <M extends Module>(model: M): M => {
  checkModule("unmergeLora", model);
  for (const layer of loraLayers(model)) layer.unmerge();
  return model;
});

/** Adds every product to its weight and puts the layers back in their places: the model has its own names again. @see peft.LoraModel.merge_and_unload */
export const mergeAndUnload = named("mergeAndUnload", "model", <M extends Module>(model: M): M => {
  checkModule("mergeAndUnload", model);
  mergeLora(model);
  for (const [, parent, field, layer] of [...places(model)])
    if (layer instanceof LoraLayer) (parent as unknown as Record<string, Module>)[field] = layer.base;
  return model;
});

/** The matrices alone, by name. @see loralib.lora_state_dict */
export const loraStateDict = named("loraStateDict", "model", (model: Module): StateDict => {
  checkModule("loraStateDict", model);
  return Object.fromEntries(Object.entries(model.stateDict()).filter(([key]) => isLora(key)));
});

/**
 * Reads what {@link loraStateDict} gave into a model with matrices at the same places.
 * @throws StateError for missing and unexpected entries, and while products are merged.
 */
export const loadLoraStateDict = named(
  "loadLoraStateDict",
  "model, stateDict{}",
  (model: Module, stateDict: StateDict): IncompatibleKeys => {
    const op = "loadLoraStateDict";
    checkModule(op, model);
    if (loraLayers(model).some((layer) => layer.merged))
      throw new StateError(`${op}: the products are merged: call unmergeLora(model) first`);
    const own = Object.keys(loraStateDict(model));
    const missing = own.filter((key) => !Object.hasOwn(stateDict, key));
    const unexpected = Object.keys(stateDict).filter((key) => !own.includes(key));
    if (missing.length + unexpected.length > 0)
      throw new StateError(
        `${op}: missing entries: ${missing.join(", ") || "none"}; unexpected entries: ${unexpected.join(", ") || "none"}`,
      );
    model.loadStateDict(stateDict, { strict: false });
    return new IncompatibleKeys([], []);
  },
);
