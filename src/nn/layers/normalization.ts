/** Normalization over features, groups of channels and neighboring channels, as layers. */

import type { Device } from "../../backend/backend";
import { checkInteger, checkIntegers, checkNumber } from "../../core/arguments";
import { nameOf } from "../../core/className";
import type { DType } from "../../core/dtype";
import { ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import type { Tensor } from "../../tensor/tensor";
import * as F from "../functional";
import { ones_, zeros_ } from "../init";
import { type FactoryOptions, newParameter } from "../module/factory";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { readArguments } from "../module/options";
import type { Parameter } from "../module/parameter";
import { float, text } from "../module/repr";

/** Options of {@link LayerNorm}. */
export interface LayerNormLayerOptions extends FactoryOptions {
  /** Added to the variance. Default: 1e-5. */
  eps?: number;
  /** Whether scale and shift are learned. Default: true. */
  elementwiseAffine?: boolean;
  /** Whether a shift is learned along with the scale. Default: true. */
  bias?: boolean;
}

/** One size or several. */
const sizesOf = (layer: string, sizes: number | readonly number[]): number[] =>
  checkIntegers(layer, "normalizedShape", typeof sizes === "number" ? [sizes] : sizes, 0);

/** What normalizations over the last axes must be told. */
export interface NormalizedShape {
  /** The sizes of the axes that are normalized, or that of the last one. */
  normalizedShape: number | readonly number[];
}

const layerNormSignature = "normalizedShape; eps, elementwiseAffine, device, dtype; bias";

/**
 * Normalizes over the last axes, whose sizes are given. Shape: [*, …normalizedShape], unchanged.
 * @see torch.nn.LayerNorm; Ba et al., 2016
 */
export class LayerNorm extends Module {
  normalizedShape: number[];
  eps: number;
  elementwiseAffine: boolean;
  /** Shape: normalizedShape. */
  weight: Parameter | null;
  /** Shape: normalizedShape. */
  bias: Parameter | null;

  constructor(
    normalizedShape: number | readonly number[],
    eps?: number,
    elementwiseAffine?: boolean,
    device?: Device | "wasm" | null,
    dtype?: DType | null,
  );
  constructor(...given: Arguments<typeof layerNormSignature, NormalizedShape & LayerNormLayerOptions>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults = { eps: 1e-5, elementwiseAffine: true, bias: true };
    const options = readArguments<NormalizedShape & LayerNormLayerOptions>(layer, layerNormSignature, defaults, given);
    const { normalizedShape, eps, elementwiseAffine, bias, ...where } = options;
    this.normalizedShape = sizesOf(layer, normalizedShape);
    this.eps = eps;
    this.elementwiseAffine = elementwiseAffine;
    this.weight = elementwiseAffine ? newParameter(this.normalizedShape, where) : null;
    this.bias = elementwiseAffine && bias ? newParameter(this.normalizedShape, where) : null;
    this.resetParameters();
  }

  /** Sets scale 1 and shift 0. */
  resetParameters(): void {
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }

  override forward(input: Tensor): Tensor {
    const { weight, bias, eps } = this;
    return F.layerNorm(input, this.normalizedShape, { weight, bias, eps });
  }

  override extraRepr(): string {
    return `${text(this.normalizedShape)}, eps=${float(this.eps)}, elementwise_affine=${text(this.elementwiseAffine)}`;
  }
}

/** Options of {@link GroupNorm}. */
export interface GroupNormLayerOptions extends FactoryOptions {
  /** Added to the variance. Default: 1e-5. */
  eps?: number;
  /** Whether scale and shift per channel are learned. Default: true. */
  affine?: boolean;
}

/** Parameters of {@link GroupNorm}. */
export interface GroupNormParameters extends GroupNormLayerOptions {
  /** Into how many groups the channels are divided. */
  numGroups: number;
  /** The number of channels. */
  numChannels: number;
}

const groupNormSignature = "numGroups, numChannels; eps, affine, device, dtype";

/** Normalizes groups of channels of each item. Shape: [N, C, …], unchanged. @see torch.nn.GroupNorm; Wu and He, 2018 */
export class GroupNorm extends Module {
  numGroups: number;
  numChannels: number;
  eps: number;
  affine: boolean;
  /** Shape: [numChannels]. */
  weight: Parameter | null;
  /** Shape: [numChannels]. */
  bias: Parameter | null;

  constructor(
    numGroups: number,
    numChannels: number,
    eps?: number,
    affine?: boolean,
    device?: Device | "wasm" | null,
    dtype?: DType | null,
  );
  constructor(...given: Arguments<typeof groupNormSignature, GroupNormParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults = { eps: 1e-5, affine: true };
    const options = readArguments<GroupNormParameters>(layer, groupNormSignature, defaults, given);
    const { numGroups, numChannels, eps, affine, ...where } = options;
    this.numGroups = checkInteger(layer, "numGroups", numGroups, 1);
    this.numChannels = checkInteger(layer, "numChannels", numChannels, 1);
    if (numChannels % numGroups !== 0)
      throw new ValueError(`${layer}: numChannels must be divisible by numGroups, got ${numChannels} and ${numGroups}`);
    this.eps = eps;
    this.affine = affine;
    this.weight = affine ? newParameter([numChannels], where) : null;
    this.bias = affine ? newParameter([numChannels], where) : null;
    this.resetParameters();
  }

  /** Sets scale 1 and shift 0. */
  resetParameters(): void {
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }

  override forward(input: Tensor): Tensor {
    const { weight, bias, eps } = this;
    return F.groupNorm(input, this.numGroups, { weight, bias, eps });
  }

  override extraRepr(): string {
    return `${this.numGroups}, ${this.numChannels}, eps=${float(this.eps)}, affine=${text(this.affine)}`;
  }
}

/** Options of {@link RMSNorm}. */
export interface RMSNormOptions extends FactoryOptions {
  /** Added to the mean square. Default: the spacing of numbers near 1 in the input's dtype. */
  eps?: number | null;
  /** Whether a scale is learned. Default: true. */
  elementwiseAffine?: boolean;
}

const rmsNormSignature = "normalizedShape; eps, elementwiseAffine, device, dtype";

/**
 * Divides by the root mean square over the last axes, whose sizes are given. Shape: [*, …normalizedShape], unchanged.
 * @see torch.nn.RMSNorm; Zhang and Sennrich, 2019
 */
export class RMSNorm extends Module {
  normalizedShape: number[];
  eps: number | null;
  elementwiseAffine: boolean;
  /** Shape: normalizedShape. */
  weight: Parameter | null;

  constructor(
    normalizedShape: number | readonly number[],
    eps?: number | null,
    elementwiseAffine?: boolean,
    device?: Device | "wasm" | null,
    dtype?: DType | null,
  );
  constructor(...given: Arguments<typeof rmsNormSignature, NormalizedShape & RMSNormOptions>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults = { eps: null, elementwiseAffine: true };
    const options = readArguments<NormalizedShape & RMSNormOptions>(layer, rmsNormSignature, defaults, given);
    const { normalizedShape, eps, elementwiseAffine, ...where } = options;
    this.normalizedShape = sizesOf(layer, normalizedShape);
    this.eps = eps === null ? null : checkNumber(layer, "eps", eps);
    this.elementwiseAffine = elementwiseAffine;
    this.weight = elementwiseAffine ? newParameter(this.normalizedShape, where) : null;
    this.resetParameters();
  }

  /** Sets scale 1. */
  resetParameters(): void {
    if (this.weight !== null) ones_(this.weight);
  }

  override forward(input: Tensor): Tensor {
    return F.rmsNorm(input, this.normalizedShape, { weight: this.weight, eps: this.eps });
  }

  override extraRepr(): string {
    const eps = this.eps === null ? "None" : float(this.eps);
    return `${text(this.normalizedShape)}, eps=${eps}, elementwise_affine=${text(this.elementwiseAffine)}`;
  }
}

/** Options of {@link LocalResponseNorm}. */
export interface LocalResponseNormOptions {
  /** Default: 1e-4. */
  alpha?: number;
  /** Default: 0.75. */
  beta?: number;
  /** Default: 1. */
  k?: number;
}

/** Parameters of {@link LocalResponseNorm}. */
export interface LocalResponseNormParameters extends LocalResponseNormOptions {
  /** How many neighboring channels count. */
  size: number;
}

const responseSignature = "size; alpha, beta, k";

/** Divides by the squares of neighboring channels. Shape: [N, C, …], unchanged. @see torch.nn.LocalResponseNorm */
export class LocalResponseNorm extends Module {
  size: number;
  alpha: number;
  beta: number;
  k: number;

  constructor(size: number, alpha?: number, beta?: number, k?: number);
  constructor(...given: Arguments<typeof responseSignature, LocalResponseNormParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults = { alpha: 1e-4, beta: 0.75, k: 1 };
    const { size, alpha, beta, k } = readArguments<LocalResponseNormParameters>(
      layer,
      responseSignature,
      defaults,
      given,
    );
    this.size = checkInteger(layer, "size", size);
    this.alpha = alpha;
    this.beta = beta;
    this.k = k;
  }

  override forward(input: Tensor): Tensor {
    return F.localResponseNorm(input, this.size, { alpha: this.alpha, beta: this.beta, k: this.k });
  }

  override extraRepr(): string {
    return `${this.size}, alpha=${text(this.alpha)}, beta=${text(this.beta)}, k=${float(this.k)}`;
  }
}

takes("input", LayerNorm, GroupNorm, RMSNorm, LocalResponseNorm);
