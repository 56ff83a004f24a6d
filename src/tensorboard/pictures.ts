/** Pictures of tensors as PyTorch's writer makes them. */
import { create } from "@bufbuild/protobuf";
import { ArgumentError, describe, OutOfMemoryError, ShapeError, ValueError } from "../core/errors";
import { Image } from "../vision/image";
import { encodePngFile } from "../vision/io/pngEncoder";
import { type ImageMode, MOST_PIXELS } from "../vision/modes";
import { resizeImage } from "../vision/transforms/functional/pil/resize";
import { Raster } from "../vision/utils/raster";
import type { Held } from "./arguments";
import { type Summary, SummarySchema } from "./proto/tensorboard_pb";
import { doubles, numbers } from "./values";

/** Rows of pixels, each of some bytes. */
export interface Pixels {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

const RED = [255, 0, 0] as const;
const BLACK = [0, 0, 0] as const;

/** Floats from 0 to 1 as bytes. What lies outside wraps around, as in PyTorch. */
export function bytesOf({ dtype, data }: Held): Uint8Array {
  if (dtype === "uint8") return data as Uint8Array;
  const values = doubles(data);
  return Uint8Array.from(values, (x) => Math.trunc(Math.fround(Math.fround(x) * 255)) & 255);
}

/** Where the axes of `wanted` stand. @throws ShapeError, ValueError in PyTorch's words. */
function axesOf(shape: readonly number[], dataformats: string, wanted: string): number[] {
  const format = dataformats.toUpperCase();
  if (new Set(dataformats).size !== dataformats.length)
    throw new ValueError(`You can not use the same dimension shordhand twice. input_format: ${dataformats}`);
  if (shape.length !== format.length)
    throw new ShapeError(
      `size of input tensor and input format are different. tensor shape: (${shape.join(", ")}), input_format: ${dataformats}`,
    );
  return [...wanted].map((axis) => {
    const at = format.indexOf(axis);
    if (at < 0) throw new ValueError(`dataformats must name the axes ${[...wanted].join(", ")}, got ${dataformats}`);
    return at;
  });
}

const stridesOf = (shape: readonly number[]): number[] =>
  shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));

/** @throws OutOfMemoryError, ShapeError for what is no picture. */
export function checkSize(width: number, height: number): void {
  if (width === 0 || height === 0) throw new ShapeError(`a picture of ${width}×${height} pixels cannot be shown`);
  if (width * height > MOST_PIXELS)
    throw new OutOfMemoryError(`${width}×${height} pixels are more than a picture may have`);
}

/** Pictures side by side, at most `columns` in a row; a gray one is shown in three channels. */
export function gridOf(held: Held, dataformats: string, columns: number): Pixels {
  const axes = axesOf(held.shape, dataformats, "NCHW");
  const strides = stridesOf(held.shape);
  const [n, c, h, w] = axes.map((axis) => held.shape[axis]!) as [number, number, number, number];
  const [sn, sc, sh, sw] = axes.map((axis) => strides[axis]!) as [number, number, number, number];
  if (c !== 1 && c !== 3) throw new ShapeError(`pictures in a grid have 1 or 3 channels, got ${c}`);
  const across = Math.min(n, columns);
  const [width, height] = [w * across, h * Math.ceil(n / Math.max(1, across))];
  checkSize(width, height);
  const bytes = bytesOf(held);
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < n; i++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++)
        for (let k = 0; k < 3; k++) {
          const to = ((Math.floor(i / across) * h + y) * width + (i % across) * w + x) * 3 + k;
          data[to] = bytes[i * sn + (c === 1 ? 0 : k) * sc + y * sh + x * sw]!;
        }
  return { height, width, channels: 3, data };
}

/** The pixels of a tensor whose axes `dataformats` names. @throws ShapeError, ValueError. */
export function pixelsOf(held: Held, dataformats: string): Pixels {
  if (dataformats.length === 4) return gridOf(held, dataformats, 8);
  if (dataformats.length !== 2 && dataformats.length !== 3)
    throw new ValueError(`dataformats must name 2, 3 or 4 axes, got ${dataformats}`);
  const axes = axesOf(held.shape, dataformats, dataformats.length === 3 ? "HWC" : "HW");
  const strides = stridesOf(held.shape);
  const [height, width, c] = [...axes.map((axis) => held.shape[axis]!), 1] as [number, number, number];
  const [sh, sw, sc] = [...axes.map((axis) => strides[axis]!), 0] as [number, number, number];
  if (c < 1 || c > 4) throw new ShapeError(`a picture has 1 to 4 channels, got ${c}`);
  checkSize(width, height);
  const channels = c === 1 ? 3 : c;
  const bytes = bytesOf(held);
  const data = new Uint8Array(width * height * channels);
  for (let y = 0, to = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let k = 0; k < channels; k++) data[to++] = bytes[y * sh + x * sw + (c === 1 ? 0 : k) * sc]!;
  return { height, width, channels, data };
}

const modes: Readonly<Record<number, ImageMode>> = { 1: "L", 2: "LA", 3: "RGB", 4: "RGBA" };

