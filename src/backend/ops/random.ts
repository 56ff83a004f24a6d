/** Random numbers are drawn by the library, in PyTorch's order; devices only transform them. */
import type { Operand } from "../operand";

/**
 * Makes normal numbers of even ones, in place: in each block of 16, elements i and i + 8 become √(−2 ln(1 − xᵢ)) times the cosine and the sine of 2π xᵢ₊₈,
 * times `std`, plus `mean`.
 */
export interface BoxMuller {
  /** A multiple of 16 numbers in [0, 1), float32, contiguous. */
  readonly x: Operand;
  readonly mean: number;
  readonly std: number;
}
