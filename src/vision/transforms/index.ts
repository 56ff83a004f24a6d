/** Transforms of pictures: `torchvision.transforms`. */

export {
  AugMix,
  type AugMixOptions,
  AutoAugment,
  type AutoAugmentOptions,
  AutoAugmentPolicy,
  RandAugment,
  type RandAugmentOptions,
  type SamplingOptions,
  TrivialAugmentWide,
  type TrivialAugmentWideOptions,
} from "./autoAugment";
export {
  type ErasingValue,
  GaussianBlur,
  type GaussianBlurParameters,
  RandomErasing,
  type RandomErasingOptions,
} from "./blurring";
export { Compose, Lambda } from "./compose";
export { ConvertImageDtype, Normalize, PILToTensor, ToPILImage, ToTensor } from "./conversion";
export { CenterCrop, FiveCrop, RandomCrop, RandomResizedCrop, TenCrop } from "./crops";
export * as functional from "./functional/index";
export { InterpolationMode } from "./functional/interpolation";
export {
  ColorJitter,
  type ColorJitterOptions,
  Grayscale,
  type GrayscaleOptions,
  type Jitter,
  RandomGrayscale,
} from "./jitter";
export { LinearTransformation } from "./linearTransformation";
export { RandomApply, RandomChoice, RandomOrder } from "./random";
export { Pad, RandomHorizontalFlip, RandomVerticalFlip, Resize } from "./resizing";
export {
  RandomAdjustSharpness,
  type RandomAdjustSharpnessParameters,
  RandomAutocontrast,
  RandomEqualize,
  RandomInvert,
  RandomPosterize,
  type RandomPosterizeParameters,
  RandomSolarize,
  type RandomSolarizeParameters,
} from "./tone";
export { RandomAffine, RandomPerspective, RandomRotation } from "./warps";
