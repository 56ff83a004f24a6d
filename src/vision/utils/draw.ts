/** Boxes, masks and points drawn on pictures. */
import { noGrad } from "../../autograd/scopes";
import { checkArray, checkFlag, checkInteger, checkNumber, checkString } from "../../core/arguments";
import { ArgumentError, DTypeError, describe, ShapeError, ValueError } from "../../core/errors";
import { named } from "../../core/signature";
import { tensor } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { type Color, paletteOf, type Rgb, rgbOf } from "./colors";
import { Raster } from "./raster";

/** Sizes of pens and points. */
const MOST_WIDTH = 2 ** 15;

/** @throws ArgumentError, DTypeError, ShapeError unless it is one picture of bytes. */
function checkPicture(op: string, image: unknown, words: string): Tensor {
  if (!(image instanceof Tensor)) throw new ArgumentError(`${op}: ${words.split(",")[0]}, got ${describe(image)}`);
  if (image.dtype !== "uint8") throw new DTypeError(`${op}: The image dtype must be uint8, got ${image.dtype}`);
  if (image.dim() !== 3)
    throw new ShapeError(`${op}: Pass individual images, not batches; got shape [${image.shape.join(", ")}]`);
  return image;
}

function checkRgb(op: string, image: unknown): Tensor {
  const x = checkPicture(op, image, "The image must be a tensor");
  if (x.shape[0] !== 3)
    throw new ShapeError(`${op}: Pass an RGB image. Other Image formats are not supported; got ${x.shape[0]} channels`);
  return x;
}

/** A copy of the picture to draw on. */
function rasterOf(image: Tensor): Raster {
  const [, height, width] = image.shape as unknown as [number, number, number];
  return new Raster(image.permute([1, 2, 0]).contiguous().toTypedArray() as Uint8Array, width, height);
}

const tensorOf = ({ data, width, height }: Raster): Tensor =>
  tensor(data).view([height, width, 3]).permute([2, 0, 1]).contiguous();

/** Coordinates without their fractions. @throws ValueError for what is no number. */
function wholeNumbers(op: string, x: Tensor): number[] {
  return (x.flatten().tolist() as number[]).map((value) => {
    if (!Number.isFinite(value)) throw new ValueError(`${op}: coordinates must be finite, got ${value}`);
    return Math.max(-(2 ** 30), Math.min(2 ** 30, Math.trunc(value)));
  });
}

/** How {@link drawBoundingBoxes} draws. */
export interface DrawBoundingBoxesOptions {
  /** A text for each box. */
  labels?: readonly string[] | null;
  /** One color, or one for each box. Default: colors that are told apart. */
  colors?: Color | readonly Color[] | null;
  /** Whether boxes are filled, so that the picture still shows. Default: false. */
  fill?: boolean | null;
  /** Pixels of the border, inwards. Default: 1. */
  width?: number;
  /** Not supported: labels are drawn in a small font of pixels that comes with the library. */
  font?: null;
  /** Not supported, see `font`. */
  fontSize?: null;
}

/** Whether a value is one color and no list of colors. */
const isOneColor = (colors: unknown): boolean =>
  typeof colors === "string" || (Array.isArray(colors) && typeof colors[0] === "number");

function colorsFor(op: string, colors: unknown, count: number): Rgb[] {
  if (colors === undefined || colors === null) return paletteOf(count);
  if (isOneColor(colors)) return new Array<Rgb>(count).fill(rgbOf(op, colors));
  const list = checkArray(op, "colors", colors, "colors");
  if (list.length < count)
    throw new ValueError(`${op}: Number of colors (${list.length}) is less than number of boxes (${count}).`);
  return list.map((color) => rgbOf(op, color));
}

function labelsFor(op: string, labels: unknown, count: number): readonly string[] | undefined {
  if (labels === undefined || labels === null) return undefined;
  const list = checkArray(op, "labels", labels, "strings");
  if (list.length !== count)
    throw new ValueError(
      `${op}: Number of boxes (${count}) and labels (${list.length}) mismatch. Please specify labels for each box.`,
    );
  return list.map((label, i) => checkString(op, `labels[${i}]`, label));
}

function checkBoxes(op: string, boxes: unknown): Tensor {
  if (!(boxes instanceof Tensor)) throw new ArgumentError(`${op}: boxes must be a tensor, got ${describe(boxes)}`);
  if (boxes.dim() !== 2 || boxes.shape[1] !== 4)
    throw new ShapeError(`${op}: boxes must have shape [n, 4], got [${boxes.shape.join(", ")}]`);
  return boxes;
}

