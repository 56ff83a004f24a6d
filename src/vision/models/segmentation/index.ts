/** Networks that classify each pixel: `torchvision.models.segmentation`. */

export * from "../weights/segmentation";
export type { SegmentationBuilder } from "./builder";
export * from "./deeplabv3";
export * from "./fcn";
export * from "./lraspp";
export type { SegmentationOptions, SegmentationOutputs, SegmentationParameters } from "./segmentationModel";
