/** What follows from matrix factorizations: determinants, ranks, pseudo-inverses, functions of matrices. `torch.linalg` names. */

import { noGrad } from "../../autograd/mode";
import { record } from "../../autograd/node";
import { checkFlag, checkInteger, checkNumber } from "../../core/arguments";
import { checkOptions, ValueError } from "../../core/errors";
import { named } from "../../core/signature";
import { tensor } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { type NamedTuple, namedTuple } from "../builders/namedTuple";
import { eye } from "../creation/ranges";
import { where } from "../elementwise/where";
import { cat, stack } from "../shape/join";
import { inv, invertOf, luFactorOf } from "./decompositions";
import { matmul } from "./matmul";
import { checkMatrix, checkSquare, checkStack } from "./matrixChecks";
import { eighOf, eigvalshOf, svdOf, svdvalsOf } from "./spectra";

/** A ratio of the smallest to the largest pivot below which an inverse loses the digits of a gradient. */
const NEARLY_SINGULAR = 1e-4;

/** The parity of row exchanges: 1 or −1 per matrix. */
const parity = (pivots: Tensor, like: Tensor): Tensor => {
  const places = tensor(
    Array.from({ length: pivots.shape.at(-1)! }, (_, i) => i + 1),
    { dtype: "int32", device: pivots.device },
  );
  return pivots.ne(places).sum(-1).remainder(2).mul(-2).add(1).to(like.dtype);
};

/** Size up to which cofactors are taken one by one. */
const MOST_MINORS = 16;

/** All products but one of the elements along the last axis. */
function productsOfOthers(x: Tensor): Tensor {
  const n = x.shape.at(-1)!;
  const one = x.newOnes([...x.shape.slice(0, -1), 1]);
  const before = cat([one, x.narrow(-1, 0, n - 1)], -1).cumprod(-1);
  const after = cat([x.narrow(-1, 1, n - 1), one], -1)
    .flip(-1)
    .cumprod(-1)
    .flip(-1);
  return before.mul(after);
}

/**
 * The cofactors of square matrices. Of small ones from the determinants of their minors: slow, and right for singular matrices to any order;
 * of others from their singular values.
 */
function cofactors(x: Tensor): Tensor {
  const n = x.shape.at(-1)!;
  if (n > MOST_MINORS) {
    const { U, S, Vh } = svdOf("det", x, false);
    const turn = det(U).mul(det(Vh)).unsqueeze(-1);
    return matmul(U.mul(productsOfOthers(S).mul(turn).unsqueeze(-2)), Vh);
  }
  const others = Array.from({ length: n }, (_, i) =>
    tensor(
      Array.from({ length: n }, (_, j) => j).filter((j) => j !== i),
      { dtype: "int64", device: x.device },
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

function detOf(x: Tensor): Tensor {
  checkMatrix("det", x, true);
  const { LU, pivots } = noGrad(() => luFactorOf("det", x, true, false));
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
        // NaN is not singular: its gradient is NaN. Where nobody can look, the next read tells of a singular matrix.
        const isSingular =
          a!.numel() > 0 &&
          a!.storage.backend.readsAtOnce &&
          Boolean(sizes.amin(-1).le(sizes.amax(-1).mul(NEARLY_SINGULAR)).any().item());
        return isSingular ? spread(g).mul(cofactors(a!)) : spread(g.mul(value!)).mul(inv(a!).mT);
      },
    ],
  );
}

/** The determinant of square matrices. Shape: [*, n, n] → [*]. @see torch.det */
export const det = named("det", "input", detOf);

/** {@link det} under its argument's name in linalg. @see torch.linalg.det */
export const linalgDet = named("det", "A", detOf);

/** The sign and the logarithm of the absolute value of a determinant. */
export type Slogdet = NamedTuple<["sign", "logabsdet"]>;

/** {@link slogdet} under the name of the op that is called. */
function slogdetOf(op: string, x: Tensor): Slogdet {
  checkMatrix(op, x, true);
  const { LU, pivots } = noGrad(() => luFactorOf(op, x, true, false));
  const diagonal = LU.diagonal({ dim1: -2, dim2: -1 });
  const sign = diagonal.sign().prod(-1).mul(parity(pivots, x));
  const logabsdet = record(
    "LinalgSlogdetBackward0",
    diagonal.abs().log().sum(-1),
    [x],
    [x],
    [(g, [a]) => g.unsqueeze(-1).unsqueeze(-1).mul(inv(a!).mT)],
  );
  return namedTuple({ sign, logabsdet });
}

/** Sign and logarithm of the determinant of square matrices; 0 and −∞ of singular ones. @see torch.slogdet */
export const slogdet = named("slogdet", "input", (x: Tensor): Slogdet => slogdetOf("slogdet", x));

