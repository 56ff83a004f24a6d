/** Neural networks: `torch.nn`. */
import { registerClasses } from "../tensor/scope";
import * as layers from "./all";

export * from "./all";

registerClasses(Object.values(layers));
