/** What follows from matrix factorisations: determinants, norms, ranks, pseudo-inverses, functions of matrices. `torch.linalg` names. */
import { noGrad } from "../autograd/mode";
import { record } from "../autograd/node";
import { ArgumentError, checkOptions, describe, ShapeError } from "../core/errors";
import { sameShape, shapeText, wrapDim } from "../core/shape";
import { tensor } from "../tensor/create";
import { Tensor } from "../tensor/tensor";
import { checkTensor } from "./checks";
import { eye } from "./creation";
import { checkMatrix, inv, luFactorEx } from "./decompositions";
import { stack } from "./join";
import { matmul } from "./matmul";
import { vectorNorm } from "./moments";
import type { ReduceOptions } from "./reduce";
import { eigh, eigvalsh, svd, svdvals } from "./spectral";

/** A ratio of the smallest to the largest pivot below which an inverse loses the digits of a gradient. */
const NEARLY_SINGULAR = 1e-4;

/** The parity of row exchanges: 1 or −1 per matrix. */
const parity = (pivots: Tensor, like: Tensor): Tensor => {
  const places = tensor(
    Array.from({ length: pivots.shape.at(-1)! }, (_, i) => i + 1),
    { dtype: "int32" },
  );
  return pivots.ne(places).sum(-1).remainder(2).mul(-2).add(1).to(like.dtype);
};

/** The cofactors of square matrices from the determinants of their minors: slow, and right for singular matrices to any order. */
function cofactors(x: Tensor): Tensor {
  const n = x.shape.at(-1)!;
  const others = Array.from({ length: n }, (_, i) =>
    tensor(
      Array.from({ length: n }, (_, j) => j).filter((j) => j !== i),
      { dtype: "int64" },
    ),
  );
  const rows = others.map((keep, i) => {
    const without = x.indexSelect(-2, keep);
    return stack(
      others.map((columns, j) => det(without.indexSelect(-1, columns)).mul((i + j) % 2 === 0 ? 1 : -1)),
      -1,
    );
  });
  return stack(rows, -2);
}

/** The determinant of square matrices. Shape: [*, n, n] → [*]. @see torch.linalg.det */
export function det(x: Tensor): Tensor {
  checkMatrix("det", x, true);
  const { LU, pivots } = noGrad(() => luFactorEx(x));
  const diagonal = LU.diagonal({ dim1: -2, dim2: -1 });
  const y = diagonal.prod(-1).mul(parity(pivots, x));
  return record(
    "LinalgDetBackward0",
    y,
    [x],
    [x, y, diagonal],
    [
      (g, [a, value, pivot]) => {
        const spread = (v: Tensor) => v.unsqueeze(-1).unsqueeze(-1);
        const sizes = pivot!.detach().abs();
        const isSafe = a!.numel() === 0 || Boolean(sizes.amin(-1).gt(sizes.amax(-1).mul(NEARLY_SINGULAR)).all().item());
        return isSafe ? spread(g.mul(value!)).mul(inv(a!).mT) : spread(g).mul(cofactors(a!));
      },
    ],
  );
}

/** The sign and the logarithm of the absolute value of a determinant. */
export interface Slogdet {
  readonly sign: Tensor;
  readonly logabsdet: Tensor;
  [Symbol.iterator](): IterableIterator<Tensor>;
}

/** Sign and logarithm of the determinant of square matrices; 0 and −∞ of singular ones. @see torch.linalg.slogdet */
export function slogdet(x: Tensor): Slogdet {
  checkMatrix("slogdet", x, true);
  const { LU, pivots } = noGrad(() => luFactorEx(x));
  const diagonal = LU.diagonal({ dim1: -2, dim2: -1 });
  const sign = diagonal.sign().prod(-1).mul(parity(pivots, x));
  const logabsdet = record(
    "LinalgSlogdetBackward0",
    diagonal.abs().log().sum(-1),
    [x],
    [x],
    [(g, [a]) => g.unsqueeze(-1).unsqueeze(-1).mul(inv(a!).mT)],
  );
  return { sign, logabsdet, [Symbol.iterator]: () => [sign, logabsdet].values() };
}

