/** Fields of modules by name, for tools that put one tensor in the place of another. */

import { checkString } from "../../core/arguments";
import { classNameOf } from "../../core/className";
import { ArgumentError } from "../../core/errors";
import { Tensor } from "../../tensor/tensor";
import { checkModule } from "../module/checks";
import type { Module } from "../module/module";
import { Parameter } from "../module/parameter";

type Fields = Record<string, unknown>;

/** The tensor in a field. @throws ArgumentError if there is none. */
export function tensorField(op: string, module: Module, name: string): Tensor {
  checkModule(op, module);
  const value = (module as unknown as Fields)[checkString(op, "name", name)];
  if (!(value instanceof Tensor)) throw new ArgumentError(`${op}: ${classNameOf(module)} has no tensor \`${name}\``);
  return value;
}

/** The parameter in a field. @throws ArgumentError if there is none. */
export function parameterField(op: string, module: Module, name: string): Parameter {
  const value = tensorField(op, module, name);
  if (!(value instanceof Parameter))
    throw new ArgumentError(`${op}: \`${name}\` of ${classNameOf(module)} is not a parameter`);
  return value;
}

/** The axis of the weight that counts the outputs of a module: 1 in transposed convolutions, also those under another name; else 0. */
export const outputAxis = (module: Module): number => ((module as unknown as Fields).transposed === true ? 1 : 0);

/** Sets a field; undefined removes it. */
export function setField(module: Module, name: string, value: unknown): void {
  if (value === undefined) Reflect.deleteProperty(module, name);
  else (module as unknown as Fields)[name] = value;
}
