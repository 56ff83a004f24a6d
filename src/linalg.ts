/** `torch.linalg`. */
export { eig, eigvals } from "./ops/absent";
export {
  cholesky,
  choleskyEx,
  inv,
  invEx,
  luFactorEx,
  qr,
  solve,
  solveEx,
  solveTriangular,
} from "./ops/decompositions";
export { diagonal } from "./ops/diagonal";
export {
  cross,
  householderProduct,
  lu,
  luFactor,
  luSolve,
  tensorinv,
  tensorsolve,
  vander,
} from "./ops/factors";
export { ldlFactor, ldlFactorEx, ldlSolve } from "./ops/ldl";
export { lstsq } from "./ops/leastSquares";
export {
  cond,
  linalgDet as det,
  linalgSlogdet as slogdet,
  matrixExp,
  matrixNorm,
  matrixPower,
  matrixRank,
  norm,
  pinv,
} from "./ops/linalg";
export { matmul } from "./ops/matmul";
export { LinAlgError } from "./ops/matrixChecks";
export { vectorNorm } from "./ops/moments";
export { multiDot, vecdot } from "./ops/products";
export { eigh, eigvalsh, svd, svdvals } from "./ops/spectral";