/** The logarithm of the determinant; NaN where it is negative. @see torch.logdet */
export function logdet(x: Tensor): Tensor {
  const { sign, logabsdet } = slogdet(x);
  return logabsdet.add(sign.log());
}

/** The n-th power of square matrices; negative powers of the inverse. @see torch.linalg.matrix_power */
export function matrixPower(A: Tensor, n: number): Tensor {
  checkTensor("matrixPower", A);
  if (A.ndim < 2 || A.shape.at(-1) !== A.shape.at(-2))
    throw new ShapeError(`matrixPower: takes square matrices, got ${shapeText(A.shape)}`);
  if (!Number.isInteger(n)) throw new ArgumentError(`matrixPower: the exponent must be an integer, got ${describe(n)}`);
  if (n === 0) return eye(A.shape.at(-1)!, { dtype: A.dtype }).expand(A.shape).clone();
  let result: Tensor | undefined;
  let square = n < 0 ? inv(A) : A;
  for (let rest = Math.abs(n); rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = result ? matmul(result, square) : square;
    if (rest > 1) square = matmul(square, square);
  }
  return result === A ? A.clone() : result!;
}

/** Terms of the exponential series: with a norm of at most 1/2 what is left out is below 1e-19. */
const EXP_TERMS = 16;

/** The matrix exponential, by scaling and squaring of its series. @see torch.linalg.matrix_exp */
export function matrixExp(A: Tensor): Tensor {
  checkMatrix("matrixExp", A, true);
  if (A.numel() === 0) return A.clone();
  const norm = matrixNorm(A.detach(), 1).max().item();
  const squarings = Math.max(0, Math.ceil(Math.log2(2 * norm)));
  const scaled = A.div(2 ** squarings);
  const one = eye(A.shape.at(-1)!, { dtype: A.dtype }).expand(A.shape);
  let y = one.add(scaled.div(EXP_TERMS));
  for (let k = EXP_TERMS - 1; k > 0; k--) y = one.add(matmul(scaled, y).div(k));
  for (let i = 0; i < squarings; i++) y = matmul(y, y);
  return y;
}

/** The order of a matrix norm. */
export type MatrixNormOrder = number | "fro" | "nuc";

/**
 * A norm of matrices: "fro", "nuc" (the sum of singular values), ±2 (the extreme singular value), ±1 and ±∞ (the extreme sum of absolute values
 * of a column or a row).
 * @see torch.linalg.matrix_norm
 */
export function matrixNorm(
  A: Tensor,
  ord: MatrixNormOrder = "fro",
  dim: readonly number[] = [-2, -1],
  options: ReduceOptions = {},
): Tensor {
  checkTensor("matrixNorm", A);
  checkOptions("matrixNorm", options, ["keepdim", "dtype"]);
  const { keepdim = false } = options;
  if (dim.length !== 2) throw new ArgumentError(`matrixNorm: dim must be a 2-tuple. Got ${describe(dim)}`);
  const x = options.dtype === undefined ? A : A.to(options.dtype);
  const [row, column] = dim.map((d) => wrapDim("matrixNorm", d, x.ndim)) as [number, number];
  if (ord === "fro") return vectorNorm(x, 2, [row, column], { keepdim });
  if (ord === "nuc" || Math.abs(ord) === 2) {
    const s = svdvals(x.movedim([row, column], [-2, -1]));
    const y = ord === "nuc" ? s.sum(-1) : ord === 2 ? s.amax(-1) : s.amin(-1);
    return keepdim ? y.reshape(x.shape.with(row, 1).with(column, 1)) : y;
  }
  if (Math.abs(ord) !== 1 && Math.abs(ord) !== Number.POSITIVE_INFINITY)
    throw new ArgumentError(`matrixNorm: Order ${ord} not supported.`);
  const [summed, compared] = Math.abs(ord) === 1 ? [row, column] : [column, row];
  const sums = x.abs().sum(summed, { keepdim: true });
  const y = ord > 0 ? sums.amax(compared, { keepdim: true }) : sums.amin(compared, { keepdim: true });
  return keepdim ? y : y.squeeze([row, column]);
}

