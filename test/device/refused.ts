/** Ops of the table that a device which cannot be read at once refuses, with the reason. */

const reasoned = (reason: string, names: string): Record<string, string> =>
  Object.fromEntries(names.split(" ").map((name) => [name, `refused: ${reason}`]));

export const refused: Readonly<Record<string, string>> = {
  ...reasoned("gives a truth value of JavaScript", "equal allclose isNonzero"),
  ...reasoned(
    "the shape of the result depends on values",
    "nonzero argwhere maskedSelect unique uniqueConsecutive bincount repeatInterleave",
  ),
  ...reasoned("a recursion over labels in double precision, on the cpu", "nn.functional.ctcLoss"),
  ...reasoned(
    "the kernels of the cpu, which this device has, factorize in double precision; a GPU is tested in test/backend/webgpu",
    "qr choleskyInverse det inverse logdet lu luSolve luUnpack matrixPower slogdet linalg.cond linalg.inv linalg.invEx linalg.lu linalg.luFactor linalg.luFactorEx linalg.luSolve linalg.qr linalg.tensorinv cholesky choleskySolve geqrf triangularSolve linalg.cholesky linalg.choleskyEx linalg.solve linalg.solveEx linalg.solveTriangular linalg.tensorsolve",
  ),
  ...reasoned(
    "decomposed on the cpu",
    "svd symeig pinverse linalg.matrixRank linalg.eigh linalg.eigvalsh linalg.ldlSolve linalg.ldlFactorEx linalg.lstsq linalg.matrixNorm linalg.pinv linalg.svd linalg.svdvals linalg.ldlFactor",
  ),
};
