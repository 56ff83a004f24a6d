/**
 * Products of few rows with a matrix whose rows are contiguous, y[j] = Σ_p x[p] · M[p][j], as sums of the rows of M.
 */
import { lanes } from "../common/simd";
import { fewRows, fewStep, finish } from "./few";
import { fma, splatAt } from "./micro";
import { Product, packedA } from "./product";

/** Results of a row computed at a time: their sums, which take the place of a packed A, and 8 rows of M stay in the first cache level. */
const CHUNK: i32 = 512;

/** Computes columns [j0, j1) of C, bias and rectifier included; `j0` is a multiple of 4. */
export function gemv<T>(p: Product, j0: i32, j1: i32): void {
  const sums = packedA(p),
    pitch = CHUNK * sizeof<T>();
  const x = fewRows(p);
  const chunk = p.m == 1 ? 2 * CHUNK : CHUNK;
  for (let j = j0; j < j1; j += chunk) {
    const count = min(chunk, j1 - j);
    combine<T>(p, sums, p.b + <usize>j * sizeof<T>(), x, count);
    for (let i = 0; i < p.m; i++) finish<T>(p, sums + <usize>i * pitch, i, j, count, p.add, true);
  }
}

/** The sums of `count` columns. Eight rows of M are added at a time. */
function combine<T>(p: Product, sums: usize, m: usize, x: usize, count: i32): void {
  const step = fewStep(p),
    pitch = CHUNK * sizeof<T>();
  memory.fill(sums, 0, <usize>(p.m + 1) * pitch);
  for (let k = p.k; k > 0; ) {
    const eight = k >= 8;
    for (let i = 0; i < p.m; i++) {
      const y = sums + <usize>i * pitch,
        xi = x + <usize>i * step;
      if (eight) combine8<T>(y, m, p.rsb, xi, count);
      else combine1<T>(y, m, xi, count);
    }
    const done = eight ? 8 : 1;
    k -= done;
    m += <usize>done * p.rsb;
    x += <usize>done * sizeof<T>();
  }
}

function combine8<T>(y: usize, m0: usize, column: usize, x: usize, count: i32): void {
  const x0 = splatAt<T>(x),
    x1 = splatAt<T>(x + sizeof<T>());
  const x2 = splatAt<T>(x + 2 * sizeof<T>()),
    x3 = splatAt<T>(x + 3 * sizeof<T>());
  const x4 = splatAt<T>(x + 4 * sizeof<T>()),
    x5 = splatAt<T>(x + 5 * sizeof<T>());
  const x6 = splatAt<T>(x + 6 * sizeof<T>()),
    x7 = splatAt<T>(x + 7 * sizeof<T>());
  const m1 = column,
    m2 = m1 + m1,
    m3 = m2 + m1,
    m4 = m2 + m2;
  for (; count >= lanes<T>(); count -= lanes<T>()) {
    const h = m0 + m4;
    let s = v128.mul<T>(x0, v128.load(m0)),
      t = v128.mul<T>(x4, v128.load(h));
    s = fma<T>(x1, v128.load(m0 + m1), s);
    t = fma<T>(x5, v128.load(h + m1), t);
    s = fma<T>(x2, v128.load(m0 + m2), s);
    t = fma<T>(x6, v128.load(h + m2), t);
    s = fma<T>(x3, v128.load(m0 + m3), s);
    t = fma<T>(x7, v128.load(h + m3), t);
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
