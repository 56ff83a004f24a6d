/** The ops of the device by name. */
import type { OpTable } from "../../dispatch";
import type { Gpu } from "../gpu";
import { crossEntropy, crossEntropyGradient, nllLoss, nllLossGradient, targetWeights } from "./classLoss";
import { arange } from "./elementwise";
import { gather, indexSelect, searchSorted } from "./indexing/gather";
import { maskedScatter, maskedSelect, nonzero } from "./indexing/masks";
import { indexAdd, indexCopy, scatter } from "./indexing/scatter";
import { orthogonalize } from "./linalg/jacobi";
import { cholesky, luFactor, luSolve, triangularSolve } from "./linalg/lu";
import { qrFactor, reflect } from "./linalg/reflectors";
import { matmul } from "./matmul";
import { adam, sgd } from "./optimizers";
import { boxMuller, draw } from "./random";
import { reduce } from "./reduce";
import { runningExtremum, scan } from "./scans/scan";
import { sequenceLoss, sequenceLossGradient } from "./sequenceLoss";
import { softmax, softmaxGradient } from "./softmax";
import { mostFrequent, sort } from "./sort";
import { extremum, histogram, squaredDeviation } from "./statistics";

export const kernels: OpTable<Gpu> = {
  arange,
  matmul,
  reduce,
  extremum,
  squaredDeviation,
  histogram,
  softmax,
  softmaxGradient,
  scan,
  runningExtremum,
  indexSelect,
  indexCopy,
  indexAdd,
  gather,
  scatter,
  searchSorted,
  nonzero,
  maskedSelect,
  maskedScatter,
  sort,
  mostFrequent,
  boxMuller,
  draw,
  nllLoss,
  nllLossGradient,
  crossEntropy,
  crossEntropyGradient,
  targetWeights,
  sequenceLoss,
  sequenceLossGradient,
  luFactor,
  luSolve,
  triangularSolve,
  cholesky,
  qrFactor,
  reflect,
  orthogonalize,
  sgd,
  adam,
};
