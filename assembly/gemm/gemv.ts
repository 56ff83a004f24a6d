/**
 * Products with a vector, y[j] = Σ_p M[j][p] · x[p], where the blocked product would waste seven columns of eight.
 * Either the rows of M are contiguous (dot products) or its columns are (sums of scaled columns).
 */
import { lanes } from "../simd";
import { fma, splatAt } from "./micro";
import { BIAS_COLUMN, packedA, packedB, Product } from "./product";

/** Longest vector that is gathered when its elements are not neighbours; it takes the place of a packed B. */
const MAX_GATHER: i32 = 1 << 18;
/** Results computed at a time; their sums take the place of a packed A and stay in the first cache level. */
const CHUNK: i32 = 1024;

/**
 * Results [begin, end) of a product with one row or one column. False, and nothing done, if neither the rows nor the
 * columns of the matrix are contiguous. `begin` is a multiple of 4.
 */
export function gemv<T>(p: Product, begin: i32, end: i32): bool {
  const row = p.m == 1;
  const out = row ? p.csb : p.rsa;
  const along = row ? p.rsb : p.csa;
  let x = row ? p.a : p.b;
  const incx = row ? p.csa : p.rsb;
  if (along != sizeof<T>() && out != sizeof<T>()) return false;
  if (incx != sizeof<T>()) {
    if (p.k > MAX_GATHER) return false;
    x = gather<T>(packedB(p), x, incx, p.k);
  }
  const sums = packedA<T>(p);
  for (let j = begin; j < end; j += CHUNK) {
    const count = min(CHUNK, end - j);
    const m = (row ? p.b : p.a) + <usize>j * out;
    if (along == sizeof<T>()) dots<T>(sums, m, out, x, p.k, count);
    else combine<T>(sums, m, along, x, p.k, count);
    finish<T>(p, sums, j, count);
  }
  return true;
}

function gather<T>(dst: usize, x: usize, incx: usize, k: i32): usize {
  for (let i = 0; i < k; i++) store<T>(dst + <usize>i * sizeof<T>(), load<T>(x + <usize>i * incx));
  return dst;
}

/** y[j] = row j of m times x, for `count` rows. */
function dots<T>(y: usize, m: usize, row: usize, x: usize, k: i32, count: i32): void {
  for (; count >= 4; count -= 4) {
    dot4<T>(y, m, row, x, k);
    y += 4 * sizeof<T>();
    m += 4 * row;
  }
  for (; count > 0; count--) {
    dot1<T>(y, m, x, k);
    y += sizeof<T>();
    m += row;
  }
}

/** Sum of the lanes. */
// @ts-ignore: decorator
@inline
function total<T>(v: v128): T {
  if (sizeof<T>() == 4) {
    const s = v128.add<T>(v, v128.shuffle<i64>(v, v, 1, 0));
    return <T>(v128.extract_lane<T>(s, 0) + v128.extract_lane<T>(s, 1));
  }
  return <T>(v128.extract_lane<T>(v, 0) + v128.extract_lane<T>(v, 1));
}

/** Four rows at once, each with the two accumulators of dot1, in its order. */
function dot4<T>(y: usize, r0: usize, row: usize, x: usize, k: i32): void {
  const zero = i64x2.splat(0);
  let s0 = zero, s1 = zero, s2 = zero, s3 = zero, t0 = zero, t1 = zero, t2 = zero, t3 = zero;
  let r1 = r0 + row, r2 = r1 + row, r3 = r2 + row;
  for (; k >= 2 * lanes<T>(); k -= 2 * lanes<T>()) {
    const a = v128.load(x), b = v128.load(x, 16);
    s0 = fma<T>(v128.load(r0), a, s0); t0 = fma<T>(v128.load(r0, 16), b, t0);
    s1 = fma<T>(v128.load(r1), a, s1); t1 = fma<T>(v128.load(r1, 16), b, t1);
    s2 = fma<T>(v128.load(r2), a, s2); t2 = fma<T>(v128.load(r2, 16), b, t2);
    s3 = fma<T>(v128.load(r3), a, s3); t3 = fma<T>(v128.load(r3, 16), b, t3);
    x += 32; r0 += 32; r1 += 32; r2 += 32; r3 += 32;
  }
  store<T>(y, total<T>(v128.add<T>(s0, t0)) + dotTail<T>(r0, x, k));
  store<T>(y, total<T>(v128.add<T>(s1, t1)) + dotTail<T>(r1, x, k), sizeof<T>());
  store<T>(y, total<T>(v128.add<T>(s2, t2)) + dotTail<T>(r2, x, k), 2 * sizeof<T>());
  store<T>(y, total<T>(v128.add<T>(s3, t3)) + dotTail<T>(r3, x, k), 3 * sizeof<T>());
}

