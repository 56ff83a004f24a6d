/**
 * The matrices of Winograd's minimal filtering F(m×m, 3×3), one axis at a time, on four lanes; m = 2 and 4. After Lavin and
 * Gray (2016), "Fast Algorithms for Convolutional Neural Networks", arXiv:1509.09308:
 *
 *     y = Aᵀ [(G w Gᵀ) ⊙ (Bᵀ x B)] A,     gw = Gᵀ [(A gy Aᵀ) ⊙ (Bᵀ x B)] G (with m = 2 only)
 *
 * with tiles x of (m + 2)², y of m² and w of 3² elements. A transform has `inputs` and `outputs` values; `put` writes the
 * latter `d` bytes apart.
 */
import { fma4, k4 } from "../../common/simd";

const HALF = memory.data<f32>([0.5]);
const TWO = memory.data<f32>([2]);
const FOUR = memory.data<f32>([4]);
const FIVE = memory.data<f32>([5]);
const EIGHT = memory.data<f32>([8]);
const QUARTER = memory.data<f32>([0.25]);
const MINUS_SIXTH = memory.data<f32>([-1 / 6]);
const SIXTH = memory.data<f32>([1 / 6]);
const TWELFTH = memory.data<f32>([1 / 12]);
const TWENTY_FOURTH = memory.data<f32>([1 / 24]);

// @ts-ignore: decorator
@inline
function add(a: v128, b: v128): v128 {
  return f32x4.add(a, b);
}

// @ts-ignore: decorator
@inline
function sub(a: v128, b: v128): v128 {
  return f32x4.sub(a, b);
}

/** a·k + b, for the constant at address k. */
// @ts-ignore: decorator
@inline
function scaled(a: v128, k: usize, b: v128): v128 {
  return fma4(a, k4(k), b);
}

// @ts-ignore: decorator
@inline
function times(a: v128, k: usize): v128 {
  return f32x4.mul(a, k4(k));
}

/** Bᵀ of m = 2. */
@final
@unmanaged
export class Source2 {
  @inline get inputs(): i32 {
    return 4;
  }
  @inline get outputs(): i32 {
    return 4;
  }
  @inline put(x0: v128, x1: v128, x2: v128, x3: v128, x4: v128, x5: v128, y: usize, d: usize): void {
    v128.store(y, sub(x0, x2));
    v128.store(y + d, add(x1, x2));
    v128.store(y + 2 * d, sub(x2, x1));
    v128.store(y + 3 * d, sub(x1, x3));
  }
}

/** G of m = 2. */
@final
@unmanaged
export class Weight2 {
  @inline get inputs(): i32 {
    return 3;
  }
  @inline get outputs(): i32 {
    return 4;
  }
  @inline put(x0: v128, x1: v128, x2: v128, x3: v128, x4: v128, x5: v128, y: usize, d: usize): void {
    const even = times(add(x0, x2), HALF),
      odd = times(x1, HALF);
    v128.store(y, x0);
    v128.store(y + d, add(even, odd));
    v128.store(y + 2 * d, sub(even, odd));
    v128.store(y + 3 * d, x2);
  }
}

/** Aᵀ of m = 2. */
@final
@unmanaged
export class Output2 {
  @inline get inputs(): i32 {
    return 4;
  }
  @inline get outputs(): i32 {
    return 2;
  }
  @inline put(x0: v128, x1: v128, x2: v128, x3: v128, x4: v128, x5: v128, y: usize, d: usize): void {
    v128.store(y, add(x0, add(x1, x2)));
    v128.store(y + d, sub(sub(x1, x2), x3));
  }
}

/** A of m = 2. */
@final
@unmanaged
export class OutputGrad2 {
  @inline get inputs(): i32 {
    return 2;
  }
  @inline get outputs(): i32 {
    return 4;
  }
  @inline put(x0: v128, x1: v128, x2: v128, x3: v128, x4: v128, x5: v128, y: usize, d: usize): void {
    v128.store(y, x0);
    v128.store(y + d, add(x0, x1));
    v128.store(y + 2 * d, sub(x0, x1));
    v128.store(y + 3 * d, f32x4.neg(x1));
  }
}