/** {@link slogdet} under its argument's name in linalg. @see torch.linalg.slogdet */
export const linalgSlogdet = named("slogdet", "A", (x: Tensor): Slogdet => slogdetOf("slogdet", x));

/** The logarithm of the determinant; NaN where it is negative. @see torch.logdet */
export const logdet = named("logdet", "input", (x: Tensor): Tensor => {
  const { sign, logabsdet } = slogdetOf("logdet", x);
  return logabsdet.add(sign.log());
});

/** The n-th power of square matrices; negative powers of the inverse. @see torch.linalg.matrix_power */
export const matrixPower = named("matrixPower", "input, n", (A: Tensor, n: number): Tensor => {
  checkStack("matrixPower", A);
  checkSquare("matrixPower", A);
  const exponent = checkInteger("matrixPower", "n", n);
  if (exponent === 0) return eye(A.shape.at(-1)!, { dtype: A.dtype, device: A.device }).expand(A.shape).clone();
  let result: Tensor | undefined;
  let square = exponent < 0 ? invertOf("matrixPower", A, true).inverse : A;
  for (let rest = Math.abs(exponent); rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = result ? matmul(result, square) : square;
    if (rest > 1) square = matmul(square, square);
  }
  return result === A ? A.clone() : result!;
});

/** Terms of the exponential series: with a norm of at most 1/2 what is left out is below 1e-19. */
const EXP_TERMS = 16;

/** The exponentials of matrices [batch, n, n] that take equally many squarings; none: they are not finite. */
function exponentials(A: Tensor, squarings: number): Tensor {
  if (Number.isNaN(squarings)) return A.mul(Number.NaN);
  // The scale may lie below the smallest number.
  const half = Math.floor(squarings / 2);
  const scaled = A.mul(2 ** -half).mul(2 ** (half - squarings));
  const one = eye(A.shape.at(-1)!, { dtype: A.dtype, device: A.device }).expand(A.shape);
  let y = one.add(scaled.div(EXP_TERMS));
  for (let k = EXP_TERMS - 1; k > 0; k--) y = one.add(matmul(scaled, y).div(k));
  for (let i = 0; i < squarings; i++) y = matmul(y, y);
  return y;
}

/** Squarings where nobody can see the norm: beyond a norm of 2^23, float32 has no digits left of an angle. */
const MOST_SQUARINGS = 24;

/** The exponentials of matrices [batch, n, n] of which nobody can see how many squarings they take: each is squared until it has its own number. */
function exponentialsUnseen(A: Tensor): Tensor {
  const squarings = noGrad(() =>
    A.abs().sum(-2).amax(-1).log2().add(1).ceil().clamp({ min: 0, max: MOST_SQUARINGS }),
  ).reshape([-1, 1, 1]);
  let y = exponentials(A.mul(squarings.neg().exp2()), 0);
  for (let i = 0; i < MOST_SQUARINGS; i++) y = where(squarings.gt(i), matmul(y, y), y);
  return y;
}

/** The positions of each value. */
function positionsOf(values: readonly number[]): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  values.forEach((value, i) => {
    const group = groups.get(value);
    if (group) group.push(i);
    else groups.set(value, [i]);
  });
  return groups;
}

/** The matrix exponential, by scaling and squaring of its series, each matrix on its own scale. NaN where a number is not finite. @see torch.linalg.matrix_exp */
export const matrixExp = named("matrixExp", "A", (A: Tensor): Tensor => {
  checkMatrix("matrixExp", A, true);
  if (A.numel() === 0) return A.clone();
  const stacked = A.reshape([-1, ...A.shape.slice(-2)]);
  if (!A.storage.backend.readsAtOnce) return exponentialsUnseen(stacked).reshape(A.shape);
  const norms = Array.from(stacked.detach().double().abs().sum(-2).amax(-1).toTypedArray(), Number);
  const squarings = norms.map((norm) => (Number.isFinite(norm) ? Math.max(0, Math.ceil(Math.log2(norm) + 1)) : NaN));
  const groups = [...positionsOf(squarings)];
  if (groups.length === 1) return exponentials(stacked, groups[0]![0]).reshape(A.shape);
  const int64 = { dtype: "int64", device: A.device } as const;
  const parts = groups.map(([count, at]) => exponentials(stacked.indexSelect(0, tensor(at, int64)), count));
  const order = tensor(
    groups.flatMap(([, at]) => at),
    int64,
  ).argsort();
  return cat(parts, 0).indexSelect(0, order).reshape(A.shape);
});

/** Options of {@link matrixRank} and {@link pinv}: singular values up to max(atol, rtol · the largest) count as 0. */
export interface ToleranceOptions {
  /** Default: 0. */
  atol?: number | Tensor | null;
  /** Default: the machine precision times the larger size, or 0 if `atol` is given. */
  rtol?: number | Tensor | null;
  /** Whether A is symmetric, which is faster. Default: false. */
  hermitian?: boolean;
}

