/** Elementwise expressions that a device computes in one pass, as a compiled function describes them. */

/** What a fused kernel reads: a value for each element of its range, or fewer that are repeated. */
export interface FusedLoad {
  readonly dtype: "float32" | "bool";
  /** Steps along the axes of the kernel, in elements; 0 where a value is repeated. */
  readonly strides: readonly number[];
}

/** A step of an expression; `inputs` are positions among the steps before it. */
export type FusedStep =
  /** An element of load `load`. */
  | { readonly kind: "load"; readonly load: number }
  /** The number at `number` among the numbers that each call gives. */
  | { readonly kind: "number"; readonly number: number }
  /** An op of `Backend.unary`, `binary` or `ternary`, or a cast: "toBool" and "toFloat". `p` and `q` are steps too. */
  | {
      readonly kind: "op";
      readonly op: string;
      readonly inputs: readonly number[];
      readonly p: number;
      readonly q: number;
    };

/** What a fused kernel writes: every value of a step, or the sums of its rows. */
export interface FusedStore {
  readonly step: number;
  readonly dtype: "float32" | "bool";
  /** Whether it is the sum along the last axis that is written. */
  readonly isSum: boolean;
}

/** A fused kernel. Results are contiguous. */
export interface FusedKernel {
  /** Sizes of the axes, of which neighbors that all loads step through evenly have been joined. */
  readonly shape: readonly number[];
  readonly loads: readonly FusedLoad[];
  readonly steps: readonly FusedStep[];
  readonly stores: readonly FusedStore[];
}
