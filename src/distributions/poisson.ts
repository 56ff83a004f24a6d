/** The Poisson distribution. */
import type { Shape } from "../core/shape";
import { xlogy } from "../ops/elementwise/binary";
import { poisson } from "../ops/random/fill";
import type { Tensor } from "../tensor/tensor";
import { type Arguments, readArguments, type ValidateArgs, type Value } from "./base/arguments";
import { nonnegative, nonnegativeInteger } from "./base/constraints";
import { ExponentialFamily } from "./base/exponentialFamily";
import { broadcastNamed } from "./base/utils";

const signature = "rate; validateArgs";

/** Arguments of {@link Poisson}. */
export interface PoissonArguments extends ValidateArgs {
  /** The expected number. */
  readonly rate: Value;
}

/** The Poisson distribution of numbers of events. @see torch.distributions.Poisson @example new torch.distributions.Poisson(4).sample() */
export class Poisson extends ExponentialFamily {
  static override readonly argConstraints = { rate: nonnegative };
  static override readonly support = nonnegativeInteger;
  declare readonly rate: Tensor;

  constructor(...given: Arguments<typeof signature, PoissonArguments>) {
    const { rate, validateArgs } = readArguments<PoissonArguments>("Poisson", signature, given);
    const parameters = broadcastNamed("Poisson", { rate });
    super(parameters.rate.shape, [], validateArgs, parameters);
  }

  override get mean(): Tensor {
    return this.rate;
  }

  override get mode(): Tensor {
    return this.rate.floor();
  }

  override get variance(): Tensor {
    return this.rate;
  }

  protected override drawSample(shape: Shape): Tensor {
    return poisson(this.rate.expand(shape));
  }

  protected override logDensity(value: Tensor): Tensor {
    return xlogy(value, this.rate).sub(this.rate).sub(value.add(1).lgamma());
  }

  override get _naturalParams(): readonly Tensor[] {
    return [this.rate.log()];
  }

  override _logNormalizer(x: Tensor): Tensor {
    return x.exp();
  }
}
