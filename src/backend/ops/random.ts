/**
 * Random numbers. On a device whose memory is at hand the library draws them, in PyTorch's order, and the device only transforms them; another device
 * draws them by itself.
 */
import type { Operand } from "../operand";

/** What is drawn, by its two numbers `p` and `q` or by the elements of `given` at the same places. */
export type DrawKind =
  /** Even over [p, q). */
  | "uniform"
  /** Normal, of mean p and standard deviation q. */
  | "normal"
  /** The exponential of a normal number. */
  | "logNormal"
  /** Exponential, of rate p. */
  | "exponential"
  /** Cauchy, of median p and scale q. */
  | "cauchy"
  /** The number of trials of probability p up to the first success. */
  | "geometric"
  /** q with probability p, else 0. */
  | "bernoulli"
  /** Whole numbers in [p, p + q), of which there are at most 2^32. */
  | "integers"
  /** 1 with the probability given, else 0. */
  | "bernoulliEach"
  /** Even over [p, q) where what is given is not positive, else 1. */
  | "slopes"
  /** The Poisson number of the rate given. */
  | "poisson"
  /** The number of successes in trials, of the number and the probability given. */
  | "binomial"
  /** The gamma number of scale 1 and of the shape given. */
  | "gamma";

/**
 * Draws random numbers: those of Philox4x32-10 for the key, whose counter is the position of an element, so that a key gives the same bits on every
 * device. @see Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011
 */
export interface DrawNumbers {
  readonly kind: DrawKind;
  /** Contiguous. */
  readonly y: Operand;
  readonly p: number;
  readonly q: number;
  /** Contiguous, float32, of the size of y. */
  readonly given: readonly Operand[];
  /** Two whole numbers in [0, 2^32). */
  readonly key: readonly [number, number];
}

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
