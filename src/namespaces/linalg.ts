/** `torch.linalg`. */
export { eig, eigvals } from "../ops/absent";
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
} from "../ops/linalg/decompositions";
export {
  cross,
  householderProduct,
  lu,
  luFactor,
  luSolve,
  tensorinv,
  tensorsolve,
  vander,
} from "../ops/linalg/factors";
export { ldlFactor, ldlFactorEx, ldlSolve } from "../ops/linalg/ldl";
export { lstsq } from "../ops/linalg/leastSquares";
export { matmul } from "../ops/linalg/matmul";
export { LinAlgError } from "../ops/linalg/matrixChecks";
export {
  linalgDet as det,
  linalgSlogdet as slogdet,
  matrixExp,
  matrixPower,
  matrixRank,
  pinv,
} from "../ops/linalg/matrixFunctions";
export { cond, matrixNorm, norm } from "../ops/linalg/matrixNorms";
export { multiDot, vecdot } from "../ops/linalg/products";
export { eigh, eigvalsh, svd, svdvals } from "../ops/linalg/spectra";
export { vectorNorm } from "../ops/reduce/moments";
export { diagonal } from "../ops/shape/diagonal";
