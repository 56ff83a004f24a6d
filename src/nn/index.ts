/** Neural networks: `torch.nn`. */
import { registerClasses } from "../tensor/scope";
import * as layers from "./all";
import { registerModules } from "./module/composite";

export * from "./all";

registerClasses(Object.values(layers));
registerModules(Object.values(layers));
