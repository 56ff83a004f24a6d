/** What reading and writing by index share. */
import { at } from "../common/rows";

/** Index i of an array of indices into n elements, counted from the start. */
// @ts-ignore: decorator
@inline
export function indexAt(index: usize, i: i32, n: i32): i32 {
  const v = <i32>load<i64>(at<i64>(index, i));
  return v < 0 ? v + n : v;
}

/** Bytes from which a call of `memory.copy` is cheaper than a loop. */
const LONG_RUN: usize = 128;

/** Copies a run of `bytes`, a multiple of `size`. */
// @ts-ignore: decorator
@inline
export function copyRun(y: usize, x: usize, bytes: usize, size: i32): void {
  if (bytes >= LONG_RUN) return memory.copy(y, x, bytes);
  const stop = y + bytes;
  for (; y + 16 <= stop; y += 16, x += 16) v128.store(y, v128.load(x));
  if (size >= 4) for (; y < stop; y += 4, x += 4) store<u32>(y, load<u32>(x));
  else for (; y < stop; y++, x++) store<u8>(y, load<u8>(x));
}
