/** The uniform distribution, and those of functions of uniform variables. */
import { finfo } from "../core/limits";
import type { Shape } from "../core/shape";
import { checkAll } from "../ops/builders/checks";
import { fullLike, onesLike, zerosLike } from "../ops/creation/like";
import { where } from "../ops/elementwise/where";
import { rand } from "../ops/random/randomTensors";
import type { Tensor } from "../tensor/tensor";
import type { Arguments, ValidateArgs, Value } from "./base/arguments";
import { type Constraint, dependent, interval, positive, real, unitInterval } from "./base/constraints";
import { Distribution } from "./base/distribution";
import { AffineTransform, ExpTransform, PowerTransform } from "./base/elementwise";
import { type LocScaleArguments, type locScale, readLocScale } from "./base/locScale";
import { eulerConstant, readBroadcast } from "./base/utils";
import { TransformedDistribution } from "./transforms/transformedDistribution";

/** Arguments of {@link Uniform}. */
export interface UniformArguments extends ValidateArgs {
  /** The lower end, which belongs to the interval. */
  readonly low: Value;
  /** The upper end, which does not. */
  readonly high: Value;
}

const signature = "low, high; validateArgs";
const bound: Constraint = dependent({ isDiscrete: false, eventDim: 0 });

/**
 * The uniform distribution on [low, high).
 * @see torch.distributions.Uniform
 */
export class Uniform extends Distribution {
  static override readonly argConstraints: Readonly<Record<string, Constraint>> = { low: bound, high: bound };
  static override readonly support: Constraint = bound;
  static override readonly hasRsample = true;
  declare readonly low: Tensor;
  declare readonly high: Tensor;

  constructor(...given: Arguments<typeof signature, UniformArguments>) {
    const { low, high, validateArgs } = readBroadcast<"low" | "high">("Uniform", signature, given);
    super(low.shape, [], validateArgs, { low, high });
    if (this.validates) checkAll("Uniform", this.low.lt(this.high), "Uniform is not defined when low >= high");
  }

  private get width(): Tensor {
    return this.high.sub(this.low);
  }

  override get support(): Constraint {
    return interval(this.low, this.high);
  }

  override get mean(): Tensor {
    return this.high.add(this.low).div(2);
  }

  override get mode(): Tensor {
    return this.high.mul(Number.NaN);
  }

  override get stddev(): Tensor {
    return this.width.div(Math.sqrt(12));
  }

  override get variance(): Tensor {
    return this.width.pow(2).div(12);
  }

  protected override drawReparameterized(shape: Shape): Tensor {
    return this.low.add(rand(shape, { dtype: this.low.dtype, device: this.low.device }).mul(this.width));
  }

  protected override logDensity(value: Tensor): Tensor {
    const isInside = this.low.le(value).logicalAnd(this.high.gt(value));
    return isInside.to(this.low.dtype).log().sub(this.width.log());
  }

  protected override cumulative(value: Tensor): Tensor {
    return value.sub(this.low).div(this.width).clamp(0, 1);
  }

  protected override quantile(value: Tensor): Tensor {
    return value.mul(this.width).add(this.low);
  }

  override entropy(): Tensor {
    return this.width.log();
  }
}

/**
 * The Gumbel distribution, of the largest of many values.
 * @see torch.distributions.Gumbel
 */
export class Gumbel extends TransformedDistribution {
  static override readonly argConstraints: Readonly<Record<string, Constraint>> = { loc: real, scale: positive };
  static override readonly support: Constraint = real;
  declare readonly loc: Tensor;
  declare readonly scale: Tensor;

  constructor(...given: Arguments<typeof locScale, LocScaleArguments>) {
    const [, , validateArgs, { loc, scale }] = readLocScale("Gumbel", given);
    const { tiny, eps } = finfo(loc.dtype);
    const log = new ExpTransform().inv;
    super(
      new Uniform(fullLike(loc, tiny), fullLike(loc, 1 - eps)),
      [log, new AffineTransform(0, onesLike(scale).neg()), log, new AffineTransform(loc, scale.neg())],
      validateArgs,
    );
    this.take({ loc, scale });
  }

  /** Directly, which is more precise than by the transforms. */
  protected override logDensity(value: Tensor): Tensor {
    const y = this.loc.sub(value).div(this.scale);
    return y.sub(y.exp()).sub(this.scale.log());
  }

  override get mean(): Tensor {
    return this.loc.add(this.scale.mul(eulerConstant));
  }

  override get mode(): Tensor {
    return this.loc;
  }

  override get stddev(): Tensor {
    return this.scale.mul(Math.PI / Math.sqrt(6));
  }

  override get variance(): Tensor {
    return this.stddev.pow(2);
  }

  override entropy(): Tensor {
    return this.scale.log().add(1 + eulerConstant);
  }
}

/** Arguments of {@link Kumaraswamy}. */
export interface KumaraswamyArguments extends ValidateArgs {
  /** The first shape, often called α. */
  readonly concentration1: Value;
  /** The second shape, often called β. */
  readonly concentration0: Value;
}

const kumaraswamySignature = "concentration1, concentration0; validateArgs";

/**
 * The Kumaraswamy distribution on (0, 1), which resembles the beta distribution.
 * @see torch.distributions.Kumaraswamy
 */
export class Kumaraswamy extends TransformedDistribution {
  static override readonly argConstraints: Readonly<Record<string, Constraint>> = {
    concentration1: positive,
    concentration0: positive,
  };
  static override readonly support: Constraint = unitInterval;
  static override readonly hasRsample = true;
  declare readonly concentration1: Tensor;
  declare readonly concentration0: Tensor;

  constructor(...given: Arguments<typeof kumaraswamySignature, KumaraswamyArguments>) {
    const read = readBroadcast<"concentration1" | "concentration0">("Kumaraswamy", kumaraswamySignature, given);
    const { concentration1, concentration0, validateArgs } = read;
    super(
      new Uniform(zerosLike(concentration0), onesLike(concentration0), { validateArgs }),
      [
        new PowerTransform(concentration0.reciprocal()),
        new AffineTransform(1, -1),
        new PowerTransform(concentration1.reciprocal()),
      ],
      { validateArgs },
    );
    this.take({ concentration1, concentration0 });
  }

  private moment(n: number): Tensor {
    const b = this.concentration0;
    const a = this.concentration1.reciprocal().mul(n).add(1);
    return b.mul(a.lgamma().add(b.lgamma()).sub(a.add(b).lgamma()).exp());
  }

  override get mean(): Tensor {
    return this.moment(1);
  }

  override get mode(): Tensor {
    const { concentration1: a, concentration0: b } = this;
    const logMode = b.reciprocal().mul(b.neg().log1p()).sub(b.neg().mul(a).log1p());
    return where(b.lt(1).logicalOr(a.lt(1)), Number.NaN, logMode).exp();
  }

  override get variance(): Tensor {
    return this.moment(2).sub(this.mean.pow(2));
  }

  override entropy(): Tensor {
    const { concentration1: a, concentration0: b } = this;
    const harmonic = b.add(1).digamma().add(eulerConstant);
    const rest = (x: Tensor) => x.reciprocal().neg().add(1);
    return rest(b).add(rest(a).mul(harmonic)).sub(a.log()).sub(b.log());
  }
}
