/** Transforms as functions of an Image or a tensor: `torchvision.transforms.functional`. */
export type { Fill, PaddingSize, Size } from "./arguments";
export {
  adjustBrightness,
  adjustContrast,
  adjustGamma,
  adjustHue,
  adjustSaturation,
  adjustSharpness,
  rgbToGrayscale,
  toGrayscale,
} from "./color";
export { type ChannelValues, convertImageDtype, normalize, pilToTensor, toPilImage, toTensor } from "./conversion";
export {
  centerCrop,
  crop,
  type FiveCrops,
  fiveCrop,
  getDimensions,
  getImageNumChannels,
  getImageSize,
  hflip,
  type PadOptions,
  pad,
  type ResizedCropOptions,
  type ResizeOptions,
  resize,
  resizedCrop,
  tenCrop,
  vflip,
} from "./geometry";
export { InterpolationMode } from "./interpolation";
export {
  autocontrast,
  equalize,
  erase,
  type GaussianBlurOptions,
  gaussianBlur,
  invert,
  posterize,
  solarize,
} from "./tone";
export { affine, type Corners, elasticTransform, perspective, rotate, type Shear, type WarpOptions } from "./warp";
