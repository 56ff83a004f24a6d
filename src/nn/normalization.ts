/** Normalization over features, groups of channels and neighbouring channels, as layers. */
import { checkInteger, checkIntegers } from "../core/arguments";
import { ValueError } from "../core/errors";
import type { Tensor } from "../tensor/tensor";
import { type FactoryOptions, factory, newParameter } from "./factory";
import * as F from "./functional";
import { ones_, zeros_ } from "./init";
import { Module } from "./module";
import { readOptions } from "./options";
import type { Parameter } from "./parameter";
import { float, text } from "./repr";

/** Options of {@link LayerNorm}. */
export interface LayerNormLayerOptions extends FactoryOptions {
  /** Added to the variance. Default: 1e-5. */
  eps?: number;
  /** Whether scale and shift are learnt. Default: true. */
  elementwiseAffine?: boolean;
  /** Whether a shift is learnt along with the scale. Default: true. */
  bias?: boolean;
}

/** One size or several. */
const sizesOf = (layer: string, sizes: number | readonly number[]): number[] =>
  checkIntegers(layer, "normalizedShape", typeof sizes === "number" ? [sizes] : sizes, 0);

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

  constructor(normalizedShape: number | readonly number[], options: LayerNormLayerOptions = {}) {
    super();
    const defaults = { eps: 1e-5, elementwiseAffine: true, bias: true, ...factory };
    const { eps, elementwiseAffine, bias, ...where } = readOptions("LayerNorm", defaults, [options]);
    this.normalizedShape = sizesOf(this.constructor.name, normalizedShape);
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
  /** Whether scale and shift per channel are learnt. Default: true. */
  affine?: boolean;
}

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

  constructor(numGroups: number, numChannels: number, options: GroupNormLayerOptions = {}) {
    super();
    const { eps, affine, ...where } = readOptions("GroupNorm", { eps: 1e-5, affine: true, ...factory }, [options]);
    this.numGroups = checkInteger("GroupNorm", "numGroups", numGroups, 1);
    this.numChannels = checkInteger("GroupNorm", "numChannels", numChannels, 1);
    if (this.numChannels % this.numGroups !== 0) throw new ValueError("num_channels must be divisible by num_groups");
    this.eps = eps;
    this.affine = affine;
    this.weight = affine ? newParameter([this.numChannels], where) : null;
    this.bias = affine ? newParameter([this.numChannels], where) : null;
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
  /** Whether a scale is learnt. Default: true. */
  elementwiseAffine?: boolean;
}

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

  constructor(normalizedShape: number | readonly number[], options: RMSNormOptions = {}) {
    super();
    const defaults = { eps: null as number | null, elementwiseAffine: true, ...factory };
    const { eps, elementwiseAffine, ...where } = readOptions("RMSNorm", defaults, [options]);
    this.normalizedShape = sizesOf(this.constructor.name, normalizedShape);
    this.eps = eps;
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

/** Divides by the squares of neighbouring channels. Shape: [N, C, …], unchanged. @see torch.nn.LocalResponseNorm */
export class LocalResponseNorm extends Module {
  size: number;
  alpha: number;
  beta: number;
  k: number;

  constructor(size: number, options: LocalResponseNormOptions = {}) {
    super();
    const { alpha, beta, k } = readOptions("LocalResponseNorm", { alpha: 1e-4, beta: 0.75, k: 1 }, [options]);
    this.size = size;
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
