/** The ops of the device by name; those of parts of the library are added when a program uses them. */
import type { OpTable } from "../../dispatch";
import type { Gpu } from "../gpu";
import { unscale, updateScale } from "./amp";
import { crossEntropy, crossEntropyGradient, nllLoss, nllLossGradient, targetWeights } from "./classLoss";
import { arange } from "./elementwise";
import { gather, indexSelect, searchSorted } from "./indexing/gather";
import { maskedScatter, maskedSelect, nonzero } from "./indexing/masks";
import { indexAdd, indexCopy, scatter } from "./indexing/scatter";
import { batchNorm, batchNormGradient, batchNormStatistics } from "./layers/batchNorm";
import { channelSums, convolution } from "./layers/convolution";
import { layerNorm, layerNormGradient } from "./layers/layerNorm";
import { avgPool, avgPoolGradient, maxPool, maxPoolGradient } from "./layers/pooling";
import { gruCell, gruCellGradient, lstmCell, lstmCellGradient } from "./layers/recurrent";
import { orthogonalize } from "./linalg/jacobi";
import { cholesky, luFactor, luSolve, triangularSolve } from "./linalg/lu";
import { qrFactor, reflect } from "./linalg/reflectors";
import { optimizers } from "./optimizers";
import { matmul } from "./products/matmul";
import { boxMuller, draw } from "./random";
import { reduce } from "./reduce";
import { runningExtremum, scan } from "./scans/scan";
import { sequenceLoss, sequenceLossGradient } from "./sequenceLoss";
import { softmax, softmaxGradient } from "./softmax";
import { mostFrequent, sort } from "./sort";
import { extremum, histogram, squaredDeviation } from "./statistics";

export const kernels: OpTable<Gpu> = {
  unscale,
  updateScale,
  arange,
  matmul,
  convolution,
  channelSums,
  maxPool,
  maxPoolGradient,
  avgPool,
  avgPoolGradient,
  batchNormStatistics,
  batchNorm,
  batchNormGradient,
  layerNorm,
  layerNormGradient,
  lstmCell,
  lstmCellGradient,
  gruCell,
  gruCellGradient,
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
  ...optimizers,
};
