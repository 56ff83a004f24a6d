/** Transforms of boxes, and of what values are and how they are kept. */
import { checkFlag, checkNumber } from "../../../core/arguments";
import { argumentsOf, isPlainObject } from "../../../core/binding";
import { checkDType, type DType } from "../../../core/dtype";
import { ArgumentError, describe, ValueError } from "../../../core/errors";
import { within } from "../../../core/signature";
import type { Arguments } from "../../../core/signatureTypes";
import { portable } from "../../../data/pack";
import { float, text } from "../../../nn/module/repr";
import { Tensor } from "../../../tensor/tensor";
import { Image as Picture } from "../../image";
import { Compose as ComposeOne, checkSteps } from "../compose";
import { convertImageDtype, pilToTensor } from "../functional/conversion";
import { Transform } from "../transform";
import * as F from "./functional";
import { itemsOf, leavesOf, mapLeaves, type OfSamples, type SampleCall, sampleOf } from "./sample";
import { BoundingBoxes, type BoundingBoxFormat, checkFormat, Image, Mask } from "./tagged";

export interface SampleTransform extends SampleCall {}

/** A transform called with one sample, or with its parts. */
export abstract class SampleTransform extends Transform {
  abstract override forward(...inputs: any[]): any;
}

const Steps: OfSamples<typeof ComposeOne> = ComposeOne;

/** Several transforms, one after the other; each is called with what the one before gave. @see torchvision.transforms.v2.Compose */
export class Compose extends Steps {
  override forward(...inputs: unknown[]): any {
    let sample = inputs;
    for (const step of checkSteps("Compose", this.transforms)) {
      const result: unknown = (step as SampleCall)(...sample);
      sample = sample.length > 1 && Array.isArray(result) ? result : [result];
    }
    return sample.length === 1 ? sample[0] : sample;
  }
}

/** Boxes cut to their canvas. @see torchvision.transforms.v2.ClampBoundingBoxes */
export class ClampBoundingBoxes extends SampleTransform {
  override forward(...inputs: unknown[]): any {
    const sample = sampleOf("ClampBoundingBoxes", inputs);
    return mapLeaves(sample, (leaf) => (leaf instanceof BoundingBoxes ? F.clampBoundingBoxes(leaf) : leaf));
  }
}

/** Boxes in another format. @see torchvision.transforms.v2.ConvertBoundingBoxFormat */
export class ConvertBoundingBoxFormat extends SampleTransform {
  format: BoundingBoxFormat;

  constructor(...given: Arguments<"format", { format: BoundingBoxFormat }>);
  constructor(...given: unknown[]) {
    super();
    const { format } = argumentsOf<{ format: BoundingBoxFormat }>("ConvertBoundingBoxFormat", "format", given);
    this.format = checkFormat("ConvertBoundingBoxFormat", format);
  }

  override forward(...inputs: unknown[]): any {
    const sample = sampleOf("ConvertBoundingBoxFormat", inputs);
    const change = (leaf: unknown) =>
      leaf instanceof BoundingBoxes ? F.convertBoundingBoxFormat(leaf, this.format) : leaf;
    return mapLeaves(sample, change);
  }

  override extraRepr(): string {
    return `format=${this.format}`;
  }
}

/** Where the labels of a sample are: the function is called with the sample. Null: there are none. */
export type LabelsGetter = "default" | ((sample: any) => unknown) | null;

/** @throws ArgumentError unless it is a way to find labels. */
export function checkGetter(op: string, getter: unknown): LabelsGetter {
  if (getter === null || getter === "default" || typeof getter === "function") return getter as LabelsGetter;
  throw new ArgumentError(
    `${op}: labelsGetter should either be 'default', a function or null, got ${describe(getter)}`,
  );
}

/** Labels by convention: the second part of a sample, if it is a tensor, or what is called labels there. @throws ValueError if there are none. */
function usualLabels(op: string, sample: unknown): unknown {
  const place = Array.isArray(sample) ? sample[1] : sample;
  if (place instanceof Tensor) return place;
  if (isPlainObject(place)) {
    const keys = Object.keys(place);
    const key = keys.find((name) => name.toLowerCase() === "labels") ?? keys.find((name) => /label/i.test(name));
    if (key !== undefined) return place[key];
  }
  throw new ValueError(
    `${op}: Could not infer where the labels are in the sample. Try passing a function as the labelsGetter parameter`,
  );
}

