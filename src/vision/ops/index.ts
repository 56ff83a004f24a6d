/** Operations and blocks for networks that look at images: `torchvision.ops`. */
export * from "./convNormActivation";
export type { ActivationLayer, LayerMaker, NormLayer } from "./makers";
