/** Factorizations of matrices of every kind: what they multiply to, orthogonality and order, within rounding. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

type Tensor = torch.Tensor;
const { linalg } = torch;
const f64 = { dtype: torch.float64 } as const;

/** Orthogonal matrices from random ones. */
const orthogonal = (n: number): Tensor => linalg.qr(torch.randn([n, n], f64)).Q;

/** A matrix of given singular values. */
const withValues = (m: number, n: number, values: (i: number) => number): Tensor => {
  const k = Math.min(m, n);
  const s = torch.tensor(
    Array.from({ length: k }, (_, i) => values(i)),
    f64,
  );
  return orthogonal(m)
    .narrow(1, 0, k)
    .mul(s)
    .matmul(orthogonal(n).narrow(0, 0, k));
};

const matrices: Record<string, () => Tensor> = {
  "1×1": () => torch.tensor([[-3]], f64),
  "random 2×2": () => torch.randn([2, 2], f64),
  "random 7×4": () => torch.randn([7, 4], f64),
  "random 4×7": () => torch.randn([4, 7], f64),
  "random 65×64": () => torch.randn([65, 64], f64),
  "random 33×90": () => torch.randn([33, 90], f64),
  "a stack of 5×3": () => torch.randn([3, 2, 5, 3], f64),
  "a stack of 3×5 in another layout": () => torch.randn([5, 3, 4], f64).permute([2, 1, 0]),
  ones: () => torch.ones([40, 40], f64),
  zeros: () => torch.zeros([6, 4], f64),
  identity: () => torch.eye(20, f64),
  "equal elements but one": () =>
    torch.full([50, 50], 0.9, f64).indexPut([torch.tensor([0]), torch.tensor([1])], torch.tensor([1.01], f64)),
  "rank 3": () => torch.randn([30, 3], f64).matmul(torch.randn([3, 30], f64)),
  "a row of zeros": () => torch.cat([torch.randn([5, 6], f64), torch.zeros([1, 6], f64)]),
  graded: () => withValues(30, 30, (i) => 10 ** -i),
  clustered: () => withValues(30, 20, (i) => (i < 10 ? 1 : 1 + 1e-13 * i)),
  "two values": () => withValues(24, 24, (i) => (i % 2) + 1),
  bidiagonal: () => torch.eye(12, f64).add(torch.ones([11], f64).diagEmbed({ offset: 1 })),
  permutation: () => torch.eye(9, f64).roll(1, 0),
  "subnormal numbers": () => torch.randn([8, 8], f64).mul(1e-310),
  "1e150": () => torch.randn([12, 9], f64).mul(1e150),
  "1e-150": () => torch.randn([9, 12], f64).mul(1e-150),
  "1e300": () => torch.rand([6, 6], f64).mul(1e300),
  "1e-30 in float32": () => torch.randn([10, 10]).mul(1e-30),
  "1e30 in float32": () => torch.randn([10, 8]).mul(1e30),
  float32: () => torch.randn([70, 50]),
  "rank 2 in float32": () => torch.randn([40, 2]).matmul(torch.randn([2, 40])),
};

const tolerance = (A: Tensor): number =>
  (A.dtype === "float64" ? 2 ** -52 : 2 ** -23) * 4 * Math.max(...A.shape.slice(-2));

const largest = (x: Tensor): number => (x.numel() === 0 ? 0 : Number(x.abs().max().item()));

/** The difference, relative to the largest element, and without leaving the range of the dtype. */
function distance(actual: Tensor, A: Tensor): number {
  const size = largest(A);
  // A subnormal number has few digits: its own spacing is the best that can be had.
  if (size === 0) return largest(actual);
  const spacing = A.dtype === "float64" ? 2 ** -1074 : 2 ** -149;
  return Math.max(0, largest(actual.sub(A)) - 8 * spacing) / size;
}

