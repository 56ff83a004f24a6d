/** Transforms of pictures: `torchvision.transforms`. */

export {
  type ErasingValue,
  GaussianBlur,
  type GaussianBlurParameters,
  RandomErasing,
  type RandomErasingOptions,
} from "./blurring";
export { Compose, type ComposeParameters, Lambda, type LambdaParameters, type Step } from "./compose";
export {
  ConvertImageDtype,
  Normalize,
  type NormalizeParameters,
  PILToTensor,
  ToPILImage,
  type ToPILImageOptions,
  ToTensor,
} from "./conversion";
export {
  CenterCrop,
  FiveCrop,
  RandomCrop,
  type RandomCropParameters,
  RandomResizedCrop,
  type RandomResizedCropParameters,
  type SizeParameters,
  TenCrop,
  type TenCropParameters,
} from "./crops";
export { ElasticTransform, type ElasticTransformOptions } from "./elastic";
export * as functional from "./functional/index";
export { InterpolationMode } from "./functional/interpolation";
export {
  ColorJitter,
  type ColorJitterOptions,
  Grayscale,
  type GrayscaleOptions,
  type Jitter,
  type ProbabilityOptions,
  RandomGrayscale,
} from "./jitter";
export { LinearTransformation, type LinearTransformationParameters } from "./linearTransformation";
export {
  RandomApply,
  type RandomApplyParameters,
  RandomChoice,
  type RandomChoiceParameters,
  RandomOrder,
} from "./random";
export {
  type ChanceOptions,
  Pad,
  type PadParameters,
  RandomHorizontalFlip,
  RandomVerticalFlip,
  Resize,
  type ResizeParameters,
} from "./resizing";
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
export type { Picture, PictureTransform, Transform } from "./transform";
export {
  type AffineParams,
  type Angles,
  RandomAffine,
  type RandomAffineParameters,
  RandomPerspective,
  type RandomPerspectiveOptions,
  RandomRotation,
  type RandomRotationParameters,
} from "./warps";
