/** Numbers that are not finite, singular matrices, and arguments that are wrong: each is an error that says so, or NaN; never a number. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

type Tensor = torch.Tensor;
const { linalg } = torch;
const f64 = { dtype: torch.float64 } as const;
const bad = (value: number) =>
  torch.tensor(
    [
      [value, 1],
      [1, 2],
    ],
    f64,
  );
/** The matrix that is at fault is the second one. */
const batch = (value: number) => torch.stack([torch.eye(2, f64), bad(value)]);
const singular = torch.tensor(
  [
    [1, 2],
    [2, 4],
  ],
  f64,
);
const allNaN = (x: Tensor): boolean => Boolean(x.isnan().all().item());

describe.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("%s", (value) => {
  test.each(
    Object.entries({
      svd: (A: Tensor) => linalg.svd(A),
      svdvals: (A: Tensor) => linalg.svdvals(A),
      eigh: (A: Tensor) => linalg.eigh(A),
      eigvalsh: (A: Tensor) => linalg.eigvalsh(A),
      pinv: (A: Tensor) => linalg.pinv(A),
      matrixRank: (A: Tensor) => linalg.matrixRank(A),
      cond: (A: Tensor) => linalg.cond(A),
      matrixNorm: (A: Tensor) => linalg.matrixNorm(A, "nuc"),
      norm: (A: Tensor) => linalg.norm(A, 2, [-2, -1]),
      symeig: (A: Tensor) => torch.symeig(A),
      pinverse: (A: Tensor) => torch.pinverse(A),
    }),
  )("%s is an error that names the matrix", (name, f) => {
    const words = "The algorithm failed to converge because the input matrix contained non-finite values.";
    expect(() => f(bad(value))).toThrow(`${name}: ${words}`);
    expect(() => f(batch(value))).toThrow(`${name}: (Batch element 1): ${words}`);
    expect(() => f(bad(value))).toThrow(linalg.LinAlgError);
  });

  test("matrixExp is NaN, for that matrix alone", () => {
    const [whole, broken] = linalg.matrixExp(batch(value));
    expect(allNaN(broken!)).toBe(true);
    expect(torch.allclose(whole!, torch.eye(2, f64).mul(Math.E))).toBe(true);
  });
});

test("NaN stays NaN in what is made of products and quotients", () => {
  const A = batch(Number.NaN);
  for (const f of [
    linalg.inv,
    linalg.det,
    (x: Tensor) => linalg.qr(x).R.triu().select(-1, -1),
    (x: Tensor) => linalg.solve(x, torch.ones([2, 2], f64)),
  ]) {
    const [whole, broken] = f(A);
    expect(whole!.isfinite().all().item()).toBe(true);
    expect(allNaN(broken!)).toBe(true);
  }
  expect(allNaN(linalg.cholesky(bad(Number.NaN)).tril().select(1, 0))).toBe(true);
  expect(linalg.choleskyEx(bad(Number.NaN)).info.item()).toBe(0);
  expect(allNaN(linalg.lu(bad(Number.NaN)).U.select(0, 1).narrow(0, 1, 1))).toBe(true);
  expect(linalg.slogdet(bad(Number.NaN)).logabsdet.isnan().item()).toBe(true);
  expect(allNaN(linalg.matrixPower(bad(Number.NaN), 3))).toBe(true);
  for (const ord of ["fro", 1, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] as const)
    expect(linalg.matrixNorm(bad(Number.NaN), ord).isnan().item()).toBe(true);
  const [g] = torch.autograd.grad(torch.det(A.requiresGrad_()).sum(), [A]);
  expect(g!.select(0, 0).tolist()).toEqual([
    [1, 0],
    [0, 1],
  ]);
  expect(allNaN(g!.select(0, 1))).toBe(true);
});

test("matrixExp scales each matrix by itself", () => {
  torch.manualSeed(0);
  const small = torch.randn([4, 4], f64).mul(1e-8);
  const all = torch.stack([
    small,
    torch.randn([4, 4], f64).mul(30),
    torch.zeros([4, 4], f64),
    torch.randn([4, 4], f64),
  ]);
  const together = linalg.matrixExp(all);
  for (let i = 0; i < 4; i++) expect(torch.equal(together.select(0, i), linalg.matrixExp(all.select(0, i)))).toBe(true);
  // Squared a hundred times the small one would have lost its digits.
  expect(torch.allclose(together.select(0, 0).sub(torch.eye(4, f64)), small, { rtol: 1e-6, atol: 0 })).toBe(true);
  expect(
    linalg
      .matrixExp(torch.full([2, 2], 1e308, f64))
      .isfinite()
      .any()
      .item(),
  ).toBe(false);
  expect(torch.autograd.gradcheck(linalg.matrixExp as never, [all.mul(0.1).requiresGrad_()])).toBe(true);
});