/** The labels of a sample. */
export function labelsOf(op: string, getter: LabelsGetter, sample: unknown): unknown {
  if (getter === null) return undefined;
  return getter === "default" ? usualLabels(op, sample) : getter(sample);
}

/** The parameters of {@link SanitizeBoundingBoxes}. */
export interface SanitizeBoundingBoxesOptions {
  /** The least width and height. Default: 1. */
  minSize?: number;
  /** The least area. Default: 1. */
  minArea?: number;
  /** Where the labels are that go with the boxes. Default: by convention. */
  labelsGetter?: LabelsGetter;
}

const sanitizeSignature = "; minSize, minArea, labelsGetter";

/** Which boxes are large enough and lie within their canvas. */
function validBoxes(boxes: BoundingBoxes, minSize: number, minArea: number): Tensor {
  const [height, width] = boxes.canvasSize;
  const { data } = F.convertBoundingBoxFormat(boxes, "XYXY");
  const [x1, y1, x2, y2] = data.unbind(-1) as [Tensor, Tensor, Tensor, Tensor];
  const [wide, tall] = [x2.sub(x1), y2.sub(y1)];
  const isLarge = wide.ge(minSize).logicalAnd(tall.ge(minSize)).logicalAnd(wide.mul(tall).ge(minArea));
  const isInside = x1.ge(0).logicalAnd(y1.ge(0)).logicalAnd(x2.le(width)).logicalAnd(y2.le(height));
  return isLarge.logicalAnd(isInside);
}

/**
 * Leaves out boxes that are too small or lie outside of their canvas, with their labels and masks.
 * @see torchvision.transforms.v2.SanitizeBoundingBoxes
 * @throws ValueError unless a sample has boxes once and labels for each.
 * @example new v2.SanitizeBoundingBoxes({ minSize: 4 })
 */
export class SanitizeBoundingBoxes extends SampleTransform {
  minSize: number;
  minArea: number;
  labelsGetter: LabelsGetter;

  constructor(...given: Arguments<typeof sanitizeSignature, SanitizeBoundingBoxesOptions>);
  constructor(...given: unknown[]) {
    super();
    const op = "SanitizeBoundingBoxes";
    const read = argumentsOf<SanitizeBoundingBoxesOptions>(op, sanitizeSignature, given);
    this.minSize = checkNumber(op, "minSize", read.minSize ?? 1);
    this.minArea = checkNumber(op, "minArea", read.minArea ?? 1);
    for (const [name, value] of [
      ["minSize", this.minSize],
      ["minArea", this.minArea],
    ] as const)
      if (!(value >= 1)) throw new ValueError(`${op}: ${name} must be >= 1, got ${value}.`);
    this.labelsGetter = checkGetter(op, read.labelsGetter === undefined ? "default" : read.labelsGetter);
  }

  override forward(...inputs: unknown[]): any {
    const op = "SanitizeBoundingBoxes";
    const sample = sampleOf(op, inputs);
    const [boxes, ...others] = leavesOf(sample).filter((leaf) => leaf instanceof BoundingBoxes);
    if (boxes === undefined || others.length > 0)
      throw new ValueError(
        `${op}: a sample has bounding boxes once, got ${boxes === undefined ? 0 : others.length + 1}`,
      );
    const labels = labelsOf(op, this.labelsGetter, sample);
    const parts = new Set(leavesOf(labels).filter((leaf) => leaf instanceof Tensor));
    const count = boxes.data.shape[0]!;
    for (const part of parts)
      if (part.shape[0] !== count)
        throw new ValueError(`${op}: Number of boxes (${count}) and number of labels (${part.shape[0]}) do not match.`);
    const kept = validBoxes(boxes, this.minSize, this.minArea).nonzero().squeeze(1);
    return mapLeaves(sample, (leaf) => {
      if (leaf === boxes || (leaf instanceof Mask && leaf.data.ndim > 2))
        return (leaf as Mask).wrap((leaf as Mask).data.indexSelect(0, kept));
      return parts.has(leaf as Tensor) ? (leaf as Tensor).indexSelect(0, kept) : leaf;
    });
  }

  override extraRepr(): string {
    return `min_size=${float(this.minSize)}, min_area=${float(this.minArea)}`;
  }
}

/** A dtype for pictures, or one for each kind of values; null leaves them. */
export type DTypes =
  | DType
  | { Image?: DType | null; Mask?: DType | null; BoundingBoxes?: DType | null; others?: DType | null };

