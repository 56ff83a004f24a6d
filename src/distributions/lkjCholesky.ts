/** The distribution of Lewandowski, Kurowicka and Joe of correlation matrices. */
import { checkInteger } from "../core/arguments";
import { ValueError } from "../core/errors";
import { finfo } from "../core/limits";
import type { Shape } from "../core/shape";
import { arange } from "../ops/creation/ranges";
import { randn } from "../ops/random/randomTensors";
import { cat } from "../ops/shape/join";
import type { Tensor } from "../tensor/tensor";
import { type Arguments, readArguments, type ValidateArgs, type Value } from "./base/arguments";
import { corrCholesky, positive } from "./base/constraints";
import { Distribution } from "./base/distribution";
import { broadcastNamed } from "./base/utils";
import { Beta } from "./dirichlet";

/** A size beyond which no memory holds a matrix. */
const MAX_SIZE = 2 ** 16;

const signature = "dim, concentration?; validateArgs";

/** Arguments of {@link LKJCholesky}. */
export interface LKJCholeskyArguments extends ValidateArgs {
  /** The size of the matrices, at least 2. */
  readonly dim: number;
  /** The power of the determinant, less one, that the density grows with. Default: 1, all matrices alike. */
  readonly concentration?: Value;
}

/** The squared lengths of the rows of the factor without the diagonal, by the onion method. */
function rowLengths(dim: number, concentration: Tensor): Beta {
  const { dtype, device } = concentration;
  const offset = cat([arange(1, { dtype, device }), arange(dim - 1, { dtype, device })]);
  const marginal = concentration.add(0.5 * (dim - 2)).unsqueeze(-1);
  return new Beta(offset.add(0.5), marginal.sub(offset.mul(0.5)), { validateArgs: false });
}

/**
 * The distribution of lower Cholesky factors of correlation matrices.
 *
 * Lewandowski, Kurowicka and Joe, Generating random correlation matrices based on vines and extended onion method, 2009.
 * @see torch.distributions.LKJCholesky
 * @example new torch.distributions.LKJCholesky(3, 0.5).sample()
 */
export class LKJCholesky extends Distribution {
  static override readonly argConstraints = { concentration: positive };
  static override readonly support = corrCholesky;
  declare readonly dim: number;
  declare readonly concentration: Tensor;
  declare private readonly lengths: Beta;

  constructor(...given: Arguments<typeof signature, LKJCholeskyArguments>) {
    const { dim, ...read } = readArguments<LKJCholeskyArguments>("LKJCholesky", signature, given);
    if (checkInteger("LKJCholesky", "dim", dim, undefined, MAX_SIZE) < 2)
      throw new ValueError(`LKJCholesky: Expected dim to be an integer greater than or equal to 2. Found dim=${dim}.`);
    const { concentration } = broadcastNamed("LKJCholesky", { concentration: read.concentration ?? 1 });
    const lengths = rowLengths(dim, concentration);
    super(concentration.shape, [dim, dim], read.validateArgs, { dim, concentration, lengths });
  }

  protected override expandFields(batchShape: Shape): Record<string, unknown> {
    return { ...super.expandFields(batchShape), lengths: this.lengths.expand([...batchShape, this.dim]) };
  }

  protected override drawSample(shape: Shape, sampleShape: Shape): Tensor {
    const squares = this.lengths.sample(sampleShape).unsqueeze(-1);
    const { dtype, device } = squares;
    const { tiny } = finfo(dtype);
    const normal = randn(shape, { dtype, device }).tril(-1);
    const rows = squares.sqrt().mul(normal.div(normal.norm(2, [-1], { keepdim: true }).clamp({ min: tiny })));
    const diagonal = rows.pow(2).sum(-1).neg().add(1).clamp({ min: tiny }).sqrt();
    return rows.add(diagonal.diagEmbed());
  }

  /** ∏ Lᵢᵢ^(2(η − 1) + dim − i) over a constant: the determinant's power and the Jacobian of the factorization. */
  protected override logDensity(value: Tensor): Tensor {
    const { dim, concentration } = this;
    const { dtype, device } = concentration;
    const order = concentration
      .sub(1)
      .mul(2)
      .unsqueeze(-1)
      .add(arange(dim - 2, -1, -1, { dtype, device }));
    const diagonal = value.diagonal({ dim1: -1, dim2: -2 }).narrow(-1, 1, dim - 1);
    const alpha = concentration.add(0.5 * (dim - 1));
    const normalizer = alpha
      .sub(0.5)
      .mvlgamma(dim - 1)
      .add(0.5 * (dim - 1) * Math.log(Math.PI))
      .sub(alpha.lgamma().mul(dim - 1));
    return order.mul(diagonal.log()).sum(-1).sub(normalizer);
  }
}
