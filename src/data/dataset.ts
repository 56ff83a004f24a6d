/** Data sets: what a loader reads, and ways to combine them. */

import { checkArray } from "../core/arguments";
import { argumentsOf, arrangeOpen, partsOf } from "../core/binding";
import { ArgumentError, describe, IndexError, ShapeError, ValueError } from "../core/errors";
import { defaultGenerator, Generator } from "../core/generator";
import { randperm } from "../core/random/index";
import { type Declared, declareMethods, named, within } from "../core/signature";
import type { Arguments } from "../core/signatureTypes";
import { Tensor } from "../tensor/tensor";
import { type Collated, gatherRows } from "./collate";
import { indicesOf, lengthOfSource, listOf, MOST_INDICES } from "./indices";
import { portable } from "./pack";
import { lengthOf } from "./sampler";

/** A data set read by index: anything with a length and `at(i)`, such as an array. `at` may return a promise. */
export interface MapStyle<T = unknown> {
  readonly length: number;
  at(index: number): T | undefined;
  /**
   * Optional: the samples at `indices`, already collated as `defaultCollate` would. Undefined if that is not
   * possible. Loaders with the default collation use it in place of `at`, so that a data set that lies in memory is
   * gathered in one pass.
   */
  atMany?(indices: readonly number[]): Collated<T> | undefined;
}

/** A data set read from beginning to end: anything iterable, also asynchronously. */
export type IterableStyle<T = unknown> = Iterable<T> | AsyncIterable<T>;

/** Whatever a loader can read. */
export type AnyDataset<T = unknown> = MapStyle<T> | IterableStyle<T>;

/** The type of a data set's samples. */
export type SampleOf<D> = D extends readonly (infer T)[]
  ? Awaited<T>
  : D extends { at(index: number): infer T }
    ? Awaited<Exclude<T, undefined>>
    : D extends Iterable<infer T>
      ? Awaited<T>
      : D extends AsyncIterable<infer T>
        ? Awaited<T>
        : unknown;

/**
 * Base class for data sets of one's own, read by index. Anything with `length` and `at` serves as well.
 *
 * To be read by workers, a class says where they can import it: `static module = import.meta.url`. They rebuild an
 * instance from its own fields. Workers know no import maps: in a page without a bundler such a module imports
 * kindling by its URL.
 * @see torch.utils.data.Dataset
 * @example
 * class Squares extends Dataset<[number, number]> {
 *   static module = import.meta.url;
 *   readonly length = 100;
 *   at(i: number): [number, number] { return [i / 100, i * i]; }
 * }
 */
export abstract class Dataset<T = unknown> implements MapStyle<T | Promise<T>> {
  abstract readonly length: number;
  abstract at(index: number): T | Promise<T>;
}

/** What every {@link IterableDataset} can be used as: `for await` and loaders take those that iterate at once, too. */
export interface IterableDataset<T = unknown> extends AsyncIterable<T> {}

/**
 * Base class for data sets of one's own, read from beginning to end by `[Symbol.iterator]` or `[Symbol.asyncIterator]`, of which a class has
 * one. Anything iterable serves as well. With several workers each iterates over its own copy: use `getWorkerInfo()` to share the samples out.
 * @see torch.utils.data.IterableDataset
 */
export abstract class IterableDataset<T = unknown> implements AsyncIterable<T> {}

/** Whether a data set is read by index. */
export function isMapStyle(dataset: unknown): dataset is MapStyle {
  if (typeof dataset !== "object" || dataset === null) return false;
  if (dataset instanceof Tensor) return dataset.ndim > 0;
  return typeof (dataset as Partial<MapStyle>).at === "function" && typeof (dataset as MapStyle).length === "number";
}

/**
 * The samples at `indices`, gathered in one pass by `atMany`; undefined where that is not possible. A subclass that has an `at` of its own
 * means that one.
 */
export function samplesAt<T>(dataset: MapStyle<T>, indices: readonly number[]): Collated<T> | undefined {
  if (dataset.atMany === undefined) return undefined;
  let owner: object = dataset;
  while (!Object.hasOwn(owner, "at") && !Object.hasOwn(owner, "atMany")) owner = Object.getPrototypeOf(owner);
  return Object.hasOwn(owner, "atMany") ? dataset.atMany(indices) : undefined;
}