const isOrthonormal = (Q: Tensor, limit: number): boolean =>
  largest(Q.mT.matmul(Q).sub(torch.eye(Q.shape.at(-1)!, { dtype: Q.dtype }))) <= limit;

const descends = (s: Tensor): boolean => s.shape.at(-1)! < 2 || Boolean(s.diff(1, -1).le(0).all().item());

describe.each(Object.entries(matrices))("%s", (_, make) => {
  torch.manualSeed(7);
  const A = make();
  const limit = tolerance(A);

  test("svd", () => {
    for (const full of [false, true]) {
      const { U, S, Vh } = linalg.svd(A, full);
      const k = S.shape.at(-1)!;
      const product = U.narrow(-1, 0, k)
        .mul(S.unsqueeze(-2))
        .matmul(Vh.narrow(-2, 0, k));
      expect(distance(product, A)).toBeLessThan(limit);
      expect(isOrthonormal(U, limit)).toBe(true);
      expect(isOrthonormal(Vh.mT, limit)).toBe(true);
      expect(descends(S)).toBe(true);
      expect(S.ge(0).all().item()).toBe(true);
      expect(distance(linalg.svdvals(A), S)).toBeLessThan(limit);
      expect(U.shape.at(-1)).toBe(full ? A.shape.at(-2) : k);
    }
  });

  test("qr", () => {
    for (const mode of ["reduced", "complete"] as const) {
      const { Q, R } = linalg.qr(A, mode);
      expect(distance(Q.matmul(R), A)).toBeLessThan(limit);
      expect(isOrthonormal(Q, limit)).toBe(true);
      expect(largest(R.tril(-1))).toBe(0);
      expect(largest(linalg.qr(A, "r").R.sub(linalg.qr(A).R))).toBe(0);
    }
    const { a, tau } = torch.geqrf(A);
    if (A.shape.at(-2)! >= A.shape.at(-1)!)
      expect(distance(linalg.householderProduct(a, tau), linalg.qr(A).Q)).toBeLessThan(limit);
  });

  test("lu", () => {
    const { P, L, U } = linalg.lu(A);
    expect(distance(P.matmul(L).matmul(U), A)).toBeLessThan(limit);
    expect(largest(L)).toBeLessThanOrEqual(1);
  });

  test("eigh", () => {
    const n = Math.min(...A.shape.slice(-2));
    const square = A.narrow(-2, 0, n).narrow(-1, 0, n);
    const symmetric = square.mul(0.5).add(square.mT.mul(0.5));
    for (const UPLO of ["L", "U"] as const) {
      const half = UPLO === "L" ? symmetric.tril() : symmetric.triu();
      const { eigenvalues, eigenvectors } = linalg.eigh(half, UPLO);
      expect(distance(eigenvectors.mul(eigenvalues.unsqueeze(-2)).matmul(eigenvectors.mT), symmetric)).toBeLessThan(
        limit,
      );
      expect(isOrthonormal(eigenvectors, limit)).toBe(true);
      expect(descends(eigenvalues.neg())).toBe(true);
      expect(distance(linalg.eigvalsh(half, UPLO), eigenvalues)).toBeLessThan(limit);
    }
  });

  test("pinv", () => {
    // The reciprocals of some of these are not numbers, unless they are scaled first.
    const scaled = largest(A) === 0 ? A : A.div(largest(A));
    const P = linalg.pinv(scaled, { rtol: 1e-5 });
    const projection = scaled.matmul(P);
    expect(largest(projection.sub(projection.mT))).toBeLessThan(limit * 1e5);
    expect(largest(projection.matmul(projection).sub(projection))).toBeLessThan(limit * 1e5);
  });
});

