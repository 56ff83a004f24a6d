/**
 * Products of few rows of f32 with the rows of a matrix whose numbers have 16 bits, y[i][j] = Σ_p x[i][p] · w[j][p] + bias[j]: it is the memory of w that takes the
 * time, and its numbers are widened on their way. Range: four rows of w each.
 */
import { F16 } from "../common/dtype";
import { bfloatToFloat, halfToFloat } from "../common/half";
import { fma4 } from "../common/simd";

/** What is left of the bits of a half when they have been moved to where f32 has them, and the factor that moves the exponent's bias. */
const HALF = memory.data<u32>([0x8fffe000, 0x77800000]);

/** Four numbers of 16 bits, each sign-extended to 32, as f32. Halves must be finite. `T` is i16 for halves, u16 for bfloat16. */
// @ts-ignore: decorator
@inline
function widened<T>(bits: v128, mask: v128, factor: v128): v128 {
  if (!isSigned<T>()) return i32x4.shl(bits, 16);
  return f32x4.mul(v128.and(i32x4.shl(bits, 13), mask), factor);
}

/** The sum of four lanes. */
// @ts-ignore: decorator
@inline
function sumOf(x: v128): f32 {
  const pairs = f32x4.add(x, v128.shuffle<i32>(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

// @ts-ignore: decorator
@inline
function single<T>(w: usize): f32 {
  return isSigned<T>() ? halfToFloat(load<u16>(w)) : bfloatToFloat(load<u16>(w));
}

/** One row of x by four rows of w; those beyond the last one are the last one again. */
function fourDots<T>(y: usize, x: usize, w0: usize, w1: usize, w2: usize, w3: usize, k: i32): void {
  const mask = v128.load32_splat(HALF),
    factor = v128.load32_splat(HALF, 4);
  let s0 = f32x4.splat(0),
    s1 = s0,
    s2 = s0,
    s3 = s0,
    t0 = s0,
    t1 = s0,
    t2 = s0,
    t3 = s0;
  for (; k >= 8; k -= 8) {
    const a = v128.load(x),
      b = v128.load(x, 16);
    let w = v128.load(w0);
    s0 = fma4(widened<T>(i32x4.extend_low_i16x8_s(w), mask, factor), a, s0);
    t0 = fma4(widened<T>(i32x4.extend_high_i16x8_s(w), mask, factor), b, t0);
    w = v128.load(w1);
    s1 = fma4(widened<T>(i32x4.extend_low_i16x8_s(w), mask, factor), a, s1);
    t1 = fma4(widened<T>(i32x4.extend_high_i16x8_s(w), mask, factor), b, t1);
    w = v128.load(w2);
    s2 = fma4(widened<T>(i32x4.extend_low_i16x8_s(w), mask, factor), a, s2);
    t2 = fma4(widened<T>(i32x4.extend_high_i16x8_s(w), mask, factor), b, t2);
    w = v128.load(w3);
    s3 = fma4(widened<T>(i32x4.extend_low_i16x8_s(w), mask, factor), a, s3);
    t3 = fma4(widened<T>(i32x4.extend_high_i16x8_s(w), mask, factor), b, t3);
    x += 32;
    w0 += 16;
    w1 += 16;
    w2 += 16;
    w3 += 16;
  }
  let r0 = sumOf(f32x4.add(s0, t0)),
    r1 = sumOf(f32x4.add(s1, t1)),
    r2 = sumOf(f32x4.add(s2, t2)),
    r3 = sumOf(f32x4.add(s3, t3));
  for (; k > 0; k--) {
    const a = load<f32>(x);
    r0 += a * single<T>(w0);
    r1 += a * single<T>(w1);
    r2 += a * single<T>(w2);
    r3 += a * single<T>(w3);
    x += 4;
    w0 += 2;
    w1 += 2;
    w2 += 2;
    w3 += 2;
  }
  store<f32>(y, r0);
  store<f32>(y, r1, 4);
  store<f32>(y, r2, 8);
  store<f32>(y, r3, 12);
}

/** Tasks [begin, end). `type` is F16 or BF16; `bias` may be 0. */
export function halfProduct(
  type: i32,
  y: usize,
  x: usize,
  w: usize,
  bias: usize,
  m: i32,
  n: i32,
  k: i32,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const step = <usize>k * 2;
  for (let t = begin; t < end; t++) {
    const j = t * 4,
      count = min(4, n - j);
    const w0 = w + <usize>j * step;
    const w1 = count > 1 ? w0 + step : w0;
    const w2 = count > 2 ? w1 + step : w1;
    const w3 = count > 3 ? w2 + step : w2;
    for (let i = 0; i < m; i++) {
      const row = x + <usize>i * k * 4;
      if (type == F16) fourDots<i16>(scratch, row, w0, w1, w2, w3, k);
      else fourDots<u16>(scratch, row, w0, w1, w2, w3, k);
      const to = y + <usize>(i * n + j) * 4;
      for (let c = 0; c < count; c++) {
        const at = <usize>c * 4;
        const sum = load<f32>(scratch + at);
        store<f32>(to + at, bias == 0 ? sum : sum + load<f32>(bias + <usize>j * 4 + at));
      }
    }
  }
}
