/** The type of tools that change a module and give it back. */
import type { Declared } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import type { Module } from "../module/module";

/** A tool that takes a module, of which it keeps the type, and the values `V` after it, whose signature is `S`. */
export interface ModuleTool<S extends string, V> extends Declared {
  <M extends Module>(module: M, ...given: Arguments<S, V>): M;
  <M extends Module>(given: { module: M } & V): M;
}
