/** Operations and blocks for networks that look at images: `torchvision.ops`. */
export * from "./boxes";
export * from "./boxIou";
export * from "./boxIouLoss";
export * from "./convNormActivation";
export * from "./deformConv";
export * from "./dropBlock";
export * from "./featurePyramid";
export * from "./focalLoss";
export type { ActivationLayer, LayerMaker, NormLayer } from "./makers";
export * from "./misc";
export * from "./mlp";
export * from "./multiScale";
export * from "./nms";
export * from "./regionLayers";
export type { RegionBoxes } from "./regions";
export { type PSRoIAlignOptions, psRoiAlign, type RoIAlignOptions, roiAlign } from "./roiAlign";
export * from "./roiPool";
export * from "./stochasticDepth";
