/** The multinomial distribution. */
import { checkInteger, MAX_COUNT } from "../core/arguments";
import type { Shape } from "../core/shape";
import { where } from "../ops/elementwise/where";
import { tensor, zeros } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { type Arguments, readArguments, type ValidateArgs } from "./base/arguments";
import { type Constraint, dependent, multinomial, realVector, simplex } from "./base/constraints";
import { Distribution } from "./base/distribution";
import { Binomial } from "./binomial";
import { Categorical, checkParameter } from "./categorical";

const signature = "totalCount?, probs?, logits?; validateArgs";

/** Arguments of {@link Multinomial}: either `probs` or `logits`. */
export interface MultinomialArguments extends ValidateArgs {
  /** The number of trials, the same for all. Default: 1. */
  readonly totalCount?: number;
  /** Event probabilities along the last axis, which need not add up to one. */
  readonly probs?: Tensor | undefined;
  /** Unnormalized log probabilities along the last axis. */
  readonly logits?: Tensor | undefined;
}

/**
 * The distribution of the numbers of times that each event happens in `totalCount` trials.
 * @see torch.distributions.Multinomial
 * @example new torch.distributions.Multinomial(100, torch.ones(4)).sample()
 */
export class Multinomial extends Distribution {
  static override readonly argConstraints = { probs: simplex, logits: realVector };
  static override readonly support = dependent({ isDiscrete: true, eventDim: 1 });
  declare readonly totalCount: number;
  declare private readonly categorical: Categorical;
  declare private readonly binomial: Binomial;

  constructor(...given: Arguments<typeof signature, MultinomialArguments>) {
    const op = "Multinomial";
    const read = readArguments<MultinomialArguments>(op, signature, given);
    const totalCount = checkInteger(op, "totalCount", read.totalCount ?? 1, 0, MAX_COUNT);
    const [name, value] = checkParameter(op, read);
    const categorical = new Categorical({ [name]: value, validateArgs: false });
    const binomial = new Binomial({ totalCount, probs: categorical.probs, validateArgs: false });
    const event = categorical.paramShape.slice(-1);
    super(categorical.batchShape, event, read.validateArgs, { totalCount, categorical, binomial });
  }

  protected override expandFields(batchShape: Shape): Record<string, unknown> {
    const binomial = this.binomial.expand([...batchShape, ...this.eventShape]);
    return { categorical: this.categorical.expand(batchShape), binomial };
  }

  override get support(): Constraint {
    return multinomial(this.totalCount);
  }

  /** Event probabilities, which add up to one. */
  get probs(): Tensor {
    return this.categorical.probs;
  }

  /** Normalized log probabilities. */
  get logits(): Tensor {
    return this.categorical.logits;
  }

  /** The shape of the parameter that was given. @see torch.distributions.Multinomial.param_shape */
  get paramShape(): Shape {
    return this.categorical.paramShape;
  }

  override get mean(): Tensor {
    return this.probs.mul(this.totalCount);
  }

  override get variance(): Tensor {
    return this.probs.mul(this.totalCount).mul(this.probs.neg().add(1));
  }

  protected override drawSample(shape: Shape, sampleShape: Shape): Tensor {
    const drawn = this.categorical.sample([this.totalCount, ...sampleShape]).movedim(0, -1);
    return zeros(shape, { dtype: "int64", device: drawn.device })
      .scatterAdd(-1, drawn, drawn.onesLike())
      .to(this.probs.dtype);
  }

  override entropy(): Tensor {
    const factorial = tensor(this.totalCount + 1, { dtype: this.probs.dtype, device: this.probs.device }).lgamma();
    const support = this.binomial.enumerateSupport(false).narrow(0, 1, this.totalCount);
    const expected = this.binomial.logProb(support).exp().mul(support.add(1).lgamma()).sum([0, -1]);
    return this.categorical.entropy().mul(this.totalCount).sub(factorial).add(expected);
  }

  protected override logDensity(value: Tensor): Tensor {
    const certain = value.eq(0).logicalAnd(this.logits.eq(-Infinity));
    const powers = where(certain, 0, this.logits).mul(value).sum(-1);
    return value.sum(-1).add(1).lgamma().sub(value.add(1).lgamma().sum(-1)).add(powers);
  }
}
