/**
 * Reading by index and by mask. Indices are i64 and trusted (check them with `indicesInRange`); negative ones count
 * from the end. Kernels that only move elements take their `size` in bytes (1, 2, 4, 8) in place of a type.
 */
import { BOOL, F32, F64, I8, I16, I32, I64, U8 } from "../common/dtype";
import { at } from "../common/rows";
import { copyRun, indexAt } from "./indices";

/** Index of the first of `count` indices outside [low, n), or -1; `low` is -n where negative indices are allowed. */
export function indicesInRange(index: usize, low: i32, n: i32, count: i32): i32 {
  for (let i = 0; i < count; i++) {
    const v = load<i64>(at<i64>(index, i));
    if (v < <i64>low || v >= <i64>n) return i;
  }
  return -1;
}

// ---- By index -------------------------------------------------------------------------------------------------------

function gatherOf<T>(y: usize, x: usize, index: usize, n: i32, m: i32, inner: i32, begin: i32, end: i32): void {
  const plane = m * inner;
  for (let e = begin; e < end; ) {
    const o = e / plane;
    const from = x + <usize>o * n * inner * sizeof<T>();
    let j = e % inner;
    for (const stop = min(end, (o + 1) * plane); e < stop; e++) {
      store<T>(at<T>(y, e), load<T>(at<T>(from, indexAt(index, e, n) * inner + j)));
      if (++j == inner) j = 0;
    }
  }
}

/**
 * y[o, i, j] = x[o, index[o, i, j], j] for x [outer, n, inner], y and index [outer, m, inner]. Range: elements of y.
 * With outer = inner = 1 it is `torch.take`. @see torch.gather
 */
export function gather(
  size: i32,
  y: usize,
  x: usize,
  index: usize,
  n: i32,
  m: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  switch (size) {
    case 1:
      return gatherOf<u8>(y, x, index, n, m, inner, begin, end);
    case 2:
      return gatherOf<u16>(y, x, index, n, m, inner, begin, end);
    case 4:
      return gatherOf<u32>(y, x, index, n, m, inner, begin, end);
    case 8:
      return gatherOf<u64>(y, x, index, n, m, inner, begin, end);
    default:
      unreachable();
  }
}

/**
 * y[o, i, :] = x[o, index[i], :] for x [outer, n, inner], y [outer, m, inner]. Range: the outer * m runs of y. An
 * embedding's forward pass has outer = 1. @see torch.index_select
 */
export function indexSelect(
  size: i32,
  y: usize,
  x: usize,
  index: usize,
  n: i32,
  m: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  const run = <usize>inner * size;
  for (let r = begin; r < end; r++) {
    const o = r / m;
    const from = o * n + indexAt(index, r - o * m, n);
    copyRun(y + <usize>r * run, x + <usize>from * run, run, size);
  }
}

// ---- By mask --------------------------------------------------------------------------------------------------------

function countOf<T>(x: usize, begin: i32, end: i32): i32 {
  let count = 0;
  for (let i = begin; i < end; i++) count += <i32>(load<T>(at<T>(x, i)) != <T>0);
  return count;
}

/** How many of the elements [begin, end) are not 0: what a part of `nonzero` or of a masked kernel writes or reads. */
export function nonzeroCount(t: i32, x: usize, begin: i32, end: i32): i32 {
  switch (t) {
    case F32:
      return countOf<f32>(x, begin, end);
    case F64:
      return countOf<f64>(x, begin, end);
    case I64:
      return countOf<i64>(x, begin, end);
    case I32:
      return countOf<i32>(x, begin, end);
    case I16:
      return countOf<i16>(x, begin, end);
    case I8:
    case U8:
    case BOOL:
      return countOf<u8>(x, begin, end);
    default:
      return unreachable();
  }
}

/** The coordinates of linear index i in `shape`, as i64. */
function writeCoordinates(y: usize, i: i32, shape: usize, ndim: i32): void {
  for (let axis = ndim - 1; axis >= 0; axis--) {
    const size = load<i32>(at<i32>(shape, axis));
    store<i64>(at<i64>(y, axis), i % size);
    i /= size;
  }
}

function coordinatesOf<T>(y: usize, x: usize, shape: usize, ndim: i32, start: i32, begin: i32, end: i32): void {
  y = at<i64>(y, start * ndim);
  for (let i = begin; i < end; i++) {
    if (load<T>(at<T>(x, i)) == <T>0) continue;
    writeCoordinates(y, i, shape, ndim);
    y = at<i64>(y, ndim);
  }
}

/**
 * Writes the coordinates (i64 [count, ndim]) of the elements that are not 0, in order. `shape` is ndim i32; `start` is
 * the `nonzeroCount` of all elements before `begin`. @see torch.nonzero
 */
export function nonzero(t: i32, y: usize, x: usize, shape: usize, ndim: i32, start: i32, begin: i32, end: i32): void {
  switch (t) {
    case F32:
      return coordinatesOf<f32>(y, x, shape, ndim, start, begin, end);
    case F64:
      return coordinatesOf<f64>(y, x, shape, ndim, start, begin, end);
    case I64:
      return coordinatesOf<i64>(y, x, shape, ndim, start, begin, end);
    case I32:
      return coordinatesOf<i32>(y, x, shape, ndim, start, begin, end);
    case I16:
      return coordinatesOf<i16>(y, x, shape, ndim, start, begin, end);
    case I8:
    case U8:
    case BOOL:
      return coordinatesOf<u8>(y, x, shape, ndim, start, begin, end);
    default:
      unreachable();
  }
}

function compress<T>(y: usize, x: usize, mask: usize, start: i32, begin: i32, end: i32): void {
  y = at<T>(y, start);
  for (let i = begin; i < end; i++) {
    if (!load<u8>(mask + i)) continue;
    store<T>(y, load<T>(at<T>(x, i)));
    y += sizeof<T>();
  }
}

/** The elements of x whose mask (bool) is set, in order; `start` as in `nonzero`. @see torch.masked_select */
export function maskedSelect(size: i32, y: usize, x: usize, mask: usize, start: i32, begin: i32, end: i32): void {
  switch (size) {
    case 1:
      return compress<u8>(y, x, mask, start, begin, end);
    case 2:
      return compress<u16>(y, x, mask, start, begin, end);
    case 4:
      return compress<u32>(y, x, mask, start, begin, end);
    case 8:
      return compress<u64>(y, x, mask, start, begin, end);
    default:
      unreachable();
  }
}

function expand<T>(y: usize, mask: usize, source: usize, start: i32, begin: i32, end: i32): void {
  source = at<T>(source, start);
  for (let i = begin; i < end; i++) {
    if (!load<u8>(mask + i)) continue;
    store<T>(at<T>(y, i), load<T>(source));
    source += sizeof<T>();
  }
}

/**
 * Writes the elements of `source`, in order, to where the mask (bool) is set in y; `start` as in `nonzero`.
 * @see torch.Tensor.masked_scatter_
 */
export function maskedScatter(size: i32, y: usize, mask: usize, source: usize, start: i32, begin: i32, end: i32): void {
  switch (size) {
    case 1:
      return expand<u8>(y, mask, source, start, begin, end);
    case 2:
      return expand<u16>(y, mask, source, start, begin, end);
    case 4:
      return expand<u32>(y, mask, source, start, begin, end);
    case 8:
      return expand<u64>(y, mask, source, start, begin, end);
    default:
      unreachable();
  }
}