test("singular matrices are errors with the batch element and the place", () => {
  const both = torch.stack([torch.eye(2, f64), singular]);
  const place =
    "The diagonal element 2 is zero, the inversion could not be completed because the input matrix is singular.";
  expect(() => linalg.inv(singular)).toThrow(`inv: ${place}`);
  expect(() => linalg.inv(both)).toThrow(`inv: (Batch element 1): ${place}`);
  expect(() => linalg.matrixPower(singular, -1)).toThrow(`matrixPower: ${place}`);
  expect(() => linalg.tensorinv(singular, 1)).toThrow(`tensorinv: ${place}`);
  expect(() => linalg.solve(both, torch.ones([2, 2, 1], f64))).toThrow(
    "solve: (Batch element 1): The solver failed because the input matrix is singular.",
  );
  expect(() => linalg.luFactor(singular)).toThrow(
    "luFactor: U[2,2] is zero and using it on luSolve would result in a division by zero.",
  );
  const signs = torch.arange(40).lt(33).double().mul(2).sub(1);
  expect(() => linalg.cholesky(torch.stack([torch.eye(40, f64), signs.diag()]))).toThrow(
    "cholesky: (Batch element 1): The factorization could not be completed because the input is not positive-definite (the leading minor of order 34 is not positive-definite).",
  );
  expect(() => linalg.ldlFactor(torch.zeros([2, 2]))).toThrow(linalg.LinAlgError);
  expect(linalg.invEx(both).info.tolist()).toEqual([0, 2]);
  expect(linalg.luFactorEx(both).info.tolist()).toEqual([0, 2]);
  expect(linalg.det(singular).item()).toBeCloseTo(0, 12);
  expect(linalg.slogdet(singular).logabsdet.item()).toBe(Number.NEGATIVE_INFINITY);
  expect(torch.logdet(singular).item()).toBe(Number.NEGATIVE_INFINITY);
  for (const p of ["fro", 1, -1, Number.POSITIVE_INFINITY] as const)
    expect(linalg.cond(both, p).tolist()).toEqual(
      [p === "fro" ? 2.0000000000000004 : 1, Number.POSITIVE_INFINITY].map((x) => expect.closeTo(x, 10)),
    );
  expect(
    linalg
      .cond(torch.zeros([2, 2]))
      .isnan()
      .item(),
  ).toBe(true);
  expect(
    linalg
      .cond(
        torch.tensor([
          [1, 0],
          [0, 0],
        ]),
      )
      .item(),
  ).toBe(Number.POSITIVE_INFINITY);
  expect(() => linalg.lstsq(torch.zeros([2, 2]), torch.ones([2, 1]), null, { driver: "gels" })).toThrow(
    /does not have full rank/,
  );
});

