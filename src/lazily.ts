/** Stand-ins for parts of the library, which are loaded when they are first used: for Node's entry (scripts/building/nodeEntry.mjs). */

import { KindlingError } from "./core/errors";

export { readBinariesBy } from "./backend/wasm/unpack";
export { loadPartsBy } from "./core/parts";

/**
 * Loads files beside the one at `url`.
 * @throws KindlingError if they are not there, as where a bundler has taken Node's entry into a file of its own.
 */
export function partsBeside(
  url: string,
  createRequire: (url: string) => (file: string) => unknown,
): (file: string) => unknown {
  let require: ((file: string) => unknown) | undefined;
  return (file) => {
    try {
      require ??= createRequire(url);
      return require(file);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== "MODULE_NOT_FOUND" && code !== "ERR_INVALID_ARG_VALUE") throw error;
      throw new KindlingError(
        `kindling: "${file}" is not beside Node's entry of the library; a bundler must resolve the library with the condition "module", or leave it out of the bundle (external)`,
        { cause: error },
      );
    }
  };
}

/** A value, read once. */
function once<T>(read: () => T, then: (value: T) => void = () => {}): () => T {
  let value: T;
  let isRead = false;
  return () => {
    if (!isRead) {
      value = read();
      isRead = true;
      then(value);
    }
    return value;
  };
}

/**
 * A namespace with the members named, which is like the one that `read` gives as soon as one of them is used.
 * @param prototype Whether it has none, as the namespace of a module, that of all objects, or its own.
 */
export function lazyNamespace(
  read: () => object,
  names: readonly string[],
  prototype: "none" | "object" | "own",
): object {
  const own: object = new Proxy({}, { get: (_, key) => Reflect.get(Object.getPrototypeOf(fill()), key, space) });
  const space = Object.create({ none: null, object: Object.prototype, own }[prototype]) as Record<string, unknown>;
  const fill = once(read, (real) => {
    for (const key of names) Object.defineProperty(space, key, Object.getOwnPropertyDescriptor(real, key)!);
    Object.setPrototypeOf(space, Object.getPrototypeOf(real));
    if (Object.isFrozen(real)) Object.freeze(space);
  });
  for (const name of names)
    Object.defineProperty(space, name, {
      enumerable: true,
      configurable: true,
      get: () => {
        fill();
        return space[name];
      },
      set: (value) => {
        fill();
        space[name] = value;
      },
    });
  return space;
}

/**
 * A function that takes what the one that `read` gives takes.
 * @param properties What is known of its properties, its name and length among them.
 * @param others The names of those that it has besides.
 */
export function lazyFunction(
  read: () => (...args: never[]) => unknown,
  properties: Readonly<Record<string, string | number>>,
  others: readonly string[],
): unknown {
  const real = once(read);
  const f = (...args: never[]): unknown => real()(...args);
  for (const [key, value] of Object.entries(properties)) Object.defineProperty(f, key, { value });
  for (const key of others) Object.defineProperty(f, key, { get: () => Reflect.get(real(), key) });
  return f;
}

/** A class that makes instances of the one that `read` gives, can be extended, and has its static members. */
export function lazyClass(read: () => object): unknown {
  // A function is the only target whose `prototype` can become another class's.
  function target(): void {}
  const fill = once(read, (real) => {
    for (const key of Reflect.ownKeys(real)) {
      const property = Object.getOwnPropertyDescriptor(real, key)!;
      if (key === "prototype") target.prototype = property.value;
      else Object.defineProperty(target, key, property);
    }
    Object.setPrototypeOf(target, Object.getPrototypeOf(real));
  });
  const filled =
    <A extends unknown[], R>(trap: (...args: A) => R) =>
    (...args: A): R => {
      fill();
      return trap(...args);
    };
  const lazy: object = new Proxy(target, {
    get: filled(Reflect.get),
    set: filled(Reflect.set),
    has: filled(Reflect.has),
    ownKeys: filled(Reflect.ownKeys),
    getPrototypeOf: filled(Reflect.getPrototypeOf),
    getOwnPropertyDescriptor: filled(Reflect.getOwnPropertyDescriptor),
    defineProperty: filled(Reflect.defineProperty),
    apply: (_, self, args) => Reflect.apply(fill() as () => unknown, self, args),
    construct: (_, args, made) =>
      Reflect.construct(fill() as () => unknown, args, made === lazy ? (fill() as never) : made),
  });
  return lazy;
}
