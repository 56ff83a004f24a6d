/**
 * Data sets that read files are classes whose constructor gives a promise: `await new FashionMNIST("data")`. The plain class, whose constructor
 * only takes its arguments, stays inside; users see a proxy of it that constructs, reads, and answers with the instance.
 */
import { addNames, renamed } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import { portable } from "../../data/pack";
import type { Image } from "../image";
import type { Labelled, TransformOptions } from "./visionDataset";

/** An instance that has read nothing yet. */
interface Readable {
  /** @internal Reads the files. */
  read(): Promise<void>;
}

/** A plain class. */
type PlainClass<D extends Readable> = (new (...given: any[]) => D) & { readonly signature: string };

/** One object type instead of an intersection, as editors show it. */
type Flat<T> = { [K in keyof T]: T[K] };

/** An instance of the plain class `D` whose samples have the types that the transforms give. */
export type Opened<D, I, T> = Omit<D, "at" | "atMany" | "read"> & Labelled<I, T>;

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

/** What `new` was called on: the plain class, or a subclass of its public form. */
type NewTarget = abstract new (...given: any[]) => unknown;

async function open<D extends Readable>(plain: PlainClass<D>, given: unknown[], target: NewTarget): Promise<D> {
  try {
    const set = Reflect.construct(plain, given, target) as D;
    await set.read();
    return set;
  } catch (error) {
    throw renamed(error, target.name);
  }
}

/**
 * The public form of a plain class. Instances of subclasses of it are awaited as well, and go to workers by the name of the subclass.
 * @param name The name of the class, also in bundles that shorten the names of classes.
 */
export function awaitable<A>(name: string, plain: PlainClass<Readable>): A {
  Object.defineProperty(plain, "name", { value: name });
  const shown: object = new Proxy(plain, {
    construct: (_, given, target) => open(plain, given, target === shown ? plain : (target as unknown as NewTarget)),
    apply: (_, __, given) => open(plain, given, plain),
  });
  Object.defineProperty(plain.prototype, "constructor", { value: shown, writable: true, configurable: true });
  addNames([name]);
  portable({ [name]: shown as never });
  return shown as A;
}
