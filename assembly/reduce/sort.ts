/**
 * Stable sorting along the middle axis of a contiguous [outer, n, inner], and searching in what is sorted. Ranges count
 * the outer * inner lanes. NaN is larger than every number.
 *
 * A lane is sorted as pairs (key, index): keys are unsigned integers in the order of the elements, equal for equal
 * elements. Short lanes are sorted by insertion, others by their bytes, least significant first; both are stable.
 */
import { BOOL, F32, F64, I8, I16, I32, I64, U8 } from "../common/dtype";
import { at, column } from "../common/rows";

/** Lanes of up to this many elements are sorted by insertion. */
const SHORT: i32 = 48;
const RADIX: i32 = 256;

/**
 * Bytes of scratch that a lane of `n` needs: a thread's kernels share them. Types of 8 bytes have 8-byte keys. They are counted in f64, since
 * in 32 bits a long lane would seem to need little.
 */
export function sortScratch(t: i32, n: i32): f64 {
  const key = t == F64 || t == I64 ? 8 : 4;
  return 2 * <f64>n * (key + 4) + RADIX * 4 + 8;
}

// ---- Keys -----------------------------------------------------------------------------------------------------------

/** The order-preserving key of x. -0 and 0 have the same, all NaN the largest. */
// @ts-ignore: decorator
@inline
function keyOf<T, K>(x: T): K {
  if (isFloat<T>()) {
    if (x != x) return <K>-1;
    const sign = (<K>1) << (<K>(8 * sizeof<K>() - 1));
    const bits = reinterpret<K>(<T>(x + <T>0));
    return bits & sign ? <K>~bits : <K>(bits | sign);
  }
  const mask = <u64>-1 >> (64 - 8 * sizeof<T>());
  const sign = isSigned<T>() ? (<u64>1) << (8 * sizeof<T>() - 1) : 0;
  return <K>((<u64>x & mask) ^ sign);
}

/** Writes the keys and indices of a lane; `flip` (all ones) turns the order around. */
function loadKeys<T, K>(keys: usize, order: usize, x: usize, n: i32, inner: i32, flip: K): void {
  for (let i = 0; i < n; i++) {
    store<K>(at<K>(keys, i), keyOf<T, K>(load<T>(at<T>(x, i * inner))) ^ flip);
    store<i32>(at<i32>(order, i), i);
  }
}

// ---- Sorting pairs --------------------------------------------------------------------------------------------------

function insertionSort<K>(keys: usize, order: usize, n: i32): void {
  for (let i = 1; i < n; i++) {
    const key = load<K>(at<K>(keys, i));
    const index = load<i32>(at<i32>(order, i));
    let j = i - 1;
    for (; j >= 0 && load<K>(at<K>(keys, j)) > key; j--) {
      store<K>(at<K>(keys, j + 1), load<K>(at<K>(keys, j)));
      store<i32>(at<i32>(order, j + 1), load<i32>(at<i32>(order, j)));
    }
    store<K>(at<K>(keys, j + 1), key);
    store<i32>(at<i32>(order, j + 1), index);
  }
}

/** Turns the histogram of byte `shift / 8` into the first position of each value; false if all keys share one value. */
function positions<K>(counts: usize, keys: usize, n: i32, shift: K): bool {
  memory.fill(counts, 0, RADIX * 4);
  for (let i = 0; i < n; i++) {
    const p = at<i32>(counts, <i32>((load<K>(at<K>(keys, i)) >> shift) & 255));
    store<i32>(p, load<i32>(p) + 1);
  }
  let total = 0;
  for (let b = 0; b < RADIX; b++) {
    const count = load<i32>(at<i32>(counts, b));
    if (count == n) return false;
    store<i32>(at<i32>(counts, b), total);
    total += count;
  }
  return true;
}

function distribute<K>(
  toKeys: usize,
  toOrder: usize,
  keys: usize,
  order: usize,
  counts: usize,
  n: i32,
  shift: K,
): void {
  for (let i = 0; i < n; i++) {
    const key = load<K>(at<K>(keys, i));
    const p = at<i32>(counts, <i32>((key >> shift) & 255));
    const to = load<i32>(p);
    store<i32>(p, to + 1);
    store<K>(at<K>(toKeys, to), key);
    store<i32>(at<i32>(toOrder, to), load<i32>(at<i32>(order, i)));
  }
}

/** Sorts the lane x; returns the address of its n indices in order, `scratch` before them holding the keys. */
function sortLane<T, K>(x: usize, n: i32, inner: i32, descending: i32, scratch: usize): usize {
  scratch = (scratch + 7) & ~7;
  const bytes = <usize>n * (sizeof<K>() + 4);
  const counts = scratch + 2 * bytes;
  let from = scratch,
    to = scratch + bytes;
  loadKeys<T, K>(from, at<K>(from, n), x, n, inner, descending ? <K>-1 : <K>0);
  if (n <= SHORT) {
    insertionSort<K>(from, at<K>(from, n), n);
    return at<K>(from, n);
  }
  for (let byte = 0; byte < <i32>sizeof<T>(); byte++) {
    const shift = <K>(8 * byte);
    if (!positions<K>(counts, from, n, shift)) continue;
    distribute<K>(to, at<K>(to, n), from, at<K>(from, n), counts, n, shift);
    const sorted = to;
    to = from;
    from = sorted;
  }
  return at<K>(from, n);
}

