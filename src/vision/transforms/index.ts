/** Transforms of pictures: `torchvision.transforms`. */
export { Compose, Lambda } from "./compose";
export { ConvertImageDtype, Normalize, PILToTensor, ToPILImage, ToTensor } from "./conversion";
export * as functional from "./functional/index";
export {
  type ErasingValue,
  GaussianBlur,
  type GaussianBlurParameters,
  RandomErasing,
  type RandomErasingOptions,
} from "./blurring";
export {
  ColorJitter,
  type ColorJitterOptions,
  Grayscale,
  type GrayscaleOptions,
  type Jitter,
  type ProbabilityOptions,
  RandomGrayscale,
} from "./jitter";
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
