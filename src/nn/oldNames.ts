/** Layers that PyTorch has for old programs. */

import { isPlainObject } from "../core/binding";
import { ArgumentError, describe } from "../core/errors";
import { within } from "../core/signature";
import { NLLLoss } from "./losses/losses";
import { Module } from "./module/module";

/** {@link NLLLoss}, which takes images too. @see torch.nn.NLLLoss2d */
export class NLLLoss2d extends NLLLoss {}

/** Modules by name; its user calls them. @see torch.nn.Container @see ModuleDict, which PyTorch recommends */
export class Container extends Module {
  constructor(modules: Readonly<Record<string, Module>> = {}) {
    super();
    if (!isPlainObject(modules))
      throw new ArgumentError(`Container: modules must be an object of modules by name, got ${describe(modules)}`);
    within("Container", () => {
      for (const [name, module] of Object.entries(modules)) this.addModule(name, module as Module);
    });
  }
}
