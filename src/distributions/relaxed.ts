/** Continuous relaxations of discrete distributions, through which gradients flow. */
import type { Shape } from "../core/shape";
import { fullLike } from "../ops/creation/like";
import { rand } from "../ops/random/randomTensors";
import type { Tensor } from "../tensor/tensor";
import { type Arguments, readArguments, type Value } from "./base/arguments";
import { type BinaryArguments, lazyBinary, readBinary } from "./base/binary";
import { type Constraint, real, realVector, simplex, unitInterval } from "./base/constraints";
import { Distribution } from "./base/distribution";
import { ExpTransform, SigmoidTransform } from "./base/elementwise";
import { asTensors, broadcastAll, clampProbs } from "./base/utils";
import { Categorical, type CategoricalArguments, checkParameter } from "./categorical";
import { TransformedDistribution } from "./transforms/transformedDistribution";

interface Temperature {
  /** The lower, the closer are the samples to those of the discrete distribution. */
  readonly temperature: Value;
}

/** Arguments of {@link RelaxedBernoulli}. */
export interface RelaxedBernoulliArguments extends BinaryArguments, Temperature {}

/** Arguments of {@link RelaxedOneHotCategorical}. */
export interface RelaxedOneHotCategoricalArguments extends CategoricalArguments, Temperature {}

const signature = "temperature; probs, logits, validateArgs";

const binaryConstraints: Readonly<Record<string, Constraint>> = { probs: unitInterval, logits: real };
const classConstraints: Readonly<Record<string, Constraint>> = { probs: simplex, logits: realVector };

/** The logits of the samples of a {@link RelaxedBernoulli}. @see torch.distributions.relaxed_bernoulli.LogitRelaxedBernoulli */
class LogitRelaxedBernoulli extends Distribution {
  static override readonly argConstraints = binaryConstraints;
  static override readonly support: Constraint = real;
  declare readonly temperature: Tensor;
  declare readonly probs: Tensor;
  declare readonly logits: Tensor;

  static {
    lazyBinary(LogitRelaxedBernoulli);
  }

  constructor(temperature: Value, parameter: BinaryArguments) {
    const [shape, eventShape, validateArgs, fields] = readBinary("RelaxedBernoulli", [parameter]);
    const [value] = Object.values(fields) as [Tensor];
    super(shape, eventShape, validateArgs, {
      ...fields,
      // A number is a temperature of the dtype of the parameter.
      temperature: asTensors("RelaxedBernoulli", [temperature, value])[0]!,
    });
  }

  protected override drawReparameterized(shape: Shape): Tensor {
    const probs = clampProbs(this.probs.expand(shape));
    const uniforms = clampProbs(rand(shape, { dtype: probs.dtype, device: probs.device }));
    const noise = uniforms.log().sub(uniforms.neg().log1p());
    return noise.add(probs.log()).sub(probs.neg().log1p()).div(this.temperature);
  }

  protected override logDensity(given: Tensor): Tensor {
    const [logits, value] = broadcastAll(this.logits, given) as [Tensor, Tensor];
    const difference = logits.sub(value.mul(this.temperature));
    return this.temperature.log().add(difference).sub(difference.exp().log1p().mul(2));
  }
}

/**
 * A Bernoulli distribution relaxed to values in (0, 1), with samples through which gradients flow.
 * @see torch.distributions.RelaxedBernoulli
 * @see The Concrete Distribution (Maddison et al., 2017)
 */
export class RelaxedBernoulli extends TransformedDistribution {
  static override readonly argConstraints: Readonly<Record<string, Constraint>> = binaryConstraints;
  static override readonly support: Constraint = unitInterval;
  static override readonly hasRsample = true;
  /** @internal */
  declare readonly baseDist: LogitRelaxedBernoulli;

  constructor(...given: Arguments<typeof signature, RelaxedBernoulliArguments>) {
    const values = readArguments<RelaxedBernoulliArguments>("RelaxedBernoulli", signature, given);
    const { temperature, validateArgs, ...parameter } = values;
    super(new LogitRelaxedBernoulli(temperature, parameter), new SigmoidTransform(), { validateArgs });
  }

  /** The lower, the closer are the samples to 0 and 1. */
  get temperature(): Tensor {
    return this.baseDist.temperature;
  }

  /** The probability of a 1. */
  get probs(): Tensor {
    return this.baseDist.probs;
  }

  /** The logarithm of the odds of a 1. */
  get logits(): Tensor {
    return this.baseDist.logits;
  }
}

/** The logarithms of the samples of a {@link RelaxedOneHotCategorical}. @see torch.distributions.relaxed_categorical.ExpRelaxedCategorical */
class ExpRelaxedCategorical extends Distribution {
  static override readonly argConstraints = classConstraints;
  static override readonly support: Constraint = realVector;
  static override readonly hasRsample = true;
  declare readonly temperature: Tensor;
  declare readonly categorical: Categorical;

  constructor(given: Value, parameter: CategoricalArguments, validateArgs: boolean | undefined) {
    const op = "RelaxedOneHotCategorical";
    const [, value] = checkParameter(op, parameter);
    const categorical = new Categorical(parameter);
    const [temperature] = asTensors(op, [given, value]);
    super(categorical.batchShape, [categorical.count], validateArgs, { categorical, temperature });
  }

  protected override expandFields(batchShape: Shape): Record<string, unknown> {
    return { categorical: this.categorical.expand(batchShape) };
  }

  get probs(): Tensor {
    return this.categorical.probs;
  }

  get logits(): Tensor {
    return this.categorical.logits;
  }

  protected override drawReparameterized(shape: Shape): Tensor {
    const uniforms = clampProbs(rand(shape, { dtype: this.logits.dtype, device: this.logits.device }));
    const gumbels = uniforms.log().neg().log().neg();
    const scores = this.logits.add(gumbels).div(this.temperature);
    return scores.sub(scores.logsumexp(-1, { keepdim: true }));
  }

  protected override logDensity(given: Tensor): Tensor {
    const { count } = this.categorical;
    const [logits, value] = broadcastAll(this.logits, given) as [Tensor, Tensor];
    const scale = fullLike(this.temperature, count)
      .lgamma()
      .add(this.temperature.log().mul(count - 1));
    const scores = logits.sub(value.mul(this.temperature));
    return scores
      .sub(scores.logsumexp(-1, { keepdim: true }))
      .sum(-1)
      .add(scale);
  }
}

/**
 * A one-hot categorical distribution relaxed to the simplex, with samples through which gradients flow.
 * @see torch.distributions.RelaxedOneHotCategorical
 */
export class RelaxedOneHotCategorical extends TransformedDistribution {
  static override readonly argConstraints: Readonly<Record<string, Constraint>> = classConstraints;
  static override readonly support: Constraint = simplex;
  static override readonly hasRsample = true;
  /** @internal */
  declare readonly baseDist: ExpRelaxedCategorical;

  constructor(...given: Arguments<typeof signature, RelaxedOneHotCategoricalArguments>) {
    const values = readArguments<RelaxedOneHotCategoricalArguments>("RelaxedOneHotCategorical", signature, given);
    const { temperature, validateArgs, ...parameter } = values;
    super(new ExpRelaxedCategorical(temperature, parameter, validateArgs), new ExpTransform(), { validateArgs });
  }

  /** The lower, the closer are the samples to one-hot vectors. */
  get temperature(): Tensor {
    return this.baseDist.temperature;
  }

  /** The probabilities of the classes. */
  get probs(): Tensor {
    return this.baseDist.probs;
  }

  /** Their logarithms. */
  get logits(): Tensor {
    return this.baseDist.logits;
  }
}
