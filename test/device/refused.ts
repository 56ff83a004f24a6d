/** Ops of the table that a device which cannot be read at once refuses, with the reason. */

const reasoned = (reason: string, names: string): Record<string, string> =>
  Object.fromEntries(names.split(" ").map((name) => [name, `refused: ${reason}`]));

export const refused: Readonly<Record<string, string>> = {
  ...reasoned("gives a truth value of JavaScript", "equal allclose isNonzero"),
  ...reasoned(
    "the shape of the result depends on values",
    "nonzero argwhere maskedSelect unique uniqueConsecutive bincount repeatInterleave",
  ),
  ...reasoned("the algorithm of the gradient is chosen by values", "det"),
  ...reasoned("the segments are cut by their lengths", "segmentReduce"),
  ...reasoned("how often the argument is halved depends on values", "matrixExp"),
  ...reasoned("a recursion over labels in double precision, on the cpu", "nn.functional.ctcLoss"),
  ...reasoned(
    "decomposed on the cpu",
    "qr svd symeig pinverse inverse matrixPower linalg.cond linalg.inv linalg.invEx linalg.matrixRank linalg.tensorinv linalg.eigh linalg.eigvalsh linalg.ldlSolve linalg.ldlFactorEx linalg.lstsq linalg.matrixNorm linalg.pinv linalg.qr linalg.svd linalg.svdvals choleskyInverse slogdet lu luUnpack linalg.ldlFactor linalg.lu linalg.luFactor linalg.luFactorEx luSolve linalg.luSolve logdet",
  ),
};