/** A vector norm over one axis (or all, flattened), a matrix norm over two. @see torch.linalg.norm */
export function norm(
  A: Tensor,
  ord?: MatrixNormOrder | null,
  dim?: number | readonly number[] | null,
  options: ReduceOptions = {},
): Tensor {
  checkTensor("norm", A);
  const dims = typeof dim === "number" ? [dim] : dim;
  if (ord != null && (dims?.length === 2 || (dims == null && A.ndim === 2)))
    return matrixNorm(A, ord, dims ?? [0, 1], options);
  if (typeof ord === "string") throw new ArgumentError(`norm: the order "${ord}" takes two axes`);
  if (ord != null && dims == null && A.ndim > 2)
    throw new ShapeError(`norm: If dim is not specified but ord is, the input must be 1D or 2D. Got ${A.ndim}D.`);
  return vectorNorm(A, ord ?? 2, dims, options);
}

/** The condition number: ‖A‖ · ‖A⁻¹‖; for p = 2 (the default) or −2 the ratio of the extreme singular values. @see torch.linalg.cond */
export function cond(A: Tensor, p: MatrixNormOrder | null = null): Tensor {
  checkMatrix("cond", A);
  if (p === null || Math.abs(Number(p)) === 2) {
    const s = svdvals(A);
    const [largest, smallest] = [s.select(-1, 0), s.select(-1, -1)];
    return p === -2 ? smallest.div(largest) : largest.div(smallest);
  }
  return matrixNorm(A, p).mul(matrixNorm(inv(A), p));
}

/** Options of {@link matrixRank} and {@link pinv}: singular values up to max(atol, rtol · the largest) count as 0. */
export interface ToleranceOptions {
  /** Default: 0. */
  atol?: number | Tensor | null;
  /** Default: the machine precision times the larger size, or 0 if `atol` is given. */
  rtol?: number | Tensor | null;
  /** Whether A is symmetric, which is faster. Default: false. */
  hermitian?: boolean;
}

/** The least singular value that counts, [*]. */
function threshold(A: Tensor, largest: Tensor, { atol, rtol }: ToleranceOptions): Tensor {
  const epsilon = (A.dtype === "float64" ? 2 ** -52 : 2 ** -23) * Math.max(A.shape.at(-1)!, A.shape.at(-2)!);
  const isPositive = atol instanceof Tensor ? atol.gt(0) : (atol ?? 0) > 0;
  const relative =
    rtol ??
    (isPositive instanceof Tensor ? isPositive.logicalNot().to(A.dtype).mul(epsilon) : isPositive ? 0 : epsilon);
  const scaled = largest.mul(relative);
  return atol == null
    ? scaled
    : scaled.maximum(atol instanceof Tensor ? atol.to(A.dtype) : tensor(atol, { dtype: A.dtype }));
}

const singularValues = (A: Tensor, hermitian: boolean): Tensor => (hermitian ? eigvalsh(A).abs() : svdvals(A));

/** The number of singular values that are not 0, int64. @see torch.linalg.matrix_rank */
export function matrixRank(A: Tensor, options: ToleranceOptions = {}): Tensor {
  checkMatrix("matrixRank", A);
  checkOptions("matrixRank", options, ["atol", "rtol", "hermitian"]);
  return noGrad(() => {
    const s = singularValues(A, options.hermitian ?? false);
    if (s.shape.at(-1) === 0) return s.sum(-1).to("int64");
    return s.gt(threshold(A, s.amax(-1), options).unsqueeze(-1)).sum(-1);
  });
}

/** The singular values and vectors of symmetric matrices, from their eigenvalues; in no order. */
function symmetricSvd(A: Tensor): { U: Tensor; S: Tensor; Vh: Tensor } {
  const { eigenvalues, eigenvectors } = eigh(A);
  return { U: eigenvectors.mul(eigenvalues.sign().unsqueeze(-2)), S: eigenvalues.abs(), Vh: eigenvectors.mT };
}

