/** Modules without initial values. */
import { checkFunction } from "../../core/arguments";
import { withoutInit } from "../module/initialization";
import { Module } from "../module/module";

type ModuleClass<A extends unknown[], M extends Module> = new (...args: A) => M;

const isClass = <A extends unknown[], M extends Module>(value: unknown): value is ModuleClass<A, M> =>
  typeof value === "function" && value.prototype instanceof Module;

/**
 * Builds a module without drawing its initial values: parameters hold whatever was in memory. For modules that load a state dict
 * next; large ones are made much faster, and the random stream stays where it is.
 * @param module A module class, or a function that builds a module.
 * @param args Its arguments.
 * @see torch.nn.utils.skip_init
 * @example
 * const layer = nn.utils.skipInit(nn.Linear, 20, 30);
 * const model = nn.utils.skipInit(vision.models.vgg16, { numClasses: 10 });
 */
export function skipInit<A extends unknown[], M extends Module>(
  module: ModuleClass<A, M> | ((...args: A) => M),
  ...args: A
): M {
  if (!isClass(module)) checkFunction("skipInit", "moduleCls", module);
  return withoutInit(() => (isClass<A, M>(module) ? new module(...args) : module(...args)));
}
