/** Checks of arguments that are modules. */
import { ArgumentError, describe } from "../../core/errors";
import { Module } from "./module";

/** @throws ArgumentError unless `x` is a module. */
export function checkModule(op: string, x: unknown, name = "module"): void {
  if (!(x instanceof Module)) throw new ArgumentError(`${op}: ${name} must be a Module, got ${describe(x)}`);
}
