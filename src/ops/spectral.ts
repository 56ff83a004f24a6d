/** Eigenvalues of symmetric matrices and singular values, over stacks of matrices. They read their input, so that they compute on the CPU only. */
import { recordAll } from "../autograd/node";
import type { Tensor } from "../tensor/tensor";
import { checkMatrix, identityLike, overMatrices, split } from "./decompositions";
import { cat } from "./join";
import * as lapack from "./lapack";
import { matmul } from "./matmul";

const skew = (x: Tensor): Tensor => x.sub(x.mT);

/** Eigenvalues, ascending, and eigenvectors in columns. */
export interface Eigh {
  readonly eigenvalues: Tensor;
  readonly eigenvectors: Tensor;
  [Symbol.iterator](): IterableIterator<Tensor>;
}

/** The eigenvalues, ascending, and eigenvectors of symmetric matrices, of which one triangle is read. @see torch.linalg.eigh */
export function eigh(A: Tensor, UPLO: "L" | "U" = "L"): Eigh {
  checkMatrix("eigh", A, true);
  const { n } = split(A);
  const half = UPLO === "L" ? A.detach().tril() : A.detach().triu();
  const symmetric = half.add(half.mT).sub(half.tril().triu());
  const [values, vectors] = overMatrices([symmetric], [{ shape: [n] }, { shape: [n, n] }], ([a], [w, v]) =>
    lapack.symmetricEigen(a!, n, w!, v!),
  ) as [Tensor, Tensor];
  recordAll("LinalgEighBackward0", [values, vectors], [A], [values, vectors], ([gL, gV], [L, V]) => {
    const diagonal = gL ? gL.diagEmbed() : undefined;
    // The gradient of orthonormal vectors matters only along skew-symmetric changes.
    const inner = gV && skew(matmul(V!.mT, gV)).div(gaps(L!).mul(2));
    const sum = diagonal && inner ? inner.add(diagonal) : (inner ?? diagonal!);
    return [matmul(matmul(V!, sum), V!.mT)];
  });
  return { eigenvalues: values, eigenvectors: vectors, [Symbol.iterator]: () => [values, vectors].values() };
}

/** x_j − x_i at [i, j], and 1 on the diagonal. */
function gaps(x: Tensor): Tensor {
  const differences = x.unsqueeze(-2).sub(x.unsqueeze(-1));
  return differences.add(identityLike(differences));
}

/** The eigenvalues of symmetric matrices, ascending. @see torch.linalg.eigvalsh */
export const eigvalsh = (A: Tensor, UPLO: "L" | "U" = "L"): Tensor => eigh(A, UPLO).eigenvalues;

/** A = U · diag(S) · Vh. */
export interface SVD {
  readonly U: Tensor;
  readonly S: Tensor;
  readonly Vh: Tensor;
  [Symbol.iterator](): IterableIterator<Tensor>;
}

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

/** U [*, m, k], S [*, k] and Vh [*, k, n] with k = min(m, n). */
function reducedSvd(A: Tensor): [U: Tensor, S: Tensor, Vh: Tensor] {
  const { m, n } = split(A);
  const isWide = m < n;
  const [rows, k] = isWide ? [n, m] : [m, n];
  const [u, s, v] = overMatrices(
    [isWide ? A.detach().mT : A],
    [{ shape: [rows, k] }, { shape: [k] }, { shape: [k, k] }],
    ([a], [left, values, right]) => lapack.singularValues(a!, rows, k, left!, values!, right!),
  ) as [Tensor, Tensor, Tensor];
  const [U, Vh] = isWide ? [v, u.mT.contiguous()] : [u, v.mT.contiguous()];
  recordAll("LinalgSvdBackward0", [U, s, Vh], [A], [U, s, Vh], ([gU, gS, gVh], [left, values, right]) => [
    svdGrad(gU, gS, gVh, left!, values!, right!),
  ]);
  return [U, s, Vh];
}

/** The columns that complete orthonormal columns [*, m, k] to a basis, [*, m, m − k], without a gradient. */
function complement(U: Tensor): Tensor {
  const { m, n: k } = split(U);
  const [whole] = overMatrices([U.detach()], [{ shape: [m, m] }], ([u], [out]) => {
    for (let i = 0; i < m; i++) for (let j = 0; j < k; j++) out![i * m + j] = u![i * k + j]!;
    for (let j = k; j < m; j++) lapack.completeColumn(out!, m, m, j);
  }) as [Tensor];
  return whole.narrow(-1, k, m - k);
}

/**
 * The singular value decomposition; singular values descend. Shape: [*, m, n] → U [*, m, m], S [*, k], Vh [*, n, n]; with
 * `fullMatrices: false` only the first k = min(m, n) columns of U and rows of Vh.
 * @see torch.linalg.svd
 */
export function svd(A: Tensor, fullMatrices = true): SVD {
  checkMatrix("svd", A);
  const { m, n } = split(A);
  let [U, S, Vh] = reducedSvd(A);
  if (fullMatrices && m > n) U = cat([U, complement(U)], -1);
  if (fullMatrices && n > m) Vh = cat([Vh, complement(Vh.mT).mT], -2);
  return { U, S, Vh, [Symbol.iterator]: () => [U, S, Vh].values() };
}

/** The singular values, descending. @see torch.linalg.svdvals */
export function svdvals(A: Tensor): Tensor {
  checkMatrix("svdvals", A);
  return reducedSvd(A)[1];
}
