/** Lets `forward` of layers, and methods, take arguments by name as well as by position; their errors speak of the layer or the method. */
import { addNames, arrange, isPlainObject, parse, renamed } from "../core/signature";

interface Layer {
  readonly prototype: object;
}

/** Puts a method that binds arguments in front of one of a class; `op` names it in errors, or else the class of the object does. */
function declare(prototype: object, key: string, signature: string, op?: string): void {
  const parts = parse(signature);
  const method = (prototype as Record<string, (...args: any[]) => unknown>)[key]!;
  const value = function (this: object, ...given: any[]): unknown {
    const n = given.length;
    const name = op ?? this.constructor.name;
    try {
      if (n < parts.required || n > parts.leading || isPlainObject(given[n - 1]))
        return method.apply(this, arrange(name, parts, given));
      return n === 1 ? method.call(this, given[0]) : method.apply(this, given);
    } catch (error) {
      // Code of the caller speaks of itself in methods; in layers it is a part like others.
      throw op === undefined ? renamed(error, name, false, parts.runsCode) : renamed(error, name, parts.runsCode);
    }
  };
  Object.defineProperty(value, "name", { value: key });
  Object.defineProperty(prototype, key, { value, writable: true, configurable: true });
}

/**
 * Declares what calls of layers take. A subclass that overrides `forward` takes what it likes.
 * @param signature As in `core/signature.ts`; `forward` is the implementation.
 */
export function takes(signature: string, ...layers: Layer[]): void {
  for (const { prototype } of layers) declare(prototype, "forward", signature);
}

/** Declares what methods of a class take. */
export function declareMethods(prototype: object, signatures: Readonly<Record<string, string>>): void {
  addNames(Object.keys(signatures));
  for (const [name, signature] of Object.entries(signatures)) declare(prototype, name, signature, name);
}
