/** The functions that may read values at once, with the reason. On a device that cannot be read at once, each is a DeviceError or not reached. */
const because = (reason: string, places: string): [string, string][] =>
  places
    .trim()
    .split(/\s*\n\s*/)
    .map((place) => [place, reason]);

export const allowedReads: ReadonlyMap<string, string> = new Map([
  ...because(
    "checks values, and lets all pass where they cannot be read at once",
    `ops/builders/checks.ts holds
     ops/linalg/matrixChecks.ts checkPivots
     ops/linalg/matrixChecks.ts checkInfo`,
  ),
  ...because(
    "reads the value that a failed check found, for the error message",
    `ops/indexing/indexChecks.ts checkedIndex
     ops/losses/classLosses.ts checkTargets
     nn/losses/adaptiveSoftmax.ts outOfRange`,
  ),
  ...because(
    "gives plain values of JavaScript: that is what it is asked for",
    `ops/creation/exchange.ts show
     ops/elementwise/compare.ts equal
     ops/elementwise/compare.ts allclose
     ops/elementwise/compare.ts isNonzero
     ops/members/reading.ts itemAsync
     ops/members/reading.ts tolistAsync
     distributions/base/elementwise.ts sameValue
     distributions/base/utils.ts valueText`,
  ),
  ...because(
    "the shape of the result, or what a view shows, depends on the values",
    `ops/indexing/masked.ts countNonzeroOf
     ops/indexing/membership.ts oneHot
     ops/indexing/unique.ts lexicographicOrder
     ops/reduce/histogram.ts bincount
     ops/shape/rearrange.ts interleaved
     ops/shape/split.ts tensorSplit
     ops/shape/view.ts narrow
     ops/linalg/leastSquares.ts solveLeastSquares
     nn/utils/rnn.ts lengthsOf
     nn/native/recurrent.ts run
     distributions/binomial.ts Binomial.values`,
  ),
  ...because(
    "segments and bags are cut on the cpu, by their lengths or offsets",
    `ops/reduce/segmentReduce.ts segmentsOf
     nn/functional/embeddingBag.ts bounds
     nn/functional/embeddingBag.ts members
     nn/native/lookup.ts embeddingBag`,
  ),
  ...because(
    "the range of the bins is read, since an empty range is widened",
    "ops/reduce/histogram.ts histogramRange",
  ),
  ...because(
    "decompositions run on the cpu, in double precision",
    `ops/linalg/condensed.ts matrixOf
     ops/linalg/condensed.ts widened
     ops/linalg/decompositions.ts overMatrices
     ops/linalg/lapack.ts elementsOf
     ops/linalg/ldl.ts checkBlocks
     ops/linalg/leastSquares.ts isRegular
     ops/linalg/matrixFunctions.ts checkTolerance`,
  ),
  ...because(
    "the algorithm is chosen by the values: how singular or how large a matrix is",
    `ops/linalg/matrixFunctions.ts detOf
     ops/linalg/matrixFunctions.ts matrixExp`,
  ),
  ...because(
    "numbers are drawn on the cpu, from parameters that may be tensors",
    `ops/layers/dropout.ts drawSlopes
     ops/random/draw.ts fillMemory
     ops/random/fill.ts valuesOf
     ops/random/randomTensors.ts setRngState
     nn/init.ts truncNormal_
     nn/init.ts orthogonal_
     nn/init.ts sparse_
     distributions/base/sampling.ts valuesOf`,
  ),
  ...because(
    "draws again until every sample is accepted",
    `distributions/vonMises.ts VonMises.drawSample
     distributions/wishart.ts Wishart.having`,
  ),
  ...because("calls a function of the user's with plain values", "ops/members/renewal.ts applyEach"),
  ...because(
    "a recursion over labels in double precision, on the cpu",
    `nn/functional/ctc.ts lengthsOf
     nn/functional/ctc.ts splitTargets
     nn/functional/ctc.ts sequencesOf`,
  ),
  ...because(
    "the number of batches or models goes to code that takes a number; forwardCounted stands in where it cannot be read",
    `nn/layers/batchnorm.ts BatchNorm.nextFactor
     optim/swaUtils.ts AveragedModel.updateParameters`,
  ),
  ...because(
    "the search branches on values",
    `optim/lbfgs.ts maxAbs
     optim/lbfgs.ts dot
     optim/lbfgs.ts LBFGS.turn
     optim/lbfgs.ts lossValue
     optim/lrScheduler/plateau.ts ReduceLROnPlateau.step`,
  ),
  ...because("state that was saved as a tensor of one element is a number here", "optim/stateDict.ts unpackValue"),
  ...because(
    "compares derivatives in double precision, on the cpu",
    `autograd/gradcheck.ts analyticalJacobian
     autograd/gradcheck.ts numericalJacobian
     autograd/gradcheck.ts valuesOf
     autograd/gradcheckBackward.ts checkRepeats
     autograd/gradcheckBackward.ts areZero`,
  ),
  ...because(
    "data are loaded on the cpu",
    `data/collate.ts copyInto
     data/collate.ts gatherRows
     data/workerPool.ts tensorOf
     data/indices.ts listOf
     data/indices.ts plainIndex`,
  ),
]);
