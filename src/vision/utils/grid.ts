/** Many pictures in one. */
import { noGrad } from "../../autograd/scopes";
import { checkFlag, checkInteger, checkNumber } from "../../core/arguments";
import { ArgumentError, describe, ShapeError, ValueError } from "../../core/errors";
import { named, namedAsync } from "../../core/signature";
import { checkTensor } from "../../ops/builders/checks";
import { cat, stack } from "../../ops/shape/join";
import { writeBytes } from "../../platform/files";
import { Tensor } from "../../tensor/tensor";
import { formatOf } from "../image";
import { encodePicture } from "../io/codec";
import { pictureOfPlanes } from "../io/planes";

/** How {@link makeGrid} lays out pictures. */
export interface MakeGridOptions {
  /** Pictures in a row. Default: 8. */
  nrow?: number;
  /** Pixels around each picture. Default: 2. */
  padding?: number;
  /** Whether values are shifted and scaled to [0, 1]. Default: false. */
  normalize?: boolean;
  /** The values that become 0 and 1. Default: the smallest and the largest. */
  valueRange?: readonly [min: number, max: number] | null;
  /** Whether each picture has its own smallest and largest value. Default: false. */
  scaleEach?: boolean;
  /** The value of the pixels around the pictures. Default: 0. */
  padValue?: number;
}

/** One batch of pictures with three channels or more, as [n, channels, height, width]. */
function batchOf(op: string, tensor: unknown): Tensor {
  let x: Tensor;
  if (Array.isArray(tensor)) {
    for (const item of tensor)
      if (!(item instanceof Tensor))
        throw new ArgumentError(`${op}: tensor or list of tensors expected, got a list containing ${describe(item)}`);
    if (tensor.length === 0) throw new ArgumentError(`${op}: stack expects a non-empty list of tensors`);
    x = stack(tensor as Tensor[], 0);
  } else if (tensor instanceof Tensor) x = checkTensor(op, tensor);
  else throw new ArgumentError(`${op}: tensor or list of tensors expected, got ${describe(tensor)}`);
  if (x.dim() === 2) x = x.unsqueeze(0);
  if (x.dim() === 3) {
    if (x.shape[0] === 1) x = cat([x, x, x], 0);
    x = x.unsqueeze(0);
  }
  if (x.dim() === 4 && x.shape[1] === 1) x = cat([x, x, x], 1);
  if (x.dim() !== 4)
    throw new ShapeError(`${op}: pictures have shape [n, channels, height, width], got [${x.shape.join(", ")}]`);
  if (x.shape[0] === 0) throw new ShapeError(`${op}: there is no picture`);
  return x;
}

function checkRange(op: string, range: unknown): readonly [number, number] | undefined {
  if (range === undefined || range === null) return undefined;
  if (!Array.isArray(range) || range.length !== 2)
    throw new ArgumentError(
      `${op}: value_range has to be a tuple (min, max) if specified. min and max are numbers; got ${describe(range)}`,
    );
  return [checkNumber(op, "valueRange[0]", range[0]), checkNumber(op, "valueRange[1]", range[1])];
}

/** Shifts and scales in place. */
function normalizeInto(x: Tensor, range: readonly [number, number] | undefined): void {
  const [low, high] = range ?? [x.min().item() as number, x.max().item() as number];
  x.clamp_(low, high);
  x.sub_(low).div_(Math.max(high - low, 1e-5));
}

function gridOf(op: string, tensor: unknown, options: MakeGridOptions = {}): Tensor {
  const nrow = checkInteger(op, "nrow", options.nrow ?? 8, 1);
  const padding = checkInteger(op, "padding", options.padding ?? 2, 0, 2 ** 20);
  const padValue = checkNumber(op, "padValue", options.padValue ?? 0);
  const range = checkRange(op, options.valueRange);
  const scalesEach = checkFlag(op, "scaleEach", options.scaleEach ?? false);
  let x = batchOf(op, tensor);
  if (checkFlag(op, "normalize", options.normalize ?? false)) {
    if (!x.isFloatingPoint()) throw new ValueError(`${op}: normalize takes floating-point pictures, got ${x.dtype}`);
    x = x.clone();
    if (scalesEach) for (const picture of x.unbind(0)) normalizeInto(picture, range);
    else normalizeInto(x, range);
  }
  return x.shape[0] === 1 ? x.squeeze(0) : laidOut(x, nrow, padding, padValue);
}

function laidOut(x: Tensor, nrow: number, padding: number, padValue: number): Tensor {
  const [count, channels, rows, columns] = x.shape as unknown as [number, number, number, number];
  const across = Math.min(nrow, count);
  const down = Math.ceil(count / across);
  const [height, width] = [rows + padding, columns + padding];
  const grid = x.newFull([channels, height * down + padding, width * across + padding], padValue);
  for (let k = 0; k < count; k++) {
    const [i, j] = [Math.floor(k / across), k % across];
    grid
      .narrow(1, i * height + padding, rows)
      .narrow(2, j * width + padding, columns)
      .copy_(x.select(0, k));
  }
  return grid;
}

/**
 * A grid of pictures, as one of shape [channels, height, width]; gray ones get three channels. One picture alone stays as it is.
 * @see torchvision.utils.make_grid
 * @param tensor A batch of shape [n, channels, height, width], one picture, or a list of pictures of one size.
 * @throws ArgumentError for anything else.
 * @example await vision.utils.saveImage(vision.utils.makeGrid(images, { nrow: 4 }), "grid.png");
 */
export const makeGrid = named(
  "makeGrid",
  "tensor; nrow, padding, normalize, valueRange, scaleEach, padValue",
  (tensor: Tensor | readonly Tensor[], options?: MakeGridOptions): Tensor =>
    noGrad(() => gridOf("makeGrid", tensor, options)),
);

/** How {@link saveImage} writes: {@link MakeGridOptions}, and the format. */
export interface SaveImageOptions extends MakeGridOptions {
  /** `"png"` or `"jpeg"`. Default: what the name of the file ends with. */
  format?: string | null;
}

/** The values of [0, 1] as bytes, rounded. */
export const toBytes = (x: Tensor): Tensor => x.mul(255).add_(0.5).clamp_(0, 255).to("uint8");

/**
 * Writes pictures of values in [0, 1] into a PNG or JPEG file, several of them as a grid.
 * @see torchvision.utils.save_image
 * @param fp A path or a file URL.
 * @throws ValueError for another format, KindlingError if the file cannot be written, and what {@link makeGrid} throws.
 */
export const saveImage = namedAsync(
  "saveImage",
  "tensor, fp; format; nrow, padding, normalize, valueRange, scaleEach, padValue",
  async (tensor: Tensor | readonly Tensor[], fp: string | URL, options: SaveImageOptions = {}): Promise<void> => {
    const { format, ...layout } = options;
    const kind = formatOf("saveImage", fp, format ?? undefined);
    const bytes = noGrad(() => toBytes(gridOf("saveImage", tensor, layout)));
    const [channels, height, width] = bytes.shape as unknown as [number, number, number];
    if (channels !== 3) throw new ShapeError(`saveImage: pictures have 1 or 3 channels, got ${channels}`);
    const picture = pictureOfPlanes(bytes.toTypedArray() as Uint8Array, 3, height, width);
    await writeBytes("saveImage", fp, await encodePicture(picture, kind, { quality: 75, compressionLevel: 6 }));
  },
);