/**
 * Draws boxes, and labels in their upper left corners, with PIL's pixels. Labels have a font of 5×8 pixels that comes with the library, for the
 * letters of ASCII.
 * @see torchvision.utils.draw_bounding_boxes
 * @param image uint8 of shape [1 or 3, height, width].
 * @param boxes Shape [n, 4]: left, upper, right and lower edge of each, in pixels.
 * @returns uint8 of shape [3, height, width]; `image` itself if there is no box.
 * @throws ShapeError, DTypeError, ValueError, ArgumentError.
 * @example vision.utils.drawBoundingBoxes(image, torch.tensor([[10, 10, 50, 40]]), ["cat"], { colors: "red", width: 2 });
 */
export const drawBoundingBoxes = named(
  "drawBoundingBoxes",
  "image, boxes; labels, colors, fill, width, font, fontSize",
  (image: Tensor, boxes: Tensor, options: DrawBoundingBoxesOptions = {}): Tensor => {
    const op = "drawBoundingBoxes";
    const x = checkPicture(op, image, "Tensor expected");
    if (x.shape[0] !== 1 && x.shape[0] !== 3)
      throw new ShapeError(`${op}: Only grayscale and RGB images are supported, got ${x.shape[0]} channels`);
    if (options.font != null || options.fontSize != null)
      throw new ArgumentError(`${op}: font and fontSize are not supported: labels have a small font of their own`);
    const corners = wholeNumbers(op, checkBoxes(op, boxes));
    checkOrder(op, boxes);
    const count = boxes.shape[0]!;
    if (count === 0) return image;
    const width = checkInteger(op, "width", options.width ?? 1, 0, MOST_WIDTH);
    const fill = checkFlag(op, "fill", options.fill ?? false);
    const labels = labelsFor(op, options.labels, count);
    const colors = colorsFor(op, options.colors, count);
    const raster = rasterOf(x.shape[0] === 1 ? x.expand([3, -1, -1]) : x);
    for (let i = 0; i < count; i++) {
      const box = corners.slice(4 * i, 4 * i + 4) as [number, number, number, number];
      if (fill) raster.fillBox(box, colors[i]!, 100);
      raster.box(box, colors[i]!, width);
      if (labels !== undefined) raster.text(labels[i]!, box[0] + width + 1, box[1] + width + 1, colors[i]!);
    }
    return tensorOf(raster);
  },
);

function checkOrder(op: string, boxes: Tensor): void {
  const values = boxes.flatten().tolist() as number[];
  for (let i = 0; i < values.length; i += 4)
    if (values[i]! > values[i + 2]! || values[i + 1]! > values[i + 3]!)
      throw new ValueError(
        `${op}: Boxes need to be in (xmin, ymin, xmax, ymax) format. Use vision.ops.boxConvert to convert them`,
      );
}

/** How {@link drawSegmentationMasks} draws. */
export interface DrawSegmentationMasksOptions {
  /** From 0, where masks are invisible, to 1, where they hide the picture. Default: 0.8. */
  alpha?: number;
  /** One color, or one for each mask. Default: colors that are told apart. */
  colors?: Color | readonly Color[] | null;
}

function maskColors(op: string, colors: unknown, count: number): Rgb[] {
  if (colors === undefined || colors === null) return paletteOf(count);
  if (isOneColor(colors)) return new Array<Rgb>(count).fill(rgbOf(op, colors));
  const list = checkArray(op, "colors", colors, "colors");
  if (count > list.length) throw new ValueError(`${op}: There are more masks (${count}) than colors (${list.length})`);
  return list.map((color) => rgbOf(op, color));
}

/**
 * Draws masks over a picture, later ones over earlier ones.
 * @see torchvision.utils.draw_segmentation_masks
 * @param image uint8 of shape [3, height, width].
 * @param masks bool of shape [n, height, width] or [height, width].
 * @returns uint8 of the shape of `image`; `image` itself if there is no mask.
 * @throws ShapeError, DTypeError, ValueError, ArgumentError.
 */
