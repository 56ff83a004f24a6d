/**
 * Non-maximum suppression. Steps are rounded, and NaN is compared, as in torchvision's loop: `max(a, b)` is `a < b ? b : a`, which vectors call
 * pmax.
 */
import { F32, F64 } from "../common/dtype";
import { at } from "../common/rows";

// @ts-ignore: decorator
@inline
function larger<T>(a: T, b: T): T {
  return a < b ? b : a;
}

// @ts-ignore: decorator
@inline
function smaller<T>(a: T, b: T): T {
  return b < a ? b : a;
}

/** Whether the box at `box` overlaps by more than `threshold` with box `k` of the lists x1, y1, x2, y2, area at `kept`, `apart` bytes from one to the next. */
// @ts-ignore: decorator
@inline
function overlaps<T>(kept: usize, apart: usize, k: i32, box: usize, area: T, threshold: T): bool {
  const p = at<T>(kept, k);
  const width = smaller<T>(load<T>(p + 2 * apart), load<T>(box, 2 * sizeof<T>())) - larger<T>(load<T>(p), load<T>(box));
  const height =
    smaller<T>(load<T>(p + 3 * apart), load<T>(box, 3 * sizeof<T>())) -
    larger<T>(load<T>(p + apart), load<T>(box, sizeof<T>()));
  const inter = larger<T>(0, width) * larger<T>(0, height);
  return inter / (load<T>(p + 4 * apart) + area - inter) > threshold;
}

/** `overlaps` for the f32 boxes k to k + 3: whether one of them does. */
// @ts-ignore: decorator
@inline
function fourOverlap(
  p: usize,
  apart: usize,
  x1: v128,
  y1: v128,
  x2: v128,
  y2: v128,
  area: v128,
  threshold: v128,
  isSigned: bool,
): bool {
  const zero = f32x4.splat(0);
  const width = f32x4.sub(f32x4.pmin(v128.load(p + 2 * apart), x2), f32x4.pmax(v128.load(p), x1));
  const height = f32x4.sub(f32x4.pmin(v128.load(p + 3 * apart), y2), f32x4.pmax(v128.load(p + apart), y1));
  const inter = f32x4.mul(f32x4.pmax(zero, width), f32x4.pmax(zero, height));
  // Most boxes do not meet, which no threshold of at least 0 is below.
  if (!isSigned && !v128.any_true(f32x4.gt(inter, zero))) return false;
  const union = f32x4.sub(f32x4.add(v128.load(p + 4 * apart), area), inter);
  return v128.any_true(f32x4.gt(f32x4.div(inter, union), threshold));
}

/** Whether the box overlaps with one of the `count` boxes that were kept. */
function isCovered<T>(kept: usize, apart: usize, count: i32, box: usize, area: T, threshold: T): bool {
  let k = 0;
  if (sizeof<T>() == 4) {
    const x1 = v128.load32_splat(box),
      y1 = v128.load32_splat(box, 4);
    const x2 = v128.load32_splat(box, 8),
      y2 = v128.load32_splat(box, 12);
    const areas = f32x4.splat(<f32>area),
      least = f32x4.splat(<f32>threshold),
      isSigned = threshold < 0;
    for (; k <= count - 4; k += 4)
      if (fourOverlap(at<T>(kept, k), apart, x1, y1, x2, y2, areas, least, isSigned)) return true;
  }
  for (; k < count; k++) if (overlaps<T>(kept, apart, k, box, area, threshold)) return true;
  return false;
}

function suppress<T>(
  mask: usize,
  boxes: usize,
  order: usize,
  work: usize,
  apart: usize,
  from: i32,
  to: i32,
  threshold: T,
): void {
  const kept = at<T>(work, from);
  let count = 0;
  for (let i = from; i < to; i++) {
    const box = at<T>(boxes, 4 * <i32>load<i64>(at<i64>(order, i)));
    const x1 = load<T>(box),
      y1 = load<T>(box, sizeof<T>()),
      x2 = load<T>(box, 2 * sizeof<T>()),
      y2 = load<T>(box, 3 * sizeof<T>());
    const area = (x2 - x1) * (y2 - y1);
    const keeps = !isCovered<T>(kept, apart, count, box, area, threshold);
    store<u8>(mask + i, keeps);
    if (!keeps) continue;
    const p = at<T>(kept, count++);
    store<T>(p, x1);
    store<T>(p + apart, y1);
    store<T>(p + 2 * apart, x2);
    store<T>(p + 3 * apart, y2);
    store<T>(p + 4 * apart, area);
  }
}

function suppressAll<T>(
  mask: usize,
  boxes: usize,
  order: usize,
  work: usize,
  starts: usize,
  n: i32,
  threshold: T,
  begin: i32,
  end: i32,
): void {
  for (let s = begin; s < end; s++)
    suppress<T>(
      mask,
      boxes,
      order,
      work,
      <usize>n * sizeof<T>(),
      load<i32>(at<i32>(starts, s)),
      load<i32>(at<i32>(starts, s + 1)),
      threshold,
    );
}

/** The largest f32 that is not above x: comparing f32 with either gives the same. */
function below(x: f64): f32 {
  const y = <f32>x;
  if (!(<f64>y > x)) return y;
  const bits = reinterpret<i32>(y);
  return y == 0 ? reinterpret<f32>(0x80000001) : reinterpret<f32>(y > 0 ? bits - 1 : bits + 1);
}

/**
 * Whether each box of `order` (i64, the highest score first) is kept, as bool: none before it that is kept overlaps by more than `threshold`. Boxes are
 * [n, 4] corners. `starts` (i32) says where each group of `order` begins, and where the last ends; the range counts groups. `work` has 5 n elements.
 * @see torchvision.ops.nms
 */
export function nms(
  t: i32,
  mask: usize,
  boxes: usize,
  order: usize,
  work: usize,
  starts: usize,
  n: i32,
  threshold: f64,
  begin: i32,
  end: i32,
): void {
  if (t == F32) return suppressAll<f32>(mask, boxes, order, work, starts, n, below(threshold), begin, end);
  if (t == F64) return suppressAll<f64>(mask, boxes, order, work, starts, n, threshold, begin, end);
  unreachable();
}
