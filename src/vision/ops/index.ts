/** Operations and blocks for networks that look at images: `torchvision.ops`. */
export * from "./convNormActivation";
export * from "./dropBlock";
export type { ActivationLayer, LayerMaker, NormLayer } from "./makers";
export * from "./misc";
export * from "./mlp";
export * from "./stochasticDepth";
