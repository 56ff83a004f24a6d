/** Augmentation by policies that were searched for, and by simpler ones that do as well. */

import { checkFlag, checkInteger, checkNumber, isKeyOf, MAX_COUNT } from "../../core/arguments";
import { classNameOf } from "../../core/className";
import { describe, IndexError, ValueError } from "../../core/errors";
import { named } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import { portable } from "../../data/pack";
import { sampleDirichlet } from "../../distributions/base/sampling";
import { takes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import { text } from "../../nn/module/repr";
import { full } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import {
  colors,
  drawOperation,
  identity,
  inversion,
  type Limits,
  moves,
  operate,
  type Sampling,
  type Space,
  tones,
} from "./augmentation";
import { drawInt, drawRand } from "./draws";
import { checkFillValue, type Fill } from "./functional/arguments";
import { pilToTensor, toPilImage } from "./functional/conversion";
import { checkInterpolation, type InterpolationMode } from "./functional/interpolation";
import { checkPicture, dimensionsOf } from "./functional/picture";
import { policies } from "./policies";
import { type Picture, PictureTransform } from "./transform";

/** How methods of augmentation find values between pixels and outside of pictures. */
export interface SamplingOptions {
  /** Tensors take `"nearest"` and `"bilinear"`. Default: `"nearest"`, of AugMix `"bilinear"`. */
  interpolation?: InterpolationMode;
  /** The color outside of the picture: one number, or one for each channel. Default: black. */
  fill?: Fill | null;
}

/** Common to all: how pixels are moved. */
abstract class Augmentation extends PictureTransform implements Sampling {
  interpolation: InterpolationMode = "nearest";
  fill: Fill | null = null;

  /** Takes what {@link SamplingOptions} gave. */
  protected sample({ interpolation, fill }: Required<SamplingOptions>): void {
    const op = classNameOf(this);
    this.interpolation = checkInterpolation(op, interpolation);
    this.fill = fill === null ? null : checkFillValue(op, fill);
  }

  protected get samplingText(): string {
    return `interpolation=InterpolationMode.${this.interpolation.toUpperCase()}, fill=${text(this.fill)}`;
  }
}

/** The name of a data set for which a policy was searched for. */
export type AutoAugmentPolicy = (typeof AutoAugmentPolicy)[keyof typeof AutoAugmentPolicy];

/** The data sets for which policies were searched for: `AutoAugmentPolicy.IMAGENET` is `"imagenet"`. @see torchvision.transforms.AutoAugmentPolicy */
export const AutoAugmentPolicy = { IMAGENET: "imagenet", CIFAR10: "cifar10", SVHN: "svhn" } as const;

/** The parameters of {@link AutoAugment}. */
export interface AutoAugmentOptions extends SamplingOptions {
  /** Default: `"imagenet"`. */
  policy?: AutoAugmentPolicy;
}

/** Magnitudes of AutoAugment and RandAugment for a picture of a size. */
const limitsFor = (height: number, width: number): Limits => ({
  shear: 0.3,
  moveX: (150 / 331) * width,
  moveY: (150 / 331) * height,
  degrees: 30,
  color: 0.9,
  bits: [8, 4],
});

const policySignature = "; policy, interpolation, fill";

/**
 * Two operations of a policy that was found by search for a data set. Tensors are of uint8, Images of mode RGB or L.
 *
 * Cubuk et al., AutoAugment: Learning Augmentation Strategies from Data, 2018.
 * @see torchvision.transforms.AutoAugment
 * @throws ValueError for a policy that does not exist.
 * @example new transforms.AutoAugment("cifar10")
 */
export class AutoAugment extends Augmentation {
  /** One of `transformNum` pairs of operations, a number that each one's probability must reach, and signs. Draws an integer, two floats, two integers. */
  static readonly getParams = named(
    "getParams",
    "transformNum",
    (transformNum: number): [transformId: number, probs: number[], signs: number[]] => {
      checkInteger("getParams", "transformNum", transformNum, 1, MAX_COUNT);
      return [drawInt(0, transformNum), [drawRand(), drawRand()], [drawInt(0, 2), drawInt(0, 2)]];
    },
  );

  policy: AutoAugmentPolicy;

  constructor(...given: Arguments<typeof policySignature, AutoAugmentOptions>);
  constructor(...given: unknown[]) {
    super();
    const defaults = { policy: "imagenet", interpolation: "nearest", fill: null } as const;
    const read = readArguments<AutoAugmentOptions>("AutoAugment", policySignature, defaults, given);
    if (!isKeyOf(policies, read.policy))
      throw new ValueError(
        `AutoAugment: The provided policy ${typeof read.policy === "string" ? read.policy : describe(read.policy)} is not recognized; it is one of ${Object.keys(policies).join(", ")}.`,
      );
    this.policy = read.policy;
    this.sample(read);
  }

  override forward(img: Picture): any {
    const [, height, width] = dimensionsOf(checkPicture("AutoAugment", img));
    const steps = policies[this.policy];
    const [id, probs, signs] = AutoAugment.getParams(steps.length);
    const limits = limitsFor(height, width);
    const space: Space = new Map([...moves(10, limits), ...colors(10, limits), ...tones(10, limits), inversion]);
    let picture = img;
    steps[id]!.forEach(([name, probability, at], i) => {
      if (probs[i]! > Math.fround(probability)) return;
      const { values, isSigned } = space.get(name)!;
      const magnitude = at === null ? 0 : values![at]!;
      picture = operate(name, picture, isSigned && signs[i] === 0 ? -magnitude : magnitude, this);
    });
    return picture;
  }

  override extraRepr(): string {
    return `policy=AutoAugmentPolicy.${this.policy.toUpperCase()}, fill=${text(this.fill)}`;
  }
}

/** Steps of magnitude: two at least, for they lie between none and all. */
const checkBins = (op: string, count: number): number => checkInteger(op, "numMagnitudeBins", count, 2, 1_000_000);

/** The parameters of {@link RandAugment}. */
export interface RandAugmentOptions extends SamplingOptions {
  /** Operations, one after the other. Default: 2. */
  numOps?: number;
  /** The number of the magnitude of all of them. Default: 9. */
  magnitude?: number;
  /** How many magnitudes there are. Default: 31. */
  numMagnitudeBins?: number;
}

const randSignature = "; numOps, magnitude, numMagnitudeBins, interpolation, fill";

/**
 * Operations drawn from all, of one magnitude. Tensors are of uint8, Images of mode RGB or L.
 *
 * Cubuk et al., RandAugment: Practical automated data augmentation with a reduced search space, 2019.
 * @see torchvision.transforms.RandAugment
 * @throws IndexError for a magnitude beyond their number.
 * @example new transforms.RandAugment({ numOps: 2, magnitude: 9 })
 */
export class RandAugment extends Augmentation {
  numOps: number;
  magnitude: number;
  numMagnitudeBins: number;

  constructor(...given: Arguments<typeof randSignature, RandAugmentOptions>);
  constructor(...given: unknown[]) {
    super();
    const op = "RandAugment";
    const sampling = { interpolation: "nearest", fill: null } as const;
    const defaults = { numOps: 2, magnitude: 9, numMagnitudeBins: 31, ...sampling };
    const read = readArguments<RandAugmentOptions>(op, randSignature, defaults, given);
    this.numOps = checkInteger(op, "numOps", read.numOps, 0);
    this.numMagnitudeBins = checkBins(op, read.numMagnitudeBins);
    this.magnitude = checkInteger(op, "magnitude", read.magnitude);
    if (this.magnitude >= this.numMagnitudeBins || this.magnitude < -this.numMagnitudeBins)
      throw new IndexError(
        `${op}: magnitude ${this.magnitude} is out of bounds: there are ${this.numMagnitudeBins} (numMagnitudeBins)`,
      );
    this.sample(read);
  }

  override forward(img: Picture): any {
    const [, height, width] = dimensionsOf(checkPicture("RandAugment", img));
    const n = this.numMagnitudeBins;
    const limits = limitsFor(height, width);
    const space: Space = new Map([identity, ...moves(n, limits), ...colors(n, limits), ...tones(n, limits)]);
    let picture = img;
    for (let i = 0; i < this.numOps; i++) {
      const at = this.magnitude < 0 ? this.magnitude + n : this.magnitude;
      const [name, magnitude] = drawOperation(space, (values) => values[at]!);
      picture = operate(name, picture, magnitude, this);
    }
    return picture;
  }

  override extraRepr(): string {
    const { numOps, magnitude, numMagnitudeBins } = this;
    return `num_ops=${numOps}, magnitude=${magnitude}, num_magnitude_bins=${numMagnitudeBins}, ${this.samplingText}`;
  }
}

/** The parameters of {@link TrivialAugmentWide}. */
export interface TrivialAugmentWideOptions extends SamplingOptions {
  /** How many magnitudes there are. Default: 31. */
  numMagnitudeBins?: number;
}

const trivialSignature = "; numMagnitudeBins, interpolation, fill";

const wideLimits: Limits = { shear: 0.99, moveX: 32, moveY: 32, degrees: 135, color: 0.99, bits: [8, 6] };

/**
 * One operation of one magnitude, both drawn. Tensors are of uint8, Images of mode RGB or L.
 *
 * Müller and Hutter, TrivialAugment: Tuning-free Yet State-of-the-Art Data Augmentation, 2021.
 * @see torchvision.transforms.TrivialAugmentWide
 * @example new transforms.TrivialAugmentWide()
 */
export class TrivialAugmentWide extends Augmentation {
  numMagnitudeBins: number;

  constructor(...given: Arguments<typeof trivialSignature, TrivialAugmentWideOptions>);
  constructor(...given: unknown[]) {
    super();
    const op = "TrivialAugmentWide";
    const defaults = { numMagnitudeBins: 31, interpolation: "nearest", fill: null } as const;
    const read = readArguments<TrivialAugmentWideOptions>(op, trivialSignature, defaults, given);
    this.numMagnitudeBins = checkBins(op, read.numMagnitudeBins);
    this.sample(read);
  }

  override forward(img: Picture): any {
    checkPicture("TrivialAugmentWide", img);
    const n = this.numMagnitudeBins;
    const space: Space = new Map([
      identity,
      ...moves(n, wideLimits),
      ...colors(n, wideLimits),
      ...tones(n, wideLimits),
    ]);
    const [name, magnitude] = drawOperation(space, (values) => values[drawInt(0, values.length)]!);
    return operate(name, img, magnitude, this);
  }

  override extraRepr(): string {
    return `num_magnitude_bins=${this.numMagnitudeBins}, ${this.samplingText}`;
  }
}

/** The parameters of {@link AugMix}. */
export interface AugMixOptions extends SamplingOptions {
  /** How many of 10 magnitudes are drawn from. Default: 3. */
  severity?: number;
  /** Chains of operations that are mixed. Default: 3. */
  mixtureWidth?: number;
  /** Operations of a chain; −1 draws 1, 2 or 3. Default: −1. */
  chainDepth?: number;
  /** The parameter of the distributions of weights. Default: 1. */
  alpha?: number;
  /** Whether to change brightness, color, contrast and sharpness as well. Default: true. */
  allOps?: boolean;
}

const mixSignature = "; severity, mixtureWidth, chainDepth, alpha, allOps, interpolation, fill";

/** Magnitudes of AugMix. */
const PARAMETER_MAX = 10;

/** Weights that add up to one, for each picture of a batch. */
const drawWeights = (like: Tensor, alpha: number, count: number): Tensor =>
  sampleDirichlet(full([like.shape[0]!, count], alpha, { dtype: "float32" })).to(like.device);

/**
 * A picture mixed with chains of operations on it. Tensors are of uint8, Images of mode RGB or L.
 *
 * Hendrycks et al., AugMix: A Simple Data Processing Method to Improve Robustness and Uncertainty, 2019.
 * @see torchvision.transforms.AugMix
 * @throws ValueError for a severity beyond 1 to 10.
 * @example new transforms.AugMix({ severity: 5 })
 */
export class AugMix extends Augmentation {
  severity: number;
  mixtureWidth: number;
  chainDepth: number;
  alpha: number;
  allOps: boolean;

  constructor(...given: Arguments<typeof mixSignature, AugMixOptions>);
  constructor(...given: unknown[]) {
    super();
    const op = "AugMix";
    const sampling = { interpolation: "bilinear", fill: null } as const;
    const defaults = { severity: 3, mixtureWidth: 3, chainDepth: -1, alpha: 1, allOps: true, ...sampling };
    const read = readArguments<AugMixOptions>(op, mixSignature, defaults, given);
    this.severity = checkInteger(op, "severity", read.severity);
    if (this.severity < 1 || this.severity > PARAMETER_MAX)
      throw new ValueError(`${op}: The severity must be between [1, ${PARAMETER_MAX}]. Got ${this.severity} instead.`);
    this.mixtureWidth = checkInteger(op, "mixtureWidth", read.mixtureWidth, 1);
    this.chainDepth = checkInteger(op, "chainDepth", read.chainDepth);
    this.alpha = checkNumber(op, "alpha", read.alpha);
    if (!(this.alpha > 0)) throw new ValueError(`${op}: alpha must be positive, got ${this.alpha}`);
    this.allOps = checkFlag(op, "allOps", read.allOps);
    this.sample(read);
  }

  private space(height: number, width: number): Space {
    const n = PARAMETER_MAX;
    const limits: Limits = {
      shear: 0.3,
      moveX: width / 3,
      moveY: height / 3,
      degrees: 30,
      color: 0.9,
      bits: [4, 4],
    };
    return new Map([...moves(n, limits), ...tones(n, limits), ...(this.allOps ? colors(n, limits) : [])]);
  }

  /** One chain of operations. */
  private chain(batch: Tensor, space: Space): Tensor {
    const depth = this.chainDepth > 0 ? this.chainDepth : drawInt(1, 4);
    let picture: Picture = batch;
    for (let i = 0; i < depth; i++) {
      const [name, magnitude] = drawOperation(space, (values) => values[drawInt(0, this.severity)]!);
      picture = operate(name, picture, magnitude, this);
    }
    return picture as Tensor;
  }

  private mix(img: Tensor): Tensor {
    const lead = Array<number>(Math.max(4 - img.ndim, 0)).fill(1);
    const batch = img.reshape([...lead, ...img.shape]);
    const each = [batch.shape[0]!, ...Array<number>(batch.ndim - 1).fill(1)];
    const [height, width] = img.shape.slice(-2) as [number, number];
    const space = this.space(height, width);
    // The first weight is that of the picture itself, the second that of all chains together.
    const [own, others] = drawWeights(batch, this.alpha, 2).unbind(1) as [Tensor, Tensor];
    const weights = drawWeights(batch, this.alpha, this.mixtureWidth).mul(others.unsqueeze(1));
    let mixed = own.view(each).mul(batch);
    for (const weight of weights.unbind(1)) mixed = mixed.add(weight.reshape(each).mul(this.chain(batch, space)));
    return mixed.reshape(img.shape).to(img.dtype);
  }

  override forward(img: Picture): any {
    checkPicture("AugMix", img);
    return img instanceof Tensor ? this.mix(img) : toPilImage(this.mix(pilToTensor(img)));
  }

  override extraRepr(): string {
    const { severity, mixtureWidth, chainDepth, alpha, allOps } = this;
    return `severity=${severity}, mixture_width=${mixtureWidth}, chain_depth=${chainDepth}, alpha=${Number.isInteger(alpha) ? `${alpha}.0` : alpha}, all_ops=${text(allOps)}, ${this.samplingText}`;
  }
}

takes("img", AutoAugment, RandAugment, TrivialAugmentWide);
takes("origImg", AugMix);
portable({ AutoAugment, RandAugment, TrivialAugmentWide, AugMix });
