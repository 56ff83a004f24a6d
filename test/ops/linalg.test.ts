/** Factorizations give back what they came from, and have the gradients of finite differences. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

const options = { dtype: torch.float64 } as const;
const square = () =>
  torch.tensor(
    [
      [4, 1, -2],
      [0.5, 3, 1],
      [1, -1, 5],
    ],
    options,
  );
const tall = () =>
  torch.tensor(
    [
      [1, 2],
      [3, -4],
      [5, 6],
      [-0.5, 0.25],
    ],
    options,
  );
const positive = () => square().matmul(square().mT).add(torch.eye(3, options));

describe("factors multiply to the matrix", () => {
  for (const [shape, make] of [
    ["square", square],
    ["tall", tall],
    ["wide", () => tall().mT],
  ] as const)
    test(shape, () => {
      const A = make();
      const { Q, R } = torch.linalg.qr(A);
      expect(torch.allclose(Q.matmul(R), A)).toBe(true);
      const { U, S, Vh } = torch.linalg.svd(A, false);
      expect(torch.allclose(U.mul(S).matmul(Vh), A)).toBe(true);
      const { P, L, U: upper } = torch.linalg.lu(A);
      expect(torch.allclose(P.matmul(L).matmul(upper), A)).toBe(true);
    });

  test("symmetric", () => {
    const A = positive();
    const L = torch.linalg.cholesky(A);
    expect(torch.allclose(L.matmul(L.mT), A)).toBe(true);
    const { eigenvalues, eigenvectors } = torch.linalg.eigh(A);
    expect(torch.allclose(eigenvectors.mul(eigenvalues).matmul(eigenvectors.mT), A)).toBe(true);
  });

  test("full singular vectors are orthonormal", () => {
    const { U } = torch.linalg.svd(tall());
    expect(torch.allclose(U.mT.matmul(U), torch.eye(4, options))).toBe(true);
  });
});

describe("gradients", () => {
  const functions: Record<string, [(A: torch.Tensor) => torch.Tensor, () => torch.Tensor]> = {
    inv: [torch.linalg.inv, square],
    det: [torch.linalg.det, square],
    "det of a singular matrix": [
      torch.linalg.det,
      () =>
        torch.tensor(
          [
            [1, 2],
            [2, 4],
          ],
          options,
        ),
    ],
    pinv: [(A) => torch.linalg.pinv(A), tall],
    qr: [(A) => torch.linalg.qr(A).Q, tall],
    svdvals: [torch.linalg.svdvals, tall],
    matrixExp: [torch.linalg.matrixExp, square],
    cdist: [(A) => torch.cdist(A, A.mul(2).add(1)), tall],
    einsum: [(A) => torch.einsum("ij,kj->ik", A, A), tall],
  };
  for (const [name, [f, make]] of Object.entries(functions))
    test(name, () => expect(torch.autograd.gradcheck(f, [make().requiresGrad_()])).toBe(true));
});

test("errors name the op and the fix", () => {
  expect(() => torch.linalg.inv(torch.zeros(2, 2))).toThrow(torch.linalg.LinAlgError);
  expect(() => torch.linalg.cholesky(square().neg())).toThrow(/positive-definite/);
  expect(() => torch.linalg.det(tall())).toThrow(/square/);
  expect(() => torch.einsum("ij,jk", tall())).toThrow(/operands/);
  expect(() => torch.topk(tall(), 3, 1)).toThrow(/out of range/);
});
