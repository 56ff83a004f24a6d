/** Data sets of pictures in files, each read when it is asked for. */

import { classNameOf } from "../../../core/className";
import { KindlingError } from "../../../core/errors";
import { absolute, readData } from "../../../platform/dataFiles";
import { Image, inFile } from "../../image";
import { VisionDataset } from "./visionDataset";

/**
 * The picture in a file, as it is stored.
 * @throws KindlingError that names the file if it cannot be read, FormatError if it is damaged.
 */
export async function openImage(op: string, path: string): Promise<Image> {
  const bytes = await readData(op, path);
  try {
    return await Image.open(bytes);
  } catch (error) {
    // An error about bytes does not know where they come from.
    throw error instanceof KindlingError ? inFile(op, path, error) : error;
  }
}

/** The picture in a file, in colors. */
export const openColors = async (op: string, path: string): Promise<Image> =>
  (await openImage(op, path)).convert("RGB");

/** Samples of a picture in a file and its target. */
export abstract class FilesDataset<I = any, T = any> extends VisionDataset<I, T> {
  /** The folder of the data, as workers find it. */
  protected readonly folder: string = this.root === undefined ? "" : absolute(this.root);

  abstract override readonly length: number;

  async at(index: number): Promise<[image: I, target: T]> {
    const i = this.place(index);
    const [image, target] = await Promise.all([this.imageOf(i), this.targetOf(i)]);
    return this.transformed(image, target);
  }

  /** A picture, before the transforms. */
  protected abstract imageOf(index: number): Promise<unknown>;

  /** What belongs to it. */
  protected abstract targetOf(index: number): unknown;
}

/** Labeled pictures in files: their paths, and their labels. */
export abstract class LabeledImages<I = any, T = any> extends FilesDataset<I, T> {
  /** The names of the classes, by label. */
  classes: readonly string[] = [];
  protected paths: string[] = [];
  protected labels: number[] = [];

  get length(): number {
    return this.paths.length;
  }

  /** The label of each class. */
  get classToIdx(): Record<string, number> {
    return Object.fromEntries(this.classes.map((name, i) => [name, i]));
  }

  protected imageOf(index: number): Promise<unknown> {
    return openColors(classNameOf(this), this.paths[index]!);
  }

  protected targetOf(index: number): unknown {
    return this.labels[index];
  }
}

/** Several targets as torchvision gives them: none, the only one, or all in a list. */
export const joinTargets = (targets: readonly unknown[]): unknown =>
  targets.length <= 1 ? (targets[0] ?? null) : targets;
