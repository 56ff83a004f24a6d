/** Operations and blocks for networks that look at images: `torchvision.ops`. */
export * from "./boxes";
export * from "./boxIou";
export * from "./boxIouLoss";
export * from "./convNormActivation";
export * from "./dropBlock";
export * from "./focalLoss";
export type { ActivationLayer, LayerMaker, NormLayer } from "./makers";
export * from "./misc";
export * from "./mlp";
export * from "./nms";
export * from "./stochasticDepth";
