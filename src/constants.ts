/** Numbers by name. */

/** The circumference of a circle of diameter 1. @see torch.pi */
export const pi = Math.PI;
/** The base of the natural logarithm. @see torch.e */
export const e = Math.E;
/** @see torch.inf */
export const inf = Number.POSITIVE_INFINITY;
/** Not a number. @see torch.nan */
export const nan = Number.NaN;
