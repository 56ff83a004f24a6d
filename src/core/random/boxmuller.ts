/**
 * The Box–Muller transform of PyTorch's AVX2 kernel (`normal_fill_AVX2`, with `log256_ps` and `sincos256_ps` of
 * `avx_mathfun.h`, after Cephes), bit for bit: float32 polynomials whose multiplications and additions the compiler fused.
 *
 * The arithmetic is in doubles, rounded to float32 once per float32 operation. A product of two float32 is exact in a double, so
 * `fround(a * b + c)` is a fused multiply-add.
 */
const { fround, sqrt } = Math;

// Every constant is a float32, written with the digits of its double.
const SQRT_HALF = 0.7071067690849304;
/** Coefficients of (log(1 + x) - x + x²/2) / x³, highest power first, and log 2 in two parts. */
const L0 = 0.07037683576345444;
const L1 = -0.11514610052108765;
const L2 = 0.11676998436450958;
const L3 = -0.12420140951871872;
const L4 = 0.14249323308467865;
const L5 = -0.16668057441711426;
const L6 = 0.2000071406364441;
const L7 = -0.24999994039535522;
const L8 = 0.3333333134651184;
const LN2_HIGH = 0.693359375;
const LN2_LOW = -0.00021219444170128554;

const TWO_PI = 6.2831854820251465;
const FOUR_OVER_PI = 1.2732394933700562;
/** π/4 in three parts. */
const PI4_0 = 0.78515625;
const PI4_1 = 0.00024187564849853516;
const PI4_2 = 3.774895063202166e-8;
/** Coefficients of (sin x - x) / x³ and of (cos x - 1 + x²/2) / x⁴ in x², highest power first. */
const S0 = -0.00019515295571181923;
const S1 = 0.008332161232829094;
const S2 = -0.16666655242443085;
const C0 = 0.0000244331567955669;
const C1 = -0.0013887316454201937;
const C2 = 0.04166664555668831;

/** 2^-i, to scale by a power of two without a call. */
const negativePower = Float64Array.from({ length: 26 }, (_, i) => 2 ** -i);

/** Cosine and sine of i quarter turns. */
const quarterCos = Float64Array.of(1, 0, -1, 0);
const quarterSin = Float64Array.of(0, 1, 0, -1);

/**
 * Turns eight pairs of uniform numbers of 24 bits, elements j and j + 8 from `start`, into normal numbers in place.
 * @param mean exact in float32, like `std`
 */
export function boxMuller32(data: Float32Array, start: number, mean: number, std: number): void {
  for (let i = start; i < start + 8; i++) {
    const radius = fround(sqrt(fround(-2 * logOneMinus(data[i]!))));
    const angle = fround(TWO_PI * data[i + 8]!);
    const octant = (fround(angle * FOUR_OVER_PI) + 1) & ~1;
    let x = fround(angle - octant * PI4_0);
    x = fround(x - octant * PI4_1);
    x = fround(x - octant * PI4_2);
    const z = fround(x * x);
    const [s, c] = [sine(x, z), cosine(z)];
    const quarter = (octant >> 1) & 3;
    const [cosQ, sinQ] = [quarterCos[quarter]!, quarterSin[quarter]!];
    data[i] = fround(radius * (c * cosQ - s * sinQ)) * std + mean;
    data[i + 8] = fround(radius * (s * cosQ + c * sinQ)) * std + mean;
  }
}

/** log(1 - u) for u = k / 2^24 in [0, 1). */
function logOneMinus(u: number): number {
  const m = 0x1000000 - u * 0x1000000;
  const bits = 32 - Math.clz32(m);
  let exponent = bits - 24;
  let x = m * negativePower[bits]!;
  if (x < SQRT_HALF) {
    exponent--;
    x += x;
  }
  x -= 1;
  const z = fround(x * x);
  let y = fround(L0 * x + L1);
  y = fround(y * x + L2);
  y = fround(y * x + L3);
  y = fround(y * x + L4);
  y = fround(y * x + L5);
  y = fround(y * x + L6);
  y = fround(y * x + L7);
  y = fround(y * x + L8);
  y = fround(y * x);
  y = fround(y * z + fround(exponent * LN2_LOW));
  y = fround(y - z * 0.5);
  return fround(exponent * LN2_HIGH + fround(x + y));
}

/** sin(x) for |x| <= π/4, z = x². */
function sine(x: number, z: number): number {
  const y = fround(fround(S0 * z + S1) * z + S2);
  return fround(fround(y * z) * x + x);
}

/** cos(x) for |x| <= π/4, z = x². */
function cosine(z: number): number {
  const y = fround(fround(C0 * z + C1) * z + C2);
  return fround(fround(fround(y * z) * z - z * 0.5) + 1);
}
