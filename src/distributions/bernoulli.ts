/** The distributions of a binary event, and of how often it fails before it comes. */
import { ValueError } from "../core/errors";
import { finfo } from "../core/limits";
import { text } from "../core/repr";
import type { Shape } from "../core/shape";
import { demand } from "../ops/builders/checks";
import { zerosLike } from "../ops/creation/like";
import { arange } from "../ops/creation/ranges";
import { where } from "../ops/elementwise/where";
import { bernoulli } from "../ops/random/fill";
import { empty } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import type { Arguments } from "./base/arguments";
import {
  type BinaryArguments,
  type binarySignature,
  crossEntropy,
  givenOf,
  lazyBinary,
  readBinary,
} from "./base/binary";
import { boolean, type Constraint, nonnegativeInteger, real, unitInterval } from "./base/constraints";
import { Distribution } from "./base/distribution";
import { ExponentialFamily } from "./base/exponentialFamily";

const parameters: Readonly<Record<string, Constraint>> = { probs: unitInterval, logits: real };

/**
 * The distribution that is 1 with probability `probs` and 0 otherwise.
 * @see torch.distributions.Bernoulli
 * @example new torch.distributions.Bernoulli({ logits: 0 }).sample([3])
 */
export class Bernoulli extends ExponentialFamily {
  static override readonly argConstraints: Readonly<Record<string, Constraint>> = parameters;
  static override readonly support: Constraint = boolean;
  static override readonly hasEnumerateSupport = true;
  /** The probability of a 1. */
  declare readonly probs: Tensor;
  /** The logarithm of the odds of a 1. */
  declare readonly logits: Tensor;

  static {
    lazyBinary(Bernoulli);
  }

  constructor(...given: Arguments<typeof binarySignature, BinaryArguments>) {
    super(...readBinary("Bernoulli", given));
  }

  /** The shape of the parameter. */
  get paramShape(): Shape {
    return givenOf(this).shape;
  }

  override get mean(): Tensor {
    return this.probs;
  }

  override get mode(): Tensor {
    const mode = this.probs.ge(0.5).to(this.probs.dtype);
    return where(this.probs.eq(0.5), Number.NaN, mode);
  }

  override get variance(): Tensor {
    return this.probs.mul(this.probs.neg().add(1));
  }

  protected override drawSample(shape: Shape): Tensor {
    return bernoulli(this.probs.expand(shape));
  }

  protected override logDensity(value: Tensor): Tensor {
    return crossEntropy(this.logits, value).neg();
  }

  override entropy(): Tensor {
    return crossEntropy(this.logits, this.probs);
  }

  protected override enumerate(): Tensor {
    return arange(2, { dtype: givenOf(this).dtype, device: givenOf(this).device }).reshape([
      -1,
      ...this.batchShape.map(() => 1),
    ]);
  }

  override get _naturalParams(): readonly Tensor[] {
    return [this.probs.div(this.probs.neg().add(1)).log()];
  }

  override _logNormalizer(x: Tensor): Tensor {
    return x.exp().add(1).log();
  }

  override get _meanCarrierMeasure(): number {
    return 0;
  }
}

/**
 * The distribution of how many trials fail before the first that succeeds, each with probability `probs`.
 * @see torch.distributions.Geometric
 */
export class Geometric extends Distribution {
  static override readonly argConstraints: Readonly<Record<string, Constraint>> = parameters;
  static override readonly support: Constraint = nonnegativeInteger;
  /** The probability of success. */
  declare readonly probs: Tensor;
  /** The logarithm of the odds of success. */
  declare readonly logits: Tensor;

  static {
    lazyBinary(Geometric);
  }

  constructor(...given: Arguments<typeof binarySignature, BinaryArguments>) {
    super(...readBinary("Geometric", given));
    const value = givenOf(this);
    const error = () =>
      new ValueError(
        `Geometric: Expected parameter probs (Tensor of shape ${text([...value.shape])}) of distribution ${this} ` +
          `to be positive but found invalid values:\n${value}`,
      );
    if (this.validates && Object.hasOwn(this, "probs")) demand(value.gt(0), error);
  }

  override get mean(): Tensor {
    return this.probs.reciprocal().sub(1);
  }

  override get mode(): Tensor {
    return zerosLike(this.probs);
  }

  override get variance(): Tensor {
    return this.mean.div(this.probs);
  }

  protected override drawSample(shape: Shape): Tensor {
    const { dtype, device } = this.probs;
    const u = empty(shape, { dtype, device }).uniform_(finfo(dtype).tiny, 1);
    return u.log().div(this.probs.neg().log1p()).floor();
  }

  protected override logDensity(value: Tensor): Tensor {
    // 0 · log(0) counts as 0.
    const isSure = this.probs.eq(1).logicalAnd(value.eq(0));
    const probs = where(isSure, 0, this.probs);
    return value.mul(probs.neg().log1p()).add(this.probs.log());
  }

  override entropy(): Tensor {
    return crossEntropy(this.logits, this.probs).div(this.probs);
  }
}
