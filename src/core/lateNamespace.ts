/** Namespaces whose modules are loaded when a program first looks into them. */

/** The key under which Node asks an object for what it prints. */
const inspected = Symbol.for("nodejs.util.inspect.custom");

/**
 * An object that looks like the namespace that `load` returns, and calls it once, when it is first used. Like a namespace it can't be changed.
 *
 * @param load Loads the module without waiting, as `require` does.
 */
export function lateNamespace<T extends object>(load: () => T): T {
  let loaded: T | undefined;
  const namespace = (): T => {
    loaded ??= load();
    return loaded;
  };
  const target = Object.create(null, { [inspected]: { value: namespace, configurable: true } });
  return new Proxy<T>(target, {
    get: (_, key) => Reflect.get(namespace(), key),
    has: (_, key) => Reflect.has(namespace(), key),
    ownKeys: () => Reflect.ownKeys(namespace()),
    // A proxy may not claim that a property that its target lacks can't be configured.
    getOwnPropertyDescriptor(_, key) {
      const descriptor = Reflect.getOwnPropertyDescriptor(namespace(), key);
      return descriptor && { ...descriptor, configurable: true };
    },
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
    setPrototypeOf: () => false,
    preventExtensions: () => false,
  });
}
