/** What the sweep does not expect, each with its reason. */
import type { Exemptions } from "./functions";

const withIndices = ["maxPool", "adaptiveMaxPool"].flatMap((name) => [1, 2, 3].map((n) => `${name}${n}d`));

/** Names with the reason to exempt them. */
const reasoned = (reason: string, names: string, space = ""): Record<string, string> =>
  Object.fromEntries(names.split(" ").map((name) => [space + name, reason]));

/** Exports of the table that are not ops: parts of other ops, the graph's own functions, or ops whose tests stand elsewhere. */
export const helpers: Readonly<Record<string, string>> = {
  itemAsync: "gives a plain value",
  tolistAsync: "gives plain values",
  backward: "of the engine",
  registerHook: "of the engine",
  registerPostAccumulateGradHook: "of the engine",
  retainGrad: "of the engine",
  cpu: "a promise of the tensor itself",
  numpy: "memory, not a tensor: test/ops/exchange.test.ts",
  nativeLayerNorm: "layerNorm with its statistics, which conformance judges",
  nativeBatchNorm: "batchNorm with its statistics, which conformance judges",
  ...Object.fromEntries(
    [...withIndices, "fractionalMaxPool2d", "fractionalMaxPool3d"].map((name) => [
      `nn.functional.${name}WithIndices`,
      `${name} with returnIndices`,
    ]),
  ),
  ...reasoned(
    "test/ops/names.test.ts judges it",
    "getDevice isComplex isConj isNeg isSetTo isSigned ndimension nelement apply_ map2_ map_ new newEmptyStrided resize resizeAs set_ " +
      "unsafeChunk unsafeSplit unsafeSplitWithSizes aliasCopy asStridedCopy detachCopy diagonalCopy expandCopy permuteCopy selectCopy " +
      "sliceCopy splitCopy splitWithSizesCopy squeezeCopy tCopy transposeCopy unbindCopy unfoldCopy unsqueezeCopy viewCopy asarray " +
      "frombuffer range frobeniusNorm normExceptDim nuclearNorm",
  ),
  ...reasoned(
    "an error that says what to use: test/ops/names.test.ts judges it",
    "linalg.eig linalg.eigvals fft.fft fft.fft2 fft.fftn fft.ifft fft.ifft2 fft.ifftn fft.ihfft fft.rfft fft.rfft2 fft.rfftn",
  ),
  ...reasoned(
    "the op of its name with the option inplace: test/nn/byName.test.ts judges it",
    "celu elu hardsigmoid hardswish hardtanh leakyRelu mish relu relu6 selu silu threshold",
    "nn.functional.",
  ),
  ...reasoned(
    "the op of this name under linalg's argument name, which conformance judges",
    "linalg.det linalg.slogdet",
  ),
  ...reasoned("test/nn/native.test.ts judges it", "convTbc nativeChannelShuffle rrelu_", "nn.functional."),
  "nn.functional.multiHeadAttentionForward": "takes the weights of nn.MultiheadAttention, which conformance judges",
  "nn.functional._scaledDotProductAttention": "scaledDotProductAttention with the weights",
};

/** Ops that draw random numbers: test/conformance judges their streams. */
export const random = new Set(
  (
    "bernoulli bernoulli_ binomial cauchy_ exponential_ geometric_ logNormal_ multinomial normal_ poisson random_ uniform_ rand randLike randint " +
    "randintLike randn randnLike randperm normal poisson fractionalMaxPool2d fractionalMaxPool3d alphaDropout dropout dropout1d dropout2d dropout3d featureAlphaDropout " +
    "featureDropout rrelu svdLowrank pcaLowrank gumbelSoftmax fractionalMaxPool2d fractionalMaxPool3d emptyLike newEmpty empty emptyStrided"
  ).split(" "),
);

const notDifferentiable: Exemptions = { gradient: "absent" };

/** They read memory as it lies. */
const otherLayout: Exemptions = { layout: true };
/** They round to fewer digits than a finite difference needs. */
const coarse: Exemptions = { coarse: true };

/** What PyTorch's ops do not have either, by op. */
export const exemptions: Readonly<Record<string, Exemptions>> = {
  detach: notDifferentiable,
  zerosLike: notDifferentiable,
  onesLike: notDifferentiable,
  newZeros: notDifferentiable,
  newOnes: notDifferentiable,
  newFull: notDifferentiable,
  newTensor: notDifferentiable,
  histc: notDifferentiable,
  histogram: notDifferentiable,
  histogramdd: notDifferentiable,
  bincount: notDifferentiable,
  fullLike: notDifferentiable,
  view: otherLayout,
  viewAs: otherLayout,
  asStrided: otherLayout,
  asStrided_: otherLayout,
  asStridedScatter: otherLayout,
  resize_: { layout: true, gradient: "refused" },
  resizeAs_: { layout: true, gradient: "refused" },
  /** Its diagonal lies on the bound that it is clipped to. */
  corrcoef: { second: true },
  /** Not differentiable twice in PyTorch either. */
  "nn.functional.ctcLoss": { second: true },
  "linalg.matrixRank": notDifferentiable,
  "linalg.ldlFactor": notDifferentiable,
  "linalg.ldlFactorEx": notDifferentiable,
  "linalg.ldlSolve": notDifferentiable,
  "masked.argmax": notDifferentiable,
  "masked.argmin": notDifferentiable,
  geqrf: notDifferentiable,
  to: coarse,
  float: coarse,
  half: coarse,
  bfloat16: coarse,
};

/** Elementwise entries of floating-point results that have no derivative in PyTorch. */
export const withoutDerivative = new Set(
  (
    "floorDivide heaviside nextafter bitwiseAnd bitwiseLeftShift bitwiseNot bitwiseOr bitwiseRightShift bitwiseXor gcd lcm " +
    "besselJ0 besselJ1 besselY0 besselY1 modifiedBesselI0 modifiedBesselI1 modifiedBesselK0 modifiedBesselK1 " +
    "scaledModifiedBesselK0 scaledModifiedBesselK1 sphericalBesselJ0 airyAi " +
    "chebyshevPolynomialT chebyshevPolynomialU chebyshevPolynomialV chebyshevPolynomialW " +
    "shiftedChebyshevPolynomialT shiftedChebyshevPolynomialU shiftedChebyshevPolynomialV shiftedChebyshevPolynomialW " +
    "hermitePolynomialH hermitePolynomialHe laguerrePolynomialL legendrePolynomialP"
  ).split(" "),
);
