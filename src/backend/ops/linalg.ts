/**
 * Stages of factorizations of stacks of matrices. Operands are contiguous stacks [count, rows, columns] of float64 (of float32 on a device that has no wider numbers), of which the axes before the last two
 * may be several; what is said of a matrix holds for each. Sign and pivot conventions are LAPACK's.
 */
import type { Operand } from "../operand";

/** P L U = a. @see LAPACK dgetrf */
export interface LuFactor {
  /** [m, n]; L (without its ones) and U over it. */
  readonly a: Operand;
  /** [min(m, n)], int32: the row that each was exchanged with, from 1. */
  readonly pivots: Operand;
  /** A number for each matrix, int32: the position of the first zero pivot, from 1, or 0. */
  readonly info: Operand;
  /** Whether rows are exchanged. */
  readonly pivot: boolean;
}

/** Solves A x = b. @see LAPACK dgetrs */
export interface LuSolve {
  /** [m, m]: {@link LuFactor} of A. */
  readonly lu: Operand;
  /** [m] or fewer, int32. */
  readonly pivots: Operand;
  /** [m, n]; x over it. */
  readonly b: Operand;
}

/** Solves T x = b. @see LAPACK dtrtrs */
export interface TriangularSolve {
  /** [m, m], of which one triangle is read. */
  readonly t: Operand;
  /** [m, n]; x over it. */
  readonly b: Operand;
  readonly upper: boolean;
  /** Whether the diagonal is taken to be ones. */
  readonly unit: boolean;
}

/** Uᵀ U = a. @see LAPACK dpotrf */
export interface Cholesky {
  /** [n, n], of which the upper triangle is read; U with zeros below over it. */
  readonly a: Operand;
  /** A number for each matrix, int32: the order of the first leading minor that is not positive, or 0. */
  readonly info: Operand;
}

/** Q R = aᵀ. @see LAPACK dgeqrf */
export interface QrFactor {
  /** [n, m]: each row is a column of what is factorized. R up to the diagonal, reflectors after it, over it. */
  readonly a: Operand;
  /** [min(m, n)]: the factors of the reflectors. */
  readonly taus: Operand;
}

/** Q c or Qᵀ c, where Q is a product of reflectors. @see LAPACK dormqr, dorgqr */
export interface Reflection {
  /** [columns, m + shift or more]: each row is a column of c. The result is over it. */
  readonly c: Operand;
  /** [k or more, m + shift]: the reflectors in rows, with their ones at j + shift in row j. */
  readonly v: Operand;
  /** [k or more]. */
  readonly taus: Operand;
  /** How many reflectors there are. */
  readonly k: number;
  /** The first position that they change. */
  readonly shift: number;
  /** Whether Qᵀ is applied in place of Q. */
  readonly transposed: boolean;
  /** Whether c holds columns of the identity, which saves work. */
  readonly basis: boolean;
}

/** Qᵀ a Q = T, tridiagonal, for symmetric a. @see LAPACK dsytrd */
export interface Tridiagonalize {
  /** [n, n], of which the upper triangle is read; row j becomes reflector j, with its one at j + 1. */
  readonly a: Operand;
  /** [n]: the diagonal. */
  readonly d: Operand;
  /** [n], of which n − 1 are used: what is beside it. */
  readonly e: Operand;
  /** [n]. */
  readonly taus: Operand;
}

/** Qᵀ a P = B, upper bidiagonal. @see LAPACK dgebrd */
export interface Bidiagonalize {
  /** [m, n] with m ≥ n; destroyed. */
  readonly a: Operand;
  /** [n]: the diagonal. */
  readonly d: Operand;
  /** [n], of which n − 1 are used: what is above it. */
  readonly e: Operand;
  /** [n, m]: the reflectors of Q, row j with its one at j. */
  readonly left: Operand;
  /** [n]. */
  readonly leftTaus: Operand;
  /** [n, n]: the reflectors of P, row j with its one at j + 1. */
  readonly right: Operand;
  /** [n]. */
  readonly rightTaus: Operand;
}

/**
 * Rotates pairs of neighboring rows of one matrix in place, in sweeps that stand in a list of numbers one after the other: first row, count, step (1 or −1),
 * then `count` pairs (c, s). A pair makes row i c · x[i] + s · x[i + step] and row i + step c · x[i + step] − s · x[i], and i goes on to i + step.
 * @see LAPACK dlasr
 */
export interface Rotate {
  /** [rows, columns], float32 or float64, with at most 2^15 rows. */
  readonly x: Operand;
  /** Float64. */
  readonly list: Operand;
  /** How many numbers of the list are used. */
  readonly length: number;
}

/**
 * Turns pairs of rows until all are orthogonal, by Jacobi's rotations: the lengths of rows are then singular values. For devices that cannot
 * be read at once. @see LAPACK dgesvj
 */
export interface Orthogonalize {
  /** [n, m]; over it, V x. */
  readonly x: Operand;
  /** [n, n]; over it, V v. */
  readonly v: Operand;
}
