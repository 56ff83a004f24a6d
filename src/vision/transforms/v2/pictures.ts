/** Transforms of the pictures of a sample alone: masks, boxes and labels stay as they are. */
import { classNameOf } from "../../../core/className";
import { portable } from "../../../data/pack";
import * as augment from "../autoAugment";
import * as blurring from "../blurring";
import * as conversion from "../conversion";
import * as jitter from "../jitter";
import * as tones from "../tone";
import { type OfSamples, recolored } from "./sample";

/** A transform of pictures as one of samples. */
function onPictures<C extends new (...args: any[]) => { forward(img: any): any }>(Base: C): OfSamples<C> {
  const OnPictures = class extends Base {
    override forward(...inputs: any[]): any {
      return recolored(classNameOf(this), inputs, (img) => super.forward(img));
    }
  };
  return OnPictures as unknown as OfSamples<C>;
}

/** {@link augment.AugMix} of the pictures of a sample. @see torchvision.transforms.v2.AugMix */
export class AugMix extends onPictures(augment.AugMix) {}

/** {@link augment.AutoAugment} of the pictures of a sample. @see torchvision.transforms.v2.AutoAugment */
export class AutoAugment extends onPictures(augment.AutoAugment) {}

/** {@link jitter.ColorJitter} of the pictures of a sample. @see torchvision.transforms.v2.ColorJitter */
export class ColorJitter extends onPictures(jitter.ColorJitter) {}

/** {@link blurring.GaussianBlur} of the pictures of a sample. @see torchvision.transforms.v2.GaussianBlur */
export class GaussianBlur extends onPictures(blurring.GaussianBlur) {}

/** {@link jitter.Grayscale} of the pictures of a sample. @see torchvision.transforms.v2.Grayscale */
export class Grayscale extends onPictures(jitter.Grayscale) {}

/** {@link conversion.Normalize} of the pictures of a sample. @see torchvision.transforms.v2.Normalize */
export class Normalize extends onPictures(conversion.Normalize) {}

/** {@link augment.RandAugment} of the pictures of a sample. @see torchvision.transforms.v2.RandAugment */
export class RandAugment extends onPictures(augment.RandAugment) {}

/** {@link tones.RandomAdjustSharpness} of the pictures of a sample. @see torchvision.transforms.v2.RandomAdjustSharpness */
export class RandomAdjustSharpness extends onPictures(tones.RandomAdjustSharpness) {}

/** {@link tones.RandomAutocontrast} of the pictures of a sample. @see torchvision.transforms.v2.RandomAutocontrast */
export class RandomAutocontrast extends onPictures(tones.RandomAutocontrast) {}

/** {@link tones.RandomEqualize} of the pictures of a sample. @see torchvision.transforms.v2.RandomEqualize */
export class RandomEqualize extends onPictures(tones.RandomEqualize) {}

/** {@link blurring.RandomErasing} of the pictures of a sample. @see torchvision.transforms.v2.RandomErasing */
export class RandomErasing extends onPictures(blurring.RandomErasing) {}

/** {@link jitter.RandomGrayscale} of the pictures of a sample. @see torchvision.transforms.v2.RandomGrayscale */
export class RandomGrayscale extends onPictures(jitter.RandomGrayscale) {}

/** {@link tones.RandomInvert} of the pictures of a sample. @see torchvision.transforms.v2.RandomInvert */
export class RandomInvert extends onPictures(tones.RandomInvert) {}

/** {@link tones.RandomPosterize} of the pictures of a sample. @see torchvision.transforms.v2.RandomPosterize */
export class RandomPosterize extends onPictures(tones.RandomPosterize) {}

/** {@link tones.RandomSolarize} of the pictures of a sample. @see torchvision.transforms.v2.RandomSolarize */
export class RandomSolarize extends onPictures(tones.RandomSolarize) {}

/** {@link augment.TrivialAugmentWide} of the pictures of a sample. @see torchvision.transforms.v2.TrivialAugmentWide */
export class TrivialAugmentWide extends onPictures(augment.TrivialAugmentWide) {}

const all = {
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
};
portable(Object.fromEntries(Object.entries(all).map(([name, value]) => [`v2.${name}`, value])));