/** The parameters of {@link ToDtype}. */
export interface ToDtypeParameters {
  dtype: DTypes;
  /** Whether values of pictures are scaled, as 255 of uint8 to 1.0. Default: false. */
  scale?: boolean;
}

const kinds = ["Image", "Mask", "BoundingBoxes", "others"] as const;

function checkDTypes(dtype: unknown): DTypes {
  if (!isPlainObject(dtype)) return checkDType("ToDtype", dtype as DType);
  for (const [kind, value] of Object.entries(dtype)) {
    if (!(kinds as readonly string[]).includes(kind))
      throw new ArgumentError(`ToDtype: unknown kind "${kind}"; the kinds are ${kinds.join(", ")}`);
    if (value !== null) checkDType("ToDtype", value as DType);
  }
  return dtype as DTypes;
}

/** What is called `dtype` elsewhere is never an object, so here it is read under another name. */
function plural(argument: unknown): unknown {
  if (!isPlainObject(argument) || !Object.hasOwn(argument, "dtype")) return argument;
  const { dtype: dtypes, ...others } = argument;
  return { dtypes, ...others };
}

/**
 * Values of another dtype: those of pictures, or of each kind. Images of `vision.Image` stay as they are.
 * @see torchvision.transforms.v2.ToDtype
 * @example new v2.ToDtype("float32", { scale: true })
 */
export class ToDtype extends SampleTransform {
  dtype: DTypes;
  scale: boolean;

  constructor(...given: Arguments<"dtype{}; scale", ToDtypeParameters>);
  constructor(...given: unknown[]) {
    super();
    const read = argumentsOf<{ dtypes: DTypes; scale?: boolean }>("ToDtype", "dtypes{}; scale", given.map(plural));
    this.dtype = checkDTypes(read.dtypes);
    this.scale = checkFlag("ToDtype", "scale", read.scale ?? false);
  }

  private dtypeFor(kind: (typeof kinds)[number]): DType | null {
    if (typeof this.dtype === "string") return kind === "Image" ? this.dtype : null;
    return this.dtype[kind] ?? null;
  }

  override forward(...inputs: unknown[]): any {
    const sample = sampleOf("ToDtype", inputs);
    const items = itemsOf(sample);
    const to = (data: Tensor, kind: (typeof kinds)[number]): Tensor => {
      const dtype = this.dtypeFor(kind);
      if (dtype === null) return data;
      return kind === "Image" && this.scale ? convertImageDtype(data, dtype) : data.to(dtype);
    };
    const change = (leaf: unknown): unknown => {
      if (leaf instanceof Tensor) return to(leaf, items.has(leaf) ? "Image" : "others");
      if (leaf instanceof Image) return leaf.wrap(to(leaf.data, "Image"));
      if (leaf instanceof Mask) return leaf.wrap(to(leaf.data, "Mask"));
      return leaf instanceof BoundingBoxes ? leaf.wrap(to(leaf.data, "BoundingBoxes")) : leaf;
    };
    return within("ToDtype", () => mapLeaves(sample, change));
  }

  override extraRepr(): string {
    return `scale=${text(this.scale)}`;
  }
}

/** Images of `vision.Image` and tensors as `v2.Image`. @see torchvision.transforms.v2.ToImage */
export class ToImage extends SampleTransform {
  override forward(...inputs: unknown[]): any {
    const sample = sampleOf("ToImage", inputs);
    const items = itemsOf(sample);
    const tag = (leaf: unknown): unknown => {
      if (leaf instanceof Picture) return new Image(pilToTensor(leaf));
      return leaf instanceof Tensor && items.has(leaf) ? new Image(leaf) : leaf;
    };
    return within("ToImage", () => mapLeaves(sample, tag));
  }
}

/** The tensors of pictures, masks and boxes without their tags. @see torchvision.transforms.v2.ToPureTensor */
export class ToPureTensor extends SampleTransform {
  override forward(...inputs: unknown[]): any {
    return mapLeaves(sampleOf("ToPureTensor", inputs), (leaf) =>
      leaf instanceof Image || leaf instanceof Mask || leaf instanceof BoundingBoxes ? leaf.data : leaf,
    );
  }
}

const all = {
  Compose,
  ClampBoundingBoxes,
  ConvertBoundingBoxFormat,
  SanitizeBoundingBoxes,
  ToDtype,
  ToImage,
  ToPureTensor,
};
portable(Object.fromEntries(Object.entries(all).map(([name, value]) => [`v2.${name}`, value])));
