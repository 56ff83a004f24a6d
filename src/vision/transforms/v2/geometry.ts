/** Transforms that move pictures, masks and boxes together. */
import { ValueError } from "../../../core/errors";
import { portable } from "../../../data/pack";
import { zeros } from "../../../tensor/create";
import type { Tensor } from "../../../tensor/tensor";
import * as crops from "../crops";
import { drawInt } from "../draws";
import { checkPadding } from "../functional/arguments";
import * as resizing from "../resizing";
import { acts } from "../resizing";
import * as warps from "../warps";
import * as F from "./functional";
import { moved, type OfSamples } from "./sample";

/** A picture of a size, for draws that ask one for it. */
const blank = (height: number, width: number): Tensor => zeros(1, 1, 1).expand([1, height, width]);

const HorizontalFlip: OfSamples<typeof resizing.RandomHorizontalFlip> = resizing.RandomHorizontalFlip;
const VerticalFlip: OfSamples<typeof resizing.RandomVerticalFlip> = resizing.RandomVerticalFlip;
const Sizing: OfSamples<typeof resizing.Resize> = resizing.Resize;
const Padding: OfSamples<typeof resizing.Pad> = resizing.Pad;
const Center: OfSamples<typeof crops.CenterCrop> = crops.CenterCrop;
const Crop: OfSamples<typeof crops.RandomCrop> = crops.RandomCrop;
const ResizedCrop: OfSamples<typeof crops.RandomResizedCrop> = crops.RandomResizedCrop;
const Rotation: OfSamples<typeof warps.RandomRotation> = warps.RandomRotation;
const Affine: OfSamples<typeof warps.RandomAffine> = warps.RandomAffine;

/** Left and right swapped with probability p. @see torchvision.transforms.v2.RandomHorizontalFlip */
export class RandomHorizontalFlip extends HorizontalFlip {
  override forward(...inputs: unknown[]): any {
    return moved("RandomHorizontalFlip", inputs, () => (acts(this.p) ? F.horizontalFlip : (item) => item));
  }
}

/** Top and bottom swapped with probability p. @see torchvision.transforms.v2.RandomVerticalFlip */
export class RandomVerticalFlip extends VerticalFlip {
  override forward(...inputs: unknown[]): any {
    return moved("RandomVerticalFlip", inputs, () => (acts(this.p) ? F.verticalFlip : (item) => item));
  }
}

/** Another size; tensors are smoothed unless `antialias` is false. @see torchvision.transforms.v2.Resize */
export class Resize extends Sizing {
  override forward(...inputs: unknown[]): any {
    const { interpolation, maxSize, antialias } = this;
    const options = { interpolation, maxSize, antialias: antialias ?? true };
    return moved("Resize", inputs, () => (item) => F.resize(item, this.size, options));
  }
}

/** A border. Boxes take a constant one only. @see torchvision.transforms.v2.Pad */
export class Pad extends Padding {
  override forward(...inputs: unknown[]): any {
    const { fill, paddingMode } = this;
    return moved("Pad", inputs, () => (item) => F.pad(item, this.padding, { fill, paddingMode }));
  }
}

/** The window in the middle. @see torchvision.transforms.v2.CenterCrop */
export class CenterCrop extends Center {
  override forward(...inputs: unknown[]): any {
    return moved("CenterCrop", inputs, () => (item) => F.centerCrop(item, this.size));
  }
}

/** A window at a random place; boxes are cut to it. @see torchvision.transforms.v2.RandomCrop */
export class RandomCrop extends Crop {
  /** The border around a picture: as asked for, and as much more as it needs. */
  private border(height: number, width: number): [left: number, top: number, right: number, bottom: number] {
    const [left, top, right, bottom] = this.padding === null ? [0, 0, 0, 0] : checkPadding("RandomCrop", this.padding);
    const [h, w] = this.size;
    const x = this.padIfNeeded ? Math.max(w - (width + left + right), 0) : 0;
    const y = this.padIfNeeded ? Math.max(h - (height + top + bottom), 0) : 0;
    return [left + x, top + y, right + x, bottom + y];
  }

  override forward(...inputs: unknown[]): any {
    return moved("RandomCrop", inputs, (height, width) => {
      const border = this.border(height, width);
      const [tall, wide] = [height + border[1] + border[3], width + border[0] + border[2]];
      const [h, w] = this.size;
      if (tall < h || wide < w)
        throw new ValueError(
          `RandomCrop: Required crop size (${h}, ${w}) is larger than padded input image size (${tall}, ${wide}).`,
        );
      const top = tall > h ? drawInt(0, tall - h + 1) : 0;
      const left = wide > w ? drawInt(0, wide - w + 1) : 0;
      const { fill, paddingMode } = this;
      const isBare = border.every((n) => n === 0);
      return (item) => F.crop(isBare ? item : F.pad(item, border, { fill, paddingMode }), top, left, h, w);
    });
  }
}

/** A window of random size and shape, resized. @see torchvision.transforms.v2.RandomResizedCrop */
export class RandomResizedCrop extends ResizedCrop {
  override forward(...inputs: unknown[]): any {
    return moved("RandomResizedCrop", inputs, (height, width) => {
      const window = crops.RandomResizedCrop.getParams(blank(height, width), this.scale, this.ratio);
      const options = { interpolation: this.interpolation, antialias: this.antialias ?? true };
      return (item) => F.resizedCrop(item, ...window, this.size, options);
    });
  }
}

/** A turn by a random angle. @see torchvision.transforms.v2.RandomRotation */
export class RandomRotation extends Rotation {
  override forward(...inputs: unknown[]): any {
    return moved("RandomRotation", inputs, () => {
      const angle = warps.RandomRotation.getParams(this.degrees);
      return (item) => F.rotate(item, angle, this.interpolation, this.expand, this.center, this.fill);
    });
  }
}

/** A random turn, move, scaling and shear. @see torchvision.transforms.v2.RandomAffine */
export class RandomAffine extends Affine {
  override forward(...inputs: unknown[]): any {
    return moved("RandomAffine", inputs, (height, width) => {
      const drawn = warps.RandomAffine.getParams(this.degrees, this.translate, this.scale, this.shear, [width, height]);
      return (item) => F.affine(item, ...drawn, this.interpolation, this.fill, this.center);
    });
  }
}

const all = {
  RandomHorizontalFlip,
  RandomVerticalFlip,
  Resize,
  Pad,
  CenterCrop,
  RandomCrop,
  RandomResizedCrop,
  RandomRotation,
  RandomAffine,
};
portable(Object.fromEntries(Object.entries(all).map(([name, value]) => [`v2.${name}`, value])));
