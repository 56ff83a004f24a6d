/** Chebyshev series c₀ + c₁ T₁(u) + … + c₍ₙ₋₁₎ T₍ₙ₋₁₎(u) on |u| ≤ 1, by Clenshaw's recurrence; the table holds c. */
export function chebyshev(u: f64, table: usize, n: i32): f64 {
  const twice = 2 * u;
  let b1: f64 = 0,
    b2: f64 = 0;
  for (let at = table + ((<usize>n - 1) << 3); at > table; at -= 8) {
    const b = load<f64>(at) + twice * b1 - b2;
    b2 = b1;
    b1 = b;
  }
  return load<f64>(table) + u * b1 - b2;
}
