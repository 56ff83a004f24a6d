/** Filling, copying and casting between any two layouts. */

import { bytesOf, span } from "../common/element";
import { rowLength, rowOffset, rowStride } from "../common/map";
import { castAny, castOfPair, storeNumber } from "./cast";
import { isTransposed, transposeRows } from "./transpose";

// ------------------------------------------------------------------------------------------- fill

/** Writes `value`, cast to type t, to elements [begin, end) of y. */
export function fill(t: i32, y: usize, value: f64, begin: i32, end: i32): void {
  if (begin >= end) return;
  const size = bytesOf(t);
  const from = y + <usize>begin * size,
    to = y + <usize>end * size;
  storeNumber(t, from, value);
  if (size == 1) memory.fill(from, load<u8>(from), to - from);
  else if (size == 2) repeat<u16>(from, to);
  else if (size == 4) repeat<u32>(from, to);
  else repeat<u64>(from, to);
}

/** Writes the element at `from` over all of [from, to). */
function repeat<T>(from: usize, to: usize): void {
  const value = load<T>(from),
    vector = v128.splat<T>(value);
  for (; from + 16 <= to; from += 16) v128.store(from, vector);
  for (; from < to; from += sizeof<T>()) store<T>(from, value);
}

/** Writes start + i · step, cast to type t, to elements i in [begin, end) of y. @see torch.arange */
export function arange(t: i32, y: usize, start: f64, step: f64, begin: i32, end: i32): void {
  const size = bytesOf(t);
  for (let i = begin; i < end; i++) storeNumber(t, y + <usize>i * size, start + <f64>i * step);
}

// ------------------------------------------------------------------------------------------- copy

/** Moves n elements of x, sx apart, to y, sy apart; T is an unsigned integer of their size. */
function moveRow<T>(y: usize, x: usize, sy: i32, sx: i32, n: i32): void {
  const stepY = span<T>(sy),
    stepX = span<T>(sx);
  for (; n > 0; n--) {
    store<T>(y, load<T>(x));
    y += stepY;
    x += stepX;
  }
}

/** From here on `memory.copy` beats a loop. */
const LONG: i32 = 32;

/** Copies or casts a row of n elements. */
function copyRow(ty: i32, tx: i32, y: usize, x: usize, sy: i32, sx: i32, n: i32): void {
  if (ty != tx) {
    const cast = castOfPair(ty, tx);
    if (cast) return cast(y, x, sy, sx, n);
    return castAny(ty, tx, y, x, sy, sx, n);
  }
  const size = bytesOf(ty);
  if (sy == 1 && sx == 1 && n >= LONG) memory.copy(y, x, <usize>n * size);
  else if (size == 4) moveRow<u32>(y, x, sy, sx, n);
  else if (size == 8) moveRow<u64>(y, x, sy, sx, n);
  else if (size == 2) moveRow<u16>(y, x, sy, sx, n);
  else moveRow<u8>(y, x, sy, sx, n);
}

/**
 * Elements [begin, end), in row-major order of the geometry, of x (type tx) cast to y (type ty). The geometry is
 * [ndim, sizes, strides of y, strides of x]; both are contiguous if it is 0. @see torch.Tensor.copy_
 */
export function copy(ty: i32, tx: i32, y: usize, x: usize, geom: usize, begin: i32, end: i32): void {
  const sizeY = bytesOf(ty),
    sizeX = bytesOf(tx);
  if (!geom) return copyRow(ty, tx, y + <usize>begin * sizeY, x + <usize>begin * sizeX, 1, 1, end - begin);
  const length = rowLength(geom),
    sy = rowStride(geom, 0),
    sx = rowStride(geom, 1);
  const transposed = ty == tx && isTransposed(geom);
  let row = begin / length,
    column = begin % length;
  while (begin < end) {
    const py = y + <usize>(rowOffset(geom, 0, row) + column * sy) * sizeY;
    const px = x + <usize>(rowOffset(geom, 1, row) + column * sx) * sizeX;
    let rows = transposed && column == 0 ? transposeRows(geom, row, (end - begin) / length, sizeY, py, px) : 0;
    if (rows) begin += rows * length;
    else {
      const n = min(length - column, end - begin);
      copyRow(ty, tx, py, px, sy, sx, n);
      begin += n;
      rows = 1;
    }
    row += rows;
    column = 0;
  }
}
