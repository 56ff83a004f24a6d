/** Polynomials and series in WGSL, written out. */

/** Statements that set `sum` to the polynomial of `z`, whose coefficients begin with the constant one. */
export const horner = (coefficients: readonly number[]): string =>
  [...coefficients]
    .reverse()
    .map((c, i) => (i === 0 ? `var sum = f32(${c});` : `sum = sum * z + f32(${c});`))
    .join("\n  ");

/** Statements that set `sum` to a Chebyshev series of `u`, by Clenshaw's recurrence. */
export const chebyshev = (coefficients: readonly number[]): string => {
  const [first, ...rest] = coefficients;
  const steps = rest.reverse().map((c) => `{ let b = f32(${c}) + 2.0 * u * b1 - b2; b2 = b1; b1 = b; }`);
  return `var b1 = 0.0;\n  var b2 = 0.0;\n  ${steps.join("\n  ")}\n  let sum = f32(${first}) + u * b1 - b2;`;
};
