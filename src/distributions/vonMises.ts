/** The normal distribution of angles. */
import type { Shape } from "../core/shape";
import { where } from "../ops/elementwise/where";
import { rand } from "../ops/random/randomTensors";
import { zeros } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { type Arguments, readArguments, type ValidateArgs, type Value } from "./base/arguments";
import { positive, real } from "./base/constraints";
import { Distribution } from "./base/distribution";
import { broadcastNamed } from "./base/utils";

/** Abramowitz and Stegun 9.8.1 to 9.8.4, whose errors of 1e-7 PyTorch has as well: for x < 3.75 by (x / 3.75)², else by 3.75 / x. */
const bessel = [
  {
    small: [1, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.0360768, 0.0045813],
    large: [
      0.39894228, 0.01328592, 0.00225319, -0.00157565, 0.00916281, -0.02057706, 0.02635537, -0.01647633, 0.00392377,
    ],
  },
  {
    small: [0.5, 0.87890594, 0.51498869, 0.15084934, 0.02658733, 0.00301532, 0.00032411],
    large: [
      0.39894228, -0.03988024, -0.00362018, 0.00163801, -0.01031555, 0.02282967, -0.02895312, 0.01787654, -0.00420059,
    ],
  },
] as const;

const polynomial = (x: Tensor, coefficients: readonly number[]): Tensor =>
  coefficients
    .slice(0, -1)
    .reduceRight<Tensor>((sum, coefficient) => sum.mul(x).add(coefficient), x.mul(0).add(coefficients.at(-1)!));

/** log Iₙ(x) for x > 0. */
function logBessel(x: Tensor, order: 0 | 1): Tensor {
  const { small, large } = bessel[order];
  const near = polynomial(x.div(3.75).pow(2), small);
  const low = (order === 1 ? near.mul(x.abs()) : near).log();
  const high = x.sub(x.log().mul(0.5)).add(polynomial(x.reciprocal().mul(3.75), large).log());
  return where(x.lt(3.75), low, high);
}

const signature = "loc, concentration; validateArgs";

/** Arguments of {@link VonMises}. */
export interface VonMisesArguments extends ValidateArgs {
  /** The mean, an angle. */
  readonly loc: Value;
  readonly concentration: Value;
}

/** The best parameter of the wrapped Cauchy distribution that samples are proposed by. */
function proposalOf(concentration: Tensor): Tensor {
  const tau = concentration.pow(2).mul(4).add(1).sqrt().add(1);
  const rho = tau.sub(tau.mul(2).sqrt()).div(concentration.mul(2));
  return rho.pow(2).add(1).div(rho.mul(2));
}

/**
 * The von Mises distribution of angles; all angles count modulo 2π.
 * @see torch.distributions.VonMises
 * @example new torch.distributions.VonMises(1, 1).sample()
 */
export class VonMises extends Distribution {
  static override readonly argConstraints = { loc: real, concentration: positive };
  static override readonly support = real;
  declare readonly loc: Tensor;
  declare readonly concentration: Tensor;

  constructor(...given: Arguments<typeof signature, VonMisesArguments>) {
    const { loc, concentration, validateArgs } = readArguments<VonMisesArguments>("VonMises", signature, given);
    const parameters = broadcastNamed("VonMises", { loc, concentration });
    super(parameters.loc.shape, [], validateArgs, parameters);
  }

  protected override logDensity(value: Tensor): Tensor {
    const { loc, concentration } = this;
    return concentration
      .mul(value.sub(loc).cos())
      .sub(Math.log(2 * Math.PI))
      .sub(logBessel(concentration, 0));
  }

  /** Samples by rejection. Best and Fisher, Efficient simulation of the von Mises distribution, Applied Statistics 28, 1979. */
  protected override drawSample(shape: Shape): Tensor {
    const { loc, concentration } = this;
    const { dtype, device } = loc;
    const r = proposalOf(concentration);
    let x = zeros(shape, { dtype, device });
    let done = zeros(shape, { dtype: "bool", device });
    while (!done.all().item()) {
      const [u1, u2, u3] = rand([3, ...shape], { dtype, device }).unbind(0) as [Tensor, Tensor, Tensor];
      const z = u1.mul(Math.PI).cos();
      const f = r.mul(z).add(1).div(r.add(z));
      const c = concentration.mul(r.sub(f));
      const quick = c.mul(c.neg().add(2)).sub(u2).gt(0);
      const accepted = quick.logicalOr(c.div(u2).log().add(1).sub(c).ge(0));
      x = where(accepted, u3.sub(0.5).sign().mul(f.acos()), x);
      done = done.logicalOr(accepted);
    }
    return x
      .add(Math.PI)
      .add(loc)
      .remainder(2 * Math.PI)
      .sub(Math.PI);
  }

  /** The circular mean. */
  override get mean(): Tensor {
    return this.loc;
  }

  override get mode(): Tensor {
    return this.loc;
  }

  /** The circular variance. */
  override get variance(): Tensor {
    return logBessel(this.concentration, 1).sub(logBessel(this.concentration, 0)).exp().neg().add(1);
  }
}
