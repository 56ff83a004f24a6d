/** Pictures shown where the program runs. */
import { noGrad } from "../../autograd/scopes";
import { checkChoice, checkString } from "../../core/arguments";
import { ArgumentError, describe, ShapeError } from "../../core/errors";
import { namedAsync } from "../../core/signature";
import { writeBytes } from "../../platform/files";
import {
  isTerminal,
  type PictureProtocol,
  pictureProtocol,
  temporaryPath,
  terminalColumns,
  writeText,
} from "../../platform/terminal";
import { Tensor } from "../../tensor/tensor";
import { Image } from "../image";
import { pictureOfPlanes } from "../io/planes";
import { encodePngFile } from "../io/pngEncoder";
import type { Picture } from "../modes";
import { makeGrid, toBytes } from "./grid";
import { pictureText } from "./terminalPicture";

/** Where a picture is shown: in a page, in a terminal by one of its protocols, or in a file. */
export type ShowPlace = PictureProtocol | "canvas" | "file";

/** How {@link imshow} shows a picture. */
export interface ImshowOptions {
  /** What stands above the picture. */
  title?: string;
  /** A file to write. Default: none in a page or a terminal, else a new one in the folder for temporary files. */
  path?: string | URL;
  /** Default: what fits where the program runs. */
  place?: ShowPlace;
}

/** What {@link imshow} has done. */
export interface Shown {
  readonly place: ShowPlace;
  /** The file, if one was written. */
  readonly path?: string | URL;
  /** The canvas, in a page. */
  readonly canvas?: HTMLCanvasElement;
}

const places: readonly ShowPlace[] = ["canvas", "kitty", "iterm2", "sixel", "blocks", "file"];

const hasPage = (): boolean => typeof document === "object" && document !== null;

/** Numbers of [0, 1], or bytes; several pictures as a grid. */
function pictureFrom(image: unknown): Picture {
  if (image instanceof Image) return image.convert("RGB");
  const isList = Array.isArray(image) && image.every((item) => item instanceof Tensor);
  if (!(image instanceof Tensor) && !isList)
    throw new ArgumentError(`imshow: image must be a tensor, a list of tensors or an Image, got ${describe(image)}`);
  const grid = noGrad(() => makeGrid(image as Tensor));
  const bytes = noGrad(() => (grid.dtype === "uint8" ? grid : toBytes(grid.detach().float())));
  const [channels, height, width] = bytes.shape as unknown as [number, number, number];
  if (channels !== 3) throw new ShapeError(`imshow: pictures have 1 or 3 channels, got ${channels}`);
  return pictureOfPlanes(bytes.toTypedArray() as Uint8Array, 3, height, width);
}

function onCanvas(picture: Picture, title: string | undefined): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext("2d")!.putImageData(Image.from(picture).toImageData(), 0, 0);
  const figure = document.createElement("figure");
  if (title !== undefined) figure.appendChild(document.createElement("figcaption")).textContent = title;
  figure.appendChild(canvas);
  document.body.appendChild(figure);
  return canvas;
}

/**
 * Shows a picture where the program runs: on a canvas at the end of a page; in a terminal by kitty's, iTerm2's or sixel's protocol, or by coloured
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
    const { title, path } = options;
    if (title !== undefined) checkString("imshow", "title", title);
    const natural = hasPage() ? "canvas" : path !== undefined || !isTerminal() ? "file" : pictureProtocol();
    const place = checkChoice("imshow", "place", options.place ?? natural, places);
    const picture = pictureFrom(image);
    if (place === "canvas") {
      if (!hasPage())
        throw new ArgumentError('imshow: there is no page to put a canvas in; use another place, such as "file"');
      return { place, canvas: onCanvas(picture, title) };
    }
    const png = encodePngFile(picture, 6);
    if (place !== "file") {
      writeText(`${title === undefined ? "" : `${title}\n`}${pictureText(picture, png, place, terminalColumns())}`);
      return { place };
    }
    const target = path ?? (await temporaryPath("picture.png"));
    if (target === undefined) throw new ArgumentError("imshow: there are no files here, and no page");
    await writeBytes("imshow", target, png);
    writeText(`${title === undefined ? "" : `${title}: `}${target}\n`);
    return { place, path: target };
  },
);
