/** Long lists of plane rotations of neighboring rows, as the QR iteration leaves them. */
import { F32, F64 } from "../common/dtype";
import { element } from "./vector";

/** Bytes of a row that are turned together: a cache line. */
const STRIP: i32 = 64;

/** How many strips rows of n elements have. */
export function rotateStrips(t: i32, n: i32): i32 {
  const bytes = n << (t == F64 ? 3 : 2);
  return (bytes + STRIP - 1) / STRIP;
}

/** Copies `width` bytes of m rows, `from` bytes apart, to rows `to` bytes apart. */
function move(y: usize, to: usize, x: usize, from: usize, m: i32, width: i32): void {
  for (let i = 0; i < m; i++, y += to, x += from) {
    if (width < STRIP) memory.copy(y, x, width);
    else for (let k: usize = 0; k < <usize>STRIP; k += 16) v128.store(y + k, v128.load(x + k));
  }
}

/** Applies the list [list, stop) to rows of STRIP bytes. */
function turn<T>(x: usize, list: usize, stop: usize): void {
  while (list < stop) {
    let p = x + <usize>(<i32>load<f64>(list) * STRIP);
    const step = <usize>(<i32>load<f64>(list, 16) * STRIP);
    let k = <i32>load<f64>(list, 8);
    let a0 = v128.load(p),
      a1 = v128.load(p, 16),
      a2 = v128.load(p, 32),
      a3 = v128.load(p, 48);
    for (list += 24; k > 0; k--, list += 16) {
      const c = v128.splat<T>(<T>load<f64>(list)),
        s = v128.splat<T>(<T>load<f64>(list, 8));
      const q = p + step;
      const b0 = v128.load(q),
        b1 = v128.load(q, 16),
        b2 = v128.load(q, 32),
        b3 = v128.load(q, 48);
      v128.store(p, v128.add<T>(v128.mul<T>(a0, c), v128.mul<T>(b0, s)));
      v128.store(p, v128.add<T>(v128.mul<T>(a1, c), v128.mul<T>(b1, s)), 16);
      v128.store(p, v128.add<T>(v128.mul<T>(a2, c), v128.mul<T>(b2, s)), 32);
      v128.store(p, v128.add<T>(v128.mul<T>(a3, c), v128.mul<T>(b3, s)), 48);
      a0 = v128.sub<T>(v128.mul<T>(b0, c), v128.mul<T>(a0, s));
      a1 = v128.sub<T>(v128.mul<T>(b1, c), v128.mul<T>(a1, s));
      a2 = v128.sub<T>(v128.mul<T>(b2, c), v128.mul<T>(a2, s));
      a3 = v128.sub<T>(v128.mul<T>(b3, c), v128.mul<T>(a3, s));
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
 * range counts rotateStrips(dtype, n) strips of columns; m is at most 2^15. `dtype` is the code of that of x: f32 or f64; the
 * list has its own. @see LAPACK dlasr
 */
export function rotate(
  dtype: i32,
  x: usize,
  m: i32,
  n: i32,
  list: usize,
  length: i32,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const stop = element(list, length),
    row = n << (dtype == F64 ? 3 : 2);
  for (let i = begin; i < end; i++) {
    const strip = x + <usize>(i * STRIP),
      width = min(STRIP, row - i * STRIP);
    move(scratch, STRIP, strip, row, m, width);
    if (dtype == F32) turn<f32>(scratch, list, stop);
    else turn<f64>(scratch, list, stop);
    move(strip, row, scratch, STRIP, m, width);
  }
}
