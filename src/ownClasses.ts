/** Says which classes are the library's own. It is part of `core.js`, so that a program that imports a part of the library has it as well. */
import * as layers from "./nn/index";
import * as optimizers from "./optim/index";
import { registerClasses } from "./tensor/scope";

registerClasses([...Object.values(layers), ...Object.values(optimizers)]);
