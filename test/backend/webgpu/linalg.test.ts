/** Factorizations and what is solved by them against the cpu, which computes in float64: sizes beyond a workgroup, stacks, and errors that come with the next read. */
import * as torch from "kindling";
import { describe, expect, it, vi } from "vitest";
import { allNote, runsAll } from "../../helpers/cut";
import { noGpu, onGpu } from "../../helpers/webgpu";
import { agree } from "./agree";

// A software driver takes long to compile kernels while the machine does other things, too.
vi.setConfig({ testTimeout: 300_000 });

type Tensor = torch.Tensor;

const { linalg } = torch;

/** Matrices that are far from singular. */
const regular = (shape: readonly number[]): Tensor =>
  torch.randn(shape).add(torch.eye(shape.at(-1)!).mul(shape.at(-1)!));
const positive = (shape: readonly number[]): Tensor => {
  const x = torch.randn(shape);
  return x.matmul(x.mT).add(torch.eye(shape.at(-1)!));
};

describe.skipIf(noGpu !== undefined || !runsAll)(`linear algebra ${onGpu}${allNote}`, () => {
  it.each([[[3, 2, 17, 17]], [[1, 1]], [[5, 5]], [[2, 0, 0]], [[70, 70]], [[0, 4, 4]]])(
    "factorizes and solves %j",
    async (shape) => {
      torch.manualSeed(1);
      const n = shape.at(-1)!;
      const [a, b] = [regular(shape), torch.randn([...shape.slice(0, -1), 21])];
      await agree("inv", (x) => linalg.inv(x!), [a], 2e-5);
      await agree("solve", (x, y) => linalg.solve(x!, y!), [a, b], 2e-5);
      await agree("solve", (x, y) => linalg.solve(x!, y!, { left: false }), [a, b.mT], 2e-5);
      if (n > 0) await agree("solve", (x, y) => linalg.solve(x!, y!.select(-1, 0)), [a, b], 2e-5);
      await agree("det", (x) => linalg.det(x!.div(Math.max(1, n))), [a], 1e-4);
      await agree("slogdet", (x) => [...linalg.slogdet(x!.detach())], [a], 1e-4);
      await agree("cholesky", (x) => linalg.cholesky(x!), [positive(shape)], 1e-4);
      for (const upper of [true, false])
        for (const unitriangular of [true, false])
          await agree(
            "solveTriangular",
            (x, y) => linalg.solveTriangular(x!, y!, { upper, unitriangular }),
            [a.div(Math.max(1, n)), b],
            1e-4,
          );
    },
  );

  it.each([[[2, 40, 70]], [[5, 3]], [[3, 5]], [[4, 0]], [[2, 70, 40]]])("takes %j apart", async (shape) => {
    torch.manualSeed(2);
    const a = torch.randn(shape);
    await agree("luFactor", (x) => [...linalg.luFactor(x!.detach())], [a], 1e-4);
    await agree("lu", (x) => [...linalg.lu(x!.detach())], [a], 1e-4);
    await agree("qr", (x) => [...linalg.qr(x!.detach())], [a], 1e-4);
    await agree("qr", (x) => [...linalg.qr(x!.detach(), "complete")], [a], 1e-4);
    await agree("geqrf", (x) => [...torch.geqrf(x!.detach())], [a], 1e-4);
    const [m, n] = shape.slice(-2) as [number, number];
    if (m >= n && n > 0) await agree("qr", (x) => [...linalg.qr(x!)], [a], 1e-3);
  });

  it("solves by factors", async () => {
    torch.manualSeed(3);
    // Kernels of thin products, which those of 3 rows are, compile in less time.
    const n = 9;
    const [a, b] = [regular([2, n, n]), torch.randn(2, n, 3)];
    for (const adjoint of [false, true])
      await agree(
        "luSolve",
        (x, y) => {
          const { LU, pivots } = linalg.luFactor(x!);
          return linalg.luSolve(LU, pivots, y!, { adjoint });
        },
        [a, b],
        1e-4,
      );
    await agree(
      "choleskySolve",
      (x, y) => torch.choleskySolve(y!, linalg.cholesky(x!)),
      [positive([2, n, n]), b],
      1e-3,
    );
    await agree("matrixPower", (x) => linalg.matrixPower(x!, -2), [a], 1e-4);
    await agree("pinverse of full rank", (x) => linalg.inv(x!.mT.matmul(x!)).matmul(x!.mT), [torch.randn(9, 3)], 1e-3);
  });

  it("tells of a matrix that cannot be factorized when something is read", async () => {
    const singular = torch.zeros(2, 3, 3).to("webgpu");
    linalg.inv(singular);
    await expect(torch.webgpu.synchronize()).rejects.toThrow(/inv: \(Batch element 0\): .*singular/);
    linalg.cholesky(torch.eye(3).neg().to("webgpu"));
    await expect(torch.webgpu.synchronize()).rejects.toThrow(/cholesky: .*not positive-definite/);
    const { info } = linalg.invEx(singular);
    expect((await info.cpu()).tolist()).toEqual([1, 1]);
  });

  it.each([[[3, 17, 17]], [[1, 1]], [[6, 6]], [[0, 3, 3]], [[40, 40]]])("finds eigenvalues of %j", async (shape) => {
    torch.manualSeed(4);
    const x = torch.randn(shape);
    const a = x.add(x.mT);
    await agree("eigvalsh", (u) => linalg.eigvalsh(u!.detach()), [a], 1e-5);
    await agree(
      "A V = V L",
      (u) => {
        const { eigenvalues, eigenvectors } = linalg.eigh(u!.detach(), "U");
        return [
          eigenvectors.mul(eigenvalues.unsqueeze(-2)).matmul(eigenvectors.mT),
          eigenvectors.mT.matmul(eigenvectors),
        ];
      },
      [a],
      2e-5,
    );
    await agree("gradient of eigenvalues", (u) => linalg.eigvalsh(u!), [a], 1e-3);
  });

  it.each([[[5, 3]], [[1, 1]], [[2, 30, 20]], [[3, 5]], [[2, 3, 70]], [[0, 3, 2]], [[3, 0]]])(
    "finds singular values of %j",
    async (shape) => {
      torch.manualSeed(5);
      const a = torch.randn(shape);
      const k = Math.min(shape.at(-1)!, shape.at(-2)!);
      await agree("svdvals", (u) => linalg.svdvals(u!.detach()), [a], 1e-5);
      await agree("gradient of singular values", (u) => linalg.svdvals(u!), [a], 1e-3);
      for (const isFull of [true, false])
        await agree(
          "U S V",
          (u) => {
            const { U, S, Vh } = linalg.svd(u!.detach(), isFull);
            const middle = U.narrow(-1, 0, k)
              .mul(S.unsqueeze(-2))
              .matmul(Vh.narrow(-2, 0, k));
            return [middle, U.mT.matmul(U), Vh.matmul(Vh.mT)];
          },
          [a],
          2e-5,
        );
      await agree("pinv", (u) => linalg.pinv(u!), [a], 1e-3);
      await agree("matrixRank", (u) => linalg.matrixRank(u!.detach()), [a]);
    },
  );

  it("finds singular values of matrices of less than full rank, of any size", async () => {
    torch.manualSeed(6);
    const low = torch.randn(9, 2).matmul(torch.randn(2, 7));
    for (const factor of [1, 1e-30, 1e25])
      await agree("svdvals", (u) => linalg.svdvals(u!.detach()), [low.mul(factor)], 1e-5);
    await agree(
      "bases",
      (u) => {
        const { U, Vh } = linalg.svd(u!.detach());
        return [U.mT.matmul(U), Vh.matmul(Vh.mT)];
      },
      [low],
      1e-5,
    );
    await agree("of zeros", (u) => [...linalg.svd(u!.detach())].slice(1), [torch.zeros(4, 3)]);
    await agree("matrixRank", (u) => linalg.matrixRank(u!.detach()), [low]);
    for (const driver of ["gelsy", "gelsd", "gels"] as const)
      await agree(
        "lstsq",
        (u, v) => linalg.lstsq(u!.detach(), v!.detach(), { driver }).solution,
        [torch.randn(9, 4), torch.randn(9, 2)],
        1e-4,
      );
    await agree(
      "norms",
      (u) => [linalg.norm(u!, 2), linalg.norm(u!, "nuc"), linalg.cond(u!.detach())],
      [torch.randn(6, 4)],
      1e-4,
    );
  });

  it("tells of what is not finite when something is read", async () => {
    linalg.svdvals(
      torch
        .tensor([
          [1, Number.NaN],
          [0, 1],
        ])
        .to("webgpu"),
    );
    await expect(torch.webgpu.synchronize()).rejects.toThrow(/svdvals: .*non-finite values/);
  });
});
