/** Data sets of pictures of one size that lie in memory. */

import { checkArray } from "../../../core/arguments";
import { classNameOf } from "../../../core/className";
import { ArgumentError } from "../../../core/errors";
import { type Collated, defaultCollate, gatherRows, newBatch } from "../../../data/collate";
import { tensor } from "../../../tensor/create";
import { Tensor } from "../../../tensor/tensor";
import { Image, type ImageMode } from "../../image";
import { fromPlanes, toPlanes } from "./planes";
import { VisionDataset } from "./visionDataset";

/** Bytes as a uint8 tensor of a shape, which alone owns its memory. */
export function bytesTensor(bytes: Uint8Array, shape: readonly number[]): Tensor {
  const flat = tensor(bytes);
  const shaped = flat.view([...shape]);
  flat.dispose();
  return shaped;
}

const modeOf: Readonly<Record<number, ImageMode>> = { 1: "L", 2: "LA", 3: "RGB", 4: "RGBA" };

/** Targets: a tensor with one for each sample, or a list. */
export type Targets = Tensor | readonly number[];

/** The target of a sample as a number, read without an op. */
export function targetAt(targets: Targets, index: number): number {
  if (!(targets instanceof Tensor)) return targets[index]!;
  if (targets.ndim !== 1 || targets.device !== "cpu") return Number(targets.select(0, index).item());
  targets.assertAlive("at");
  const { storage, dtype, offset, strides } = targets;
  return Number(storage.backend.view(storage.block, dtype, offset + index * strides[0]!, 1)[0]);
}

/** The targets of a batch. */
export const targetBatch = (targets: Targets, indices: readonly number[]): Tensor | undefined =>
  targets instanceof Tensor ? gatherRows(targets, indices) : defaultCollate(indices.map((i) => targets[i]!));

/**
 * Labeled pictures in memory: samples of `[image, label]`. `data` and `targets` may be replaced, by fewer samples for example.
 */
export class MemoryDataset<I = any, T = any> extends VisionDataset<I, T> {
  /** All pictures, uint8 of shape [n, height, width] or [n, height, width, channels]. */
  data!: Tensor;
  /** The labels, in the same order. */
  targets!: Targets;
  /** The names of the classes, by label. */
  classes: readonly string[] = [];

  /** The label of each class. */
  get classToIdx(): Record<string, number> {
    return Object.fromEntries(this.classes.map((name, i) => [name, i]));
  }

  get length(): number {
    return this.data.shape[0]!;
  }

  /** Whether `data` has the shape [n, channels, height, width]. */
  protected get isPlanar(): boolean {
    return false;
  }

  /** The labels by any name. */
  protected get labeling(): Targets {
    return this.targets;
  }

  at(index: number): [image: I, target: T] {
    const i = this.place(index);
    return this.transformed(this.imageAt(i), this.targetOf(i));
  }

  /** The target of a sample before its transform. */
  protected targetOf(index: number): unknown {
    return targetAt(this.labeling, index);
  }

  /** A copy of the pixels: a picture outlives its data set. */
  private imageAt(index: number): Image {
    const [height, width, channels] = this.sizes();
    const bytes = this.bytesAt(index, height * width * channels);
    const data = this.isPlanar ? fromPlanes(bytes, channels) : bytes.slice();
    return new Image(modeOf[channels]!, width, height, data);
  }

  /** @throws ArgumentError for data that are no pictures of bytes. */
  private sizes(): [height: number, width: number, channels: number] {
    const { shape, dtype } = this.data;
    const [, a = 0, b = 0, c = 1] = shape;
    const sizes: [number, number, number] = this.isPlanar ? [b, c, a] : [a, b, c];
    if (dtype === "uint8" && shape.length >= 3 && shape.length <= 4 && sizes[2] in modeOf) return sizes;
    throw new ArgumentError(
      `${classNameOf(this)}: data must be uint8 of shape [n, height, width] with 1 to 4 channels, got ${dtype} of shape [${shape}]`,
    );
  }

  /** The bytes of a picture as they lie in memory. */
  private bytesAt(index: number, count: number): Uint8Array {
    const { data } = this;
    if (data.device !== "cpu" || !data.isContiguous())
      return data.select(0, index).contiguous().toTypedArray() as Uint8Array;
    data.assertAlive("at");
    return data.storage.backend.view(data.storage.block, "uint8", data.offset + index * count, count) as Uint8Array;
  }

  /** Pictures as uint8 of shape [n, channels, height, width] and their labels, in one pass. */
  atMany(indices: readonly number[]): Collated<[I, T]> | undefined {
    checkArray("atMany", "indices", indices, "integers");
    if (!this.isPlain) return undefined;
    const places = indices.map((i) => this.place(i));
    const labels = targetBatch(this.labeling, places);
    if (labels === undefined) return undefined;
    return [this.imageBatch(places), labels] as Collated<[I, T]>;
  }

  private imageBatch(places: readonly number[]): Tensor {
    const [height, width, channels] = this.sizes();
    const size = height * width * channels;
    const batch = newBatch([places.length, channels, height, width], "uint8", this.data);
    const { storage } = batch;
    const to = storage.backend.view(storage.block, "uint8", batch.offset, places.length * size) as Uint8Array;
    places.forEach((place, i) => {
      const bytes = this.bytesAt(place, size);
      if (this.isPlanar) to.set(bytes, i * size);
      else toPlanes(bytes, channels, to, i * size);
    });
    return batch;
  }
}
