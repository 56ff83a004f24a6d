/** Mixtures of distributions of one family. */
import { ValueError } from "../core/errors";
import { type Shape, shapeText } from "../core/shape";
import { logSoftmax } from "../ops/reduce/softmax";
import type { Tensor } from "../tensor/tensor";
import { type Arguments, readArguments, type ValidateArgs } from "./base/arguments";
import { type Constraint, dependent } from "./base/constraints";
import { checkDistribution, Distribution } from "./base/distribution";
import { Categorical } from "./categorical";

/** Arguments of {@link MixtureSameFamily}. */
export interface MixtureSameFamilyArguments extends ValidateArgs {
  /** The probabilities of the components. */
  readonly mixtureDistribution: Categorical;
  /** The components, along the last axis of its batch. */
  readonly componentDistribution: Distribution;
}

const signature = "mixtureDistribution, componentDistribution; validateArgs";

/**
 * Samples of one of several distributions, the last axis of the batch of `componentDistribution`, chosen by a categorical distribution.
 * @see torch.distributions.MixtureSameFamily
 * @example new MixtureSameFamily(new Categorical(torch.ones(5)), new Normal(torch.randn(5), torch.rand(5)))
 */
export class MixtureSameFamily extends Distribution {
  static override readonly support: Constraint = dependent;
  /** Chooses the component. */
  declare readonly mixtureDistribution: Categorical;
  /** The components. */
  declare readonly componentDistribution: Distribution;

  constructor(...given: Arguments<typeof signature, MixtureSameFamilyArguments>) {
    const op = "MixtureSameFamily";
    const values = readArguments<MixtureSameFamilyArguments>(op, signature, given);
    const mixtureDistribution = checkDistribution(op, "mixtureDistribution", values.mixtureDistribution);
    const componentDistribution = checkDistribution(op, "componentDistribution", values.componentDistribution);
    if (!(mixtureDistribution instanceof Categorical))
      throw new ValueError(`${op}: The Mixture distribution needs to be an instance of Categorical`);
    const batch = componentDistribution.batchShape;
    const mixtures = mixtureDistribution.batchShape;
    const batchShape = batch.slice(0, -1);
    for (let i = 1; i <= Math.min(mixtures.length, batchShape.length); i++) {
      const [a, b] = [mixtures.at(-i), batchShape.at(-i)];
      if (a !== 1 && b !== 1 && a !== b)
        throw new ValueError(
          `${op}: mixtureDistribution.batchShape (${shapeText(mixtures)}) is not compatible with ` +
            `componentDistribution.batchShape (${shapeText(batchShape)})`,
        );
    }
    const count = mixtureDistribution.logits.shape.at(-1);
    if (count !== batch.at(-1))
      throw new ValueError(
        `${op}: mixtureDistribution component (${count}) does not equal componentDistribution.batchShape.at(-1) (${batch.at(-1)})`,
      );
    super(batchShape, componentDistribution.eventShape, values.validateArgs, {
      mixtureDistribution,
      componentDistribution,
    });
  }

  protected override expandFields(batchShape: Shape): Record<string, unknown> {
    const count = this.mixtureDistribution.paramShape.at(-1)!;
    return {
      componentDistribution: this.componentDistribution.expand([...batchShape, count]),
      mixtureDistribution: this.mixtureDistribution.expand(batchShape),
    };
  }

  override get support(): Constraint {
    return this.componentDistribution.support;
  }

  /** The axis of the components. */
  private get axis(): number {
    return -1 - this.eventShape.length;
  }

  private weightedSum(x: Tensor): Tensor {
    const { probs } = this.mixtureDistribution;
    return probs
      .reshape([...probs.shape, ...this.eventShape.map(() => 1)])
      .mul(x)
      .sum(this.axis);
  }

  override get mean(): Tensor {
    return this.weightedSum(this.componentDistribution.mean);
  }

  override get variance(): Tensor {
    const spread = this.componentDistribution.mean.sub(this.mean.unsqueeze(this.axis)).pow(2);
    return this.weightedSum(this.componentDistribution.variance).add(this.weightedSum(spread));
  }

  protected override validatesFor(op: string): boolean {
    return op !== "cdf" && super.validatesFor(op);
  }

  protected override cumulative(value: Tensor): Tensor {
    const each = this.componentDistribution.cdf(value.unsqueeze(this.axis));
    return each.mul(this.mixtureDistribution.probs).sum(-1);
  }

  protected override logDensity(value: Tensor): Tensor {
    const each = this.componentDistribution.logProb(value.unsqueeze(this.axis));
    return each.add(logSoftmax(this.mixtureDistribution.logits, -1)).logsumexp(-1);
  }

  protected override drawSample(_shape: Shape, sampleShape: Shape): Tensor {
    const axis = sampleShape.length + this.batchShape.length;
    const chosen = this.mixtureDistribution.expand(this.batchShape).sample(sampleShape);
    const all = this.componentDistribution.sample(sampleShape);
    const index = chosen.reshape([...chosen.shape, 1, ...this.eventShape.map(() => 1)]);
    return all.gather(axis, index.expand([...chosen.shape, 1, ...this.eventShape])).squeeze(axis);
  }

  override toString(): string {
    return `${this.name}(\n  ${this.mixtureDistribution},\n  ${this.componentDistribution})`;
  }
}
