/** Transforms of whole samples, pictures, boxes and masks together: `torchvision.transforms.v2`. */
export {
  ClampBoundingBoxes,
  Compose,
  ConvertBoundingBoxFormat,
  type DTypes,
  type LabelsGetter,
  SanitizeBoundingBoxes,
  type SanitizeBoundingBoxesOptions,
  ToDtype,
  type ToDtypeParameters,
  ToImage,
  ToPureTensor,
} from "./boxTransforms";
export * as functional from "./functional";
export {
  CenterCrop,
  Pad,
  RandomAffine,
  RandomCrop,
  RandomHorizontalFlip,
  RandomResizedCrop,
  RandomRotation,
  RandomVerticalFlip,
  Resize,
} from "./geometry";
export { CutMix, type MixingOptions, MixUp } from "./mixing";
export {
  AugMix,
  AutoAugment,
  ColorJitter,
  GaussianBlur,
  Grayscale,
  Normalize,
  RandAugment,
  RandomAdjustSharpness,
  RandomAutocontrast,
  RandomEqualize,
  RandomErasing,
  RandomGrayscale,
  RandomInvert,
  RandomPosterize,
  RandomSolarize,
  TrivialAugmentWide,
} from "./pictures";
export { BoundingBoxes, type BoundingBoxesParameters, BoundingBoxFormat, Image, Mask } from "./tagged";
