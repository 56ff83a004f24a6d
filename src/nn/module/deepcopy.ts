/** Copies of modules that share nothing with the original. */

import { noGrad } from "../../autograd/mode";
import { isPlainObject } from "../../core/binding";
import { Tensor } from "../../tensor/tensor";
import { Module } from "./module";
import { Parameter } from "./parameter";

/**
 * A copy of a module with everything inside; what is shared inside the original is shared inside the copy. Hooks are not copied. Private
 * fields (`#x`) of a class cannot be copied: such a class makes its copies itself.
 * @see copy.deepcopy
 */
export function deepcopy<M extends Module>(module: M): M {
  return noGrad(() => copy(module, new Map()) as M);
}

function copy(value: unknown, made: Map<unknown, unknown>): unknown {
  const before = made.get(value);
  if (before !== undefined) return before;
  if (value instanceof Module) return copyModule(value, made);
  if (value instanceof Tensor) return remember(value, copyTensor(value), made);
  if (Array.isArray(value))
    return remember(
      value,
      value.map((item) => copy(item, made)),
      made,
    );
  if (!isPlainObject(value)) return value;
  return remember(value, Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item, made)])), made);
}

function remember<T>(value: unknown, result: T, made: Map<unknown, unknown>): T {
  made.set(value, result);
  return result;
}

function copyTensor(x: Tensor): Tensor {
  const y = x.detach().clone();
  if (x instanceof Parameter) return new Parameter(y, { requiresGrad: x.requiresGrad });
  y.isKept = x.isKept;
  return y;
}

function copyModule(module: Module, made: Map<unknown, unknown>): Module {
  // The base constructor alone: what the class sets up is copied.
  const result = remember(module, Reflect.construct(Module, [], module.constructor) as Module, made);
  const buffers = module.bufferFields();
  for (const [field, value] of Object.entries(module)) {
    const item = copy(value, made);
    const persistent = buffers.get(field);
    if (persistent === undefined) Object.assign(result, { [field]: item });
    else result.registerBuffer(field, item as Tensor | null, { persistent });
  }
  return result;
}
