/**
 * Elementwise functions that no plain rule of an entry gives, by other means than those of the kernels: series, recurrences and iterations in float64,
 * bits for the neighbors of numbers.
 */

type Reference = (a: number, b: number, dtype: string) => number;

const TINY = 1e-17;

/** Sums terms until they no longer count. */
function series(first: number, next: (term: number, n: number) => number): number {
  let sum = 0;
  for (let [term, n] = [first, 1]; n < 1000; n++) {
    sum += term;
    if (Math.abs(term) <= TINY * Math.abs(sum)) break;
    term = next(term, n);
  }
  return sum;
}

const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));

/** ln Γ(x) for x > 0: Stirling's series far out, brought back by the recurrence. */
function lgamma(x: number): number {
  let [z, product] = [x, 1];
  for (; z < 20; z++) product *= z;
  const w = 1 / (z * z);
  const tail = (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w / 1188)))) / z;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + tail - Math.log(product);
}

/** The derivative of ln Γ, in the same way. */
function digamma(x: number): number {
  let [z, sum] = [x, 0];
  for (; z < 20; z++) sum += 1 / z;
  const w = 1 / (z * z);
  return Math.log(z) - 0.5 / z - w * (1 / 12 - w * (1 / 120 - w * (1 / 252 - w * (1 / 240 - w / 132)))) - sum;
}

/** 2/√π · e^{−x²} · Σ 2ⁿ x^{2n+1} / (2n+1)‼, all of whose terms have one sign. */
const erf = (x: number): number =>
  (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * series(x, (term, n) => (term * 2 * x * x) / (2 * n + 1));

/** e^{x²} · erfc(x): Laplace's continued fraction, from its end, where the difference to 1 would cancel. */
function erfcx(x: number): number {
  if (x < 2) return Math.exp(x * x) * (1 - erf(x));
  let fraction = x;
  for (let n = 200; n > 0; n--) fraction = x + n / 2 / fraction;
  return 1 / (Math.sqrt(Math.PI) * fraction);
}

const erfc = (x: number): number => (x < 2 ? 1 - erf(x) : Math.exp(-x * x) * erfcx(x));

/** Newton's iteration. */
function erfinv(y: number): number {
  if (Math.abs(y) >= 1) return Math.abs(y) === 1 ? y * Number.POSITIVE_INFINITY : Number.NaN;
  let x = 0;
  for (let i = 0; i < 60; i++) {
    const step = ((y - erf(x)) * Math.sqrt(Math.PI)) / 2 / Math.exp(-x * x);
    x += step;
    if (Math.abs(step) < 1e-16) break;
  }
  return x;
}

/** The lower part of Γ(a), as a part of the whole: a series of positive terms. */
function igamma(a: number, x: number): number {
  if (a === 0) return x === 0 ? Number.NaN : 1;
  if (x === 0) return 0;
  return Math.exp(a * Math.log(x) - x - lgamma(a + 1)) * series(1, (term, n) => (term * x) / (a + n));
}

/** The modified Bessel function of whole order, by its power series. */
const bessel = (order: 0 | 1) => (x: number) =>
  series(order === 0 ? 1 : x / 2, (term, n) => (term * x * x) / 4 / (n * (n + order)));

const [i0, i1] = [bessel(0), bessel(1)];

/** Σ (q + n)^−s: forty terms, and Euler and Maclaurin's formula for the rest. */
function zeta(s: number, q: number): number {
  if (s === 1) return Number.POSITIVE_INFINITY;
  if (s < 1) return Number.NaN;
  let sum = 0;
  for (let n = 0; n < 40; n++) sum += (q + n) ** -s;
  const z = q + 40;
  sum += z ** (1 - s) / (s - 1) + 0.5 * z ** -s;
  // B₂ₖ / (2k)! times rising factorials.
  let factor = s * z ** (-s - 1);
  for (const [k, b] of [1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160].entries()) {
    sum += b * factor;
    factor *= ((s + 2 * k + 1) * (s + 2 * k + 2)) / (z * z);
  }
  return sum;
}

/** The next number of a dtype, by its bits as a whole number. */
function nextafter(a: number, b: number, dtype: string): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN;
  if (a === b) return b;
  if (dtype === "float64") {
    const view = new DataView(new ArrayBuffer(8));
    if (a === 0) return Math.sign(b) * Number.MIN_VALUE;
    view.setFloat64(0, a);
    view.setBigInt64(0, view.getBigInt64(0) + (a < b === a > 0 ? 1n : -1n));
    return view.getFloat64(0);
  }
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, a);
  const bits = view.getInt32(0);
  // bfloat16 is the upper half of float32.
  const unit = dtype === "bfloat16" ? 65536 : 1;
  view.setInt32(0, a === 0 ? unit : bits + (a < b === a > 0 ? unit : -unit));
  return a === 0 ? Math.sign(b) * view.getFloat32(0) : view.getFloat32(0);
}