/** The pseudo-inverse by its singular values, without a gradient. */
function pinvValue(A: Tensor, options: ToleranceOptions): Tensor {
  const { U, S, Vh } = options.hermitian ? symmetricSvd(A) : svd(A, false);
  const limit = threshold(A, S.amax(-1), options).unsqueeze(-1);
  const inverse = S.reciprocal().where(S.gt(limit), 0);
  return matmul(Vh.mT.mul(inverse.unsqueeze(-2)), U.mT);
}

/** @see pinv_backward (Golub and Pereyra 1973) */
function pinvGrad(g: Tensor, P: Tensor, A: Tensor): Tensor {
  const [gh, Ph] = [g.mT, P.mT];
  if (A.shape.at(-2)! <= A.shape.at(-1)!) {
    const K = matmul(gh, P);
    const KPh = matmul(K, Ph);
    const inside = KPh.sub(matmul(P, K).mT).sub(matmul(matmul(A, P), KPh));
    return inside.add(matmul(matmul(Ph, P), gh.sub(matmul(K, A))));
  }
  const K = matmul(P, gh);
  const PhK = matmul(Ph, K);
  const inside = PhK.sub(matmul(K, P).mT).sub(matmul(matmul(PhK, P), A));
  return inside.add(matmul(matmul(gh.sub(matmul(A, K)), P), Ph));
}

/** The Moore–Penrose pseudo-inverse. Shape: [*, m, n] → [*, n, m]. @see torch.linalg.pinv */
export function pinv(A: Tensor, options: ToleranceOptions = {}): Tensor {
  checkMatrix("pinv", A);
  checkOptions("pinv", options, ["atol", "rtol", "hermitian"]);
  const [m, n] = [A.shape.at(-2)!, A.shape.at(-1)!];
  if (m === 0 || n === 0) return A.mT.clone();
  const y = noGrad(() => pinvValue(A, options));
  return record("LinalgPinvBackward0", y, [A], [A, y], [(g, [a, p]) => pinvGrad(g, p!, a!)]);
}

/** The solution of a least-squares problem and what was found on the way; what a driver does not compute is empty. */
export interface LeastSquares {
  readonly solution: Tensor;
  readonly residuals: Tensor;
  readonly rank: Tensor;
  readonly singularValues: Tensor;
  [Symbol.iterator](): IterableIterator<Tensor>;
}

/**
 * X that minimises ‖A X − B‖, of least norm where several do. Shape: [*, m, n] and [*, m, k] → [*, n, k].
 * @see torch.linalg.lstsq
 */
export function lstsq(
  A: Tensor,
  B: Tensor,
  rcond?: number | null,
  options: { driver?: "gels" | "gelsy" | "gelsd" | "gelss" | null } = {},
): LeastSquares {
  checkMatrix("lstsq", A);
  checkOptions("lstsq", options, ["driver"]);
  const driver = options.driver ?? "gelsy";
  const [m, n] = [A.shape.at(-2)!, A.shape.at(-1)!];
  const isVector = B.ndim === 1 || (B.ndim === A.ndim - 1 && sameShape(B.shape, A.shape.slice(0, -1)));
  const right = isVector ? B.unsqueeze(-1) : B;
  const x = matmul(pinv(A, rcond == null ? {} : { rtol: rcond }), right);
  const rank = noGrad(() => matrixRank(A, rcond == null ? {} : { rtol: rcond }));
  const isFull = m > n && driver !== "gelsy" && rank.numel() > 0 && rank.min().item() === n;
  const residuals = isFull ? matmul(A, x).sub(right).square().sum(-2) : A.newEmpty([0]);
  const hasValues = driver === "gelsd" || driver === "gelss";
  const found = {
    solution: isVector ? x.squeeze(-1) : x,
    residuals,
    rank: driver === "gels" ? rank.newEmpty([0]) : rank,
    singularValues: hasValues ? noGrad(() => svdvals(A)) : A.newEmpty([0]),
  };
  return { ...found, [Symbol.iterator]: () => Object.values(found).values() };
}
