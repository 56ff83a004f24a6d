/** The ops of the device by name. */
import type { OpTable } from "../../dispatch";
import type { Gpu } from "../gpu";
import { crossEntropy, crossEntropyGradient, nllLoss, nllLossGradient, targetWeights } from "./classLoss";
import { arange } from "./elementwise";
import { matmul } from "./matmul";
import { optimizers } from "./optimizers";
import { reduce } from "./reduce";
import { softmax, softmaxGradient } from "./softmax";

export const kernels: OpTable<Gpu> = {
  arange,
  matmul,
  reduce,
  softmax,
  softmaxGradient,
  nllLoss,
  nllLossGradient,
  crossEntropy,
  crossEntropyGradient,
  targetWeights,
  ...optimizers,
};