/** The integral of a function that is periodic, or vanishes quickly at both ends, by equal steps: the error falls exponentially. */
function integral(f: (t: number) => number, from: number, to: number, steps: number): number {
  const h = (to - from) / steps;
  let sum = (f(from) + f(to)) / 2;
  for (let i = 1; i < steps; i++) sum += f(from + i * h);
  return sum * h;
}

/** Bessel's own integral. */
const besselJ = (n: number, x: number): number =>
  integral((t) => Math.cos(n * t - x * Math.sin(t)), 0, Math.PI, 40) / Math.PI;

const EULER = 0.5772156649015329;

/** Neumann's series of Bessel functions of the second kind. */
function besselY(n: 0 | 1, x: number): number {
  let [sum, factor, harmonic] = [0, n === 0 ? 1 : x / 2, 0];
  for (let k = 0; k < 60; k++) {
    // ψ(k + 1) + ψ(k + n + 1), without Euler's constant.
    sum += factor * (2 * harmonic + (n === 0 ? 0 : 1 / (k + 1)));
    factor *= (-x * x) / 4 / ((k + 1) * (k + 1 + n));
    harmonic += 1 / (k + 1);
  }
  const logarithm = 2 * (Math.log(x / 2) + EULER) * besselJ(n, x);
  return (logarithm - sum - (n === 0 ? 0 : 2 / x)) / Math.PI;
}

/** ∫ e^{−x (cosh t − shift)} cosh(n t) dt from 0 on. */
const besselK = (n: 0 | 1, x: number, shift = 0): number =>
  x === 0
    ? Number.POSITIVE_INFINITY
    : integral((t) => Math.exp(-x * (Math.cosh(t) - shift)) * Math.cosh(n * t), 0, 8, 80);

/** Maclaurin's series of Airy's function. */
function airy(x: number): number {
  const cube = x * x * x;
  const f = series(1, (term, n) => (term * cube) / ((3 * n - 1) * 3 * n));
  const g = series(x, (term, n) => (term * cube) / (3 * n * (3 * n + 1)));
  return 0.3550280538878172 * f - 0.2588194037928068 * g;
}

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
const choose = (n: number, k: number): number => factorial(n) / factorial(k) / factorial(n - k);

/** Σ over k from 0 to n. */
const sumTo = (n: number, term: (k: number) => number): number =>
  Array.from({ length: n + 1 }, (_, k) => term(k)).reduce((a, b) => a + b, 0);

/** A polynomial of a whole degree, from its explicit form. */
const polynomial =
  (p: (n: number, x: number) => number): Reference =>
  (x, n) =>
    p(Math.trunc(n), x);

/** Chebyshev's polynomials as sums of powers of x + √(x² − 1) and of its reciprocal, whatever x is. */
const chebyshev = {
  T: (n: number, x: number) => sumTo(n >> 1, (k) => choose(n, 2 * k) * (x * x - 1) ** k * x ** (n - 2 * k)),
  U: (n: number, x: number) => sumTo(n >> 1, (k) => choose(n + 1, 2 * k + 1) * (x * x - 1) ** k * x ** (n - 2 * k)),
  V: (n: number, x: number) => chebyshev.U(n, x) - (n === 0 ? 0 : chebyshev.U(n - 1, x)),
  W: (n: number, x: number) => chebyshev.U(n, x) + (n === 0 ? 0 : chebyshev.U(n - 1, x)),
};

