/** Objects that can be called: the instances of a class are functions with the prototype of the class. */

/**
 * Base of classes whose instances are functions. `new` gives a function object that inherits from the class, not from `Function`, and
 * has no own `name` or `length`, so that fields and methods of any name (`apply`, `call`, `name`) work as on every other object.
 */
export abstract class Callable {
  constructor() {
    const self = (...args: unknown[]): unknown => (self as unknown as Callable).invoke(args);
    Object.setPrototypeOf(self, new.target.prototype);
    for (const key of ["name", "length"]) Reflect.deleteProperty(self, key);
    // biome-ignore lint/correctness/noConstructorReturn: the function takes the place of `this` in subclasses, so it gets their fields.
    return self as unknown as this;
  }

  /** @internal What a call of the object does. */
  protected abstract invoke(args: unknown[]): unknown;
}
