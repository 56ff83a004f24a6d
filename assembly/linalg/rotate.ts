/** Long lists of plane rotations of neighbouring rows, as the QR iteration leaves them. */
import { fma2, fnma2 } from "../simd";
import { element, rowOf } from "./vector";

/** Columns that are turned together: a cache line of each row. */
const STRIP: i32 = 8;

/** How many strips n columns have. */
export function rotateStrips(n: i32): i32 {
  return (n + STRIP - 1) / STRIP;
}

/** Copies `width` columns of m rows, `from` bytes apart, to rows `to` bytes apart. */
function move(y: usize, to: usize, x: usize, from: usize, m: i32, width: i32): void {
  for (let i = 0; i < m; i++, y += to, x += from) memory.copy(y, x, <usize>width * 8);
}

/** Applies the list [list, stop) to a strip of rows of STRIP elements. */
function turn(x: usize, list: usize, stop: usize): void {
  while (list < stop) {
    let p = x + <usize>(<i32>load<f64>(list)) * (STRIP * 8);
    const step = <usize>(<i32>load<f64>(list, 16) * (STRIP * 8));
    let k = <i32>load<f64>(list, 8);
    let a0 = v128.load(p), a1 = v128.load(p, 16), a2 = v128.load(p, 32), a3 = v128.load(p, 48);
    for (list += 24; k > 0; k--, list += 16) {
      const c = v128.load64_splat(list), s = v128.load64_splat(list, 8);
      const q = p + step;
      const b0 = v128.load(q), b1 = v128.load(q, 16), b2 = v128.load(q, 32), b3 = v128.load(q, 48);
      v128.store(p, fma2(a0, c, f64x2.mul(b0, s)));
      v128.store(p, fma2(a1, c, f64x2.mul(b1, s)), 16);
      v128.store(p, fma2(a2, c, f64x2.mul(b2, s)), 32);
      v128.store(p, fma2(a3, c, f64x2.mul(b3, s)), 48);
      a0 = fnma2(a0, s, f64x2.mul(b0, c));
      a1 = fnma2(a1, s, f64x2.mul(b1, c));
      a2 = fnma2(a2, s, f64x2.mul(b2, c));
      a3 = fnma2(a3, s, f64x2.mul(b3, c));
      p = q;
    }
    v128.store(p, a0);
    v128.store(p, a1, 16);
    v128.store(p, a2, 32);
    v128.store(p, a3, 48);
  }
}

/**
 * Rotates rows of x [m, n] over them. `list`: `length` f64 in sweeps [first row, count, step (1 or -1), then count pairs
 * (c, s)]: each pair makes row i c x[i] + s x[i + step], row i + step c x[i + step] - s x[i], and i goes on to i + step. The
 * range counts rotateStrips(n) strips of columns; m is at most 2^15. @see LAPACK dlasr
 */
export function rotate(
  x: usize, m: i32, n: i32, list: usize, length: i32, scratch: usize, begin: i32, end: i32,
): void {
  const stop = element(list, length), row = <usize>n * 8;
  for (let i = begin; i < end; i++) {
    const strip = element(x, i * STRIP), width = min(STRIP, n - i * STRIP);
    move(scratch, STRIP * 8, strip, row, m, width);
    turn(scratch, list, stop);
    move(strip, row, scratch, STRIP * 8, m, width);
  }
}