function sortLanes<T, K>(
  values: usize,
  indices: usize,
  x: usize,
  n: i32,
  m: i32,
  inner: i32,
  descending: i32,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  for (let r = begin; r < end; r++) {
    const from = column<T>(x, r, n, inner);
    const order = sortLane<T, K>(from, n, inner, descending, scratch);
    const value = column<T>(values, r, m, inner),
      index = column<i64>(indices, r, m, inner);
    for (let i = 0; i < m; i++) {
      const source = load<i32>(at<i32>(order, i));
      if (values) store<T>(at<T>(value, i * inner), load<T>(at<T>(from, source * inner)));
      store<i64>(at<i64>(index, i * inner), source);
    }
  }
}

/**
 * The first m elements of each lane in order, and their indices (i64): all of them for `torch.sort`, k for
 * `torch.topk` and `torch.kthvalue`. `values` may be 0: not wanted; outputs are [outer, m, inner] and do not overlap x.
 * `scratch`: `sortScratch(t, n)` bytes of the calling thread's own. Any type. @see torch.sort
 */
export function sort(
  t: i32,
  values: usize,
  indices: usize,
  x: usize,
  n: i32,
  m: i32,
  inner: i32,
  descending: i32,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const d = descending;
  switch (t) {
    case F32:
      return sortLanes<f32, u32>(values, indices, x, n, m, inner, d, scratch, begin, end);
    case F64:
      return sortLanes<f64, u64>(values, indices, x, n, m, inner, d, scratch, begin, end);
    case I64:
      return sortLanes<i64, u64>(values, indices, x, n, m, inner, d, scratch, begin, end);
    case I32:
      return sortLanes<i32, u32>(values, indices, x, n, m, inner, d, scratch, begin, end);
    case I16:
      return sortLanes<i16, u32>(values, indices, x, n, m, inner, d, scratch, begin, end);
    case I8:
      return sortLanes<i8, u32>(values, indices, x, n, m, inner, d, scratch, begin, end);
    case U8:
    case BOOL:
      return sortLanes<u8, u32>(values, indices, x, n, m, inner, d, scratch, begin, end);
    default:
      unreachable();
  }
}

// ---- Mode -----------------------------------------------------------------------------------------------------------

/** Position in the sorted lane of the last element of its longest run, the first such run of equally long ones. */
function endOfLongestRun<K>(keys: usize, n: i32): i32 {
  let longest = 0,
    last = 0,
    start = 0;
  for (let i = 1; i <= n; i++) {
    if (i < n && load<K>(at<K>(keys, i)) == load<K>(at<K>(keys, start))) continue;
    if (i - start > longest) {
      longest = i - start;
      last = i - 1;
    }
    start = i;
  }
  return last;
}

function modes<T, K>(
  values: usize,
  indices: usize,
  x: usize,
  n: i32,
  inner: i32,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  for (let r = begin; r < end; r++) {
    const from = column<T>(x, r, n, inner);
    const order = sortLane<T, K>(from, n, inner, 0, scratch);
    const found = load<i32>(at<i32>(order, endOfLongestRun<K>(order - <usize>n * sizeof<K>(), n)));
    store<T>(at<T>(values, r), load<T>(at<T>(from, found * inner)));
    store<i64>(at<i64>(indices, r), found);
  }
}

/**
 * The most frequent element, the smallest of equally frequent ones, and the index (i64) of its last occurrence. n > 0.
 * `scratch` as for `sort`. Any type. @see torch.mode
 */
export function mode(
  t: i32,
  values: usize,
  indices: usize,
  x: usize,
  n: i32,
  inner: i32,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  switch (t) {
    case F32:
      return modes<f32, u32>(values, indices, x, n, inner, scratch, begin, end);
    case F64:
      return modes<f64, u64>(values, indices, x, n, inner, scratch, begin, end);
    case I64:
      return modes<i64, u64>(values, indices, x, n, inner, scratch, begin, end);
    case I32:
      return modes<i32, u32>(values, indices, x, n, inner, scratch, begin, end);
    case I16:
      return modes<i16, u32>(values, indices, x, n, inner, scratch, begin, end);
    case I8:
      return modes<i8, u32>(values, indices, x, n, inner, scratch, begin, end);
    case U8:
    case BOOL:
      return modes<u8, u32>(values, indices, x, n, inner, scratch, begin, end);
    default:
      unreachable();
  }
}