describe("wrong arguments", () => {
  const A = torch.eye(3);
  const B = torch.ones([3, 2]);
  const { LU, pivots } = linalg.luFactor(A);
  const ld = linalg.ldlFactor(A);
  const { a, tau } = torch.geqrf(torch.randn([4, 3]));
  const int32 = (values: number[]) => torch.tensor(values, { dtype: "int32" });
  const any = (value: unknown) => value as never;
  const calls: Record<string, [() => unknown, RegExp]> = {
    "pivots beyond the rows": [
      () => torch.luUnpack(LU, int32([1, 9, 3])),
      /^luUnpack: pivots must be between 1 and .* 3 inclusive, got 9/,
    ],
    "pivots of 0": [() => linalg.luSolve(LU, int32([0, 2, 3]), B), /^luSolve: pivots must be/],
    "negative pivots": [() => torch.luSolve(B, LU, int32([1, -2, 3])), /^luSolve: pivots must be/],
    "pivots of another dtype": [() => torch.luUnpack(LU, pivots.long()), /^luUnpack: pivots .* int32/],
    "few pivots": [() => linalg.luSolve(LU, int32([1, 2]), B), /^luSolve: Number of pivots/],
    "pivots of a batch": [
      () => linalg.luSolve(LU, pivots.expand([2, 3]), B),
      /^luSolve: Expected the leading axes of pivots/,
    ],
    "right side of another size": [
      () => linalg.luSolve(LU, pivots, torch.ones([4, 2])),
      /^luSolve: Incompatible shapes/,
    ],
    "LDL pivots beyond": [() => linalg.ldlSolve(ld.LD, int32([1, 2, 4]), B), /^ldlSolve: pivots must be/],
    "LDL pivots in no pair": [
      () => linalg.ldlSolve(ld.LD, int32([1, -2, 3]), B),
      /^ldlSolve: pivots must be negative in equal pairs/,
    ],
    "LDL pivots in no pair at the end": [
      () => linalg.ldlSolve(ld.LD, int32([1, 2, -3]), B),
      /^ldlSolve: pivots must be negative in equal pairs/,
    ],
    "too many factors": [() => linalg.householderProduct(a, torch.ones([4])), /^householderProduct: tau/],
    "reflectors of a wide matrix": [
      () => linalg.householderProduct(a.mT, tau),
      /^householderProduct: input.shape\[-2\] must be/,
    ],
    "factors of a batch": [() => linalg.householderProduct(a, tau.expand([2, 3])), /^householderProduct: Expected tau/],
    "factors of another dtype": [
      () => torch.ormqr(a, tau.double(), torch.ones([4, 2])),
      /^ormqr: Expected input and tau to have the same dtype/,
    ],
    "what is reflected has another size": [
      () => torch.ormqr(a, tau, torch.ones([3, 2])),
      /^ormqr: other.shape\[-2\] must be equal/,
    ],
    "what is reflected from the right": [
      () => torch.ormqr(a, tau, torch.ones([2, 3]), false),
      /^ormqr: other.shape\[-1\] must be equal/,
    ],
    "what is reflected is a batch": [() => torch.ormqr(a, tau, torch.ones([2, 4, 2])), /^ormqr: Expected other/],
    UPLO: [() => linalg.eigh(A, any("sum")), /^eigh: UPLO must be one of "L", "U"/],
    "UPLO of eigvalsh": [() => linalg.eigvalsh(A, any(1)), /^eigvalsh: UPLO/],
    mode: [() => linalg.qr(A, any("sum")), /^qr: mode must be one of/],
    driver: [() => linalg.lstsq(A, B, null, { driver: any("sum") }), /^lstsq: driver must be one of/],
    "negative atol": [() => linalg.matrixRank(A, { atol: -1 }), /^matrixRank: atol must not be negative/],
    "negative rtol": [() => linalg.pinv(A, { rtol: -1 }), /^pinv: rtol must not be negative/],
    "negative tolerances": [() => linalg.pinv(A, { atol: torch.tensor(-1) }), /^pinv: atol must not be negative/],
    "NaN as tolerance": [() => linalg.matrixRank(A, { rtol: Number.NaN }), /^matrixRank: rtol/],
    "rectangular and symmetric": [() => linalg.pinv(B, { hermitian: true }), /^pinv: A must be batches of square/],
    "solve of two dtypes": [() => linalg.solve(A, B.double()), /^solve: Expected A and B to have the same dtype/],
    "solve of two batches": [() => linalg.solve(A.expand([2, 3, 3]), torch.ones([4, 3, 2])), /^solve: /],
    "solve of a scalar": [() => linalg.solve(A, torch.tensor(1)), /^solve: /],
    integers: [() => linalg.inv(A.long()), /^inv: Expected a floating point tensor as input. Got Long/],
    "integers in svd": [() => linalg.svd(A.int()), /^svd: Expected a floating point/],
    bool: [() => linalg.det(A.bool()), /^det: Expected a floating point/],
    "not square": [() => linalg.slogdet(B), /^slogdet: A must be batches of square matrices, but they are 3 by 2/],
    vectors: [() => linalg.svdvals(torch.ones([3])), /^svdvals: The input tensor A must have at least 2 dimensions/],
    "cond of no norm": [() => linalg.cond(A, 3), /^cond: Order 3 not supported/],
    "norm of no norm": [() => linalg.norm(A, any("sum")), /^norm: ord must be a number, got "sum"/],
    "one axis twice": [() => linalg.matrixNorm(A, 1, [0, -2]), /^matrixNorm: dims must be different/],
    "three axes": [
      () => linalg.norm(torch.ones([2, 2, 2]), 2, [0, 1, 2]),
      /^norm: If dim is specified, it must be of length 1 or 2/,
    ],
    "fractional power": [() => linalg.matrixPower(A, 1.5), /^matrixPower: n must be an integer/],
    "tensorinv of no axes": [() => linalg.tensorinv(A, 0), /^tensorinv: ind/],
    "tensorsolve of the wrong size": [
      () => linalg.tensorsolve(torch.ones([2, 3]), torch.ones([2])),
      /^tensorsolve: Expected/,
    ],
    "vander of one power": [() => linalg.vander(torch.ones([3]), { N: 1 }), /^vander: N must be greater than 1/],
    "vander of absurdly many": [() => linalg.vander(torch.ones([3]), { N: 2 ** 31 - 1 }), /^vander: N/],
    "vander of fractions": [() => linalg.vander(torch.ones([3]), { N: 2.5 }), /^vander: N must be an integer/],
    "least squares of other rows": [() => linalg.lstsq(A, torch.ones([4, 2])), /^lstsq: /],
    "least squares of another batch": [() => linalg.lstsq(A.expand([2, 3, 3]), B), /^lstsq: /],
    "low rank of a fraction": [() => torch.svdLowrank(A, { q: 1.5 }), /^svdLowrank: q must be an integer/],
    "principal components without end": [
      () => torch.pcaLowrank(A, { niter: 2 ** 32 }),
      /^pcaLowrank: niter must be .*10000, got/,
    ],
    "low rank without end": [
      () => torch.svdLowrank(A, { niter: 2 ** 32 }),
      /^svdLowrank: niter must be .* to 10000, got/,
    ],
    "principal components, fewer than none": [() => torch.pcaLowrank(A, { niter: -1 }), /^pcaLowrank: niter/],
    "products of what does not fit": [
      () => linalg.multiDot([A, torch.ones([4, 3])]),
      /^multiDot: tensors 0 and 1 with shapes \[3, 3\] and \[4, 3\] cannot be multiplied/,
    ],
    "products of a scalar": [
      () => linalg.multiDot([torch.tensor(1), A]),
      /^multiDot: the first tensor must be 1D or 2D but got 0D/,
    ],
    "products of two dtypes": [
      () => linalg.multiDot([A, A.double()]),
      /^multiDot: all tensors must have the same dtype/,
    ],
    "products of no tensors": [() => linalg.multiDot(any(3)), /^multiDot: tensors must be an array/],
    "sums over too many axes": [
      () => torch.tensordot(A, A, 2 ** 40),
      /^tensordot: dims must be an integer from 0 to 2/,
    ],
    "sums over a fraction of an axis": [
      () => torch.tensordot(A, A, [[0.5], [0]]),
      /^tensordot: dims\[0\]\[0\] must be/,
    ],
    "options that do not exist": [() => linalg.solve(A, B, any({ right: true })), /^solve: unknown argument "right"/],
    "a flag that is none": [() => torch.cholesky(A, any("upper")), /^cholesky: upper must be true or false/],
  };
  test.each(Object.entries(calls))("%s", (_, [call, words]) => {
    expect(call).toThrow(words);
    expect(call).toThrow(torch.KindlingError);
  });
});

