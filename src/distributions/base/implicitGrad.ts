/**
 * Derivatives of samples by the parameters of their distribution where no inverse is at hand: dx/dα = −(∂F(x; α)/∂α) / f(x; α).
 * The approximations are PyTorch's (`ATen/native/Distributions.h`), so that gradients equal PyTorch's, their errors included.
 */

/** B₂ₖ/2k of the asymptotic series of digamma, the last first. */
const digammaSeries = [1 / 12, -691 / 32760, 1 / 132, -1 / 240, 1 / 252, -1 / 120, 1 / 12];

const horner = (x: number, highestFirst: readonly number[]): number =>
  highestFirst.reduce((sum, coefficient) => sum * x + coefficient);

/** The logarithmic derivative of Γ for x > 0. */
function digamma(x: number): number {
  if (x === 0) return Infinity;
  let sum = 0;
  for (; x < 10; x++) sum -= 1 / x;
  const z = 1 / (x * x);
  return sum + Math.log(x) - 0.5 / x - z * horner(z, digammaSeries);
}

const orZero = (x: number): number => (Number.isNaN(x) ? 0 : x);

/** The derivative by `alpha` of a number `x` drawn from Gamma(alpha, 1). */
export function gammaGrad(alpha: number, x: number): number {
  if (x < 0.8) return gammaGradNearZero(alpha, x);
  return alpha > 8 ? gammaGradLarge(alpha, x) : Math.exp(gammaGradLog(Math.log(x / alpha), Math.log(alpha)));
}

/** A Taylor series of the distribution function. */
function gammaGradNearZero(alpha: number, x: number): number {
  let term = 1;
  let series1 = 1 / alpha;
  let series2 = 1 / (alpha * alpha);
  for (let i = 1; i <= 5; i++) {
    term *= -x / i;
    series1 += term / (alpha + i);
    series2 += term / ((alpha + i) * (alpha + i));
  }
  const power = x ** alpha;
  const cdfByAlpha = (Math.log(x) - digamma(alpha)) * power * series1 - power * series2;
  return orZero(-cdfByAlpha / (x ** (alpha - 1) * Math.exp(-x)));
}

/** Rice's saddle point expansion. */
function gammaGradLarge(alpha: number, x: number): number {
  if (0.9 * alpha <= x && x <= 1.1 * alpha) {
    const first = 1 + 24 * alpha * (1 + 12 * alpha);
    const second = 1440 * alpha * alpha + 6 * x * (53 - 120 * x) - (65 * x * x) / alpha + alpha * (107 + 3600 * x);
    return (first * second) / (1244160 * alpha ** 4);
  }
  const root = Math.sqrt(8 * alpha);
  const ratio = Math.log(x / alpha);
  const tail = (x - alpha - alpha * ratio) ** -1.5;
  const sum = root / (alpha - x) + (x < alpha ? -tail : tail);
  const term = ratio * sum - (Math.sqrt(2 / alpha) * (alpha + x)) / ((alpha - x) * (alpha - x));
  const stirling = 1 + (1 / (12 * alpha)) * (1 + 1 / (24 * alpha));
  return (-stirling * x * term) / root;
}

/** Rows: powers of u; numerator and denominator by powers of v. */
const gammaRational = [
  [0.16009398, -0.094634809, 0.025146376, -0.0030648343, 1, 0.32668115, 0.10406089, 0.0014179084],
  [0.53487893, 0.1298071, 0.065735949, -0.0015649758, 0.16639465, 0.020070113, -0.0035938915, -0.00058392623],
  [0.040121004, -0.0065914022, -0.0026286047, -0.0013441777, 0.017050642, -0.0021309326, 0.00085092367, -1.5247877e-7],
] as const;

/** The logarithm of the derivative as a rational function of u = log(x/α) and v = log α. */
function gammaGradLog(u: number, v: number): number {
  const [c0, c1, c2] = gammaRational;
  const c = c0.map((first, i) => first + u * (c1[i]! + u * c2[i]!));
  return horner(v, c.slice(0, 4).reverse()) / horner(v, c.slice(4).reverse());
}

/**
 * The derivative by `alpha` of a number `x` drawn from Beta(alpha, total − alpha), over 1 − x: in this form the derivatives of Dirichlet
 * samples are made of it.
 */
export function betaGrad(x: number, alpha: number, total: number): number {
  const beta = total - alpha;
  const boundary = total * x * (1 - x);
  if (x <= 0.5 && boundary < 2.5) return betaGradNearZero(x, alpha, beta);
  if (x >= 0.5 && boundary < 0.75) return -betaGradNearOne(1 - x, beta, alpha);
  return alpha > 6 && beta > 6 ? betaGradLarge(x, alpha, beta) : betaGradRational(x, alpha, total);
}

/** The derivative with respect to alpha, by a Taylor series. */
function betaGradNearZero(x: number, alpha: number, beta: number): number {
  const factor = digamma(alpha) - digamma(alpha + beta) - Math.log(x);
  let term = 1;
  let series = (factor + 1 / alpha) / alpha;
  for (let i = 1; i <= 10; i++) {
    term *= ((i - beta) * x) / i;
    series += (term / (alpha + i)) * (factor + 1 / (alpha + i));
  }
  return orZero(x * (1 - x) ** -beta * series);
}

