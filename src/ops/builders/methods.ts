/** Installs the ops as methods of Tensor: the first argument becomes `this`. */
import type { Declared } from "../../core/signature";
import type { Method } from "../../core/signatureTypes";
import { Tensor } from "../../tensor/tensor";
import { type Internal, publicOps } from "./internals";

/** The methods that a module of ops gives a tensor: every public function whose first parameter takes one. */
export type Methods<M> = {
  [K in keyof M as K extends Internal ? never : K]: M[K] extends Declared
    ? Method<M[K]>
    : M[K] extends (x: Tensor, ...args: infer A) => infer R
      ? (...args: A) => R
      : never;
};

/** Adds each public op to the prototype under its own name. */
export function install(ops: Record<string, unknown>): void {
  for (const [name, op] of publicOps(ops)) {
    const value = (op as Partial<Declared>).method ?? method(op);
    Object.defineProperty(value, "name", { value: name });
    Object.defineProperty(Tensor.prototype, name, { value, writable: true, configurable: true });
  }
}

/** Few arguments are passed on without an array. */
function method(f: (...args: any[]) => unknown): (this: Tensor, ...args: any[]) => unknown {
  return function (this: Tensor, ...args) {
    switch (args.length) {
      case 0:
        return f(this);
      case 1:
        return f(this, args[0]);
      case 2:
        return f(this, args[0], args[1]);
      default:
        return f(this, ...args);
    }
  };
}
