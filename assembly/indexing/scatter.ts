/**
 * Writing by index, in place. y is [outer, n, inner], indices are i64 and trusted (see `indicesInRange`), negative ones
 * count from the end. Ranges count the outer * inner *lanes*: a lane's writes happen in the order of its indices,
 * whoever makes them, so what repeated indices leave does not depend on the split.
 */
import { BOOL, F32, F64, I8, I16, I32, I64, U8 } from "../common/dtype";
import { at, loadLanes, storeLanes, zeros } from "../common/rows";
import { lanes } from "../common/simd";
import { copyRun, indexAt } from "./indices";

// Strategies: what becomes of `old` when `x` is written to it.

@final
@unmanaged
class Replace {
  @inline
  one<T>(_old: T, x: T): T {
    return x;
  }
}

@final
@unmanaged
class Add {
  @inline
  one<T>(old: T, x: T): T {
    return old + x;
  }
}

@final
@unmanaged
class Multiply {
  @inline
  one<T>(old: T, x: T): T {
    return old * x;
  }
}

@final
@unmanaged
class Larger {
  @inline
  one<T>(old: T, x: T): T {
    return max<T>(old, x);
  }
}

@final
@unmanaged
class Smaller {
  @inline
  one<T>(old: T, x: T): T {
    return min<T>(old, x);
  }
}

/** `step` is 1, or 0 where one element is the source of all writes. */
function scatterOf<OP, T>(
  y: usize,
  index: usize,
  source: usize,
  step: i32,
  n: i32,
  m: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  const op = changetype<OP>(0);
  for (let r = begin; r < end; ) {
    const o = r / inner,
      first = r - o * inner;
    const last = min(inner, first + end - r);
    const to = y + <usize>o * n * inner * sizeof<T>();
    for (let i = 0; i < m; i++) {
      const row = (o * m + i) * inner;
      for (let j = first; j < last; j++) {
        const p = at<T>(to, indexAt(index, row + j, n) * inner + j);
        store<T>(p, op.one<T>(load<T>(p), load<T>(at<T>(source, (row + j) * step))));
      }
    }
    r += last - first;
  }
}

/**
 * y[o, index[o, i, j], j] = source[o, i, j], index and source being [outer, m, inner]; the last of repeated indices
 * stands. `single`: `source` is one element, written everywhere. @see torch.scatter
 */
export function scatter(
  size: i32,
  y: usize,
  index: usize,
  source: usize,
  single: i32,
  n: i32,
  m: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  const step = single ? 0 : 1;
  switch (size) {
    case 1:
      return scatterOf<Replace, u8>(y, index, source, step, n, m, inner, begin, end);
    case 2:
      return scatterOf<Replace, u16>(y, index, source, step, n, m, inner, begin, end);
    case 4:
      return scatterOf<Replace, u32>(y, index, source, step, n, m, inner, begin, end);
    case 8:
      return scatterOf<Replace, u64>(y, index, source, step, n, m, inner, begin, end);
    default:
      unreachable();
  }
}

function combine<OP>(
  t: i32,
  y: usize,
  index: usize,
  source: usize,
  step: i32,
  n: i32,
  m: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  switch (t) {
    case F32:
      return scatterOf<OP, f32>(y, index, source, step, n, m, inner, begin, end);
    case F64:
      return scatterOf<OP, f64>(y, index, source, step, n, m, inner, begin, end);
    case I64:
      return scatterOf<OP, i64>(y, index, source, step, n, m, inner, begin, end);
    case I32:
      return scatterOf<OP, i32>(y, index, source, step, n, m, inner, begin, end);
    case I16:
      return scatterOf<OP, i16>(y, index, source, step, n, m, inner, begin, end);
    case I8:
      return scatterOf<OP, i8>(y, index, source, step, n, m, inner, begin, end);
    case U8:
    case BOOL:
      return scatterOf<OP, u8>(y, index, source, step, n, m, inner, begin, end);
    default:
      unreachable();
  }
}

/** Codes of `scatterReduce`. Of bool, sum is the largest and product the smallest. */
const SUM: i32 = 0;
const PROD: i32 = 1;
const AMAX: i32 = 2;
const AMIN: i32 = 3;

/**
 * Like `scatter`, but combines: `reduction` 0 sum, 1 product, 2 largest, 3 smallest. Any type; integers wrap.
 * @see torch.scatter_reduce
 */