function dot1<T>(y: usize, r: usize, x: usize, k: i32): void {
  let s = i64x2.splat(0), t = i64x2.splat(0);
  for (; k >= 2 * lanes<T>(); k -= 2 * lanes<T>()) {
    s = fma<T>(v128.load(r), v128.load(x), s);
    t = fma<T>(v128.load(r, 16), v128.load(x, 16), t);
    x += 32;
    r += 32;
  }
  store<T>(y, total<T>(v128.add<T>(s, t)) + dotTail<T>(r, x, k));
}

function dotTail<T>(r: usize, x: usize, k: i32): T {
  let s: T = 0;
  for (; k > 0; k--) {
    s += load<T>(r) * load<T>(x);
    r += sizeof<T>();
    x += sizeof<T>();
  }
  return s;
}

/** y = Σ_p x[p] · column p of m, `count` elements. Eight columns are summed before y is touched. */
function combine<T>(y: usize, m: usize, column: usize, x: usize, k: i32, count: i32): void {
  memory.fill(y, 0, <usize>count * sizeof<T>());
  for (; k >= 8; k -= 8) {
    combine8<T>(y, m, column, x, count);
    m += 8 * column;
    x += 8 * sizeof<T>();
  }
  for (; k > 0; k--) {
    combine1<T>(y, m, x, count);
    m += column;
    x += sizeof<T>();
  }
}

function combine8<T>(y: usize, m0: usize, column: usize, x: usize, count: i32): void {
  const x0 = splatAt<T>(x), x1 = splatAt<T>(x + sizeof<T>());
  const x2 = splatAt<T>(x + 2 * sizeof<T>()), x3 = splatAt<T>(x + 3 * sizeof<T>());
  const x4 = splatAt<T>(x + 4 * sizeof<T>()), x5 = splatAt<T>(x + 5 * sizeof<T>());
  const x6 = splatAt<T>(x + 6 * sizeof<T>()), x7 = splatAt<T>(x + 7 * sizeof<T>());
  const m1 = column, m2 = m1 + m1, m3 = m2 + m1, m4 = m2 + m2;
  for (; count >= lanes<T>(); count -= lanes<T>()) {
    const h = m0 + m4;
    let s = v128.mul<T>(x0, v128.load(m0)), t = v128.mul<T>(x4, v128.load(h));
    s = fma<T>(x1, v128.load(m0 + m1), s); t = fma<T>(x5, v128.load(h + m1), t);
    s = fma<T>(x2, v128.load(m0 + m2), s); t = fma<T>(x6, v128.load(h + m2), t);
    s = fma<T>(x3, v128.load(m0 + m3), s); t = fma<T>(x7, v128.load(h + m3), t);
    v128.store(y, v128.add<T>(v128.load(y), v128.add<T>(s, t)));
    y += 16;
    m0 += 16;
  }
  for (; count > 0; count--) {
    let s: T = 0;
    for (let p = 0; p < 8; p++) s += load<T>(x + <usize>p * sizeof<T>()) * load<T>(m0 + <usize>p * column);
    store<T>(y, load<T>(y) + s);
    y += sizeof<T>();
    m0 += sizeof<T>();
  }
}

function combine1<T>(y: usize, m: usize, x: usize, count: i32): void {
  const s = splatAt<T>(x);
  for (; count >= lanes<T>(); count -= lanes<T>()) {
    v128.store(y, fma<T>(s, v128.load(m), v128.load(y)));
    y += 16;
    m += 16;
  }
  for (; count > 0; count--) {
    store<T>(y, load<T>(y) + load<T>(x) * load<T>(m));
    y += sizeof<T>();
    m += sizeof<T>();
  }
}

/** Adds what C held, and the bias; rectifies; stores. */
function finish<T>(p: Product, sums: usize, j: i32, count: i32): void {
  const row = p.m == 1;
  const incy = row ? sizeof<T>() : p.ldc;
  const perResult = (p.biasMode == BIAS_COLUMN) == row;
  let y = p.c + <usize>j * incy;
  for (let i = 0; i < count; i++) {
    let v = load<T>(sums + <usize>i * sizeof<T>());
    if (p.add) v += load<T>(y);
    if (p.biasMode != 0) v += load<T>(p.bias + (perResult ? <usize>(j + i) * sizeof<T>() : 0));
    if (p.relu) v = max<T>(v, <T>0);
    store<T>(y, v);
    y += incy;
  }
}