const chebyshevSeries = Object.entries(chebyshev).flatMap(([kind, p]) => [
  [`chebyshevPolynomial${kind}`, polynomial(p)] as const,
  [`shiftedChebyshevPolynomial${kind}`, polynomial((n, x) => p(n, 2 * x - 1))] as const,
]);

/** A gradient: g times the slope of a function, by differences of fourth order, whose error is far below that of what they judge. */
const slope =
  (f: (x: number) => number): Reference =>
  (g, x) => {
    const h = 1e-3;
    const at = (k: number) => f(x + k * h);
    return (g * (at(-3) * -1 + 9 * at(-2) - 45 * at(-1) + 45 * at(1) - 9 * at(2) + at(3))) / (60 * h);
  };

/** By the name of the entry. */
export const references: Readonly<Record<string, Reference>> = {
  gcd,
  lcm: (a, b) => (a === 0 || b === 0 ? 0 : Math.abs(a * b) / gcd(a, b)),
  nextafter,
  digamma: (x) => (x === 0 ? Number.NEGATIVE_INFINITY : digamma(x)),
  lgamma: (x) => (x === 0 ? Number.POSITIVE_INFINITY : lgamma(x)),
  erf,
  erfc,
  erfcx,
  erfinv,
  igamma,
  igammac: (a, x) => 1 - igamma(a, x),
  i0,
  i0e: (x) => Math.exp(-Math.abs(x)) * i0(x),
  i1,
  i1e: (x) => Math.exp(-Math.abs(x)) * i1(x),
  logNdtr: (x) => Math.log(erfc(-x / Math.SQRT2) / 2),
  ndtri: (p) => Math.SQRT2 * erfinv(2 * p - 1),
  zeta,
  airyAi: airy,
  besselJ0: (x) => besselJ(0, x),
  besselJ1: (x) => besselJ(1, x),
  besselY0: (x) => (x === 0 ? Number.NEGATIVE_INFINITY : besselY(0, x)),
  besselY1: (x) => (x === 0 ? Number.NEGATIVE_INFINITY : besselY(1, x)),
  modifiedBesselI0: i0,
  modifiedBesselI1: i1,
  modifiedBesselK0: (x) => besselK(0, x),
  modifiedBesselK1: (x) => besselK(1, x),
  scaledModifiedBesselK0: (x) => besselK(0, x, 1),
  scaledModifiedBesselK1: (x) => besselK(1, x, 1),
  sphericalBesselJ0: (x) => (x === 0 ? 1 : Math.sin(x) / x),
  ...Object.fromEntries(chebyshevSeries),
  hermitePolynomialH: polynomial(
    (n, x) =>
      factorial(n) * sumTo(n >> 1, (m) => ((-1) ** m * (2 * x) ** (n - 2 * m)) / factorial(m) / factorial(n - 2 * m)),
  ),
  hermitePolynomialHe: polynomial(
    (n, x) =>
      factorial(n) *
      sumTo(n >> 1, (m) => ((-1) ** m * x ** (n - 2 * m)) / factorial(m) / factorial(n - 2 * m) / 2 ** m),
  ),
  laguerrePolynomialL: polynomial((n, x) => sumTo(n, (k) => (choose(n, k) * (-x) ** k) / factorial(k))),
  legendrePolynomialP: polynomial((n, x) =>
    sumTo(n, (k) => choose(n, k) ** 2 * ((x - 1) / 2) ** (n - k) * ((x + 1) / 2) ** k),
  ),
  // The rules of these entries hold for numbers alone.
  xlogy: (a, b) => (a === 0 && !Number.isNaN(b) ? 0 : a * Math.log(b)),
  bitwiseNot: (x, _, dtype) => (dtype === "bool" ? 1 - x : ~x),
  // At 3 itself the kernel gives g, where one side has slope 1.5 and the other 1.
  hardswishBackward: (g, x) => (x < -3 ? 0 : x >= 3 ? g : g * (x / 3 + 0.5)),
  insideBackward: (g, x) => (Math.abs(x) >= 1 ? 0 : g),
  leakyReluBackward: (g) => g,
  geluBackward: slope((x) => (x / 2) * (1 + erf(x / Math.SQRT2))),
  siluBackward: slope((x) => x / (1 + Math.exp(-x))),
};
