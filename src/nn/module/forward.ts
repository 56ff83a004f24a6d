/** Lets `forward` of layers take arguments by name as well as by position; their errors speak of the layer. */

import { arrange, isPlainObject, parse } from "../../core/binding";
import { classNameOf } from "../../core/className";
import { renamed } from "../../core/signature";
import { beginComposite, endComposite, registerModules } from "./composite";
import type { Module } from "./module";

interface Layer {
  readonly prototype: { forward(...args: any[]): any };
}

/**
 * Declares what calls of layers take. A subclass that overrides `forward` takes what it likes.
 * @param signature As in `core/signature.ts`; `forward` is the implementation.
 */
export function takes(signature: string, ...layers: Layer[]): void {
  for (const { prototype } of layers) declare(signature, prototype, prototype.forward);
}

/** {@link takes} for layers that are made of others or of several ops, and keep nothing of what those pass on. */
export function composes(signature: string, ...layers: Layer[]): void {
  for (const { prototype } of layers) {
    const { forward } = prototype;
    declare(signature, prototype, function (this: Module, ...args) {
      const scope = beginComposite(this);
      let result: unknown;
      try {
        result = forward.apply(this, args);
        return result;
      } finally {
        endComposite(scope, result);
      }
    });
  }
  registerModules(layers);
}

function declare(signature: string, prototype: Layer["prototype"], forward: Layer["prototype"]["forward"]): void {
  const parts = parse(signature);
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
