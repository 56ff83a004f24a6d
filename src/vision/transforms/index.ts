/** Transforms of pictures: `torchvision.transforms`. */
export { Compose, Lambda } from "./compose";
export { ConvertImageDtype, Normalize, PILToTensor, ToPILImage, ToTensor } from "./conversion";
export * as functional from "./functional/index";