/** Whether a data set is read from beginning to end. */
export function isIterableStyle(dataset: unknown): dataset is IterableStyle {
  if (typeof dataset !== "object" || dataset === null || isMapStyle(dataset)) return false;
  // A tensor without axes has no samples.
  if (dataset instanceof Tensor) return false;
  return Symbol.iterator in dataset || Symbol.asyncIterator in dataset;
}

const subsetSignature = "dataset{}, indices";
const setsSignature = "datasets";

/** What {@link Subset} takes. */
export type SubsetArguments<T> = { dataset: MapStyle<T>; indices: readonly number[] | Tensor };

/**
 * Samples from tensors with the same first size: sample i is the array of their slices i.
 * @see torch.utils.data.TensorDataset
 * @throws ShapeError if the first sizes differ.
 */
export class TensorDataset<T extends readonly Tensor[] = Tensor[]> implements MapStyle<{ [K in keyof T]: Tensor }> {
  readonly tensors: T;

  constructor(...tensors: T);
  constructor(named: { tensors: T });
  constructor(...given: unknown[]) {
    const tensors = arrangeOpen("TensorDataset", partsOf("...tensors"), given) as T;
    const wrong = tensors.findIndex((x) => !(x instanceof Tensor) || x.ndim === 0);
    if (wrong >= 0)
      throw new ArgumentError(`TensorDataset: takes tensors with a first axis, got ${describe(tensors[wrong])}`);
    const sizes = tensors.map((x) => x.size(0));
    if (sizes.length === 0) throw new ValueError("TensorDataset: takes at least one tensor");
    if (sizes.some((size) => size !== sizes[0]))
      throw new ShapeError(`TensorDataset: Size mismatch between tensors: the first sizes are ${sizes.join(", ")}`);
    this.tensors = tensors;
  }

  get length(): number {
    return this.tensors[0]!.length;
  }

  at(index: number): { [K in keyof T]: Tensor } {
    return this.tensors.map((x) => x.select(0, index)) as { [K in keyof T]: Tensor };
  }

  atMany(indices: readonly number[]): Collated<{ [K in keyof T]: Tensor }> | undefined {
    checkArray("atMany", "indices", indices, "integers");
    const { length } = this;
    if (indices.some((i) => !Number.isInteger(i) || i < -length || i >= length)) return undefined;
    const batch: Tensor[] = [];
    for (const x of this.tensors) {
      const rows = gatherRows(x, indices);
      if (rows === undefined) return undefined;
      batch.push(rows);
    }
    return batch as Collated<{ [K in keyof T]: Tensor }>;
  }
}

/** The samples of another data set at some indices. @see torch.utils.data.Subset */
export class Subset<T = unknown> implements MapStyle<T> {
  /** @internal */
  static readonly signature: string = subsetSignature;

  readonly dataset: MapStyle<T>;
  readonly indices: readonly number[];

  /** @throws ArgumentError for indices that are no integers, or a data set that is not read by index. */
  constructor(dataset: MapStyle<T>, indices: readonly number[] | Tensor);
  constructor(...given: Arguments<typeof subsetSignature, SubsetArguments<T>>);
  constructor(...given: unknown[]) {
    const { dataset, indices } = argumentsOf<SubsetArguments<T>>("Subset", subsetSignature, given);
    this.dataset = dataset;
    if (!isMapStyle(dataset))
      throw new ArgumentError(`Subset: a data set has length and at(i), got ${describe(dataset)}`);
    this.indices = indicesOf("Subset", "indices", indices);
  }

  get length(): number {
    return this.indices.length;
  }

  at(index: number): T | undefined {
    return this.dataset.at(this.inner(index));
  }

  atMany(indices: readonly number[]): Collated<T> | undefined {
    checkArray("atMany", "indices", indices, "integers");
    return samplesAt(
      this.dataset,
      indices.map((i) => this.inner(i)),
    );
  }

  private inner(index: number): number {
    const found = Number.isInteger(index) ? this.indices.at(index) : undefined;
    if (found === undefined)
      throw new IndexError(`Subset: index ${index} is out of range for ${this.indices.length} samples`);
    return found;
  }
}

function listOfSets<D>(op: string, datasets: Iterable<D>): D[] {
  if (typeof datasets !== "object" || datasets === null || !(Symbol.iterator in datasets))
    throw new ArgumentError(`${op}: takes an array of data sets, got ${describe(datasets)}`);
  return within(op, () => [...datasets]);
}

