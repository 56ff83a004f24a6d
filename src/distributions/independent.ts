/** Axes of the batch as axes of the event. */
import { checkInteger } from "../core/arguments";
import { KindlingError, ValueError } from "../core/errors";
import type { Shape } from "../core/shape";
import type { Tensor } from "../tensor/tensor";
import { type Arguments, readArguments, type ValidateArgs } from "./base/arguments";
import { type Constraint, dependent, independent } from "./base/constraints";
import { checkDistribution, Distribution } from "./base/distribution";
import { sumRightmost } from "./base/utils";

/** Arguments of {@link Independent}. */
export interface IndependentArguments extends ValidateArgs {
  readonly baseDistribution: Distribution;
  /** How many of the last axes of the batch become axes of the event. */
  readonly reinterpretedBatchNdims: number;
}

const signature = "baseDistribution, reinterpretedBatchNdims; validateArgs";

/**
 * Takes the last axes of a batch of independent distributions for axes of one event.
 * @see torch.distributions.Independent
 * @example new Independent(new Normal(torch.zeros(3), torch.ones(3)), 1).logProb(torch.zeros(3)) // one number
 */
export class Independent extends Distribution {
  static override readonly support: Constraint = dependent;
  /** The distribution whose batch it is. */
  declare readonly baseDist: Distribution;
  /** How many axes of its batch belong to the event. */
  declare readonly reinterpretedBatchNdims: number;

  constructor(...given: Arguments<typeof signature, IndependentArguments>) {
    const op = "Independent";
    const values = readArguments<IndependentArguments>(op, signature, given);
    const baseDist = checkDistribution(op, "baseDistribution", values.baseDistribution);
    const reinterpretedBatchNdims = checkInteger(op, "reinterpretedBatchNdims", values.reinterpretedBatchNdims, 0);
    const { batchShape, eventShape } = baseDist;
    const cut = batchShape.length - reinterpretedBatchNdims;
    if (cut < 0)
      throw new ValueError(
        `${op}: Expected reinterpretedBatchNdims <= baseDistribution.batchShape.length, ` +
          `actual ${reinterpretedBatchNdims} vs ${batchShape.length}`,
      );
    super(batchShape.slice(0, cut), [...batchShape.slice(cut), ...eventShape], values.validateArgs, {
      baseDist,
      reinterpretedBatchNdims,
    });
  }

  protected override expandFields(batchShape: Shape): Record<string, unknown> {
    const own = this.eventShape.slice(0, this.reinterpretedBatchNdims);
    return { baseDist: this.baseDist.expand([...batchShape, ...own]) };
  }

  override get hasRsample(): boolean {
    return this.baseDist.hasRsample;
  }

  override get hasEnumerateSupport(): boolean {
    return this.reinterpretedBatchNdims === 0 && this.baseDist.hasEnumerateSupport;
  }

  override get support(): Constraint {
    const { support } = this.baseDist;
    return this.reinterpretedBatchNdims === 0 ? support : independent(support, this.reinterpretedBatchNdims);
  }

  override get mean(): Tensor {
    return this.baseDist.mean;
  }

  override get mode(): Tensor {
    return this.baseDist.mode;
  }

  override get variance(): Tensor {
    return this.baseDist.variance;
  }

  protected override drawSample(_shape: Shape, sampleShape: Shape): Tensor {
    return this.baseDist.sample(sampleShape);
  }

  protected override drawReparameterized(_shape: Shape, sampleShape: Shape): Tensor {
    return this.baseDist.rsample(sampleShape);
  }

  /** The base checks its values itself. */
  protected override validatesFor(): boolean {
    return false;
  }

  protected override logDensity(value: Tensor): Tensor {
    return sumRightmost(this.baseDist.logProb(value), this.reinterpretedBatchNdims);
  }

  override entropy(): Tensor {
    return sumRightmost(this.baseDist.entropy(), this.reinterpretedBatchNdims);
  }

  protected override enumerate(): Tensor {
    if (this.reinterpretedBatchNdims > 0)
      throw new KindlingError("enumerateSupport: Enumeration over cartesian product is not implemented");
    return this.baseDist.enumerateSupport(false);
  }

  override toString(): string {
    return `${this.name}(${this.baseDist}, ${this.reinterpretedBatchNdims})`;
  }
}
