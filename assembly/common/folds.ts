/** Folds of f32 and f64, along rows and down columns. */
import { at, column, loadLanes, neighbors, zeros } from "./rows";
import { lanes } from "./simd";

// Strategies: `vec` and `one` agree bit for bit, `start` is their neutral element. Extrema keep the first
// of equals (±0) and become NaN for good. `quick` is a single instruction that does what `vec` does for numbers; where it
// `overlooks` NaN, rows and strips are summed beside it: no NaN, no NaN in the sum. (Infinities may make one, too; then
// the exact fold finds out.)

@final
@unmanaged
export class Greater {
  @inline
  start<T>(): T {
    return <T>-Infinity;
  }
  @inline
  overlooks(): bool {
    return true;
  }
  @inline
  quick<T>(a: v128, b: v128): v128 {
    return v128.pmax<T>(a, b);
  }
  @inline
  vec<T>(a: v128, b: v128): v128 {
    return v128.bitselect(b, v128.pmax<T>(a, b), v128.ne<T>(b, b));
  }
  @inline
  one<T>(a: T, b: T): T {
    return a < b || b != b ? b : a;
  }
}

@final
@unmanaged
export class Less {
  @inline
  start<T>(): T {
    return <T>Infinity;
  }
  @inline
  overlooks(): bool {
    return true;
  }
  @inline
  quick<T>(a: v128, b: v128): v128 {
    return v128.pmin<T>(a, b);
  }
  @inline
  vec<T>(a: v128, b: v128): v128 {
    return v128.bitselect(b, v128.pmin<T>(a, b), v128.ne<T>(b, b));
  }
  @inline
  one<T>(a: T, b: T): T {
    return b < a || b != b ? b : a;
  }
}

@final
@unmanaged
export class Times {
  @inline
  start<T>(): T {
    return <T>1;
  }
  @inline
  overlooks(): bool {
    return false;
  }
  @inline
  quick<T>(a: v128, b: v128): v128 {
    return v128.mul<T>(a, b);
  }
  @inline
  vec<T>(a: v128, b: v128): v128 {
    return v128.mul<T>(a, b);
  }
  @inline
  one<T>(a: T, b: T): T {
    return a * b;
  }
}

/** Fold of a contiguous row. */
export function foldRow<OP, T>(x: usize, n: i32): T {
  const op = changetype<OP>(0);
  const start = v128.splat<T>(op.start<T>());
  let a = start,
    b = start,
    c = start,
    d = start,
    even = zeros(),
    odd = zeros();
  const row = x;
  let k = n;
  for (; k >= 4 * lanes<T>(); k -= 4 * lanes<T>(), x += 64) {
    const v0 = v128.load(x),
      v1 = v128.load(x, 16),
      v2 = v128.load(x, 32),
      v3 = v128.load(x, 48);
    a = op.quick<T>(a, v0);
    b = op.quick<T>(b, v1);
    c = op.quick<T>(c, v2);
    d = op.quick<T>(d, v3);
    if (op.overlooks()) {
      even = v128.add<T>(even, v128.add<T>(v0, v1));
      odd = v128.add<T>(odd, v128.add<T>(v2, v3));
    }
  }
  if (op.overlooks() && hasNan<T>(v128.add<T>(even, odd))) return foldOne<OP, T>(row, n, sizeof<T>());
  if (n >= 4 * lanes<T>()) a = op.vec<T>(op.vec<T>(a, b), op.vec<T>(c, d));
  for (; k > 0; k -= lanes<T>(), x += 16) a = op.vec<T>(a, loadLanes<T>(x, k, start));
  return foldLanes<OP, T>(a);
}

// @ts-ignore: decorator
@inline
function hasNan<T>(v: v128): bool {
  return v128.any_true(v128.ne<T>(v, v));
}

// @ts-ignore: decorator
@inline
function foldLanes<OP, T>(v: v128): T {
  const op = changetype<OP>(0);
  v = op.vec<T>(v, v128.shuffle<u64>(v, v, 1, 0));
  if (sizeof<T>() == 4) v = op.vec<T>(v, v128.shuffle<u32>(v, v, 1, 0, 3, 2));
  return v128.extract_lane<T>(v, 0);
}

/** Folds `width` neighboring columns. */
function foldColumns<OP, T>(y: usize, x: usize, n: i32, stride: usize, width: i32): void {
  let k = width;
  if (sizeof<T>() == 4) {
    for (; k >= 16; k -= 16, x += 64, y += 64) foldStrip<OP, T>(y, x, n, stride);
  }
  for (; k >= lanes<T>(); k -= lanes<T>(), x += 16, y += 16) v128.store(y, foldVector<OP, T>(x, n, stride));
  for (; k > 0; k--, x += sizeof<T>(), y += sizeof<T>()) store<T>(y, foldOne<OP, T>(x, n, stride));
}

function foldStrip<OP, T>(y: usize, x: usize, n: i32, stride: usize): void {
  const op = changetype<OP>(0);
  let a = v128.splat<T>(op.start<T>()),
    b = a,
    c = a,
    d = a,
    even = zeros(),
    odd = zeros();
  const strip = x;
  for (let i = 0; i < n; i++, x += stride) {
    const v0 = v128.load(x),
      v1 = v128.load(x, 16),
      v2 = v128.load(x, 32),
      v3 = v128.load(x, 48);
    a = op.quick<T>(a, v0);
    b = op.quick<T>(b, v1);
    c = op.quick<T>(c, v2);
    d = op.quick<T>(d, v3);
    if (op.overlooks()) {
      even = v128.add<T>(even, v128.add<T>(v0, v1));
      odd = v128.add<T>(odd, v128.add<T>(v2, v3));
    }
  }
  if (op.overlooks() && hasNan<T>(v128.add<T>(even, odd))) {
    for (let i = 0; i < 64; i += 16) v128.store(y + i, foldVector<OP, T>(strip + i, n, stride));
    return;
  }
  v128.store(y, a);
  v128.store(y, b, 16);
  v128.store(y, c, 32);
  v128.store(y, d, 48);
}

/** Folds of a vector of neighboring columns. */
export function foldVector<OP, T>(x: usize, n: i32, stride: usize): v128 {
  const op = changetype<OP>(0);
  let acc = v128.splat<T>(op.start<T>());
  for (let i = 0; i < n; i++, x += stride) acc = op.vec<T>(acc, v128.load(x));
  return acc;
}

/** Fold of one column. */
export function foldOne<OP, T>(x: usize, n: i32, stride: usize): T {
  const op = changetype<OP>(0);
  let acc = op.start<T>();
  for (let i = 0; i < n; i++, x += stride) acc = op.one<T>(acc, load<T>(x));
  return acc;
}

/** Folds the middle axis of [outer, n, inner] into results [begin, end). */
export function fold<OP, T>(y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  for (let r = begin; r < end; ) {
    const from = column<T>(x, r, n, inner);
    const width = neighbors(r, end, inner);
    if (inner == 1) store<T>(at<T>(y, r), foldRow<OP, T>(from, n));
    else foldColumns<OP, T>(at<T>(y, r), from, n, <usize>inner * sizeof<T>(), width);
    r += width;
  }
}
