/** Pictures shown where the program runs. */
import { noGrad } from "../../autograd/scopes";
import { ArgumentError, describe, ShapeError } from "../../core/errors";
import { namedAsync } from "../../core/signature";
import { Tensor } from "../../tensor/tensor";
import { Image } from "../image";
import { pictureOfPlanes } from "../io/planes";
import type { Picture } from "../modes";
import { display, type ImshowOptions, type Shown } from "./display";
import { makeGrid, toBytes } from "./grid";

/** Numbers of [0, 1], or bytes; several pictures as a grid. */
function pictureFrom(image: unknown): Picture {
  if (image instanceof Image) return image;
  const isList = Array.isArray(image) && image.every((item) => item instanceof Tensor);
  if (!(image instanceof Tensor) && !isList)
    throw new ArgumentError(`imshow: image must be a tensor, a list of tensors or an Image, got ${describe(image)}`);
  const grid = noGrad(() => makeGrid(image as Tensor));
  const bytes = noGrad(() => (grid.dtype === "uint8" ? grid : toBytes(grid.detach().float())));
  const [channels, height, width] = bytes.shape as unknown as [number, number, number];
  if (channels !== 3) throw new ShapeError(`imshow: pictures have 1 or 3 channels, got ${channels}`);
  return pictureOfPlanes(bytes.toTypedArray() as Uint8Array, 3, height, width);
}

/**
 * Shows a picture where the program runs: on a canvas at the end of a page; in a terminal by kitty's, iTerm2's or sixel's protocol, or by colored
 * half blocks; elsewhere as a PNG file, whose path it prints.
 * @param image A tensor of values in [0, 1] or of bytes, of shape [channels, height, width], a batch or list of these (shown as a grid), or
 * an `Image`.
 * @returns Where it was shown.
 * @throws ArgumentError, ShapeError for what is no picture.
 * @example await vision.utils.imshow(images, { title: "a batch" });
 */
export const imshow = namedAsync(
  "imshow",
  "image; title, path, place",
  async (image: Tensor | readonly Tensor[] | Image, options: ImshowOptions = {}): Promise<Shown> => {
    return display("imshow", pictureFrom(image), options);
  },
);
