/**
 * Convolutions that are matrix products as they stand. Pointwise: per image Y = W·X, with X [C, positions]. Whole: over
 * the batch Y = X·Wᵀ, with X [N, C · positions].
 */
import { F64 } from "../common/dtype";
import { gemm, gemmTasks } from "../gemm/gemm";
import { Geometry } from "./geometry";
import { POINTWISE } from "./plan";

/** Elements of one channel of x. */
// @ts-ignore: decorator
@inline
function positions(g: Geometry): i32 {
  return g.d * g.h * g.w;
}

/** Number of tasks of a pass (0: forward, 1: input gradient, 2: weight gradient). */
export function productTasks(g: Geometry, way: i32, pass: i32): i32 {
  const p = positions(g),
    k = g.c * p;
  if (pass == 2) return way == POINTWISE ? gemmTasks(g.o, g.c, p, 1) : gemmTasks(g.o, k, g.n, 1);
  if (way == POINTWISE) return pass == 0 ? gemmTasks(g.o, p, g.c, g.n) : gemmTasks(g.c, p, g.o, g.n);
  return pass == 0 ? gemmTasks(g.n, g.o, k, 1) : gemmTasks(g.n, k, g.o, 1);
}

/** y from x. */
export function productForward(
  t: i32,
  y: usize,
  x: usize,
  w: usize,
  bias: usize,
  g: Geometry,
  way: i32,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const p = positions(g),
    c = g.c,
    o = g.o,
    k = c * p;
  if (way == POINTWISE) {
    gemm(t, y, w, x, o, p, c, c, 1, p, 1, p, 0, c * p, o * p, 0, bias, bias ? 2 : 0, 0, 0, scratch, begin, end);
  } else {
    gemm(t, y, x, w, g.n, o, k, k, 1, 1, k, o, 0, 0, 0, 0, bias, bias ? 1 : 0, 0, 0, scratch, begin, end);
  }
}

/** The gradient of x: Wᵀ·gY per image, or gY·W. */
export function productInputGrad(
  t: i32,
  gx: usize,
  gy: usize,
  w: usize,
  g: Geometry,
  way: i32,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const p = positions(g),
    c = g.c,
    o = g.o,
    k = c * p;
  if (way == POINTWISE) {
    gemm(t, gx, w, gy, c, p, o, 1, c, p, 1, p, 0, o * p, c * p, 0, 0, 0, 0, 0, scratch, begin, end);
  } else {
    gemm(t, gx, gy, w, g.n, k, o, o, 1, k, 1, k, 0, 0, 0, 0, 0, 0, 0, 0, scratch, begin, end);
  }
}

/** The gradient of w: gYᵀ·X, or the sum of gY·Xᵀ over the images. */
export function productWeightGrad(
  t: i32,
  gw: usize,
  gy: usize,
  x: usize,
  g: Geometry,
  way: i32,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const p = positions(g),
    c = g.c,
    o = g.o,
    k = c * p,
    size: usize = t == F64 ? 8 : 4;
  if (way != POINTWISE) {
    gemm(t, gw, gy, x, o, k, g.n, 1, o, k, 1, k, 0, 0, 0, 0, 0, 0, 0, 0, scratch, begin, end);
    return;
  }
  // Without images the sum is empty.
  const terms = g.n > 0 ? p : 0;
  let n = 0;
  do {
    gemm(t, gw, gy, x, o, c, terms, p, 1, 1, p, c, 0, 0, 0, n > 0 ? 1 : 0, 0, 0, 0, 0, scratch, begin, end);
    gy += <usize>(o * p) * size;
    x += <usize>k * size;
  } while (++n < g.n);
}
