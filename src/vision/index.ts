export * as datasets from "./datasets/index";
export { Image, type ImageDataLike, type ImageMode, type ImageSamples } from "./image";
export * as models from "./models/index";
