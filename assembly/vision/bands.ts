/**
 * What the kernels of regions share. A region has pooledHeight × pooledWidth bins; a *band* says which rows, or which columns, a bin looks at: i32 triples
 * [first, length, where its weights begin]. `geom` is the i32 array [channels, height, width, pooledHeight, pooledWidth] of the input and the result.
 */
import { at } from "../common/rows";

/** Element `i` of a list of i32. */
// @ts-ignore: decorator
@inline
export function word(p: usize, i: i32): i32 {
  return load<i32>(at<i32>(p, i));
}

/** y[0..n) = w * x[0..n), added to what is there unless `isFirst`. */
export function addScaled<T>(y: usize, x: usize, w: T, n: i32, isFirst: bool): void {
  let i = 0;
  if (sizeof<T>() == 4) {
    const four = f32x4.splat(<f32>w);
    for (; i <= n - 4; i += 4) {
      const v = f32x4.mul(four, v128.load(at<T>(x, i)));
      v128.store(at<T>(y, i), isFirst ? v : f32x4.add(v128.load(at<T>(y, i)), v));
    }
  }
  for (; i < n; i++) {
    const v = w * load<T>(at<T>(x, i));
    store<T>(at<T>(y, i), isFirst ? v : load<T>(at<T>(y, i)) + v);
  }
}
