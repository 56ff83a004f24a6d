/** The ops of the device by name. */
import type { OpTable } from "../../dispatch";
import type { Gpu } from "../gpu";
import { matmul } from "./matmul";
import { reduce } from "./reduce";
import { softmax, softmaxGradient } from "./softmax";

export const kernels: OpTable<Gpu> = { matmul, reduce, softmax, softmaxGradient };
