/** How the table of ops is written. */
import type { Tensor } from "../../tensor/tensor";
import type { Context } from "./context";
import type { Value } from "./values";

/** What an op of ONNX does: one entry of the table. */
export interface Entry {
  readonly name: string;
  /** Default: ONNX's own. */
  readonly domain?: string;
  /** The first version of the set of operators that has it. Default: 1. */
  readonly since?: number;
  /** Inputs that hold what a model learns, where they are initializers: they become parameters. */
  readonly weights?: readonly number[] | "all";
  /**
   * Whether it takes unsigned types that the library lacks. Outputs of the carrying dtype are of the first input's type, taken modulo its range; with
   * "itself", the op marks its outputs.
   */
  readonly unsigned?: boolean | "itself";
  run(c: Context): Value | Value[];
}

/** An op of one tensor, whatever its attributes. */
export const unary = (name: string, since: number, f: (x: Tensor) => Tensor): Entry => ({
  name,
  since,
  run: (c) => f(c.x),
});
