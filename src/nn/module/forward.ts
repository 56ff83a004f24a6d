/** Lets `forward` of layers take arguments by name as well as by position; their errors speak of the layer. */

import { arrange, isPlainObject, parse } from "../../core/binding";
import { classNameOf } from "../../core/className";
import { renamed } from "../../core/signature";

interface Layer {
  readonly prototype: { forward(...args: any[]): any };
}

/**
 * Declares what calls of layers take. A subclass that overrides `forward` takes what it likes.
 * @param signature As in `core/signature.ts`; `forward` is the implementation.
 */
export function takes(signature: string, ...layers: Layer[]): void {
  const parts = parse(signature);
  for (const { prototype } of layers) {
    const { forward } = prototype;
    const value = function (this: object, ...given: unknown[]): unknown {
      const n = given.length;
      try {
        if (n < parts.required || n > parts.leading || isPlainObject(given[n - 1]))
          return forward.apply(this, arrange(classNameOf(this), parts, given));
        return n === 1 ? forward.call(this, given[0]) : forward.apply(this, given);
      } catch (error) {
        // Layers inside are parts that may be named too.
        throw renamed(error, classNameOf(this), false, parts.runsCode);
      }
    };
    Object.defineProperty(value, "name", { value: "forward" });
    Object.defineProperty(prototype, "forward", { value, writable: true, configurable: true });
  }
}
