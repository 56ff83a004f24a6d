/** Ready-made parametrizations: orthogonal matrices, and matrices whose largest singular value is one. */

import { noGrad } from "../../autograd/mode";
import { assertNumber, checkChoice, checkFlag, checkInteger, MAX_ITERATIONS } from "../../core/arguments";
import { ArgumentError, ShapeError, ValueError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { checkTensor } from "../../ops/builders/checks";
import { eye } from "../../ops/creation/ranges";
import { geqrf, solve } from "../../ops/linalg/decompositions";
import { householderProduct } from "../../ops/linalg/factors";
import { matrixExp } from "../../ops/linalg/matrixFunctions";
import { cat } from "../../ops/shape/join";
import type { Tensor } from "../../tensor/tensor";
import { normalize } from "../functional/distance";
import { Module } from "../module/module";
import { stateKeyOf } from "../module/state";
import { outputAxis, tensorField } from "./fields";
import { registerParametrization } from "./parametrize";
import type { ModuleTool } from "./tool";

/** How free numbers become an orthogonal matrix. */
export type OrthogonalMap = "matrixExp" | "cayley" | "householder";

const maps: readonly OrthogonalMap[] = ["matrixExp", "cayley", "householder"];

function checkMatrices(op: string, x: Tensor): void {
  if (checkTensor(op, x).ndim < 2)
    throw new ShapeError(`${op}: expected a matrix or batch of matrices, got ${shapeText(x.shape)}`);
}

/** Options of {@link orthogonal}. */
export interface OrthogonalOptions {
  /** Default: `"matrixExp"` for square matrices, else `"householder"`. */
  orthogonalMap?: OrthogonalMap | null;
  /** Whether what is learned is a change of a fixed matrix, so that the tensor can be assigned. Default: true. */
  useTrivialization?: boolean;
}

/** Calls `body` with the taller of a matrix and its transpose, and turns the result back. */
function upright(x: Tensor, body: (tall: Tensor) => Tensor): Tensor {
  return x.shape.at(-2)! < x.shape.at(-1)! ? body(x.mT).mT : body(x);
}

/** The exponential, or the Cayley transform, of the antisymmetric part that the lower triangle stands for. */
function fromAntisymmetric(x: Tensor, map: "matrixExp" | "cayley"): Tensor {
  const [n, k] = x.shape.slice(-2) as [number, number];
  const low = x.tril();
  const square = n === k ? low : cat([low, low.newZeros([...x.shape.slice(0, -1), n - k])], -1);
  const a = square.sub(square.mT);
  if (map === "matrixExp") return matrixExp(a).narrow(-1, 0, k);
  const one = eye(n, { dtype: x.dtype, device: x.device });
  return solve(one.sub(a.mul(0.5)), one.add(a.mul(0.5))).narrow(-1, 0, k);
}

/** The product of the reflections in the columns below the diagonal, whose signs are the diagonal's. */
function fromReflections(x: Tensor): Tensor {
  const a = x.tril(-1);
  const tau = a.mul(a).sum(-2).add(1).reciprocal().mul(2);
  const signs = x.detach().diagonal({ dim1: -2, dim2: -1 }).trunc();
  return householderProduct(a, tau).mul(signs.unsqueeze(-2));
}

/** The orthogonal factor of a matrix, that of a QR decomposition with a positive diagonal of R. */
function makeOrthogonal(x: Tensor): Tensor {
  const { a, tau } = geqrf(x);
  return householderProduct(a, tau).mul(a.diagonal({ dim1: -2, dim2: -1 }).sgn().unsqueeze(-2));
}

function isOrthogonal(q: Tensor): boolean {
  const [n, k] = q.shape.slice(-2) as [number, number];
  const atol = 10 * n * (q.dtype === "float64" ? 2 ** -52 : 2 ** -23);
  return q.mT.matmul(q).allclose(eye(k, { dtype: q.dtype, device: q.device }), { atol });
}

/** @internal The module behind {@link orthogonal}. */
export class Orthogonal extends Module {
  /** What is changed by what is learned; null without trivialization, and until a tensor was assigned. */
  base: Tensor | null = null;
  readonly map: OrthogonalMap;
  readonly useTrivialization: boolean;

  constructor(map: OrthogonalMap, useTrivialization: boolean) {
    super();
    checkChoice("Orthogonal", "map", map, maps);
    checkFlag("Orthogonal", "useTrivialization", useTrivialization);
    this.map = map;
    this.useTrivialization = useTrivialization;
    if (useTrivialization) this.registerBuffer("base", null);
  }

  override forward(x: Tensor): Tensor {
    checkMatrices("Orthogonal", x);
    return upright(x, (tall) => {
      const q = this.map === "householder" ? fromReflections(tall) : fromAntisymmetric(tall, this.map);
      return this.base === null ? q : this.base.matmul(q);
    });
  }

  /** What gives the orthogonal matrix next to `x`; with trivialization that matrix becomes the base. */
  rightInverse(x: Tensor): Tensor {
    if (this.useTrivialization) return this.rebase(x);
    if (this.map !== "householder")
      throw new ArgumentError(
        `orthogonal: with useTrivialization: false and the map "${this.map}" a tensor cannot be assigned; use "householder"`,
      );
    return upright(x, (tall) => {
      const { a } = geqrf(tall);
      const diagonal = a.diagonal({ dim1: -2, dim2: -1 });
      diagonal.copy_(diagonal.ge(0).mul(2).sub(1).to(a.dtype));
      return a;
    });
  }

  private rebase(x: Tensor): Tensor {
    const tall = x.shape.at(-2)! < x.shape.at(-1)! ? x.mT : x;
    const [n, k] = tall.shape.slice(-2) as [number, number];
    const others = () => tall.newEmpty([...tall.shape.slice(0, -1), n - k]).normal_();
    const square = n === k ? tall : cat([tall, others()], -1);
    this.registerBuffer("base", n === k && isOrthogonal(square) ? square.clone() : makeOrthogonal(square));
    // Both maps take this to the identity: the lower triangle is zero, and reflections have the signs of the diagonal of −1.
    const neutral = x.zerosLike();
    neutral.diagonal({ dim1: -2, dim2: -1 }).fill_(-1);
    return neutral;
  }
}

/**
 * Keeps a matrix, or the matrices in the last two axes of a tensor, orthogonal: QᵀQ = I, or QQᵀ = I where it is wide.
 * @see torch.nn.utils.parametrizations.orthogonal; Lezcano-Casado, NeurIPS 2019
 * @throws ShapeError for a vector.
 * @example nn.utils.parametrizations.orthogonal(new nn.Linear(20, 40))
 */
export const orthogonal = named(
  "orthogonal",
  "module(), name?; orthogonalMap; useTrivialization",
  <M extends Module>(module: M, name = "weight", options: OrthogonalOptions = {}): M => {
    const weight = tensorField("orthogonal", module, name);
    checkMatrices("orthogonal", weight);
    const isSquare = weight.shape.at(-2) === weight.shape.at(-1);
    const map = options.orthogonalMap ?? (isSquare ? "matrixExp" : "householder");
    checkChoice("orthogonal", "orthogonalMap", map, maps);
    checkFlag("orthogonal", "useTrivialization", options.useTrivialization ?? true);
    return registerParametrization(module, name, new Orthogonal(map, options.useTrivialization ?? true), {
      unsafe: true,
    });
  },
) as unknown as ModuleTool<"; name, orthogonalMap; useTrivialization", OrthogonalOptions & { name?: string }>;

/** Options of {@link spectralNorm}. */
export interface SpectralNormParametrizationOptions {
  /** Steps of the power iteration per use in training. Default: 1. */
  nPowerIterations?: number;
  /** Keeps norms from zero. Default: 1e-12. */
  eps?: number;
  /** The axis of the outputs. Default: 0, or 1 for transposed convolutions. */
  dim?: number | null;
}

/** Steps of the power iteration at the beginning. */
const WARM_UP = 15;

/** @internal The module behind {@link spectralNorm}. */
export class SpectralNorm extends Module {
  /** The left singular vector. Shape: [size of `dim`]. */
  declare _u: Tensor;
  /** The right singular vector. */
  declare _v: Tensor;

  constructor(
    weight: Tensor,
    readonly nPowerIterations: number,
    readonly dim: number,
    readonly eps: number,
  ) {
    super();
    const { ndim } = checkTensor("SpectralNorm", weight, "weight");
    if (ndim === 0) throw new ShapeError("SpectralNorm: the weight needs at least one axis, got shape []");
    checkInteger("SpectralNorm", "nPowerIterations", nPowerIterations, 1, MAX_ITERATIONS);
    checkInteger("SpectralNorm", "dim", dim, 0, ndim - 1);
    assertNumber("SpectralNorm", "eps", eps);
    if (ndim === 1) return;
    const matrix = this.matrix(weight.detach());
    const unit = (n: number) => normalize(matrix.newEmpty([n]).normal_(), { dim: 0, eps });
    this.registerBuffer("_u", unit(matrix.shape[0]!));
    this.registerBuffer("_v", unit(matrix.shape[1]!));
    this.iterate(matrix, WARM_UP);
  }

  override stateKey(field: string): string {
    return stateKeyOf(field);
  }

  private matrix(weight: Tensor): Tensor {
    const first = this.dim === 0 ? weight : weight.movedim(this.dim, 0);
    return first.flatten(1);
  }

  private iterate(matrix: Tensor, steps: number): void {
    noGrad(() => {
      for (let i = 0; i < steps; i++) {
        this._u.copy_(normalize(matrix.mv(this._v), { dim: 0, eps: this.eps }));
        this._v.copy_(normalize(matrix.t().mv(this._u), { dim: 0, eps: this.eps }));
      }
    });
  }

  override forward(weight: Tensor): Tensor {
    if (checkTensor("SpectralNorm", weight, "weight").ndim === 1) return normalize(weight, { dim: 0, eps: this.eps });
    const matrix = this.matrix(weight);
    const [rows, columns] = [this._u?.numel(), this._v?.numel()];
    if (matrix.shape[0] !== rows || matrix.shape[1] !== columns)
      throw new ShapeError(`SpectralNorm: was made for a weight of another shape than ${shapeText(weight.shape)}`);
    if (this.training) this.iterate(matrix, this.nPowerIterations);
    // Backward needs the vectors of this use, which the next one overwrites.
    return weight.div(this._u.clone().dot(matrix.mv(this._v.clone())));
  }

  /** Tensors are assigned as they are: only directions and ratios of singular values count. */
  rightInverse(value: Tensor): Tensor {
    return value;
  }
}

/**
 * Divides a weight by its largest singular value; a vector by its length.
 * @see torch.nn.utils.parametrizations.spectral_norm; Miyato et al., ICLR 2018
 * @throws ValueError for a number of iterations below one.
 * @example nn.utils.parametrizations.spectralNorm(new nn.Linear(20, 40))
 */
export const spectralNorm = named(
  "spectralNorm",
  "module(), name?; nPowerIterations, eps, dim",
  <M extends Module>(module: M, name = "weight", options: SpectralNormParametrizationOptions = {}): M => {
    const { nPowerIterations = 1, eps = 1e-12, dim } = options;
    if (checkInteger("spectralNorm", "nPowerIterations", nPowerIterations, undefined, MAX_ITERATIONS) <= 0)
      throw new ValueError(`spectralNorm: Expected nPowerIterations to be positive, but got ${nPowerIterations}`);
    assertNumber("spectralNorm", "eps", eps);
    const weight = tensorField("spectralNorm", module, name);
    const axis = dim ?? outputAxis(module);
    if (weight.ndim > 0) checkInteger("spectralNorm", "dim", axis, -weight.ndim, weight.ndim - 1);
    const norm = new SpectralNorm(weight, nPowerIterations, axis < 0 ? axis + weight.ndim : axis, eps);
    return registerParametrization(module, name, norm);
  },
) as unknown as ModuleTool<
  "; name, nPowerIterations, eps, dim",
  SpectralNormParametrizationOptions & { name?: string }
>;
