/** The ops of the device by name. */
import type { OpTable } from "../../dispatch";
import type { Gpu } from "../gpu";
import { crossEntropy, crossEntropyGradient, nllLoss, nllLossGradient, targetWeights } from "./classLoss";
import { arange } from "./elementwise";
import { batchNorm, batchNormGradient, batchNormStatistics } from "./layers/batchNorm";
import { channelSums, convolution } from "./layers/convolution";
import { layerNorm, layerNormGradient } from "./layers/layerNorm";
import { avgPool, avgPoolGradient, maxPool, maxPoolGradient } from "./layers/pooling";
import { gruCell, gruCellGradient, lstmCell, lstmCellGradient } from "./layers/recurrent";
import { adam, sgd } from "./optimizers";
import { matmul } from "./products/matmul";
import { reduce } from "./reduce";
import { softmax, softmaxGradient } from "./softmax";
import { deformColumns, deformInputGradient, deformOffsetGradient } from "./vision/deform";
import { nms } from "./vision/nms";
import { mirrorRows, normalizePlanes, resample, unitPlanes } from "./vision/pictures";
import { roiMax, roiMean, roiMeanGradient } from "./vision/regions";

export const kernels: OpTable<Gpu> = {
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
  softmax,
  softmaxGradient,
  nllLoss,
  nllLossGradient,
  crossEntropy,
  crossEntropyGradient,
  targetWeights,
  nms,
  roiMean,
  roiMeanGradient,
  roiMax,
  deformColumns,
  deformInputGradient,
  deformOffsetGradient,
  resample,
  unitPlanes,
  mirrorRows,
  normalizePlanes,
  sgd,
  adam,
};
