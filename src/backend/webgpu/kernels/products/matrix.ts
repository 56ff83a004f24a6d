/** Matrices as products see them. */
import type { Operand } from "../../../operand";
import type { Program } from "../../wgsl/program";

/** A stack of matrices: [batch, outer, k], with the strides of the three. */
export interface Matrix {
  readonly x: Operand;
  readonly batch: number;
  readonly outer: number;
  readonly depth: number;
}

/** Sizes of a product. */
export interface Sizes {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** What is added to a product. */
export interface Plus {
  readonly bias: Operand | undefined;
  readonly accumulate: boolean;
}

/** Strides as kernels compute with them. */
export const stridesOf = (program: Program, { batch, outer, depth }: Matrix): readonly string[] =>
  [batch, outer, depth].map((stride) => program.uint(stride >>> 0));

/** Whether four neighbors along an axis of `size` elements with stride 1 can be loaded at once wherever they begin. */
export function isAligned({ x, batch, outer, depth }: Matrix, along: "outer" | "depth", size: number): boolean {
  const others = along === "depth" ? [batch, outer] : [batch, depth];
  const own = along === "depth" ? depth : outer;
  const isWord = x.dtype === "float32" || x.dtype === "int32";
  return isWord && own === 1 && [size, x.offset, ...others].every((value) => value % 4 === 0);
}
