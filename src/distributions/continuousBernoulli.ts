/** The continuous Bernoulli distribution. */
import { checkArray, checkNumber } from "../core/arguments";
import type { Shape } from "../core/shape";
import { checkAll } from "../ops/builders/checks";
import { where } from "../ops/elementwise/where";
import { rand } from "../ops/random/randomTensors";
import type { Tensor } from "../tensor/tensor";
import { type Arguments, readArguments } from "./base/arguments";
import { type BinaryArguments, crossEntropy, givenOf, readBinary } from "./base/binary";
import { type Constraint, real, unitInterval } from "./base/constraints";
import { lazyParameters } from "./base/distribution";
import { ExponentialFamily } from "./base/exponentialFamily";
import { clampProbs, logitsToProbs, probsToLogits } from "./base/utils";

/** Arguments of {@link ContinuousBernoulli}. */
export interface ContinuousBernoulliArguments extends BinaryArguments {
  /** Between these probabilities, formulas that fail near 1/2 give way to Taylor series. Default: [0.499, 0.501]. */
  readonly lims?: readonly [low: number, high: number] | undefined;
}

const signature = "; probs, logits, lims, validateArgs";
const complement = (x: Tensor): Tensor => x.neg().add(1);
/** log(1 − p) − log(p). */
const logOdds = (p: Tensor): Tensor => p.neg().log1p().sub(p.log());

/**
 * The distribution on [0, 1] with density proportional to pˣ (1 − p)¹⁻ˣ.
 * @see torch.distributions.ContinuousBernoulli
 * @see The continuous Bernoulli: fixing a pervasive error in variational autoencoders (Loaiza-Ganem, Cunningham, 2019)
 */
export class ContinuousBernoulli extends ExponentialFamily {
  static override readonly argConstraints: Readonly<Record<string, Constraint>> = { probs: unitInterval, logits: real };
  static override readonly support: Constraint = unitInterval;
  static override readonly hasRsample = true;
  /** The parameter p, never quite 0 or 1. */
  declare readonly probs: Tensor;
  /** log(p / (1 − p)). */
  declare readonly logits: Tensor;
  /** @internal */
  declare readonly lims: readonly [number, number];

  static {
    lazyParameters(ContinuousBernoulli, {
      logits: ({ probs }) => probsToLogits(probs, true),
      probs: ({ logits }) => clampProbs(logitsToProbs(logits, true)),
    });
  }

  constructor(...given: Arguments<typeof signature, ContinuousBernoulliArguments>) {
    const op = "ContinuousBernoulli";
    const { lims = [0.499, 0.501], ...values } = readArguments<ContinuousBernoulliArguments>(op, signature, given);
    const [batchShape, eventShape, validateArgs, parameter] = readBinary(op, [values]);
    for (const limit of checkArray(op, "lims", lims, "numbers")) checkNumber(op, "lims", limit);
    if ("probs" in parameter) {
      // Once clamped, it passes every check.
      if (validateArgs !== undefined)
        checkAll(op, unitInterval.check(parameter.probs), "The parameter probs has invalid values");
      parameter.probs = clampProbs(parameter.probs);
    }
    super(batchShape, eventShape, validateArgs, { ...parameter, lims });
  }

  /** The shape of the parameter. */
  get paramShape(): Shape {
    return givenOf(this).shape;
  }

  /** Where the formulas hold: away from 1/2. */
  private isOutside(p: Tensor, shift = 0): Tensor {
    return p.le(this.lims[0] - shift).logicalOr(p.gt(this.lims[1] - shift));
  }

  /** A formula away from 1/2, where the other values of p are out of its way, and a Taylor series near 1/2. */
  private choose(formula: (p: Tensor) => Tensor, series: Tensor): Tensor {
    const isOutside = this.isOutside(this.probs);
    return where(isOutside, formula(where(isOutside, this.probs, this.lims[0])), series);
  }

  /** @internal The logarithm of the normalizing constant. */
  get logNorm(): Tensor {
    const square = this.probs.sub(0.5).pow(2);
    const series = square
      .mul(104 / 45)
      .add(4 / 3)
      .mul(square)
      .add(Math.LN2);
    return this.choose((p) => {
      const isBelow = p.le(0.5);
      const below = where(isBelow, p, 0).mul(-2).log1p();
      const above = where(p.ge(0.5), p, 1).mul(2).sub(1).log();
      return logOdds(p)
        .abs()
        .log()
        .sub(where(isBelow, below, above));
    }, series);
  }

  override get mean(): Tensor {
    const x = this.probs.sub(0.5);
    const series = x
      .pow(2)
      .mul(16 / 45)
      .add(1 / 3)
      .mul(x)
      .add(0.5);
    return this.choose((p) => p.div(p.mul(2).sub(1)).add(logOdds(p).reciprocal()), series);
  }

  override get variance(): Tensor {
    const x = this.probs.sub(0.5).pow(2);
    const series = x
      .mul(-128 / 945)
      .add(1 / 15)
      .mul(x)
      .neg()
      .add(1 / 12);
    return this.choose((p) => {
      const first = p.mul(p.sub(1)).div(complement(p.mul(2)).pow(2));
      return first.add(logOdds(p).pow(2).reciprocal());
    }, series);
  }

  protected override drawReparameterized(shape: Shape): Tensor {
    return this.quantile(rand(shape, { dtype: this.probs.dtype, device: this.probs.device }));
  }

  protected override logDensity(value: Tensor): Tensor {
    return this.logNorm.sub(crossEntropy(this.logits, value));
  }

  protected override cumulative(value: Tensor): Tensor {
    const inside = this.choose((p) => {
      const power = p.pow(value).mul(complement(p).pow(complement(value)));
      return power.add(p).sub(1).div(p.mul(2).sub(1));
    }, value);
    return where(value.le(0), 0, where(value.ge(1), 1, inside));
  }

  protected override quantile(value: Tensor): Tensor {
    return this.choose((p) => {
      const scaled = value.mul(p.mul(2).sub(1)).sub(p).log1p();
      return scaled.sub(p.neg().log1p()).div(logOdds(p).neg());
    }, value);
  }

  override entropy(): Tensor {
    const rest = this.probs.neg().log1p();
    return this.mean.mul(logOdds(this.probs)).sub(this.logNorm).sub(rest);
  }

  override get _naturalParams(): readonly Tensor[] {
    return [this.logits];
  }

  override _logNormalizer(x: Tensor): Tensor {
    const isOutside = this.isOutside(x, 0.5);
    const cut = where(isOutside, x, this.lims[0] - 0.5);
    const series = x.mul(0.5).add(x.pow(2).div(24)).sub(x.pow(4).div(2880));
    return where(isOutside, cut.exp().sub(1).abs().log().sub(cut.abs().log()), series);
  }

  override get _meanCarrierMeasure(): number {
    return 0;
  }
}
