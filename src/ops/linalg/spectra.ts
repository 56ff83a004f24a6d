/** Eigenvalues of symmetric matrices and singular values, over stacks of matrices. */

import { isRecorded, recordAll } from "../../autograd/node";
import { checkChoice, checkFlag } from "../../core/arguments";
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { type NamedTuple, namedTuple } from "../builders/namedTuple";
import { singular, symmetricEigen } from "./condensed";
import { identityLike } from "./decompositions";
import { finished, split, working } from "./lapack";
import { matmul } from "./matmul";
import { checkMatrix } from "./matrixChecks";

const skew = (x: Tensor): Tensor => x.sub(x.mT);

/** Eigenvalues, ascending, and eigenvectors in columns. */
export type Eigh = NamedTuple<["eigenvalues", "eigenvectors"]>;

/** A copy in float64 of which the upper triangle holds what `UPLO` says is read. */
function triangle(op: string, A: Tensor, UPLO: "L" | "U"): Tensor {
  checkMatrix(op, A, true);
  checkChoice(op, "UPLO", typeof UPLO === "string" ? UPLO.toUpperCase() : UPLO, ["L", "U"]);
  return working(A, UPLO.toUpperCase() === "L");
}

/** @internal {@link eigh} under the name of the op that is called. */
export function eighOf(op: string, A: Tensor, UPLO: "L" | "U"): Eigh {
  const a = triangle(op, A, UPLO);
  const { values: w, vectors: rows } = symmetricEigen(op, a, A.dtype, true);
  a.dispose();
  const values = finished(w, A.dtype);
  const vectors = finished(rows!, A.dtype, true);
  recordAll("LinalgEighBackward0", [values, vectors], [A], [values, vectors], ([gL, gV], [L, V]) => {
    const diagonal = gL ? gL.diagEmbed() : undefined;
    // The gradient of orthonormal vectors matters only along skew-symmetric changes.
    const inner = gV && skew(matmul(V!.mT, gV)).div(gaps(L!).mul(2));
    const sum = diagonal && inner ? inner.add(diagonal) : (inner ?? diagonal!);
    return [matmul(matmul(V!, sum), V!.mT)];
  });
  return namedTuple({ eigenvalues: values, eigenvectors: vectors });
}

/** The eigenvalues, ascending, and eigenvectors of symmetric matrices, of which one triangle is read. @see torch.linalg.eigh */
export const eigh = named("eigh", "A, UPLO?", (A: Tensor, UPLO: "L" | "U" = "L"): Eigh => eighOf("eigh", A, UPLO));

/** x_j − x_i at [i, j], and 1 on the diagonal. */
function gaps(x: Tensor): Tensor {
  const differences = x.unsqueeze(-2).sub(x.unsqueeze(-1));
  return differences.add(identityLike(differences));
}

/** @internal {@link eigvalsh} under the name of the op that is called. */
export function eigvalshOf(op: string, A: Tensor, UPLO: "L" | "U"): Tensor {
  if (isRecorded([A])) return eighOf(op, A, UPLO).eigenvalues;
  const a = triangle(op, A, UPLO);
  const { values } = symmetricEigen(op, a, A.dtype, false);
  a.dispose();
  return finished(values, A.dtype);
}

/** The eigenvalues of symmetric matrices, ascending. @see torch.linalg.eigvalsh */
export const eigvalsh = named(
  "eigvalsh",
  "A, UPLO?",
  (A: Tensor, UPLO: "L" | "U" = "L"): Tensor => eigvalshOf("eigvalsh", A, UPLO),
);

/** A = U · diag(S) · Vh. */
export type SVD = NamedTuple<["U", "S", "Vh"]>;