/** Gᵀ of m = 2. */
@final
@unmanaged
export class WeightGrad2 {
  @inline get inputs(): i32 {
    return 4;
  }
  @inline get outputs(): i32 {
    return 3;
  }
  @inline put(x0: v128, x1: v128, x2: v128, x3: v128, x4: v128, x5: v128, y: usize, d: usize): void {
    const even = times(add(x1, x2), HALF);
    v128.store(y, add(x0, even));
    v128.store(y + d, times(sub(x1, x2), HALF));
    v128.store(y + 2 * d, add(even, x3));
  }
}

/** Bᵀ of m = 4. */
@final
@unmanaged
export class Source4 {
  @inline get inputs(): i32 {
    return 6;
  }
  @inline get outputs(): i32 {
    return 6;
  }
  @inline put(x0: v128, x1: v128, x2: v128, x3: v128, x4: v128, x5: v128, y: usize, d: usize): void {
    v128.store(y, scaled(x0, FOUR, sub(x4, times(x2, FIVE))));
    const even = sub(x4, times(x2, FOUR)),
      odd = sub(x3, times(x1, FOUR));
    v128.store(y + d, add(even, odd));
    v128.store(y + 2 * d, sub(even, odd));
    const near = sub(x4, x2),
      far = times(sub(x3, x1), TWO);
    v128.store(y + 3 * d, add(near, far));
    v128.store(y + 4 * d, sub(near, far));
    v128.store(y + 5 * d, scaled(x1, FOUR, sub(x5, times(x3, FIVE))));
  }
}

/** G of m = 4. */
@final
@unmanaged
export class Weight4 {
  @inline get inputs(): i32 {
    return 3;
  }
  @inline get outputs(): i32 {
    return 6;
  }
  @inline put(x0: v128, x1: v128, x2: v128, x3: v128, x4: v128, x5: v128, y: usize, d: usize): void {
    v128.store(y, times(x0, QUARTER));
    const even = times(add(x0, x2), MINUS_SIXTH),
      odd = times(x1, MINUS_SIXTH);
    v128.store(y + d, add(even, odd));
    v128.store(y + 2 * d, sub(even, odd));
    const far = scaled(x0, TWENTY_FOURTH, times(x2, SIXTH)),
      middle = times(x1, TWELFTH);
    v128.store(y + 3 * d, add(far, middle));
    v128.store(y + 4 * d, sub(far, middle));
    v128.store(y + 5 * d, x2);
  }
}

/** Aᵀ of m = 4. */
@final
@unmanaged
export class Output4 {
  @inline get inputs(): i32 {
    return 6;
  }
  @inline get outputs(): i32 {
    return 4;
  }
  @inline put(x0: v128, x1: v128, x2: v128, x3: v128, x4: v128, x5: v128, y: usize, d: usize): void {
    const near = add(x1, x2),
      nearOdd = sub(x1, x2),
      far = add(x3, x4),
      farOdd = sub(x3, x4);
    v128.store(y, add(x0, add(near, far)));
    v128.store(y + d, scaled(farOdd, TWO, nearOdd));
    v128.store(y + 2 * d, scaled(far, FOUR, near));
    v128.store(y + 3 * d, add(scaled(farOdd, EIGHT, nearOdd), x5));
  }
}

/** One axis: values `s` bytes apart at `x` to values `d` bytes apart at `y`. */
// @ts-ignore: decorator
@inline
export function transform<M>(x: usize, s: usize, y: usize, d: usize): void {
  const matrix = changetype<M>(0),
    inputs = matrix.inputs,
    zero = i64x2.splat(0);
  matrix.put(
    v128.load(x),
    v128.load(x + s),
    inputs > 2 ? v128.load(x + 2 * s) : zero,
    inputs > 3 ? v128.load(x + 3 * s) : zero,
    inputs > 4 ? v128.load(x + 4 * s) : zero,
    inputs > 4 ? v128.load(x + 5 * s) : zero,
    y,
    d,
  );
}

/** The second axis: `outputs` lines of values from `inputs` lines at `x`, whose values are neighbors; lines of y are `dLine` apart. */
// @ts-ignore: decorator
@inline
export function transformColumns<M>(x: usize, columns: i32, y: usize, d: usize, dLine: usize): void {
  const line = (<usize>columns) << 4;
  for (let i = 0; i < columns; i++) {
    transform<M>(x, line, y, dLine);
    x += 16;
    y += d;
  }
}
