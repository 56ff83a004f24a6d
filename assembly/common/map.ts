/** Ranges of a broadcast, strided output, taken apart into rows; the geometry is that of `docs/kernels.md`. */
import { bytesOf } from "./element";
import { Run1, Run2, Run3 } from "./run";

/** Elements of a geometry's last axis. */
// @ts-ignore: decorator
@inline
export function rowLength(geom: usize): i32 {
  return load<i32>(geom + ((<usize>load<i32>(geom)) << 2));
}

/** Stride of input k along the last axis. */
// @ts-ignore: decorator
@inline
export function rowStride(geom: usize, k: i32): i32 {
  return load<i32>(geom + ((<usize>(load<i32>(geom) * (k + 2))) << 2));
}

/** Element offset at which row `row` (all axes but the last, row-major) of input k begins. */
export function rowOffset(geom: usize, k: i32, row: u32): i32 {
  const ndim = load<i32>(geom);
  const sizes = geom + 4;
  const strides = sizes + ((<usize>(ndim * (k + 1))) << 2);
  let offset = 0;
  for (let axis = ndim - 2; axis > 0; axis--) {
    const at = (<usize>axis) << 2;
    const size = load<u32>(sizes + at);
    const outer = row / size;
    offset += <i32>(row - outer * size) * load<i32>(strides + at);
    row = outer;
  }
  return ndim > 1 ? offset + <i32>row * load<i32>(strides) : 0;
}

/** Runs over the elements [begin, end) of y, of type ty; those of x have type tx. */
export function walk1(
  run: Run1,
  ty: i32,
  tx: i32,
  y: usize,
  x: usize,
  p: f64,
  q: f64,
  geom: usize,
  begin: i32,
  end: i32,
): void {
  const ySize = bytesOf(ty),
    xSize = bytesOf(tx);
  if (!geom) return run(tx, y + <usize>begin * ySize, x + <usize>begin * xSize, 1, end - begin, p, q);
  const length = rowLength(geom),
    stride = rowStride(geom, 0);
  let row = begin / length,
    column = begin % length;
  for (let n = 0; begin < end; begin += n) {
    n = min(length - column, end - begin);
    run(tx, y + <usize>begin * ySize, x + <usize>(rowOffset(geom, 0, row) + column * stride) * xSize, stride, n, p, q);
    row++;
    column = 0;
  }
}

/** Like `walk1` for two inputs of one type; `mode` is 1 where b, 2 where a is a single element (when geom is 0). */
export function walk2(
  run: Run2,
  ty: i32,
  t: i32,
  y: usize,
  a: usize,
  b: usize,
  p: f64,
  mode: i32,
  geom: usize,
  begin: i32,
  end: i32,
): void {
  const ySize = bytesOf(ty),
    size = bytesOf(t);
  y += <usize>begin * ySize;
  let n = end - begin;
  if (!geom) {
    const sa = i32(mode != 2),
      sb = i32(mode != 1);
    return run(t, y, a + <usize>(begin * sa) * size, b + <usize>(begin * sb) * size, sa, sb, n, p);
  }
  const length = rowLength(geom),
    sa = rowStride(geom, 0),
    sb = rowStride(geom, 1);
  let row = begin / length,
    column = begin % length;
  for (; begin < end; begin += n) {
    n = min(length - column, end - begin);
    const pa = a + <usize>(rowOffset(geom, 0, row) + column * sa) * size;
    const pb = b + <usize>(rowOffset(geom, 1, row) + column * sb) * size;
    run(t, y, pa, pb, sa, sb, n, p);
    y += <usize>n * ySize;
    row++;
    column = 0;
  }
}

/** Like `walk1` for three inputs; a has type ta; y, b and c have type t. */
export function walk3(
  run: Run3,
  ta: i32,
  t: i32,
  y: usize,
  a: usize,
  b: usize,
  c: usize,
  p: f64,
  geom: usize,
  begin: i32,
  end: i32,
): void {
  const aSize = bytesOf(ta),
    size = bytesOf(t);
  y += <usize>begin * size;
  let n = end - begin;
  const at = <usize>begin * size;
  if (!geom) return run(t, y, a + <usize>begin * aSize, b + at, c + at, 1, 1, 1, n, p);
  const length = rowLength(geom),
    sa = rowStride(geom, 0),
    sb = rowStride(geom, 1),
    sc = rowStride(geom, 2);
  let row = begin / length,
    column = begin % length;
  for (; begin < end; begin += n) {
    n = min(length - column, end - begin);
    const pa = a + <usize>(rowOffset(geom, 0, row) + column * sa) * aSize;
    const pb = b + <usize>(rowOffset(geom, 1, row) + column * sb) * size;
    const pc = c + <usize>(rowOffset(geom, 2, row) + column * sc) * size;
    run(t, y, pa, pb, pc, sa, sb, sc, n, p);
    y += <usize>n * size;
    row++;
    column = 0;
  }
}
