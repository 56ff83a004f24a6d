/** Distributions of shares of a whole. */
import { ValueError } from "../core/errors";
import type { Shape } from "../core/shape";
import { where } from "../ops/elementwise/where";
import { oneHot } from "../ops/indexing/membership";
import { stack } from "../ops/shape/join";
import type { Tensor } from "../tensor/tensor";
import { type Arguments, checkTensor, readArguments, type ValidateArgs, type Value } from "./base/arguments";
import { independent, positive, simplex, unitInterval } from "./base/constraints";
import { ExponentialFamily } from "./base/exponentialFamily";
import { sampleDirichlet } from "./base/sampling";
import { broadcastNamed } from "./base/utils";

const dirichletSignature = "concentration; validateArgs";

/** Arguments of {@link Dirichlet}. */
export interface DirichletArguments extends ValidateArgs {
  /** A concentration for each share, along the last axis. */
  readonly concentration: Tensor;
}

/**
 * The Dirichlet distribution of positive numbers that add up to one.
 * @see torch.distributions.Dirichlet
 * @example new torch.distributions.Dirichlet(torch.tensor([0.5, 0.5])).sample()
 */
export class Dirichlet extends ExponentialFamily {
  static override readonly argConstraints = { concentration: independent(positive, 1) };
  static override readonly support = simplex;
  static override readonly hasRsample = true;
  declare readonly concentration: Tensor;

  constructor(...given: Arguments<typeof dirichletSignature, DirichletArguments>) {
    const read = readArguments<DirichletArguments>("Dirichlet", dirichletSignature, given);
    const concentration = checkTensor("Dirichlet", "concentration", read.concentration);
    if (concentration.ndim < 1)
      throw new ValueError("Dirichlet: `concentration` parameter must be at least one-dimensional.");
    const { shape } = concentration;
    super(shape.slice(0, -1), shape.slice(-1), read.validateArgs, { concentration });
  }

  protected override drawReparameterized(shape: Shape): Tensor {
    return sampleDirichlet(this.concentration.expand(shape));
  }

  protected override logDensity(value: Tensor): Tensor {
    const { concentration } = this;
    return value
      .log()
      .mul(concentration.sub(1))
      .sum(-1)
      .add(concentration.sum(-1).lgamma())
      .sub(concentration.lgamma().sum(-1));
  }

  override get mean(): Tensor {
    return this.concentration.div(this.concentration.sum(-1, { keepdim: true }));
  }

  /** The most probable shares; where no concentration reaches one, all of it is the first's. */
  override get mode(): Tensor {
    const excess = this.concentration.sub(1).clamp({ min: 0 });
    const mode = excess.div(excess.sum(-1, { keepdim: true }));
    const corner = oneHot(mode.argmax(-1), this.eventShape[0]!).to(mode.dtype);
    return where(this.concentration.lt(1).all(-1, { keepdim: true }), corner, mode);
  }

  override get variance(): Tensor {
    const { concentration } = this;
    const total = concentration.sum(-1, { keepdim: true });
    return concentration.mul(total.sub(concentration)).div(total.pow(2).mul(total.add(1)));
  }

  override entropy(): Tensor {
    const { concentration } = this;
    const total = concentration.sum(-1);
    return concentration
      .lgamma()
      .sum(-1)
      .sub(total.lgamma())
      .sub(total.neg().add(this.eventShape[0]!).mul(total.digamma()))
      .sub(concentration.sub(1).mul(concentration.digamma()).sum(-1));
  }

  override get _naturalParams(): readonly Tensor[] {
    return [this.concentration];
  }

  override _logNormalizer(x: Tensor): Tensor {
    return x.lgamma().sum(-1).sub(x.sum(-1).lgamma());
  }
}

const betaSignature = "concentration1, concentration0; validateArgs";

/** Arguments of {@link Beta}. */
export interface BetaArguments extends ValidateArgs {
  /** The concentration at one, α. */
  readonly concentration1: Value;
  /** The concentration at zero, β. */
  readonly concentration0: Value;
}

/** The beta distribution on [0, 1]. @see torch.distributions.Beta @example new torch.distributions.Beta(0.5, 0.5).sample() */
export class Beta extends ExponentialFamily {
  static override readonly argConstraints = { concentration1: positive, concentration0: positive };
  static override readonly support = unitInterval;
  static override readonly hasRsample = true;
  declare private readonly shares: Dirichlet;

  constructor(...given: Arguments<typeof betaSignature, BetaArguments>) {
    const read = readArguments<BetaArguments>("Beta", betaSignature, given);
    const { concentration1, concentration0, validateArgs } = read;
    const both = Object.values(broadcastNamed("Beta", { concentration1, concentration0 }));
    const shares = new Dirichlet(stack(both, -1), { validateArgs: false });
    super(shares.batchShape, [], validateArgs, { shares });
  }

  protected override expandFields(batchShape: Shape): Record<string, unknown> {
    return { shares: this.shares.expand(batchShape) };
  }

  /** The concentration at one, α. */
  get concentration1(): Tensor {
    return this.shares.concentration.select(-1, 0);
  }

  /** The concentration at zero, β. */
  get concentration0(): Tensor {
    return this.shares.concentration.select(-1, 1);
  }

  override get mean(): Tensor {
    return this.concentration1.div(this.concentration1.add(this.concentration0));
  }

  override get mode(): Tensor {
    return this.shares.mode.select(-1, 0);
  }

  override get variance(): Tensor {
    const [a, b] = [this.concentration1, this.concentration0];
    const total = a.add(b);
    return a.mul(b).div(total.pow(2).mul(total.add(1)));
  }

  protected override drawReparameterized(_shape: Shape, sampleShape: Shape): Tensor {
    return this.shares.rsample(sampleShape).select(-1, 0);
  }

  protected override logDensity(value: Tensor): Tensor {
    return this.shares.logProb(stack([value, value.neg().add(1)], -1));
  }

  override entropy(): Tensor {
    return this.shares.entropy();
  }

  override get _naturalParams(): readonly Tensor[] {
    return [this.concentration1, this.concentration0];
  }

  override _logNormalizer(x: Tensor, y: Tensor): Tensor {
    return x.lgamma().add(y.lgamma()).sub(x.add(y).lgamma());
  }
}
