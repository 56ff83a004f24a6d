/** Pictures shown in a page, a terminal or a file. */
import { checkChoice, checkString } from "../../core/arguments";
import { ArgumentError, describe } from "../../core/errors";
import { writeBytes } from "../../platform/files";
import {
  isTerminal,
  type PictureProtocol,
  pictureProtocol,
  temporaryPath,
  terminalColumns,
  writeText,
} from "../../platform/terminal";
import { convertPicture } from "../convert";
import { encodePngFile } from "../io/pngEncoder";
import type { Picture } from "../modes";
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

function onCanvas(picture: Picture, title: string | undefined): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = picture.width;
  canvas.height = picture.height;
  const pixels = Uint8ClampedArray.from(convertPicture(picture, "RGBA", "none").data);
  canvas.getContext("2d")!.putImageData(new ImageData(pixels, picture.width, picture.height), 0, 0);
  const figure = document.createElement("figure");
  if (title !== undefined) figure.appendChild(document.createElement("figcaption")).textContent = title;
  figure.appendChild(canvas);
  document.body.appendChild(figure);
  return canvas;
}

/** Shows a picture of any mode in the place that is asked for, or that fits where the program runs. */
export async function display(op: string, image: Picture, options: ImshowOptions): Promise<Shown> {
  const { title, path } = options;
  if (title !== undefined) checkString(op, "title", title);
  if (path !== undefined && typeof path !== "string" && !(path instanceof URL))
    throw new ArgumentError(`${op}: path must be a string or a URL, got ${describe(path)}`);
  const natural = hasPage() ? "canvas" : path !== undefined || !isTerminal() ? "file" : pictureProtocol();
  const place = checkChoice(op, "place", options.place ?? natural, places);
  const picture = convertPicture(image, "RGB", "none");
  if (place === "canvas") {
    if (!hasPage())
      throw new ArgumentError(`${op}: there is no page to put a canvas in; use another place, such as "file"`);
    return { place, canvas: onCanvas(picture, title) };
  }
  const png = encodePngFile(picture, 6);
  if (place !== "file") {
    writeText(`${title === undefined ? "" : `${title}\n`}${pictureText(picture, png, place, terminalColumns())}`);
    return { place };
  }
  const target = path ?? (await temporaryPath("picture.png"));
  if (target === undefined) throw new ArgumentError(`${op}: there are no files here, and no page`);
  await writeBytes(op, target, png);
  writeText(`${title === undefined ? "" : `${title}: `}${target}\n`);
  return { place, path: target };
}
