/** The base of transforms: modules that turn one picture into another. */
import { classNameOf } from "../../core/className";
import { Module } from "../../nn/module/module";
import type { Tensor } from "../../tensor/tensor";
import type { Image } from "../image";

/** What transforms take: a picture, or a tensor of shape [..., channels, height, width]. */
export type Picture = Image | Tensor;

/**
 * Base of all transforms. They are modules, so they are called, nest, and print as in torchvision: `CenterCrop(size=(2, 2))`. Subclasses define
 * `forward` and, if they have parameters, `extraRepr`.
 */
export abstract class Transform extends Module {
  /** The class and its parameters, as torchvision prints them. */
  override toString(): string {
    return `${classNameOf(this)}(${this.extraRepr()})`;
  }
}

/** The call of a transform that gives back what it took. It stands before the class: the last of a name is what bundled declarations keep. */
export interface PictureTransform {
  <T extends Picture>(img: T): T;
  (img: Picture): Picture;
}

/** A transform that gives back what it took: of an Image an Image, of a tensor a tensor. */
export abstract class PictureTransform extends Transform {
  /** Pictures of one kind in, pictures of the same kind out. */
  abstract override forward(img: Picture): any;
}