/**
 * Data sets one after the other.
 * @see torch.utils.data.ConcatDataset
 * @throws ValueError without data sets, or with one that is not read by index.
 */
export class ConcatDataset<T = unknown> implements MapStyle<T> {
  /** @internal */
  static readonly signature: string = setsSignature;

  readonly datasets: readonly MapStyle<T>[];
  /** `cumulativeSizes[k]` samples are in the data sets 0 to k. */
  readonly cumulativeSizes: readonly number[];

  constructor(datasets: Iterable<MapStyle<T>>);
  constructor(options: { datasets: Iterable<MapStyle<T>> });
  constructor(...given: unknown[]) {
    const { datasets } = argumentsOf<{ datasets: Iterable<MapStyle<T>> }>("ConcatDataset", setsSignature, given);
    this.datasets = listOfSets("ConcatDataset", datasets);
    if (this.datasets.length === 0) throw new ValueError("ConcatDataset: datasets should not be an empty iterable");
    if (!this.datasets.every(isMapStyle)) throw new ValueError("ConcatDataset does not support IterableDataset");
    let total = 0;
    this.cumulativeSizes = this.datasets.map((dataset) => {
      total += dataset.length;
      return total;
    });
  }

  get length(): number {
    return this.cumulativeSizes.at(-1)!;
  }

  at(index: number): T | undefined {
    const i = index < 0 ? index + this.length : index;
    if (!Number.isInteger(i)) throw new IndexError(`ConcatDataset: ${describe(index)} is no index`);
    const which = this.cumulativeSizes.findIndex((end) => i < end);
    if (i < 0 || which < 0)
      throw new IndexError(`ConcatDataset: index ${index} is out of range for ${this.length} samples`);
    return this.datasets[which]!.at(i - (this.cumulativeSizes[which - 1] ?? 0));
  }
}

/** The samples of iterable data sets, one data set after the other. @see torch.utils.data.ChainDataset */
export class ChainDataset<T = unknown> extends IterableDataset<T> {
  readonly datasets: readonly IterableStyle<T>[];

  /** @internal */
  static readonly signature: string = setsSignature;

  constructor(datasets: Iterable<IterableStyle<T>>);
  constructor(options: { datasets: Iterable<IterableStyle<T>> });
  constructor(...given: unknown[]) {
    super();
    const { datasets } = argumentsOf<{ datasets: Iterable<IterableStyle<T>> }>("ChainDataset", setsSignature, given);
    this.datasets = listOfSets("ChainDataset", datasets);
    const wrong = this.datasets.findIndex((dataset) => !isIterableStyle(dataset) && !Array.isArray(dataset));
    if (wrong >= 0)
      throw new ArgumentError(`ChainDataset: only supports iterable data sets, got ${describe(this.datasets[wrong])}`);
  }

  /** Samples of all. @throws ArgumentError if one of the data sets does not know its length. */
  get length(): number {
    return this.datasets.reduce((sum, dataset) => sum + lengthOf("ChainDataset", dataset as { length?: number }), 0);
  }

  override async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (const dataset of this.datasets) yield* dataset as AsyncIterable<T>;
  }
}

/** A sample of each, under the same name or at the same place. */
type Stacked<D> = { [K in keyof D]: SampleOf<D[K]> };

/**
 * Samples that join those of several data sets of one length: objects with the given names, or arrays.
 * @see torch.utils.data.StackDataset
 * @throws ValueError if there are none, or if the lengths differ.
 * @example
 * new StackDataset({ image: images, text: captions }).at(0) // { image, text }
 */
export class StackDataset<D extends Record<string, MapStyle> | MapStyle[]> implements MapStyle<Stacked<D>> {
  readonly datasets: D;

  constructor(...datasets: D extends MapStyle[] ? D : [D]) {
    const [first] = datasets;
    this.datasets = (datasets.length === 1 && !isMapStyle(first) ? first : datasets) as D;
    const sets = typeof this.datasets === "object" && this.datasets !== null ? Object.values(this.datasets) : [];
    const wrong = sets.findIndex((dataset) => !isMapStyle(dataset));
    if (wrong >= 0)
      throw new ArgumentError(`StackDataset: data sets have length and at(i), got ${describe(sets[wrong])}`);
    const lengths = sets.map((dataset: MapStyle) => dataset.length);
    if (lengths.length === 0) throw new ValueError("StackDataset: at least one dataset should be passed");
    if (lengths.some((length) => length !== lengths[0]))
      throw new ValueError(`StackDataset: Size mismatch between datasets: their lengths are ${lengths.join(", ")}`);
  }

