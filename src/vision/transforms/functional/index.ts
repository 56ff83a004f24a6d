/** Transforms as functions of an Image or a tensor: `torchvision.transforms.functional`. */
export { convertImageDtype, normalize, pilToTensor, toPilImage, toTensor } from "./conversion";
export {
  adjustBrightness,
  adjustContrast,
  adjustGamma,
  adjustHue,
  adjustSaturation,
  adjustSharpness,
  rgbToGrayscale,
  toGrayscale,
} from "./colour";
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