test("empty matrices and empty stacks", () => {
  const { U, S, Vh } = linalg.svd(torch.ones([3, 0]));
  expect([U.tolist(), S.shape, Vh.shape]).toEqual([torch.eye(3).tolist(), [0], [0, 0]]);
  expect(linalg.svd(torch.ones([0, 3])).Vh.tolist()).toEqual(torch.eye(3).tolist());
  expect(linalg.svd(torch.ones([0, 3, 2]), false).U.shape).toEqual([0, 3, 2]);
  expect(linalg.qr(torch.ones([3, 0]), "complete").Q.tolist()).toEqual(torch.eye(3).tolist());
  expect(linalg.qr(torch.ones([0, 3])).R.shape).toEqual([0, 3]);
  expect(linalg.eigh(torch.ones([2, 0, 0])).eigenvectors.shape).toEqual([2, 0, 0]);
  expect(linalg.eigvalsh(torch.ones([0, 2, 2])).shape).toEqual([0, 2]);
  expect(linalg.inv(torch.ones([0, 2, 2])).shape).toEqual([0, 2, 2]);
  expect(linalg.det(torch.ones([2, 0, 0])).tolist()).toEqual([1, 1]);
  expect(linalg.cond(torch.ones([0, 0])).item()).toBe(0);
  expect(linalg.pinv(torch.ones([0, 3])).shape).toEqual([3, 0]);
  expect(linalg.lstsq(torch.ones([0, 3]), torch.ones([0, 2])).solution.tolist()).toEqual(torch.zeros([3, 2]).tolist());
  expect(linalg.lstsq(torch.ones([3, 0]), torch.ones([3, 2])).solution.shape).toEqual([0, 2]);
  expect(linalg.cholesky(torch.ones([0, 0])).shape).toEqual([0, 0]);
  expect(torch.ormqr(torch.ones([2, 3, 3]), torch.ones([2, 3]), torch.ones([2, 3, 0])).shape).toEqual([2, 3, 0]);
  expect(linalg.lu(torch.ones([3, 0])).P.tolist()).toEqual(torch.eye(3).tolist());
  expect(linalg.solve(torch.ones([0, 0]), torch.ones([0, 2])).shape).toEqual([0, 2]);
});

test("half precision is computed in full and rounded", () => {
  const A = torch.tensor([
    [4, 1],
    [1, 3],
  ]);
  for (const dtype of ["float16", "bfloat16"] as const) {
    expect(linalg.inv(A.to(dtype)).dtype).toBe(dtype);
    expect(torch.allclose(linalg.eigvalsh(A.to(dtype)).float(), linalg.eigvalsh(A), { rtol: 1e-2 })).toBe(true);
    expect(torch.allclose(linalg.svd(A.to(dtype)).S.float(), linalg.svdvals(A), { rtol: 1e-2 })).toBe(true);
  }
});