export const drawSegmentationMasks = named(
  "drawSegmentationMasks",
  "image, masks; alpha, colors",
  (image: Tensor, masks: Tensor, options: DrawSegmentationMasksOptions = {}): Tensor => {
    const op = "drawSegmentationMasks";
    const x = checkRgb(op, image);
    if (!(masks instanceof Tensor)) throw new ArgumentError(`${op}: masks must be a tensor, got ${describe(masks)}`);
    const all = masks.dim() === 2 ? masks.unsqueeze(0) : masks;
    if (all.dim() !== 3)
      throw new ShapeError(
        `${op}: masks must be of shape (H, W) or (batch_size, H, W), got [${masks.shape.join(", ")}]`,
      );
    if (all.dtype !== "bool") throw new DTypeError(`${op}: The masks must be of dtype bool. Got ${all.dtype}`);
    if (all.shape[1] !== x.shape[1] || all.shape[2] !== x.shape[2])
      throw new ShapeError(`${op}: The image and the masks must have the same height and width`);
    const alpha = checkNumber(op, "alpha", options.alpha ?? 0.8);
    const count = all.shape[0]!;
    const colors = maskColors(op, options.colors, count);
    if (count === 0) return image;
    return noGrad(() => {
      const drawn = x.clone();
      for (let i = 0; i < count; i++) {
        const color = tensor(Uint8Array.from(colors[i]!)).view([3, 1, 1]);
        drawn.copy_(color.where(all.select(0, i), drawn));
      }
      return x
        .mul(1 - alpha)
        .add(drawn.mul(alpha))
        .to("uint8");
    });
  },
);

/** How {@link drawKeypoints} draws. */
export interface DrawKeypointsOptions {
  /** Pairs of points that are connected by white lines. */
  connectivity?: readonly (readonly [number, number])[] | null;
  /** The color of the points. Without one only lines are drawn, as in torchvision. */
  colors?: Color | null;
  /** The radius of a point, in pixels. Default: 2. */
  radius?: number;
  /** The width of a line, in pixels. Default: 3. */
  width?: number;
}

function connections(op: string, connectivity: unknown, count: number): (readonly [number, number])[] {
  if (connectivity === undefined || connectivity === null) return [];
  return checkArray(op, "connectivity", connectivity, "pairs of integers").map((pair, i) => {
    const list = checkArray(op, `connectivity[${i}]`, pair, "two integers");
    if (list.length !== 2) throw new ArgumentError(`${op}: connectivity[${i}] must be a pair, got ${describe(pair)}`);
    const [from, to] = list.map((at) => checkInteger(op, `connectivity[${i}]`, at, -count, count - 1));
    return [from! < 0 ? from! + count : from!, to! < 0 ? to! + count : to!] as const;
  });
}

const WHITE: Rgb = [255, 255, 255];

/**
 * Draws points, and white lines between them, with PIL's pixels.
 * @see torchvision.utils.draw_keypoints
 * @param image uint8 of shape [3, height, width].
 * @param keypoints Shape [instances, points, 2]: x and y of each, in pixels.
 * @returns uint8 of the shape of `image`.
 * @throws ShapeError, DTypeError, ValueError, ArgumentError.
 */
export const drawKeypoints = named(
  "drawKeypoints",
  "image, keypoints; connectivity, colors, radius, width",
  (image: Tensor, keypoints: Tensor, options: DrawKeypointsOptions = {}): Tensor => {
    const op = "drawKeypoints";
    const x = checkRgb(op, image);
    if (!(keypoints instanceof Tensor))
      throw new ArgumentError(`${op}: keypoints must be a tensor, got ${describe(keypoints)}`);
    if (keypoints.dim() !== 3 || keypoints.shape[2] !== 2)
      throw new ShapeError(
        `${op}: keypoints must be of shape (num_instances, K, 2), got [${keypoints.shape.join(", ")}]`,
      );
    const [instances, count] = keypoints.shape as unknown as [number, number, number];
    const radius = checkInteger(op, "radius", options.radius ?? 2, 0, MOST_WIDTH);
    const width = checkInteger(op, "width", options.width ?? 3, 0, MOST_WIDTH);
    const lines = connections(op, options.connectivity, count);
    const color = options.colors == null ? undefined : rgbOf(op, options.colors);
    const values = wholeNumbers(op, keypoints);
    const raster = rasterOf(x);
    for (let i = 0; i < instances; i++) {
      const at = (k: number) => [values[2 * (i * count + k)]!, values[2 * (i * count + k) + 1]!] as const;
      for (let k = 0; k < count && color !== undefined; k++) {
        const [u, v] = at(k);
        raster.ellipse(u - radius, v - radius, u + radius, v + radius, color);
      }
      for (const [from, to] of lines) raster.line(at(from), at(to), WHITE, width);
    }
    return tensorOf(raster);
  },
);
