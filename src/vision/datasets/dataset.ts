/** What the image data sets have in common. */
import { checkFlag } from "../../core/arguments";
import { ArgumentError, checkOptions, describe } from "../../core/errors";
import { TensorDataset } from "../../data/dataset";
import { portable } from "../../data/pack";
import { tensor } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";

/** Turns an image into what a model takes. */
export type Transform = (image: Tensor) => Tensor;

/** Options of the image data sets. */
export interface VisionOptions {
  /** The training part, else the test part. Default: true. */
  train?: boolean;
  /** Applied to each image as it is read. Default: none, images are uint8 of shape [channels, height, width]. */
  transform?: Transform;
}

/** The options of an image data set with their defaults. @throws ArgumentError for options that are unknown or of another kind. */
export function checkVisionOptions(
  op: string,
  options: VisionOptions,
  more: readonly string[] = [],
): { train: boolean; transform: Transform | undefined } {
  checkOptions(op, options, ["train", "transform", ...more]);
  const { train = true, transform } = options;
  if (transform !== undefined && typeof transform !== "function")
    throw new ArgumentError(`${op}: transform must be a function of an image, got ${describe(transform)}`);
  return { train: checkFlag(op, "train", train), transform };
}

/** Bytes as a uint8 tensor of a shape, which alone owns its memory. */
export function bytesTensor(bytes: Uint8Array, shape: readonly number[]): Tensor {
  const flat = tensor(bytes);
  const shaped = flat.view([...shape]);
  flat.dispose();
  return shaped;
}

/** Labelled images in memory: a map-style data set of `[image, label]`. */
export class ImageDataset {
  constructor(
    /** All images, uint8 of shape [n, channels, height, width]. */
    readonly data: Tensor,
    /** All labels, int64 of shape [n]. */
    readonly targets: Tensor,
    /** The names of the classes, by label. */
    readonly classes: readonly string[],
    private readonly transform?: Transform,
  ) {}

  get length(): number {
    return this.data.shape[0]!;
  }

  /** Images and labels as they lie in memory, in one pass; undefined where a transform has to see each image. */
  atMany(indices: readonly number[]): [images: Tensor, labels: Tensor] | undefined {
    if (this.transform !== undefined) return undefined;
    return new TensorDataset(this.data, this.targets).atMany(indices) as [Tensor, Tensor] | undefined;
  }

  /** The image, transformed, and its label. */
  at(index: number): [image: Tensor, label: number] {
    const image = this.data.select(0, index);
    return [this.transform?.(image) ?? image, this.targets.select(0, index).item()];
  }
}

portable({ ImageDataset });
