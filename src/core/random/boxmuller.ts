/**
 * The Box–Muller transform of PyTorch's AVX2 kernel (`normal_fill_AVX2`, with `log256_ps` and `sincos256_ps` of
 * `avx_mathfun.h`, after Cephes), bit for bit: float32 polynomials whose multiplications and additions the compiler fused.
 *
 * The arithmetic is in doubles, rounded to float32 once per float32 operation. A product of two float32 is exact in a double, so
 * `fround(a * b + c)` is a fused multiply-add.
 */
const { fround, sqrt } = Math;

const SQRT_HALF = fround(Math.SQRT1_2);
/** Coefficients of log(1 + x) - x + x²/2 over x³, and log 2 in two parts. */
const [L0, L1, L2, L3, L4] = [7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1].map(
  fround,
) as Five;
const [L5, L6, L7, L8, LN2_LOW] = [
  -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1, -2.1219444e-4,
].map(fround) as Five;
const LN2_HIGH = 0.693359375;

const TWO_PI = fround(2 * Math.PI);
const FOUR_OVER_PI = fround(4 / Math.PI);
/** π/4 in three parts. */
const [PI4_0, PI4_1, PI4_2] = [0.78515625, 2.4187564849853516e-4, 3.774894977445941e-8].map(fround) as Three;
const [S0, S1, S2] = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1].map(fround) as Three;
const [C0, C1, C2] = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2].map(fround) as Three;

type Three = [number, number, number];
type Five = [number, number, number, number, number];

/** 2^-i, to scale by a power of two without a call. */
const negativePower = Float64Array.from({ length: 26 }, (_, i) => 2 ** -i);

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
    const near = (octant & 2) === 0;
    const s = sine(x, z);
    const c = cosine(z);
    const sin = near ? s : c;
    const cos = near ? c : s;
    data[i] = fround(radius * (((octant + 2) & 4) === 0 ? cos : -cos)) * std + mean;
    data[i + 8] = fround(radius * ((octant & 4) === 0 ? sin : -sin)) * std + mean;
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
