/** Modules of `nn` travel to workers as they are: parts of transforms and of data sets. */
import * as nn from "../nn/index";
import { Module } from "../nn/module/module";
import { portable } from "./pack";

const isModuleClass = (value: unknown): value is typeof Module =>
  typeof value === "function" && (value === Module || value.prototype instanceof Module);

portable(
  Object.fromEntries(Object.entries(nn).flatMap(([name, value]) => (isModuleClass(value) ? [[name, value]] : []))),
);
