/** The ops of the device by name. */
import { matmul } from "./matmul";
import { sgd } from "./optimizers";
import { reduce } from "./reduce";
import { softmax, softmaxGradient } from "./softmax";

export const kernels = { matmul, reduce, softmax, softmaxGradient, sgd };
