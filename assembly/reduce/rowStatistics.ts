/** What softmax and the losses need to know of a row: its largest element and the sum of exponentials less that one. */
import { foldRow, Greater } from "../common/folds";
import { at, column, columnSum, loadLanes, neighbors, rowSum, storeLanes } from "../common/rows";
import { lanes } from "../common/simd";
import * as math from "../math/double";
import { expNegative, log } from "../math/lanes";

/** Summed by `rowSum` and `columnSum`: e^(x - q). */
@final
@unmanaged
export class ShiftedExp {
  @inline
  vec<T>(x: v128, q: v128): v128 {
    return expNegative<T>(v128.sub<T>(x, q));
  }
}

/** The largest of each of `k` neighboring columns. */
export function columnMax<T>(x: usize, n: i32, stride: usize, k: i32): v128 {
  let most = v128.splat<T>(<T>-Infinity);
  for (; n > 0; n--, x += stride) most = v128.max<T>(most, loadLanes<T>(x, k, most));
  return most;
}

/** The largest element of each row, and the logarithm of the sum of exponentials less it, which logsumexp is the sum of. */
export function rowStatistics<T>(most: usize, logs: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  const stride = <usize>inner * sizeof<T>();
  for (let r = begin; r < end; ) {
    const from = column<T>(x, r, n, inner);
    const k = min(lanes<T>(), neighbors(r, end, inner));
    if (inner == 1) {
      const largest = foldRow<Greater, T>(from, n);
      store<T>(at<T>(most, r), largest);
      store<T>(at<T>(logs, r), <T>math.log(rowSum<ShiftedExp, T>(from, n, largest)));
    } else {
      const largest = columnMax<T>(from, n, stride, k);
      storeLanes<T>(at<T>(most, r), largest, k);
      storeLanes<T>(at<T>(logs, r), log<T>(columnSum<ShiftedExp, T>(from, n, stride, k, largest)), k);
    }
    r += k;
  }
}
