/** The results of a tile that was computed by images, vectors of four images, taken apart into the images of y. */
import { Correlation } from "./correlation";

/** Rows [r0, r0 + rows), and lines and columns of the tile at (i0, j0), with their bias. */
export function deliver(v: Correlation, r0: i32, rows: i32, i0: i32, lines: i32, j0: i32, columns: i32): void {
  // A tile of whole lines is one run.
  const whole = <usize>columns * v.yw == v.yh,
    runs = whole ? 1 : lines,
    length = whole ? lines * columns : columns;
  let from = v.results;
  for (let r = 0; r < rows; r++) {
    v128.store(v.spare, f32x4.splat(v.bias ? load<f32>(v.bias + ((<usize>(r0 + r)) << 2)) : 0));
    let y = v.y + <usize>(r0 + r) * v.yRow + <usize>i0 * v.yh + <usize>j0 * v.yw;
    for (let i = 0; i < runs; i++) {
      deliverRun(from, v.spare, y, v.yImage, v.window.images, v.yw, length);
      from += (<usize>length) << 4;
      y += v.yh;
    }
  }
}

/**
 * `count` vectors of up to four images, `image` bytes apart, into elements `step` bytes apart, plus the vector at `bias`.
 * Images that do not exist are written where the first one goes, before it.
 */
export function deliverRun(
  from: usize,
  bias: usize,
  y: usize,
  image: usize,
  images: i32,
  step: usize,
  count: i32,
): void {
  const plus = v128.load(bias);
  let a = y,
    b = y + (images > 1 ? image : 0),
    c = y + (images > 2 ? 2 * image : 0),
    d = y + (images > 3 ? 3 * image : 0);
  for (; step == 4 && count >= 4; count -= 4) {
    const p = f32x4.add(v128.load(from), plus),
      q = f32x4.add(v128.load(from, 16), plus);
    const r = f32x4.add(v128.load(from, 32), plus),
      s = f32x4.add(v128.load(from, 48), plus);
    const pq = v128.shuffle<i32>(p, q, 0, 4, 1, 5),
      PQ = v128.shuffle<i32>(p, q, 2, 6, 3, 7);
    const rs = v128.shuffle<i32>(r, s, 0, 4, 1, 5),
      RS = v128.shuffle<i32>(r, s, 2, 6, 3, 7);
    v128.store(d, v128.shuffle<i64>(PQ, RS, 1, 3));
    v128.store(c, v128.shuffle<i64>(PQ, RS, 0, 2));
    v128.store(b, v128.shuffle<i64>(pq, rs, 1, 3));
    v128.store(a, v128.shuffle<i64>(pq, rs, 0, 2));
    a += 16;
    b += 16;
    c += 16;
    d += 16;
    from += 64;
  }
  for (; count > 0; count--) {
    const value = f32x4.add(v128.load(from), plus);
    v128.store32_lane(d, value, 3);
    v128.store32_lane(c, value, 2);
    v128.store32_lane(b, value, 1);
    v128.store32_lane(a, value, 0);
    a += step;
    b += step;
    c += step;
    d += step;
    from += 16;
  }
}