/** d A for the reduced factors; a gradient that is absent counts as 0. @see svd_backward */
function svdGrad(
  gU: Tensor | undefined,
  gS: Tensor | undefined,
  gVh: Tensor | undefined,
  U: Tensor,
  S: Tensor,
  Vh: Tensor,
): Tensor {
  const { m } = split(U);
  const { m: k, n } = split(Vh);
  const E = gU || gVh ? gaps(S.square()) : undefined;
  const row = S.unsqueeze(-2);
  let inner = gS ? gS.diagEmbed() : identityLike(Vh.narrow(-1, 0, k)).mul(0);
  if (gU) inner = inner.add(skew(matmul(U.mT, gU)).div(E!).mul(row));
  if (gVh) inner = inner.add(skew(matmul(Vh, gVh.mT)).div(E!).mul(S.unsqueeze(-1)));
  let g = matmul(matmul(U, inner), Vh);
  if (gU && m > k) g = g.add(matmul(gU.sub(matmul(U, matmul(U.mT, gU))).div(row), Vh));
  if (gVh && n > k) g = g.add(matmul(U, gVh.sub(matmul(matmul(gVh, Vh.mT), Vh)).div(S.unsqueeze(-1))));
  return g;
}

/** @internal {@link svd} under the name of the op that is called. */
export function svdOf(op: string, A: Tensor, fullMatrices: boolean): SVD {
  checkMatrix(op, A);
  const { m, n } = split(A);
  const k = Math.min(m, n);
  const isWide = m < n;
  const isFull = checkFlag(op, "fullMatrices", fullMatrices);
  const { values, left, right } = singular(op, A, isWide, true, isFull);
  const [rowsOfU, rowsOfV] = isWide ? [right!, left!] : [left!, right!];
  const S = finished(values, A.dtype);
  const U = finished(rowsOfU, A.dtype, true);
  const Vh = finished(rowsOfV, A.dtype);
  recordAll("LinalgSvdBackward0", [U, S, Vh], [A], [U, S, Vh], ([gU, gS, gVh], [left, values, right]) => [
    svdGrad(gU?.narrow(-1, 0, k), gS, gVh?.narrow(-2, 0, k), left!.narrow(-1, 0, k), values!, right!.narrow(-2, 0, k)),
  ]);
  return namedTuple({ U, S, Vh });
}

const drivers = ["gesvd", "gesvdj", "gesvda"] as const;

/** Options of {@link svd} and {@link svdvals}. */
export interface SVDOptions {
  /** The routine that PyTorch asks of cuSOLVER. There is one algorithm here: it has no effect. */
  driver?: (typeof drivers)[number] | null;
}

function checkDriver(op: string, driver: SVDOptions["driver"]): void {
  if (driver != null) checkChoice(op, "driver", driver, drivers);
}

/**
 * The singular value decomposition; singular values descend. Shape: [*, m, n] → U [*, m, m], S [*, k], Vh [*, n, n]; with
 * `fullMatrices: false` only the first k = min(m, n) columns of U and rows of Vh.
 * @see torch.linalg.svd
 * @throws LinAlgError if a number is not finite.
 */
export const svd = named(
  "svd",
  "A, fullMatrices?;; driver",
  (A: Tensor, fullMatrices: boolean = true, { driver }: SVDOptions = {}): SVD => {
    checkDriver("svd", driver);
    return svdOf("svd", A, fullMatrices);
  },
);

/** @internal {@link svdvals} under the name of the op that is called. */
export function svdvalsOf(op: string, A: Tensor): Tensor {
  if (isRecorded([A])) return svdOf(op, A, false).S;
  checkMatrix(op, A);
  const { m, n } = split(A);
  return finished(singular(op, A, m < n, false, false).values, A.dtype);
}

/** The singular values, descending. @see torch.linalg.svdvals @throws LinAlgError if a number is not finite. */
export const svdvals = named("svdvals", "A;; driver", (A: Tensor, { driver }: SVDOptions = {}): Tensor => {
  checkDriver("svdvals", driver);
  return svdvalsOf("svdvals", A);
});
