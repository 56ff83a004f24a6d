/** What all data sets of pictures have in common. */

import { checkString } from "../../../core/arguments";
import { argumentsOf } from "../../../core/binding";
import { classNameOf, nameOf } from "../../../core/className";
import { ArgumentError, describe, IndexError, KindlingError, ValueError } from "../../../core/errors";
import type { Arguments } from "../../../core/signatureTypes";
import type { Collated } from "../../../data/collate";
import type { MapStyle } from "../../../data/dataset";
import { expandHome } from "../../../platform/dataFiles";

/** What a data set does to each sample: `I` and `T` are what samples become, `L` is what targets were. */
export interface TransformOptions<I = any, T = any, L = any> {
  /** Turns a picture into what a model takes: one of `vision.transforms`, or a function. Default: none. */
  transform?: ((image: any) => I) | null | undefined;
  /** Turns a target into what a loss takes. Default: none. */
  targetTransform?: ((target: L) => T) | null | undefined;
}

/** What {@link VisionDataset} takes. */
export interface VisionDatasetArguments<I = any, T = any, L = any> extends TransformOptions<I, T, L> {
  /** The folder of the data. */
  root?: string | null | undefined;
  /** Turns picture and target together, in place of the other two. */
  transforms?: ((image: any, target: any) => [I, T]) | null | undefined;
}

/** Samples of a picture and its target. */
export interface Labeled<I, T> {
  /** How many samples there are. */
  readonly length: number;
  /** A sample: the picture, transformed, and its target. */
  at(index: number): [image: I, target: T];
  /** The samples at `indices` as one batch, in one pass; undefined where a transform has to see each. */
  atMany(indices: readonly number[]): Collated<[I, T]> | undefined;
}

/** Like {@link Labeled}, where a sample is read from files when it is asked for. */
export interface LabeledFiles<I, T> {
  /** How many samples there are. */
  readonly length: number;
  /** A sample: the picture, transformed, and its target. */
  at(index: number): Promise<[image: I, target: T]>;
}

const signature = "root{}?, transforms?; transform, targetTransform";

/** A transform, or undefined where there is none. @throws ArgumentError for what is no function. */
function checkTransform<F>(op: string, name: string, value: F | null | undefined): F | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "function")
    throw new ArgumentError(`${op}: ${name} must be a function of a sample, got ${describe(value)}`);
  return value;
}

/** The text of a transform behind `head`, its lines one below the other. */
function transformLines(head: string, transform: unknown): string[] {
  const isPlain = typeof transform === "function" && Object.getPrototypeOf(transform) === Function.prototype;
  const [first = "", ...rest] = (isPlain ? describe(transform) : String(transform)).split("\n");
  return [head + first, ...rest.map((line) => " ".repeat(head.length) + line)];
}

/**
 * Base class of data sets of pictures: keeps `root` and the transforms, and prints as torchvision's do.
 * @see torchvision.datasets.VisionDataset
 * @throws ValueError for `transforms` together with one of the other two.
 * @example
 * class Stars extends vision.datasets.VisionDataset {
 *   readonly length = 100;
 *   at(i: number) { return this.transformed(drawStar(i), i % 2); }
 * }
 */
export abstract class VisionDataset<I = any, T = any> implements MapStyle<[I, T] | Promise<[I, T]>> {
  /** @internal */
  static readonly signature: string = signature;

  readonly root: string | undefined;
  transform: ((image: any) => I) | undefined;
  targetTransform: ((target: any) => T) | undefined;
  transforms: ((image: any, target: any) => [I, T]) | undefined;

  constructor(
    root?: string | null,
    transforms?: ((image: any, target: any) => [I, T]) | null,
    transform?: ((image: any) => I) | null,
    targetTransform?: ((target: any) => T) | null,
  );
  constructor(...given: Arguments<typeof signature, VisionDatasetArguments<I, T>>);
  constructor(...given: unknown[]) {
    const op = nameOf(new.target);
    const values = argumentsOf<VisionDatasetArguments<I, T>>(op, signature, given);
    this.root = values.root == null ? undefined : expandHome(checkString(op, "root", values.root));
    this.transforms = checkTransform(op, "transforms", values.transforms);
    this.transform = checkTransform(op, "transform", values.transform);
    this.targetTransform = checkTransform(op, "targetTransform", values.targetTransform);
    if (this.transforms !== undefined && (this.transform ?? this.targetTransform) !== undefined)
      throw new ValueError(`${op}: Only transforms or transform/targetTransform can be passed as argument`);
  }

  /** How many samples there are. */
  abstract readonly length: number;

  /** A sample: the picture and its target. */
  abstract at(index: number): [I, T] | Promise<[I, T]>;

  /** A sample as the transforms make it. */
  protected transformed(image: unknown, target: unknown): [I, T] {
    const { transforms, transform, targetTransform } = this;
    if (transforms !== undefined) return transforms(image, target);
    return [
      transform === undefined ? (image as I) : transform(image),
      targetTransform === undefined ? (target as T) : targetTransform(target),
    ];
  }

  /** Whether samples are given as they are. */
  protected get isPlain(): boolean {
    return this.transform === undefined && this.targetTransform === undefined && this.transforms === undefined;
  }

  /** An index from 0 on. @throws IndexError unless there is such a sample. */
  protected place(index: number): number {
    const i = index < 0 ? index + this.length : index;
    if (!Number.isInteger(i) || i < 0 || i >= this.length)
      throw new IndexError(`${classNameOf(this)}: index ${describe(index)} is out of range for ${this.length} samples`);
    return i;
  }

  /** What {@link toString} says beside the number of samples, the folder and the transforms: lines of text. */
  extraRepr(): string {
    return "";
  }

  toString(): string {
    const body = [`Number of datapoints: ${this.length}`];
    if (this.root !== undefined) body.push(`Root location: ${this.root}`);
    if (this.extraRepr() !== "") body.push(...this.extraRepr().split("\n"));
    const text = [`Dataset ${classNameOf(this)}`, ...body.map((line) => `    ${line}`)];
    const { transforms, transform, targetTransform } = this;
    // Only the first line of a transform is indented, as torchvision prints it.
    if (transforms !== undefined) text.push(`    ${transformLines("", transforms).join("\n")}`);
    else if (!this.isPlain) {
      text.push("    StandardTransform");
      if (transform !== undefined) text.push(...transformLines("Transform: ", transform));
      if (targetTransform !== undefined) text.push(...transformLines("Target transform: ", targetTransform));
    }
    return text.join("\n");
  }
}

/** The transforms among other arguments. */
export const transformsIn = ({
  transform,
  targetTransform,
  transforms,
}: VisionDatasetArguments): TransformArguments => ({
  transform,
  targetTransform,
  transforms,
});

type TransformArguments = Pick<VisionDatasetArguments, "transform" | "targetTransform" | "transforms">;

/** The hooks by which Node and Bun, and Deno, print objects. */
for (const symbol of ["nodejs.util.inspect.custom", "Deno.customInspect"])
  Object.defineProperty(VisionDataset.prototype, Symbol.for(symbol), {
    value(this: VisionDataset) {
      return this instanceof VisionDataset ? this.toString() : "VisionDataset";
    },
  });

/** What torchvision says where the files are missing. */
export const notFound = (op: string, where: string, isDamaged = false): KindlingError =>
  new KindlingError(
    `${op}: Dataset not found${isDamaged ? " or corrupted" : ""}. You can use download: true to download it (${where})`,
  );
