/** Functions of the lanes of a vector, whichever of the float types they have. */
import * as math from "./double";
import { expNegative_f32x4, log_f32x4 } from "./single";

/** e^x of each lane, x <= 0; f32 results that would not be normal are 0. T: f32, f64. */
// @ts-ignore: decorator
@inline
export function expNegative<T>(x: v128): v128 {
  if (sizeof<T>() == 4) return expNegative_f32x4(x);
  return f64x2(math.exp(f64x2.extract_lane(x, 0)), math.exp(f64x2.extract_lane(x, 1)));
}

/** Natural logarithm of each lane. T: f32, f64. */
// @ts-ignore: decorator
@inline
export function log<T>(x: v128): v128 {
  if (sizeof<T>() == 4) return log_f32x4(x);
  return f64x2(math.log(f64x2.extract_lane(x, 0)), math.log(f64x2.extract_lane(x, 1)));
}
