/** Regions of interest as the kernels of `assembly/vision/roi.ts` take them: which rows and columns of an input each of their bins looks at. */

import { checkInteger, checkNumber, MAX_COUNT } from "../../core/arguments";
import { DTypeError, IndexError, ShapeError, ValueError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { checkSameDevice, checkTensor } from "../../ops/builders/checks";
import { checkFloating } from "../../ops/builders/precision";
import { type Sizes, spread } from "../../ops/layers/slidingWindows";
import { cat } from "../../ops/shape/join";
import { vectorOf } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";

/** Boxes with the number of their image before them, [K, 5], or a list of boxes [L, 4] for each image. */
export type RegionBoxes = Tensor | readonly Tensor[];

function checkList(op: string, boxes: readonly unknown[]): Tensor {
  if (boxes.length === 0) throw new ValueError(`${op}: boxes must have a Tensor[L, 4] for each image, got none`);
  const rows = boxes.map((each, image) => {
    const x = checkTensor(op, each, `boxes[${image}]`).detach();
    if (x.ndim !== 2 || x.shape[1] !== 4)
      throw new ShapeError(
        `${op}: The shape of the tensor in the boxes list is not correct as List[Tensor[L, 4]]: boxes[${image}] has the shape ${shapeText(x.shape)}`,
      );
    return cat([x.narrow(1, 0, 1).mul(0).fill_(image), x], 1);
  });
  return cat(rows, 0);
}

/** Boxes as rows (number of the image, x1, y1, x2, y2). They have no gradients, as in torchvision. */
function rowsOf(op: string, boxes: RegionBoxes): Tensor {
  if (Array.isArray(boxes)) return checkList(op, boxes);
  if (!(boxes instanceof Tensor))
    throw new ShapeError(`${op}: boxes is expected to be a Tensor[L, 5] or a List[Tensor[K, 4]]`);
  checkTensor(op, boxes, "boxes");
  if (boxes.ndim !== 2 || boxes.shape[1] !== 5)
    throw new ShapeError(
      `${op}: The boxes tensor shape is not correct as Tensor[K, 5], a row (image, x1, y1, x2, y2) for each box, got ${shapeText(boxes.shape)}`,
    );
  return boxes.detach();
}

/** Rounds to the dtype of the input, as each step in torchvision does. */
export type Round = (x: number) => number;

/** An input and regions of it, checked. */
export interface Regions {
  /** Shape: [N, C, H, W], float32 or float64. */
  readonly input: Tensor;
  /** (image, x1, y1, x2, y2), one after the other. */
  readonly rows: ArrayLike<number>;
  readonly count: number;
  /** [height, width] of the result. */
  readonly pooled: readonly [number, number];
  readonly scale: number;
  readonly round: Round;
}

/** Checks what all poolings of regions take. @throws ShapeError, DTypeError, IndexError or ArgumentError. */
export function checkRegions(
  op: string,
  given: Tensor,
  boxes: RegionBoxes,
  outputSize: Sizes,
  spatialScale: number,
): Regions {
  checkFloating(op, given);
  if (given.ndim !== 4)
    throw new ShapeError(`${op}: input must have the shape [N, C, H, W], got ${shapeText(given.shape)}`);
  const found = rowsOf(op, boxes);
  checkSameDevice(op, given, found);
  if (found.dtype !== given.dtype)
    throw new DTypeError(
      `${op}: Expected input to have the same type as boxes; but ${given.dtype} does not equal ${found.dtype}; cast one with x.to(dtype)`,
    );
  const pooled = spread(op, "outputSize", outputSize, 2) as [number, number];
  for (const size of pooled) checkInteger(op, "outputSize", size, 0, MAX_COUNT);
  const input = given.dtype === "float64" ? given : given.to("float32");
  const round: Round = input.dtype === "float64" ? (x) => x : Math.fround;
  const scale = round(checkNumber(op, "spatialScale", spatialScale));
  const rows = found.toTypedArray() as Float32Array | Float64Array;
  const regions = { input, rows, count: found.shape[0]!, pooled, scale, round };
  checkImages(op, regions);
  return regions;
}

function checkImages(op: string, { input, rows, count }: Regions): void {
  const images = input.shape[0]!;
  for (let r = 0; r < count; r++) {
    const image = Math.trunc(rows[5 * r]!);
    if (!(image >= 0 && image < images))
      throw new IndexError(
        `${op}: box ${r} is of image ${rows[5 * r]}, but input has ${images} images, the first being 0`,
      );
  }
}

/** The rows, or the columns, that bins look at, and with which weights. */
export class Bands {
  /** [first, length, where the weights begin] for each bin. */
  readonly triples: number[] = [];
  readonly weights: number[] = [];

  /** A bin that looks at nothing. */
  addNone(): void {
    this.triples.push(0, 0, this.weights.length);
  }

  /** A bin that looks at `length` elements, each with the weight `weight`. */
  addEven(first: number, length: number, weight = 1): void {
    this.triples.push(first, length, this.weights.length);
    for (let i = 0; i < length; i++) this.weights.push(weight);
  }

  /** A bin that looks at elements with weights, those of the same element being summed. */
  addSummed(elements: readonly number[], weights: readonly number[], round: Round): void {
    if (elements.length === 0) {
      this.addNone();
      return;
    }
    let [first, last] = [elements[0]!, elements[0]!];
    for (const element of elements) {
      first = Math.min(first, element);
      last = Math.max(last, element);
    }
    const at = this.weights.length;
    this.addEven(first, last - first + 1, 0);
    elements.forEach((element, i) => {
      const to = at + element - first;
      this.weights[to] = round(this.weights[to]! + weights[i]!);
    });
  }
}

/** What kernels read; kept for the gradient. */
export interface Tables {
  readonly batch: Tensor;
  /** The regions by image, and where those of each image begin. */
  readonly order: Tensor;
  readonly starts: Tensor;
  readonly rows: Tensor;
  readonly rowWeights: Tensor;
  readonly columns: Tensor;
  readonly columnWeights: Tensor;
  /** What the sums of each region are divided by. */
  readonly counts: Tensor;
}

const ints = (values: readonly number[], like: Tensor): Tensor =>
  vectorOf("int32", values.length, like, (out) => out.set(values));

const numbers = (values: readonly number[], like: Tensor): Tensor =>
  vectorOf("float64", values.length, undefined, (out) => out.set(values)).to({
    dtype: like.dtype,
    device: like.device,
  });

/** The numbers of the regions of each image, and where each image's begin. */
function byImage(images: readonly number[], count: number): { order: number[]; starts: number[] } {
  const lists: number[][] = Array.from({ length: count }, () => []);
  for (const [region, image] of images.entries()) lists[image]!.push(region);
  const starts = [0];
  for (const list of lists) starts.push(starts.at(-1)! + list.length);
  return { order: lists.flat(), starts };
}

export function tablesOf(
  { input, rows, count }: Regions,
  down: Bands,
  right: Bands,
  counts: readonly number[],
): Tables {
  const images = Array.from({ length: count }, (_, r) => Math.trunc(rows[5 * r]!));
  const { order, starts } = byImage(images, input.shape[0]!);
  return {
    batch: ints(images, input),
    order: ints(order, input),
    starts: ints(starts, input),
    rows: ints(down.triples, input),
    rowWeights: numbers(down.weights, input),
    columns: ints(right.triples, input),
    columnWeights: numbers(right.weights, input),
    counts: numbers(counts, input),
  };
}
