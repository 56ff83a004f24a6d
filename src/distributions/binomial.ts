/** Distributions of the numbers of successes among independent trials. */
import { KindlingError } from "../core/errors";
import type { Shape } from "../core/shape";
import { arange } from "../ops/creation/ranges";
import { binomial, poisson } from "../ops/random/fill";
import type { Tensor } from "../tensor/tensor";
import { type Arguments, readArguments, type ValidateArgs, type Value } from "./base/arguments";
import {
  type Constraint,
  dependent,
  greaterThanEq,
  halfOpenInterval,
  integerInterval,
  nonnegativeInteger,
  real,
  unitInterval,
} from "./base/constraints";
import { Distribution, lazyParameters } from "./base/distribution";
import { readEither } from "./base/either";
import { broadcastNamed, logitsToProbs, probsToLogits } from "./base/utils";
import { Gamma } from "./gamma";

/** A count and the probability of each trial, by itself or by its logit. */
interface Trials extends ValidateArgs {
  /** Event probabilities. */
  readonly probs?: Value | null;
  /** Event log-odds. */
  readonly logits?: Value | null;
}

/** The count and the parameter that was given, of one shape and dtype. */
function readTrials(op: string, totalCount: Value, { probs, logits }: Trials): Record<string, Tensor> {
  const [name, value] = readEither(op, probs, logits);
  const fields = broadcastNamed(op, { totalCount, [name]: value });
  return { ...fields, totalCount: fields.totalCount!.to(fields[name]!.dtype) };
}

/** Trials whose probabilities and logits follow from each other. */
abstract class TrialCounts extends Distribution {
  declare readonly totalCount: Tensor;
  /** Event probabilities. */
  declare readonly probs: Tensor;
  /** Event log-odds. */
  declare readonly logits: Tensor;

  /** The shape of the parameter that was given. @see torch.distributions.Binomial.param_shape */
  get paramShape(): Shape {
    return this.batchShape;
  }
}

lazyParameters(TrialCounts, {
  probs: ({ logits }) => logitsToProbs(logits, true),
  logits: ({ probs }) => probsToLogits(probs, true),
});

const binomialSignature = "totalCount?, probs?, logits?; validateArgs";

/** Arguments of {@link Binomial}: either `probs` or `logits`. */
export interface BinomialArguments extends Trials {
  /** The number of trials. Default: 1. */
  readonly totalCount?: Value;
}

/** (clamp(x, 0) + x − clamp(−∞, 0)) / 2 is clamp(x, 0) with the derivative ½ at zero. */
const clampByZero = (x: Tensor): Tensor =>
  x
    .clamp({ min: 0 })
    .add(x)
    .sub(x.clamp({ max: 0 }))
    .div(2);

/**
 * The binomial distribution.
 * @see torch.distributions.Binomial
 * @example new torch.distributions.Binomial(100, torch.tensor([0.2, 0.8])).sample()
 */
export class Binomial extends TrialCounts {
  static override readonly argConstraints = { totalCount: nonnegativeInteger, probs: unitInterval, logits: real };
  static override readonly support = dependent({ isDiscrete: true, eventDim: 0 });
  static override readonly hasEnumerateSupport = true;

  constructor(...given: Arguments<typeof binomialSignature, BinomialArguments>) {
    const read = readArguments<BinomialArguments>("Binomial", binomialSignature, given);
    const fields = readTrials("Binomial", read.totalCount ?? 1, read);
    super(fields.totalCount!.shape, [], read.validateArgs, fields);
  }

  override get support(): Constraint {
    return integerInterval(0, this.totalCount);
  }

  override get mean(): Tensor {
    return this.totalCount.mul(this.probs);
  }

  override get mode(): Tensor {
    return this.totalCount.add(1).mul(this.probs).floor().clamp({ max: this.totalCount });
  }

  override get variance(): Tensor {
    return this.totalCount.mul(this.probs).mul(this.probs.neg().add(1));
  }

  protected override drawSample(shape: Shape): Tensor {
    return binomial(this.totalCount.expand(shape), this.probs.expand(shape));
  }

  protected override logDensity(value: Tensor): Tensor {
    const { totalCount, logits } = this;
    const normalizer = totalCount
      .mul(clampByZero(logits))
      .add(totalCount.mul(logits.abs().neg().exp().log1p()))
      .sub(totalCount.add(1).lgamma());
    return value.mul(logits).sub(value.add(1).lgamma()).sub(totalCount.sub(value).add(1).lgamma()).sub(normalizer);
  }

  override entropy(): Tensor {
    const logProb = this.logProb(this.values("entropy"));
    return logProb.exp().mul(logProb).sum(0).neg();
  }

  protected override enumerate(): Tensor {
    return this.values("enumerateSupport");
  }

  /** 0 to the number of trials, which must be the same everywhere. */
  private values(op: string): Tensor {
    const total = this.totalCount.max().item();
    if (this.totalCount.min().item() !== total)
      throw new KindlingError(`${op}: Inhomogeneous total count not supported by \`${op}\`.`);
    const values = arange(Math.trunc(total) + 1, { dtype: this.totalCount.dtype, device: this.totalCount.device });
    return values.reshape([-1, ...this.batchShape.map(() => 1)]);
  }
}

const negativeSignature = "totalCount, probs?, logits?; validateArgs";

/** Arguments of {@link NegativeBinomial}: either `probs` or `logits`. */
export interface NegativeBinomialArguments extends Trials {
  /** The number of failures after which the trials end; any number that is not negative. */
  readonly totalCount: Value;
}

/** The distribution of the number of successes before `totalCount` failures. @see torch.distributions.NegativeBinomial */
export class NegativeBinomial extends TrialCounts {
  static override readonly argConstraints = {
    totalCount: greaterThanEq(0),
    probs: halfOpenInterval(0, 1),
    logits: real,
  };
  static override readonly support = nonnegativeInteger;

  constructor(...given: Arguments<typeof negativeSignature, NegativeBinomialArguments>) {
    const read = readArguments<NegativeBinomialArguments>("NegativeBinomial", negativeSignature, given);
    const fields = readTrials("NegativeBinomial", read.totalCount, read);
    super(fields.totalCount!.shape, [], read.validateArgs, fields);
  }

  override get mean(): Tensor {
    return this.totalCount.mul(this.logits.exp());
  }

  override get mode(): Tensor {
    return this.totalCount.sub(1).mul(this.logits.exp()).floor().clamp({ min: 0 });
  }

  override get variance(): Tensor {
    return this.mean.div(this.logits.neg().sigmoid());
  }

  /** A Poisson number whose rate is a gamma number; the count may be zero, so nothing is checked. */
  protected override drawSample(_shape: Shape, sampleShape: Shape): Tensor {
    const rate = this.logits.neg().exp();
    return poisson(new Gamma(this.totalCount, rate, { validateArgs: false }).sample(sampleShape));
  }

  protected override logDensity(value: Tensor): Tensor {
    const { totalCount, logits } = this;
    const unnormalized = totalCount.mul(logits.neg().logSigmoid()).add(value.mul(logits.logSigmoid()));
    const sum = totalCount.add(value);
    const normalizer = sum.lgamma().neg().add(value.add(1).lgamma()).add(totalCount.lgamma());
    return unnormalized.sub(normalizer.maskedFill(sum.eq(0), 0));
  }
}