/** A summary of a picture, `rescale` times as large. The summary tells the size before that, as PyTorch does. */
export function imageSummary(tag: string, { height, width, channels, data }: Pixels, rescale = 1): Summary {
  let picture = new Image(modes[channels]!, width, height, data);
  if (rescale !== 1) {
    const [w, h] = [Math.trunc(width * rescale), Math.trunc(height * rescale)];
    if (!(w >= 1 && h >= 1)) throw new ValueError(`rescale makes ${w}×${h} pixels of ${width}×${height}`);
    checkSize(w, h);
    picture = resizeImage("SummaryWriter", picture, w, h, "lanczos");
  }
  const encodedImageString = encodePngFile(picture, 6);
  const value = { height, width, colorspace: channels, encodedImageString };
  return create(SummarySchema, { value: [{ tag, value: { case: "image", value } }] });
}

/** Draws red boxes two pixels wide, and labels on their lower edges. @throws ShapeError, ValueError. */
export function drawBoxes({ height, width, channels, data }: Pixels, boxes: Held, labels?: readonly string[]): Pixels {
  if (channels !== 3) throw new ShapeError(`boxes are drawn on pictures of 1 or 3 channels, got ${channels}`);
  if (boxes.shape.length !== 2 || boxes.shape[1] !== 4)
    throw new ShapeError(`boxTensor must have shape [n, 4], got [${boxes.shape.join(", ")}]`);
  const raster = new Raster(data.slice(), width, height);
  const values = Array.from(doubles(boxes.data), (x) => Math.max(-(2 ** 30), Math.min(2 ** 30, Math.trunc(x))));
  if (values.some(Number.isNaN)) throw new ValueError("boxTensor must be finite");
  for (let i = 0; 4 * i < values.length; i++) {
    const [left, top, right, bottom] = values.slice(4 * i, 4 * i + 4) as [number, number, number, number];
    const corners = [
      [left, top],
      [left, bottom],
      [right, bottom],
      [right, top],
      [left, top],
    ] as const;
    for (let k = 0; k < 4; k++) raster.line(corners[k]!, corners[k + 1]!, RED, 2);
    const label = labels?.[i];
    if (label) drawLabel(raster, label, left, bottom);
  }
  return { height, width, channels, data: raster.data };
}

/** Letters of 6×8 pixels in black on red. */
function drawLabel(raster: Raster, label: string, left: number, bottom: number): void {
  raster.fillBox([left, bottom - 10, left + 6 * label.length, bottom], RED, 255);
  raster.text(label, left + 1, bottom - 9, BLACK);
}

/** A figure as [3, height, width]. @throws ArgumentError for what is none. */
function figurePixels(figure: unknown): Pixels {
  const { data, width, height } = (figure ?? {}) as { data?: unknown; width?: number; height?: number };
  const isPixels = data instanceof Uint8ClampedArray || data instanceof Uint8Array;
  if (!(figure instanceof Image) && !(isPixels && typeof width === "number" && typeof height === "number")) {
    if (typeof figure !== "object" || figure === null || Array.isArray(figure))
      throw new ArgumentError(`figure must be an Image, a canvas, its pixels, or a tensor, got ${describe(figure)}`);
    return pixelsOf(numbers("addFigure", "figure", figure), "CHW");
  }
  const image = figure instanceof Image ? figure : Image.fromImageData(figure as never);
  const rgb = image.convert("RGB");
  return { width: rgb.width, height: rgb.height, channels: 3, data: rgb.data as Uint8Array };
}

/** One figure, or several of one size in a grid. @throws ArgumentError, ShapeError. */
export function figureOf(figure: unknown): Pixels {
  if (!Array.isArray(figure)) return figurePixels(figure);
  const parts = figure.map(figurePixels);
  const [first] = parts;
  if (first === undefined) throw new ArgumentError("figure must not be an empty list");
  if (parts.some(({ width, height }) => width !== first.width || height !== first.height))
    throw new ShapeError("figures of one call must have one size");
  const data = new Uint8Array(parts.length * first.data.length);
  for (const [i, part] of parts.entries()) data.set(part.data, i * first.data.length);
  const shape = [parts.length, first.height, first.width, 3];
  return gridOf({ shape, dtype: "uint8", data }, "NHWC", 8);
}

/** The pixels of pictures of labels in a square, as the projector wants them. @throws ShapeError. */
export function spriteOf(held: Held): { png: Uint8Array; width: number; height: number } {
  if (held.shape.length !== 4)
    throw new ShapeError(`labelImg must have shape [n, c, h, w], got [${held.shape.join(", ")}]`);
  const [n, , height, width] = held.shape as unknown as [number, number, number, number];
  // uint8 pictures count as floats here, too.
  const values = Float64Array.from(doubles(held.data), (x) => Math.trunc(Math.max(0, Math.min(255, x * 255))));
  const bytes: Held = { shape: held.shape, dtype: "uint8", data: Uint8Array.from(values) };
  const grid = gridOf(bytes, "NCHW", Math.ceil(Math.sqrt(n)));
  if (grid.height > grid.width)
    throw new ShapeError(`the sprite of ${n} pictures of ${width}×${height} pixels is higher than wide`);
  checkSize(grid.width, grid.width);
  const data = new Uint8Array(grid.width * grid.width * 3);
  data.set(grid.data);
  return { png: encodePngFile({ mode: "RGB", width: grid.width, height: grid.width, data }, 6), width, height };
}
