/** Optimizers. @see torch.optim */
import { registerClasses } from "../tensor/scope";
import * as optimizers from "./all";

export * from "./all";

registerClasses(Object.values(optimizers));
