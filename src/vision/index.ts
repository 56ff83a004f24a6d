import "./collate";

export * as datasets from "./datasets/index";
export { Image, type ImageDataLike, type ImageMode, type ImageSamples } from "./image";
export * as io from "./io/index";
export * as models from "./models/index";
export * as transforms from "./transforms/index";
export * as utils from "./utils/index";
