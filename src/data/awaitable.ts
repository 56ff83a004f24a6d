/**
 * Classes whose instances read files are awaited: `await new GloVe("6B", 50)`, with `new` or without. The plain class, whose constructor only takes
 * its arguments, stays inside; users see a proxy of it that constructs, reads, and answers with the instance.
 */
import { nameOf } from "../core/className";
import { addNames, renamed } from "../core/signature";
import type { Arguments } from "../core/signatureTypes";
import { portable } from "./pack";

/** An instance that has read nothing yet. */
export interface Readable {
  /** @internal Reads the files. */
  read(): Promise<void>;
}

type PlainClass<D extends Readable> = (new (...given: any[]) => D) & { readonly signature: string };

/** One object type instead of an intersection, as editors show it. */
type Flat<T> = { [K in keyof T]: T[K] };

/** A class whose instances are promised. `S` is its signature, `V` are its arguments, `R` those that stand by position before options by name. */
export interface AwaitedClass<D, S extends string, V, R extends readonly unknown[] = []> {
  new (...given: [...R, options?: Flat<Partial<V>>]): Promise<Omit<D, "read">>;
  new (...given: Arguments<S, V>): Promise<Omit<D, "read">>;
  (...given: [...R, options?: Flat<Partial<V>>]): Promise<Omit<D, "read">>;
  (...given: Arguments<S, V>): Promise<Omit<D, "read">>;
  readonly prototype: Omit<D, "read">;
  /** @internal */
  readonly signature: string;
}

/** What `new` was called on: the plain class, or a subclass of its public form. */
type NewTarget = abstract new (...given: any[]) => unknown;

async function open<D extends Readable>(plain: PlainClass<D>, given: unknown[], target: NewTarget): Promise<D> {
  try {
    const instance = Reflect.construct(plain, given, target) as D;
    await instance.read();
    return instance;
  } catch (error) {
    throw renamed(error, nameOf(target));
  }
}

/**
 * The public form of a plain class. Instances of subclasses of it are awaited as well, and go to workers by the name of the subclass.
 * @param name The name of the class, also in bundles that shorten the names of classes.
 */
export function awaitable<A>(name: string, plain: PlainClass<Readable>): A {
  for (const key of ["name", "className"]) Object.defineProperty(plain, key, { value: name });
  const shown: object = new Proxy(plain, {
    construct: (_, given, target) => open(plain, given, target === shown ? plain : (target as unknown as NewTarget)),
    apply: (_, __, given) => open(plain, given, plain),
  });
  Object.defineProperty(plain.prototype, "constructor", { value: shown, writable: true, configurable: true });
  addNames([name]);
  portable({ [name]: shown as never });
  return shown as A;
}