/** The derivative with respect to beta, by a Taylor series around x = 0: the mirror image of a sample near one. */
function betaGradNearOne(x: number, alpha: number, beta: number): number {
  const factor = digamma(alpha + beta) - digamma(beta);
  let [term, product, byBeta, series] = [1, 1, 0, factor / alpha];
  for (let i = 1; i <= 8; i++) {
    term *= -x / i;
    byBeta = byBeta * (beta - i) + product;
    product *= beta - i;
    series += (term / (alpha + i)) * (byBeta + factor * product);
  }
  return orZero(-((1 - x) ** (1 - beta)) * series);
}

/** Rice's saddle point expansion. */
function betaGradLarge(x: number, alpha: number, beta: number): number {
  const total = alpha + beta;
  const mean = alpha / total;
  const deviation = Math.sqrt((alpha * beta) / (total + 1)) / total;
  if (Math.abs(x - mean) <= 0.1 * deviation) return betaGradAtMean(x, alpha, beta);
  const stirling = (z: number) => 1 + 1 / (12 * z) + 1 / (288 * z * z);
  const correction = (stirling(alpha) * stirling(beta)) / stirling(total);
  const prefactor = -x / Math.sqrt((2 * alpha * beta) / total);
  const distance = alpha * (x - 1) + beta * x;
  const numerator = 2 * alpha * alpha * (x - 1) + alpha * beta * (x - 1) - x * beta * beta;
  const first = numerator / (Math.sqrt((2 * alpha) / beta) * total ** 1.5 * distance * distance);
  const logAlpha = Math.log(alpha / (total * x));
  const tail = (beta * Math.log(beta / (total * (1 - x))) + alpha * logAlpha) ** -1.5;
  const sum = Math.sqrt((8 * alpha * beta) / total) / distance + (x < mean ? tail : -tail);
  return correction * prefactor * (first + 0.5 * logAlpha * sum);
}

/** The same where it would be 0/0. */
function betaGradAtMean(x: number, alpha: number, beta: number): number {
  const total = alpha + beta;
  const polynomial = horner(alpha, [
    8 * (1 - x) * (135 * beta - 11),
    (453 + 1620 * beta * (1 - x) - 455 * x) * beta,
    3 * (59 + 180 * beta - 90 * x) * beta ** 2,
    (43 + 20 * (16 + 27 * beta) * x) * beta ** 3,
    47 * x * beta ** 4,
  ]);
  const numerator = ((1 + 12 * alpha) * (1 + 12 * beta)) / (total * total);
  return ((numerator / (1 - x)) * polynomial) / (12960 * alpha ** 3 * beta ** 2 * (1 + 12 * total));
}

/** Numerator and denominator; for each power of u and power of a, the coefficients of the powers of b. */
const betaRational = [
  [
    [1.003668233, -0.01061107488, -0.0657888334, 0.01201642863],
    [0.6336835991, -0.3557432599, 0.05486251648, -0.001465281033],
    [-0.03276231906, 0.004474107445, 0.002429354597, -0.0001557569013],
    [0.221950385, -0.3187676331, 0.01799915743, 0.01074823814],
    [-0.2951249643, 0.06219954479, 0.01535556598, 0.001550077057],
    [0.02155310298, 0.004170831599, 0.001292462449, 6.976601077e-5],
    [-0.05980841433, 0.008441916499, 0.01085618172, 0.002319392565],
    [0.02911413504, 0.01400243777, -0.002721828457, 0.000751041181],
    [0.005900514878, -0.001936558688, -9.495446725e-6, 5.385558597e-5],
  ],
  [
    [1, -0.02924021934, -0.04438342661, 0.007285809825],
    [0.6357567472, -0.3473456711, 0.05454656494, -0.002407477521],
    [-0.03301322327, 0.004845219414, 0.00231480583, -0.0002307248149],
    [0.5925320577, -0.1757678135, 0.01505928619, 0.000564515273],
    [0.1014815858, -0.06589186703, 0.01272886114, -0.0007316646956],
    [-0.007258481865, 0.001096195486, 0.0003934994223, -4.12701925e-5],
    [0.06469649321, -0.0236701437, 0.002902096474, -5.896963079e-5],
    [0.001925008108, -0.002869809258, 0.0008000589141, -6.063713228e-5],
    [-0.0003477407336, 6.959756487e-5, 1.097287507e-5, -1.650964693e-6],
  ],
] as const;

/** A rational correction of an analytic approximation. */
function betaGradRational(x: number, alpha: number, total: number): number {
  const u = Math.log(x);
  const a = Math.log(alpha) - u;
  const b = Math.log(total) - a;
  const [p, q] = betaRational.map((rows) =>
    rows.reduce(
      (sum, [c0, c1, c2, c3], i) => sum + u ** Math.floor(i / 3) * a ** (i % 3) * (c0 + b * (c1 + b * (c2 + b * c3))),
      0,
    ),
  );
  return ((p! / q!) * x * (digamma(total) - digamma(alpha))) / (total - alpha);
}
