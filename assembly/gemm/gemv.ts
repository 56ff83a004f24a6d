/**
 * Products with a vector, y[j] = Σ_p M[j][p] · x[p], as sums of the columns of M, which are contiguous. (Where the rows
 * are, the product is one of thin.ts.)
 */
import { lanes } from "../simd";
import { fma, splatAt } from "./micro";
import { BIAS_COLUMN, packedA, packedB, Product } from "./product";

/** Longest vector that is gathered when its elements are not neighbours; it takes the place of a packed B. */
const MAX_GATHER: i32 = 1 << 18;
/** Results computed at a time; their sums take the place of a packed A and stay in the first cache level. */
const CHUNK: i32 = 1024;

/** Whether a product is one for `gemv`: one row or one column, and the matrix is contiguous along the result. */
export function isGemv<T>(p: Product): bool {
  if (p.k > MAX_GATHER) return false;
  return p.m == 1 ? p.csb == sizeof<T>() : p.n == 1 && p.rsa == sizeof<T>();
}

/** Results [begin, end); `begin` is a multiple of 4. */
export function gemv<T>(p: Product, begin: i32, end: i32): void {
  const row = p.m == 1;
  const along = row ? p.rsb : p.csa;
  const incx = row ? p.csa : p.rsb;
  let x = row ? p.a : p.b;
  if (incx != sizeof<T>()) x = gather<T>(packedB(p), x, incx, p.k);
  const sums = packedA<T>(p);
  for (let j = begin; j < end; j += CHUNK) {
    const count = min(CHUNK, end - j);
    const m = (row ? p.b : p.a) + <usize>j * sizeof<T>();
    combine<T>(sums, m, along, x, p.k, count);
    finish<T>(p, sums, j, count);
  }
}

function gather<T>(dst: usize, x: usize, incx: usize, k: i32): usize {
  for (let i = 0; i < k; i++) store<T>(dst + <usize>i * sizeof<T>(), load<T>(x + <usize>i * incx));
  return dst;
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
