/** The gradient of the bias: the sum of the gradient of y over images and positions, channel by channel. */
import { lanes } from "../common/simd";
import { Geometry } from "./geometry";

/** Elements that are summed before the sum is added to the result, which bounds the rounding error. */
const RUN: i32 = 1024;

/** Channels [begin, end). */
export function biasGrad<T>(gb: usize, gy: usize, g: Geometry, begin: i32, end: i32): void {
  const plane = g.od * g.oh * g.ow;
  for (let c = begin; c < end; c++) {
    let total: T = 0;
    for (let n = 0; n < g.n; n++) {
      const from = gy + <usize>((n * g.o + c) * plane) * sizeof<T>();
      for (let i = 0; i < plane; i += RUN) total += sum<T>(from + <usize>i * sizeof<T>(), min(RUN, plane - i));
    }
    store<T>(gb + <usize>c * sizeof<T>(), total);
  }
}

/** The sum of `count` elements, in four vectors side by side. */
function sum<T>(x: usize, count: i32): T {
  let a = i64x2.splat(0),
    b = a,
    c = a,
    d = a;
  for (; count >= 4 * lanes<T>(); count -= 4 * lanes<T>()) {
    a = v128.add<T>(a, v128.load(x));
    b = v128.add<T>(b, v128.load(x, 16));
    c = v128.add<T>(c, v128.load(x, 32));
    d = v128.add<T>(d, v128.load(x, 48));
    x += 64;
  }
  let s = lanesTotal<T>(v128.add<T>(v128.add<T>(a, b), v128.add<T>(c, d)));
  for (; count > 0; count--) {
    s += load<T>(x);
    x += sizeof<T>();
  }
  return s;
}

// @ts-ignore: decorator
@inline
function lanesTotal<T>(v: v128): T {
  const s = v128.add<T>(v, v128.shuffle<i64>(v, v, 1, 0));
  if (sizeof<T>() == 4) return <T>(v128.extract_lane<T>(s, 0) + v128.extract_lane<T>(s, 1));
  return v128.extract_lane<T>(s, 0);
}