test("the rank counts what is above rounding", () => {
  torch.manualSeed(1);
  for (const scale of [1e-200, 1, 1e200]) {
    expect(
      linalg
        .matrixRank(
          torch
            .randn([50, 3], f64)
            .matmul(torch.randn([3, 40], f64))
            .mul(scale),
        )
        .item(),
    ).toBe(3);
    expect(linalg.matrixRank(torch.randn([20, 20], f64).mul(scale)).item()).toBe(20);
  }
  expect(linalg.matrixRank(torch.zeros([3, 3])).item()).toBe(0);
  expect(linalg.matrixRank(torch.ones([100, 100]), { hermitian: true }).item()).toBe(1);
  expect(linalg.matrixRank(torch.zeros([2, 0, 3])).tolist()).toEqual([0, 0]);
});

test("very tall and very wide matrices take memory for what was asked", () => {
  const A = torch.stack([torch.ones([200_000]), torch.arange(200_000).div(200_000)], 1).double();
  const { U, S, Vh } = linalg.svd(A, false);
  expect(U.shape).toEqual([200_000, 2]);
  expect(distance(U.mul(S).matmul(Vh), A)).toBeLessThan(1e-12);
  expect(distance(linalg.svdvals(A.mT), S)).toBeLessThan(1e-14);
  expect(torch.svd(A, true, false).S.shape).toEqual([2]);
  expect(linalg.matrixRank(A).item()).toBe(2);
  const { solution } = linalg.lstsq(A, A.matmul(torch.tensor([[2], [-3]], f64)));
  expect(torch.allclose(solution, torch.tensor([[2], [-3]], f64))).toBe(true);
});

test("degenerate matrices of 300 rows take milliseconds, not minutes", () => {
  const started = performance.now();
  const A = torch.randn([300, 5]).matmul(torch.randn([5, 300]));
  linalg.svd(A);
  linalg.eigh(torch.ones([300, 300]));
  linalg.svdvals(torch.ones([300, 300]));
  // Jacobi's method took 54 s. The limit is for machines that do much else.
  expect(performance.now() - started).toBeLessThan(20_000);
});

