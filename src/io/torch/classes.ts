/** Classes of modules that a checkpoint may hold objects of. */
import type { Module } from "../../nn/module";

/** Classes by name. */
export type ModuleClasses = Readonly<Record<string, new (...args: any[]) => Module>>;

export class Classes {
  constructor(private readonly given: ModuleClasses) {}

  has(_name: string): boolean {
    return Object.hasOwn(this.given, _name);
  }

  make(_op: string, _name: string, _state: ReadonlyMap<unknown, unknown>): Module {
    throw new Error("not yet");
  }
}
