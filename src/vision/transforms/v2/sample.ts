/** Samples: a picture with its label, boxes and masks, in arrays and objects as the data set gives them. */
import { isPlainObject } from "../../../core/binding";
import { ArgumentError, ValueError } from "../../../core/errors";
import { defaultGenerator } from "../../../core/generator";
import { within } from "../../../core/signature";
import { Tensor } from "../../../tensor/tensor";
import { Image as Picture } from "../../image";
import { dimensionsOf } from "../functional/picture";
import type { Item } from "./functional";
import { BoundingBoxes, Image, Mask } from "./tagged";

/** What a transform of samples can be called with: one sample, or its parts. */
export type SampleCall = (...inputs: any[]) => any;

/** A class whose instances are called with samples; its arguments are given by position or by name. */
export type OfSamples<C extends abstract new (...args: any[]) => object> = C extends {
  new (...given: infer P extends any[]): infer I;
  new (...given: infer N extends any[]): unknown;
}
  ? new (
      ...given: P | N
    ) => I & SampleCall
  : never;

/** Every leaf of a sample, in order. */
export function leavesOf(sample: unknown): unknown[] {
  if (Array.isArray(sample)) return sample.flatMap(leavesOf);
  return isPlainObject(sample) ? Object.values(sample).flatMap(leavesOf) : [sample];
}

/** The sample with `f` of every leaf. */
export function mapLeaves(sample: unknown, f: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(sample)) return sample.map((part) => mapLeaves(part, f));
  if (!isPlainObject(sample)) return f(sample);
  return Object.fromEntries(Object.entries(sample).map(([key, part]) => [key, mapLeaves(part, f)]));
}

/** One input is a sample, several are the parts of one. */
export const sampleOf = (op: string, inputs: readonly unknown[]): unknown => {
  if (inputs.length === 0) throw new ArgumentError(`${op}: expected a sample, got nothing`);
  return inputs.length === 1 ? inputs[0] : inputs;
};

/**
 * What transforms look at: pictures, masks and boxes. A tensor without a tag is a picture if it is the first and there is no other picture; the
 * others are labels.
 */
export function itemsOf(sample: unknown): Set<unknown> {
  const leaves = leavesOf(sample);
  const items = leaves.filter(
    (leaf) => leaf instanceof Picture || leaf instanceof Image || leaf instanceof Mask || leaf instanceof BoundingBoxes,
  );
  const hasPicture = items.some((item) => item instanceof Picture || item instanceof Image);
  const plain = hasPicture ? undefined : leaves.find((leaf) => leaf instanceof Tensor);
  return new Set(plain === undefined ? items : [...items, plain]);
}

/** Height and width of an item. */
function sizeOf(item: unknown): readonly [number, number] {
  if (item instanceof Picture || item instanceof Tensor) return dimensionsOf(item).slice(1) as [number, number];
  return (item as Image).canvasSize;
}

/** [height, width] of a sample. @throws ValueError without one, or if its parts contradict each other. */
export function sizeOfSample(op: string, items: Iterable<unknown>): readonly [height: number, width: number] {
  const sizes = [...items].map(sizeOf);
  const [first] = sizes;
  if (first === undefined) throw new ValueError(`${op}: No image, mask or bounding box was found in the sample`);
  const other = sizes.find(([height, width]) => height !== first[0] || width !== first[1]);
  if (other !== undefined)
    throw new ValueError(
      `${op}: Found multiple HxW dimensions in the sample: ${first.join("×")} and ${other.join("×")}`,
    );
  return first;
}

/** Applies what `plan` draws for the size of a sample to all that moves with it. */
export function moved(
  op: string,
  inputs: readonly unknown[],
  plan: (height: number, width: number) => (item: Item) => Item,
): unknown {
  const sample = sampleOf(op, inputs);
  const items = itemsOf(sample);
  return within(op, () => {
    const move = plan(...sizeOfSample(op, items));
    return mapLeaves(sample, (leaf) => (items.has(leaf) ? move(leaf as Item) : leaf));
  });
}

/** Applies `f` to the pictures of a sample, each with the same random draws. */
export function recolored(op: string, inputs: readonly unknown[], f: (img: any) => any): unknown {
  const sample = sampleOf(op, inputs);
  const items = itemsOf(sample);
  let before: Uint8Array | undefined;
  const change = (leaf: unknown): unknown => {
    if (!items.has(leaf) || leaf instanceof Mask || leaf instanceof BoundingBoxes) return leaf;
    if (before === undefined) before = defaultGenerator.getState();
    else defaultGenerator.setState(before);
    return leaf instanceof Image ? leaf.wrap(f(leaf.data)) : f(leaf);
  };
  return within(op, () => mapLeaves(sample, change));
}
