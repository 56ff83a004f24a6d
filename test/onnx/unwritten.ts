/** Ops that ONNX has no form for, each with its reason. */
const reasoned = (reason: string, names: string): Record<string, string> =>
  Object.fromEntries(names.split(" ").map((name) => [name, reason]));

export const unwritten: Readonly<Record<string, string>> = {
  ...reasoned("gives no tensor", "allclose equal isNonzero isSameSize"),
  ...reasoned("normalizes by the batch's own statistics", "batchNorm"),
  ...reasoned(
    "ONNX has no operator that factors, inverts or solves, nor eigenvalues",
    "cholesky choleskyInverse choleskySolve geqrf inverse linalg.cholesky linalg.choleskyEx linalg.cond linalg.eigh linalg.eigvalsh linalg.inv linalg.invEx " +
      "linalg.ldlFactor linalg.ldlFactorEx linalg.ldlSolve linalg.lstsq linalg.lu linalg.luFactor linalg.luFactorEx linalg.luSolve linalg.matrixNorm linalg.pinv " +
      "linalg.qr linalg.solve linalg.solveEx linalg.solveTriangular linalg.svd linalg.svdvals linalg.tensorinv linalg.tensorsolve lu luSolve luUnpack matrixPower " +
      "pinverse qr svd symeig triangularSolve",
  ),
  ...reasoned(
    "a function that is no arithmetic of ONNX's operators",
    "digamma erfcx erfinv frexp gammainc gammaincc i0 i0e i1 i1e igamma igammac lgamma logNdtr multigammaln mvlgamma ndtri nextafter polygamma special.airyAi " +
      "special.besselJ0 special.besselJ1 special.besselY0 special.besselY1 special.gammaln special.modifiedBesselI0 special.modifiedBesselI1 special.modifiedBesselK0 " +
      "special.modifiedBesselK1 special.psi special.scaledModifiedBesselK0 special.scaledModifiedBesselK1 special.sphericalBesselJ0 zeta",
  ),
  ...reasoned(
    "a recurrence whose length is an element of a tensor",
    "gcd lcm special.chebyshevPolynomialT special.chebyshevPolynomialU special.chebyshevPolynomialV special.chebyshevPolynomialW special.hermitePolynomialH " +
      "special.hermitePolynomialHe special.laguerrePolynomialL special.legendrePolynomialP special.shiftedChebyshevPolynomialT special.shiftedChebyshevPolynomialU " +
      "special.shiftedChebyshevPolynomialV special.shiftedChebyshevPolynomialW",
  ),
  ...reasoned(
    "a part of a gradient",
    "geluBackward hardswishBackward insideBackward leakyReluBackward siluBackward thresholdBackward",
  ),
  ...reasoned(
    "reads elements into JavaScript, by which its result has its shape",
    "histc masked.median mode nanmedian newTensor istft nn.functional.ctcLoss repeatInterleave segmentReduce",
  ),
};

/** Samples whose results ONNX Runtime may give otherwise. */
export const undefinedThere: Readonly<Record<string, string>> = {
  byte: "negative numbers have no uint8",
  addmm_: "the second sample grows its input, which is an error",
  segmentReduce: "lengths that are turned round are not valid",
};
