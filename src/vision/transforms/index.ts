/** Transforms of pictures: `torchvision.transforms`. */
export { Compose, Lambda } from "./compose";
export { ConvertImageDtype, Normalize, PILToTensor, ToPILImage, ToTensor } from "./conversion";
export { CenterCrop, FiveCrop, RandomCrop, RandomResizedCrop, TenCrop } from "./crops";
export * as functional from "./functional/index";
export { InterpolationMode } from "./functional/interpolation";
export { LinearTransformation } from "./linearTransformation";
export { RandomApply, RandomChoice, RandomOrder } from "./random";
export { Pad, RandomHorizontalFlip, RandomVerticalFlip, Resize } from "./resizing";
export { RandomAffine, RandomPerspective, RandomRotation } from "./warps";
