/** Orthogonal polynomials by their three-term recurrences, as PyTorch computes them. */

/** Families (0 is Chebyshev's T, 7 Legendre's P); those of Chebyshev are also defined on [0, 1] (`SHIFTED`). The numbers are part of the kernel ABI. */
const CHEBYSHEV_U: i32 = 1;
const CHEBYSHEV_V: i32 = 2;
const CHEBYSHEV_W: i32 = 3;
const HERMITE_H: i32 = 4;
const HERMITE_HE: i32 = 5;
const LAGUERRE_L: i32 = 6;
const SHIFTED: i32 = 8;

/** The polynomial of degree 1. */
function first(family: i32, x: f64): f64 {
  if (family == CHEBYSHEV_U || family == HERMITE_H) return 2 * x;
  if (family == CHEBYSHEV_V) return 2 * x - 1;
  if (family == CHEBYSHEV_W) return 2 * x + 1;
  return family == LAGUERRE_L ? 1 - x : x;
}

/** The polynomial of degree k + 1 from those of degrees k and k − 1. */
function next(family: i32, x: f64, k: f64, here: f64, before: f64): f64 {
  if (family <= CHEBYSHEV_W) return 2 * x * here - before;
  if (family == HERMITE_H) return 2 * x * here - 2 * k * before;
  if (family == HERMITE_HE) return x * here - k * before;
  if (family == LAGUERRE_L) return ((2 * k + 1 - x) * here - k * before) / (k + 1);
  return ((2 * k + 1) * x * here - k * before) / (k + 1);
}

/**
 * The polynomial of degree trunc n at x; 0 for n ≤ −1, and for an n that no int64 holds. `family` + SHIFTED means that
 * x ∈ [0, 1] stands for 2x − 1.
 */
export function orthogonal(family: i32, x: f64, n: f64): f64 {
  if (!(n >= 1 && n < 9223372036854775808.0)) return n > -1 && n < 1 ? 1 : 0;
  const degree = <i64>n;
  if (family >= SHIFTED) {
    family -= SHIFTED;
    x = 2 * x - 1;
  }
  let before: f64 = 1,
    here = first(family, x);
  for (let k: i64 = 1; k < degree && here == here; k++) {
    const after = next(family, x, <f64>k, here, before);
    before = here;
    here = after;
  }
  return here;
}
