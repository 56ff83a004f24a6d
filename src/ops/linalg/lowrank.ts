/** Randomized decompositions of matrices of low rank (Halko, Martinsson and Tropp, 2009). They draw from the random generator. */

import { checkFlag, checkInteger, MAX_ITERATIONS } from "../../core/arguments";
import { ValueError } from "../../core/errors";
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { type NamedTuple, namedTuple } from "../builders/namedTuple";
import { randn } from "../random/randomTensors";
import { qrOf } from "./decompositions";
import { split } from "./lapack";
import { matmul } from "./matmul";
import { checkMatrix, checkPair } from "./matrixChecks";
import { svdOf } from "./spectra";

/** The first factors of a singular value decomposition; V has the right vectors in columns. */
export type LowRankSVD = NamedTuple<["U", "S", "V"]>;

/** (A − M) x. */
const apply = (A: Tensor, M: Tensor | undefined, x: Tensor): Tensor =>
  M === undefined ? matmul(A, x) : matmul(A, x).sub(matmul(M, x));

/** Orthonormal columns that nearly span A − M, by subspace iteration from random directions. */
function approximateBasis(op: string, A: Tensor, M: Tensor | undefined, q: number, niter: number): Tensor {
  const qr = (x: Tensor) => qrOf(op, x, "reduced");
  let basis = qr(apply(A, M, randn([split(A).n, q], { dtype: A.dtype, device: A.device }))).Q;
  for (let i = 0; i < niter; i++) {
    const across = qr(apply(A.mT, M?.mT, basis)).Q;
    basis = qr(apply(A, M, across)).Q;
  }
  return basis;
}

/** Options of {@link svdLowrank}. */
export interface SvdLowrankOptions {
  /** A little more than the rank. Default: 6. */
  q?: number | null;
  /** Subspace iterations. Default: 2. */
  niter?: number | null;
  /** What is subtracted from A, such as its mean; broadcasts. */
  M?: Tensor | null;
}

/**
 * The q largest singular values of matrices A − M with their vectors, nearly: A ≈ U diag(S) Vᵀ. Shape: [*, m, n] → [*, m, q], [*, q], [*, n, q].
 * @see torch.svd_lowrank
 */
export const svdLowrank = named(
  "svdLowrank",
  "A; q, niter, M",
  (A: Tensor, options: SvdLowrankOptions = {}): LowRankSVD => {
    checkMatrix("svdLowrank", A);
    const { m, n } = split(A);
    const q = checkInteger("svdLowrank", "q", options.q ?? 6);
    const niter = checkInteger("svdLowrank", "niter", options.niter ?? 2, 0, MAX_ITERATIONS);
    if (!(q >= 0 && q <= Math.min(m, n)))
      throw new ValueError(
        `svdLowrank: q (=${q}) must be a non-negative integer and not greater than min(m, n)=${Math.min(m, n)}`,
      );
    if (options.M != null) checkPair("svdLowrank", A, options.M, ["A", "M"]);
    return lowRankSvd("svdLowrank", A, options.M?.expand(A.shape), q, niter);
  },
);

/** {@link svdLowrank} under the name of the op that is called, of what has been checked. */
function lowRankSvd(op: string, A: Tensor, M: Tensor | undefined, q: number, niter: number): LowRankSVD {
  const { m, n } = split(A);
  // The smaller of the two projections is decomposed.
  const isWide = m < n || n > q;
  const basis = isWide ? approximateBasis(op, A.mT, M?.mT, q, niter) : approximateBasis(op, A, M, q, niter);
  const small = isWide ? apply(A, M, basis) : apply(A.mT, M?.mT, basis).mT;
  const { U: left, S, Vh } = svdOf(op, small, false);
  const U = isWide ? left : matmul(basis, left);
  const V = isWide ? matmul(basis, Vh.mT) : Vh.mT;
  return namedTuple({ U, S, V });
}

/** Options of {@link pcaLowrank}. */
export interface PcaLowrankOptions {
  /** A little more than the rank. Default: min(6, m, n). */
  q?: number | null;
  /** Subtract the mean of the rows first. Default: true. */
  center?: boolean;
  /** Subspace iterations. Default: 2. */
  niter?: number;
}

/**
 * Principal components of the rows of matrices: the columns of V are the directions, S² / (m − 1) the variances along them.
 * @see torch.pca_lowrank
 * @throws ValueError unless 0 ≤ q ≤ min(m, n).
 */
export const pcaLowrank = named(
  "pcaLowrank",
  "A; q, center, niter",
  (A: Tensor, options: PcaLowrankOptions = {}): LowRankSVD => {
    checkMatrix("pcaLowrank", A);
    const { m, n } = split(A);
    const center = checkFlag("pcaLowrank", "center", options.center ?? true);
    const niter = checkInteger("pcaLowrank", "niter", options.niter ?? 2, undefined, MAX_ITERATIONS);
    const rank = checkInteger("pcaLowrank", "q", options.q ?? Math.min(6, m, n));
    if (!(rank >= 0 && rank <= Math.min(m, n)))
      throw new ValueError(
        `pcaLowrank: q(=${rank}) must be non-negative integer and not greater than min(m, n)=${Math.min(m, n)}`,
      );
    if (niter < 0) throw new ValueError(`pcaLowrank: niter(=${niter}) must be non-negative integer`);
    const centered = center ? A.sub(A.mean(-2, { keepdim: true })) : A;
    return lowRankSvd("pcaLowrank", centered, undefined, rank, niter);
  },
);