  get length(): number {
    return (Object.values(this.datasets)[0] as MapStyle).length;
  }

  at(index: number): Stacked<D> {
    const entries = Object.entries(this.datasets).map(
      ([key, dataset]: [string, MapStyle]) => [key, dataset.at(index)] as const,
    );
    return (
      Array.isArray(this.datasets) ? entries.map(([, value]) => value) : Object.fromEntries(entries)
    ) as Stacked<D>;
  }
}

/**
 * Splits a data set at random into parts without overlap.
 * @param lengths the size of each part, or fractions that sum to 1 (what rounding leaves over goes to the parts in turn)
 * @see torch.utils.data.random_split
 * @throws ValueError if the lengths do not sum to the length of the data set, or if a fraction is not in [0, 1].
 */
export const randomSplit = named(
  "randomSplit",
  "dataset{}, lengths; generator",
  <T>(dataset: MapStyle<T>, lengths: readonly number[], options: { generator?: Generator } = {}): Subset<T>[] => {
    if (!isMapStyle(dataset))
      throw new ArgumentError(`randomSplit: a data set has length and at(i), got ${describe(dataset)}`);
    const list = listOf("randomSplit", "lengths", lengths);
    if (!Array.isArray(list) || !list.every((length) => typeof length === "number"))
      throw new ArgumentError(`randomSplit: lengths must be an array of numbers, got ${describe(lengths)}`);
    const sizes = partSizes(lengthOfSource("randomSplit", dataset, MOST_INDICES), list);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    if (total !== dataset.length || sizes.some((size) => !Number.isInteger(size) || size < 0))
      throw new ValueError(
        `randomSplit: Sum of input lengths does not equal the length of the input dataset: ${describe(lengths)} for ${dataset.length} samples`,
      );
    for (const [i, size] of sizes.entries())
      if (size === 0 && list[i]! !== 0)
        console.warn(`randomSplit: Length of split at index ${i} is 0. This might result in an empty dataset.`);
    const indices = Array.from(randperm(total, options.generator ?? defaultGenerator));
    let end = 0;
    return sizes.map((size) => {
      end += size;
      return new Subset(dataset, indices.slice(end - size, end));
    });
  },
) as unknown as RandomSplit;

/** The type of {@link randomSplit}. */
interface RandomSplit extends Declared {
  <T>(dataset: MapStyle<T>, lengths: readonly number[], generator?: Generator): Subset<T>[];
  <T>(dataset: MapStyle<T>, lengths: readonly number[], options: { generator?: Generator | undefined }): Subset<T>[];
  <T>(dataset: MapStyle<T>, options: { lengths: readonly number[]; generator?: Generator | undefined }): Subset<T>[];
  <T>(options: { dataset: MapStyle<T>; lengths: readonly number[]; generator?: Generator | undefined }): Subset<T>[];
}

/** Fractions of `total` as sizes; sizes as they are. */
function partSizes(total: number, lengths: readonly number[]): number[] {
  const sum = lengths.reduce((a, b) => a + b, 0);
  if (sum > 1 || Math.abs(sum - 1) > 1e-9 * Math.max(sum, 1)) return [...lengths];
  const sizes = lengths.map((fraction, i) => {
    if (!(fraction >= 0 && fraction <= 1))
      throw new ValueError(`randomSplit: Fraction at index ${i} is not between 0 and 1`);
    return Math.floor(total * fraction);
  });
  const left = total - sizes.reduce((a, b) => a + b, 0);
  for (let i = 0; i < left; i++) sizes[i % sizes.length]!++;
  return sizes;
}

declareMethods(TensorDataset, { at: "index", atMany: "indices" });
declareMethods(Subset, { at: "index", atMany: "indices" });
declareMethods(ConcatDataset, { at: "index" });

portable({ TensorDataset, Subset, ConcatDataset, ChainDataset, StackDataset, Generator, defaultGenerator });