describe("solvers", () => {
  torch.manualSeed(3);
  const A = torch.randn([2, 70, 70], f64);
  const B = torch.randn([2, 70, 9], f64);

  test("solve, inverse, luSolve and triangular systems", () => {
    const x = linalg.solve(A, B);
    expect(distance(A.matmul(x), B)).toBeLessThan(1e-10);
    expect(distance(linalg.solve(A, B.mT, { left: false }).matmul(A), B.mT)).toBeLessThan(1e-10);
    expect(distance(linalg.inv(A).matmul(B), x)).toBeLessThan(1e-10);
    const { LU, pivots } = linalg.luFactor(A);
    expect(distance(linalg.luSolve(LU, pivots, B), x)).toBeLessThan(1e-10);
    expect(distance(linalg.luSolve(LU, pivots, B, { adjoint: true }), linalg.solve(A.mT, B))).toBeLessThan(1e-10);
    const T = A.add(torch.eye(70, f64).mul(20));
    for (const upper of [false, true])
      for (const unitriangular of [false, true]) {
        const triangle = upper ? T.triu() : T.tril();
        const ones = torch.eye(70, f64);
        const used = unitriangular ? triangle.div(40).mul(ones.neg().add(1)).add(ones) : triangle;
        const y = linalg.solveTriangular(unitriangular ? T.div(40) : T, B, { upper, unitriangular });
        expect(distance(used.matmul(y), B)).toBeLessThan(1e-9);
      }
  });

  test("cholesky of 70×70", () => {
    const P = A.matmul(A.mT).add(torch.eye(70, f64));
    const L = linalg.cholesky(P);
    expect(distance(L.matmul(L.mT), P)).toBeLessThan(1e-13);
    expect(largest(L.triu(1))).toBe(0);
    // The upper triangle is not read.
    expect(torch.equal(linalg.cholesky(P.tril().add(torch.full([70, 70], 9, f64).triu(1))), L)).toBe(true);
    expect(torch.allclose(linalg.cholesky(P, { upper: true }), L.mT)).toBe(true);
  });

  test("least squares of tall, wide, square and deficient matrices, by every driver", () => {
    for (const shape of [
      [9, 4],
      [4, 9],
      [6, 6],
      [3, 8, 5],
    ])
      for (const driver of ["gels", "gelsy", "gelsd", "gelss"] as const) {
        const M = torch.randn(shape, f64);
        const right = torch.randn([...M.shape.slice(0, -1), 2], f64);
        const { solution, rank, residuals } = linalg.lstsq(M, right, null, { driver });
        expect(distance(solution, linalg.pinv(M).matmul(right))).toBeLessThan(1e-12);
        if (driver !== "gels")
          expect(
            rank
              .eq(Math.min(...M.shape.slice(-2)))
              .all()
              .item(),
          ).toBe(true);
        if (driver !== "gelsy" && M.shape.at(-2)! > M.shape.at(-1)!)
          expect(distance(residuals, M.matmul(solution).sub(right).square().sum(-2))).toBeLessThan(1e-9);
      }
    const deficient = torch.tensor(
      [
        [1, 2],
        [2, 4],
      ],
      f64,
    );
    for (const driver of ["gelsy", "gelsd", "gelss"] as const) {
      const { solution, rank } = linalg.lstsq(deficient, torch.ones([2, 1], f64), null, { driver });
      expect(torch.allclose(solution, torch.tensor([[0.12], [0.24]], f64))).toBe(true);
      expect(rank.item()).toBe(1);
    }
    const nearly = torch.tensor(
      [
        [1, 0],
        [0, 1e-6],
      ],
      f64,
    );
    expect(linalg.lstsq(nearly, torch.ones([2, 1], f64)).rank.item()).toBe(2);
    expect(linalg.lstsq(nearly, torch.ones([2, 1], f64), 1e-3).rank.item()).toBe(1);
  });

  test("gradients of least squares", () => {
    const f = (M: Tensor, right: Tensor) => linalg.lstsq(M, right).solution;
    for (const [m, n] of [
      [4, 2],
      [2, 4],
      [3, 3],
    ] as const) {
      const inputs = [torch.randn([m, n], f64).requiresGrad_(), torch.randn([m, 2], f64).requiresGrad_()] as const;
      expect(torch.autograd.gradcheck(f as never, [...inputs])).toBe(true);
      expect(torch.autograd.gradgradcheck(f as never, [...inputs])).toBe(true);
    }
  });
});

test("gradients of factorizations, wide and tall", () => {
  torch.manualSeed(5);
  const check = (f: (A: Tensor) => Tensor, shape: number[]) =>
    expect(torch.autograd.gradcheck(f as never, [torch.randn(shape, f64).requiresGrad_()])).toBe(true);
  for (const shape of [
    [4, 3],
    [3, 4],
    [2, 3, 3],
  ]) {
    check((A) => linalg.svdvals(A), shape);
    check((A) => linalg.svd(A, false).U.abs(), shape);
    check((A) => linalg.svd(A, false).Vh.abs(), shape);
    check((A) => linalg.qr(A).Q, shape);
    check((A) => linalg.qr(A).R, shape);
  }
  check((A) => linalg.eigh(A.add(A.mT)).eigenvectors.abs(), [4, 4]);
  check((A) => linalg.eigvalsh(A.add(A.mT)), [4, 4]);
});

test("the gradient of the determinant of a large singular matrix", () => {
  torch.manualSeed(2);
  const half = torch.randn([20, 20], f64);
  // One zero column: only its own cofactors are not zero.
  const A = half.indexFill(1, torch.tensor([3], { dtype: "int64" }), 0).requiresGrad_();
  torch.det(A).backward();
  const along = Number(torch.det(half).item());
  const found = Number(A.grad!.select(1, 3).mul(half.select(1, 3)).sum().item());
  expect(Math.abs(found - along) / Math.abs(along)).toBeLessThan(1e-9);
});
