/**
 * Elements moved by index. Operands are contiguous; where an axis is meant, they are seen as [outer, n, inner]. Indices are int64 and were checked
 * (`Backend.firstInvalid`), but a device that cannot answer that check must not go astray on bad ones.
 */
import type { Operand } from "../operand";

/** y[o, j, i] = x[o, index[j], i]. Any dtype. */
export interface IndexSelect {
  /** [outer, m, inner]. */
  readonly y: Operand;
  /** [outer, n, inner]. */
  readonly x: Operand;
  /** [m]. */
  readonly index: Operand;
  readonly n: number;
  readonly inner: number;
}

/** y[o, index[j], i] = source[o, j, i]. Which element stays where an index repeats is open. Any dtype. */
export interface IndexCopy {
  /** [outer, n, inner]. */
  readonly y: Operand;
  /** [m]. */
  readonly index: Operand;
  /** [outer, m, inner], of the dtype of y. */
  readonly source: Operand;
  readonly n: number;
  readonly inner: number;
}

/** y[o, index[j], i] += alpha · source[o, j, i]. */
export interface IndexAdd extends IndexCopy {
  readonly alpha: number;
  /** Whether sums must have the same bits each time; otherwise they may be added in any order. */
  readonly deterministic: boolean;
}

/** y[o, j, i] = x[o, index[o, j, i], i]. Any dtype. */
export interface Gather {
  /** [outer, m, inner]. */
  readonly y: Operand;
  /** [outer, n, inner]. */
  readonly x: Operand;
  /** [outer, m, inner]. */
  readonly index: Operand;
  readonly n: number;
  readonly m: number;
  readonly inner: number;
}

/** How elements that meet are joined. */
export type ScatterKind =
  /** The element is replaced; which one stays where indices repeat is open. Any dtype. */
  "replace" | "sum" | "prod" | "amax" | "amin";

/** y[o, index[o, j, i], i] is joined with source[o, j, i]. */
export interface Scatter {
  readonly kind: ScatterKind;
  /** [outer, n, inner]. */
  readonly y: Operand;
  /** [outer, m, inner]. */
  readonly index: Operand;
  /** [outer, m, inner], of the dtype of y. */
  readonly source: Operand;
  readonly n: number;
  readonly m: number;
  readonly inner: number;
  /** Whether the result must have the same bits each time; otherwise elements may be joined in any order. */
  readonly deterministic: boolean;
}

/** Where values belong among sorted ones, so that the order stays. */
export interface SearchSorted {
  /** [rows, m], int64: the number of elements of the row that are less than the value; less or equal, if `right`. */
  readonly y: Operand;
  /** [rows, n], or [n] for all rows; sorted, of one dtype with the values. */
  readonly sorted: Operand;
  /** [rows, m]. */
  readonly values: Operand;
  readonly n: number;
  readonly m: number;
  /** Whether there is one row of sorted elements for all values. */
  readonly shared: boolean;
  readonly right: boolean;
}

/** The positions of the elements that are not 0, in row-major order. */
export interface Nonzero {
  /** [count, axes], int64: a row with the index along each axis for each of the `count` elements that are not 0. */
  readonly y: Operand;
  /** Has as many axes as y has columns. */
  readonly x: Operand;
}

/** The elements of x where the mask is true, in row-major order. Any dtype. */
export interface MaskedSelect {
  /** [count], with as many elements as the mask has true ones. */
  readonly y: Operand;
  readonly x: Operand;
  /** Bool, of the size of x. */
  readonly mask: Operand;
}

/** The first elements of `source`, in row-major order, where the mask is true; all else in y stays. Any dtype. */
export interface MaskedScatter {
  readonly y: Operand;
  /** Bool, of the size of y. */
  readonly mask: Operand;
  /** At least as many elements as the mask has true ones. */
  readonly source: Operand;
}