/** @throws ValueError if a tolerance is negative or NaN. */
function checkTolerance(op: string, name: string, value: number | Tensor | null | undefined): void {
  if (value == null) return;
  const values = value instanceof Tensor ? checkTensor(op, value, name).toTypedArray() : [checkNumber(op, name, value)];
  for (const one of values)
    if (!(one >= 0)) throw new ValueError(`${op}: ${name} must not be negative, got ${String(one)}`);
}

function checkTolerances(op: string, options: ToleranceOptions): void {
  checkOptions(op, options, ["atol", "rtol", "hermitian"]);
  checkTolerance(op, "atol", options.atol);
  checkTolerance(op, "rtol", options.rtol);
  checkFlag(op, "hermitian", options.hermitian ?? false);
}

/** The machine precision times the larger size of matrices. */
export const precisionOf = (A: Tensor): number =>
  (A.dtype === "float64" ? 2 ** -52 : 2 ** -23) * Math.max(A.shape.at(-1)!, A.shape.at(-2)!);

/** The least singular value that counts, [*]. */
function threshold(A: Tensor, largest: Tensor, { atol, rtol }: ToleranceOptions): Tensor {
  const epsilon = precisionOf(A);
  const isPositive = atol instanceof Tensor ? atol.gt(0) : (atol ?? 0) > 0;
  const relative =
    rtol ??
    (isPositive instanceof Tensor ? isPositive.logicalNot().to(A.dtype).mul(epsilon) : isPositive ? 0 : epsilon);
  const scaled = largest.mul(relative);
  return atol == null
    ? scaled
    : scaled.maximum(atol instanceof Tensor ? atol.to(A.dtype) : tensor(atol, { dtype: A.dtype, device: A.device }));
}

/** The number of singular values that are not 0, int64. @see torch.linalg.matrix_rank @throws LinAlgError if a number is not finite. */
export const matrixRank = named(
  "matrixRank",
  "A;; atol, rtol, hermitian",
  (A: Tensor, options: ToleranceOptions = {}): Tensor => {
    checkMatrix("matrixRank", A);
    checkTolerances("matrixRank", options);
    return noGrad(() => {
      const s = options.hermitian ? eigvalshOf("matrixRank", A, "L").abs() : svdvalsOf("matrixRank", A);
      if (s.shape.at(-1) === 0) return s.sum(-1).to("int64");
      return s.gt(threshold(A, s.amax(-1), options).unsqueeze(-1)).sum(-1);
    });
  },
);

/** The singular values and vectors of symmetric matrices, from their eigenvalues; in no order. */
function symmetricSvd(op: string, A: Tensor): { U: Tensor; S: Tensor; Vh: Tensor } {
  const { eigenvalues, eigenvectors } = eighOf(op, A, "L");
  return { U: eigenvectors.mul(eigenvalues.sign().unsqueeze(-2)), S: eigenvalues.abs(), Vh: eigenvectors.mT };
}

/** The pseudo-inverse by its singular values, without a gradient. */
function pinvValue(op: string, A: Tensor, options: ToleranceOptions): Tensor {
  const { U, S, Vh } = options.hermitian ? symmetricSvd(op, A) : svdOf(op, A, false);
  const limit = threshold(A, S.amax(-1), options).unsqueeze(-1);
  const inverse = S.reciprocal().where(S.gt(limit), 0);
  return matmul(Vh.mT.mul(inverse.unsqueeze(-2)), U.mT);
}

/** @internal @see pinv_backward (Golub and Pereyra 1973) */
export function pinvGrad(g: Tensor, P: Tensor, A: Tensor): Tensor {
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

/** @internal {@link pinv} under the name of the op that is called. */
export function pinvOf(op: string, A: Tensor, options: ToleranceOptions): Tensor {
  checkMatrix(op, A, options.hermitian === true);
  checkTolerances(op, options);
  const [m, n] = [A.shape.at(-2)!, A.shape.at(-1)!];
  if (m === 0 || n === 0) return A.mT.clone();
  const y = noGrad(() => pinvValue(op, A, options));
  return record("LinalgPinvBackward0", y, [A], [A, y], [(g, [a, p]) => pinvGrad(g, p!, a!)]);
}

/** The Moore–Penrose pseudo-inverse. Shape: [*, m, n] → [*, n, m]. @see torch.linalg.pinv @throws LinAlgError if a number is not finite. */
export const pinv = named(
  "pinv",
  "A;; atol, rtol, hermitian",
  (A: Tensor, options: ToleranceOptions = {}): Tensor => pinvOf("pinv", A, options),
);