export function scatterReduce(
  t: i32,
  reduction: i32,
  y: usize,
  index: usize,
  source: usize,
  single: i32,
  n: i32,
  m: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  const step = single ? 0 : 1;
  switch (t == BOOL && reduction <= PROD ? reduction + AMAX : reduction) {
    case SUM:
      return combine<Add>(t, y, index, source, step, n, m, inner, begin, end);
    case PROD:
      return combine<Multiply>(t, y, index, source, step, n, m, inner, begin, end);
    case AMAX:
      return combine<Larger>(t, y, index, source, step, n, m, inner, begin, end);
    case AMIN:
      return combine<Smaller>(t, y, index, source, step, n, m, inner, begin, end);
    default:
      unreachable();
  }
}

/** y[o, index[o, i, j], j] += source[o, i, j]. Any type. @see torch.scatter_add */
export function scatterAdd(
  t: i32,
  y: usize,
  index: usize,
  source: usize,
  n: i32,
  m: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  scatterReduce(t, SUM, y, index, source, 0, n, m, inner, begin, end);
}

// ---- Whole runs: one index for all of inner -------------------------------------------------------------------------

/**
 * y[o, index[i], j] = source[o, i, j], source being [outer, m, inner], index [m]; the last of repeated indices stands.
 * @see torch.index_copy
 */
export function indexCopy(
  size: i32,
  y: usize,
  index: usize,
  source: usize,
  n: i32,
  m: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  for (let r = begin; r < end; ) {
    const o = r / inner,
      j = r - o * inner;
    const width = min(inner - j, end - r);
    for (let i = 0; i < m; i++) {
      const to = (<usize>o * n + indexAt(index, i, n)) * inner + j;
      const from = (<usize>o * m + i) * inner + j;
      copyRun(y + to * size, source + from * size, <usize>width * size, size);
    }
    r += width;
  }
}

/** y += alpha x over a run. */
function addRun<T>(y: usize, x: usize, n: i32, alpha: f64): void {
  if (isFloat<T>()) {
    const a = v128.splat<T>(<T>alpha);
    for (let k = n; k > 0; k -= lanes<T>(), y += 16, x += 16) {
      const scaled = v128.mul<T>(loadLanes<T>(x, k, zeros()), a);
      storeLanes<T>(y, v128.add<T>(loadLanes<T>(y, k, zeros()), scaled), k);
    }
  } else {
    const a = <i64>alpha;
    for (let i = 0; i < n; i++) store<T>(at<T>(y, i), <T>(<i64>load<T>(at<T>(y, i)) + a * <i64>load<T>(at<T>(x, i))));
  }
}

function addRuns<T>(
  y: usize,
  index: usize,
  source: usize,
  alpha: f64,
  n: i32,
  m: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  for (let r = begin; r < end; ) {
    const o = r / inner,
      j = r - o * inner;
    const width = min(inner - j, end - r);
    for (let i = 0; i < m; i++) {
      const to = (<usize>o * n + indexAt(index, i, n)) * inner + j;
      const from = (<usize>o * m + i) * inner + j;
      addRun<T>(y + to * sizeof<T>(), source + from * sizeof<T>(), width, alpha);
    }
    r += width;
  }
}

/**
 * y[o, index[i], j] += alpha source[o, i, j], source being [outer, m, inner], index [m]. Any type but bool. The
 * gradient of `indexSelect` and of an embedding. @see torch.index_add
 */
export function indexAdd(
  t: i32,
  y: usize,
  index: usize,
  source: usize,
  alpha: f64,
  n: i32,
  m: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  switch (t) {
    case F32:
      return addRuns<f32>(y, index, source, alpha, n, m, inner, begin, end);
    case F64:
      return addRuns<f64>(y, index, source, alpha, n, m, inner, begin, end);
    case I64:
      return addRuns<i64>(y, index, source, alpha, n, m, inner, begin, end);
    case I32:
      return addRuns<i32>(y, index, source, alpha, n, m, inner, begin, end);
    case I16:
      return addRuns<i16>(y, index, source, alpha, n, m, inner, begin, end);
    case I8:
    case U8:
      return addRuns<u8>(y, index, source, alpha, n, m, inner, begin, end);
    default:
      unreachable();
  }
}
