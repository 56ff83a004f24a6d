/** The kernels of pictures, boxes and regions, which are loaded by programs that use `vision`. */
import type { OpTable } from "../../../dispatch";
import type { Gpu } from "../../gpu";
import { deformColumns, deformInputGradient, deformOffsetGradient } from "./deform";
import { nms } from "./nms";
import { mirrorRows, normalizePlanes, resample, unitPlanes } from "./pictures";
import { roiMax, roiMean, roiMeanGradient } from "./regions";

export const visionKernels: OpTable<Gpu> = {
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
};
