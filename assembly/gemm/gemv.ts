/**
 * Products of few rows with a matrix whose rows are contiguous, y[j] = Σ_p x[p] · M[p][j], as sums of the rows of M.
 */
import { lanes } from "../common/simd";
import { fewRows, fewStep, finish } from "./few";
import { fma, splatAt } from "./micro";
import { Product, packedA } from "./product";

/** Results of a row computed at a time: their sums, which take the place of a packed A, stay near, and four rows of M in the first cache level. */
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

/** Rows of M that are added at a time: those of more, where they are 4 KiB apart, would drive each other out of the first cache level. */
const ROWS: i32 = 4;

/** The sums of `count` columns. */
function combine<T>(p: Product, sums: usize, m: usize, x: usize, count: i32): void {
  const step = fewStep(p),
    pitch = CHUNK * sizeof<T>();
  memory.fill(sums, 0, <usize>(p.m + 1) * pitch);
  for (let k = p.k; k > 0; ) {
    const whole = k >= ROWS;
    let i = 0;
    if (whole) {
      for (; i < p.m - 1; i += 2) {
        combinePair<T>(sums + <usize>i * pitch, pitch, m, p.rsb, x + <usize>i * step, step, count);
      }
    }
    for (; i < p.m; i++) {
      const y = sums + <usize>i * pitch,
        xi = x + <usize>i * step;
      if (whole) combine4<T>(y, m, p.rsb, xi, count);
      else combine1<T>(y, m, xi, count);
    }
    const done = whole ? ROWS : 1;
    k -= done;
    m += <usize>done * p.rsb;
    x += <usize>done * sizeof<T>();
  }
}

/** Adds four rows, of which the next begins `row` bytes further, to the sums. */
function combine4<T>(y: usize, m0: usize, row: usize, x: usize, count: i32): void {
  const x0 = splatAt<T>(x),
    x1 = splatAt<T>(x + sizeof<T>()),
    x2 = splatAt<T>(x + 2 * sizeof<T>()),
    x3 = splatAt<T>(x + 3 * sizeof<T>());
  let m1 = m0 + row,
    m2 = m1 + row,
    m3 = m2 + row;
  // A cache line at a time.
  for (; count >= 4 * lanes<T>(); count -= 4 * lanes<T>()) {
    let a = v128.mul<T>(x0, v128.load(m0)),
      b = v128.mul<T>(x0, v128.load(m0, 16)),
      c = v128.mul<T>(x0, v128.load(m0, 32)),
      d = v128.mul<T>(x0, v128.load(m0, 48));
    a = fma<T>(x1, v128.load(m1), a);
    b = fma<T>(x1, v128.load(m1, 16), b);
    c = fma<T>(x1, v128.load(m1, 32), c);
    d = fma<T>(x1, v128.load(m1, 48), d);
    a = fma<T>(x2, v128.load(m2), a);
    b = fma<T>(x2, v128.load(m2, 16), b);
    c = fma<T>(x2, v128.load(m2, 32), c);
    d = fma<T>(x2, v128.load(m2, 48), d);
    a = fma<T>(x3, v128.load(m3), a);
    b = fma<T>(x3, v128.load(m3, 16), b);
    c = fma<T>(x3, v128.load(m3, 32), c);
    d = fma<T>(x3, v128.load(m3, 48), d);
    v128.store(y, v128.add<T>(v128.load(y), a));
    v128.store(y, v128.add<T>(v128.load(y, 16), b), 16);
    v128.store(y, v128.add<T>(v128.load(y, 32), c), 32);
    v128.store(y, v128.add<T>(v128.load(y, 48), d), 48);
    y += 64;
    m0 += 64;
    m1 += 64;
    m2 += 64;
    m3 += 64;
  }
  for (; count >= lanes<T>(); count -= lanes<T>()) {
    let s = fma<T>(x1, v128.load(m1), v128.mul<T>(x0, v128.load(m0)));
    s = fma<T>(x3, v128.load(m3), fma<T>(x2, v128.load(m2), s));
    v128.store(y, v128.add<T>(v128.load(y), s));
    y += 16;
    m0 += 16;
    m1 += 16;
    m2 += 16;
    m3 += 16;
  }
  for (; count > 0; count--) {
    let s: T = 0;
    for (let p: usize = 0; p < 4; p++) s += load<T>(x + p * sizeof<T>()) * load<T>(m0 + p * row);
    store<T>(y, load<T>(y) + s);
    y += sizeof<T>();
    m0 += sizeof<T>();
  }
}

/** Adds four rows to the sums of two rows of x, `step` bytes apart; those of the second are `pitch` bytes behind the first. */
function combinePair<T>(y: usize, pitch: usize, m0: usize, row: usize, x: usize, step: usize, count: i32): void {
  const z = x + step,
    x0 = splatAt<T>(x),
    x1 = splatAt<T>(x + sizeof<T>()),
    x2 = splatAt<T>(x + 2 * sizeof<T>()),
    x3 = splatAt<T>(x + 3 * sizeof<T>()),
    z0 = splatAt<T>(z),
    z1 = splatAt<T>(z + sizeof<T>()),
    z2 = splatAt<T>(z + 2 * sizeof<T>()),
    z3 = splatAt<T>(z + 3 * sizeof<T>());
  let m1 = m0 + row,
    m2 = m1 + row,
    m3 = m2 + row;
  for (; count >= lanes<T>(); count -= lanes<T>()) {
    let v = v128.load(m0),
      a = v128.mul<T>(x0, v),
      b = v128.mul<T>(z0, v);
    v = v128.load(m1);
    a = fma<T>(x1, v, a);
    b = fma<T>(z1, v, b);
    v = v128.load(m2);
    a = fma<T>(x2, v, a);
    b = fma<T>(z2, v, b);
    v = v128.load(m3);
    a = fma<T>(x3, v, a);
    b = fma<T>(z3, v, b);
    v128.store(y, v128.add<T>(v128.load(y), a));
    v128.store(y + pitch, v128.add<T>(v128.load(y + pitch), b));
    y += 16;
    m0 += 16;
    m1 += 16;
    m2 += 16;
    m3 += 16;
  }
  for (; count > 0; count--) {
    let s: T = 0,
      t: T = 0;
    for (let p: usize = 0; p < 4; p++) {
      s += load<T>(x + p * sizeof<T>()) * load<T>(m0 + p * row);
      t += load<T>(z + p * sizeof<T>()) * load<T>(m0 + p * row);
    }
    store<T>(y, load<T>(y) + s);
    store<T>(y + pitch, load<T>(y + pitch) + t);
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
