/**
 * Data sets that read files are classes whose constructor gives a promise: `await new FashionMNIST("data")`. The plain class, whose constructor
 * only takes its arguments, stays inside; users see a proxy of it that constructs, reads, and answers with the instance.
 */
import type { Arguments } from "../../../core/signatureTypes";
import type { Image } from "../../image";
import type { Labeled, LabeledFiles, TransformOptions } from "./visionDataset";

/** One object type instead of an intersection, as editors show it. */
type Flat<T> = { [K in keyof T]: T[K] };

/** An instance of the plain class `D` whose samples have the types that the transforms give. */
export type Opened<D, I, T> = Omit<D, "at" | "atMany" | "read"> & Labeled<I, T>;

/**
 * A class whose instances are awaited, with `new` or without. `S` is its signature, `V` are its arguments but for the transforms, `R` those
 * that have to be given first, `L` is the type of its targets.
 */
export interface Awaitable<D, S extends string, V, R extends readonly unknown[] = [root: string], L = number> {
  new <I = Image, T = L>(
    ...given: [...R, options?: Flat<Partial<V> & TransformOptions<I, T, L>>]
  ): Promise<Opened<D, I, T>>;
  new (...given: Arguments<S, V & TransformOptions<any, any, L>>): Promise<Opened<D, any, any>>;
  <I = Image, T = L>(
    ...given: [...R, options?: Flat<Partial<V> & TransformOptions<I, T, L>>]
  ): Promise<Opened<D, I, T>>;
  (...given: Arguments<S, V & TransformOptions<any, any, L>>): Promise<Opened<D, any, any>>;
  readonly prototype: Opened<D, any, any>;
  /** @internal */
  readonly signature: string;
}

/** Like {@link Opened}, where samples are read from files when they are asked for. */
export type OpenedFiles<D, I, T> = Omit<D, "at" | "read"> & LabeledFiles<I, T>;

/** Like {@link Awaitable}, where samples are read from files when they are asked for. */
export interface AwaitableFiles<D, S extends string, V, R extends readonly unknown[] = [root: string], L = number> {
  new <I = Image, T = L>(
    ...given: [...R, options?: Flat<Partial<V> & TransformOptions<I, T, L>>]
  ): Promise<OpenedFiles<D, I, T>>;
  new (...given: Arguments<S, V & TransformOptions<any, any, L>>): Promise<OpenedFiles<D, any, any>>;
  <I = Image, T = L>(
    ...given: [...R, options?: Flat<Partial<V> & TransformOptions<I, T, L>>]
  ): Promise<OpenedFiles<D, I, T>>;
  (...given: Arguments<S, V & TransformOptions<any, any, L>>): Promise<OpenedFiles<D, any, any>>;
  readonly prototype: OpenedFiles<D, any, any>;
  /** @internal */
  readonly signature: string;
}
