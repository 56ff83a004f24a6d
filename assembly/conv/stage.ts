/**
 * Staging: the part of a source that a tile of outputs sees, copied with its zero padding, and with the columns of each
 * residue modulo the stride together. Neighbouring outputs then read neighbouring elements, whatever the stride, so the
 * micro-kernel needs no case for edges, strides or dilation.
 *
 * staged[channel][row][phase][i] = source[channel][row0 + row][column0 + i * stride + phase], zero outside.
 */

/** What to copy; addresses and pitches in bytes, the rest in elements. */
@final @unmanaged
export class Window {
  /** First source row and column; either may lie outside. */
  row0: i32; column0: i32;
  rows: i32; stride: i32; phases: i32;
  /** Elements of one staged row of one phase. */
  pitch: i32;
  /** Size of the source planes. */
  h: i32; w: i32;
}

/** Stages the source plane at `src` (0: a plane of zeros) at `dst`. */
export function stagePlane<T>(v: Window, dst: usize, src: usize): void {
  const bytes = <usize>v.pitch * sizeof<T>();
  for (let f = 0; f < v.phases; f++) {
    const column = v.column0 + f;
    const first = min(v.pitch, firstInside(column, v.stride));
    const last = max(first, min(v.pitch, column < v.w ? firstInside(column - v.w, v.stride) : 0));
    const from = src + <usize>(column + first * v.stride) * sizeof<T>();
    let to = dst + <usize>f * bytes;
    for (let row = v.row0; row < v.row0 + v.rows; row++) {
      const inside = src != 0 && row >= 0 && row < v.h;
      if (inside) stageRow<T>(to, from + <usize>(row * v.w) * sizeof<T>(), v.stride, first, last, v.pitch);
      else zeros<T>(to, v.pitch);
      to += <usize>v.phases * bytes;
    }
  }
}

/** The smallest i ≥ 0 for which column + i * stride ≥ 0. */
// @ts-ignore: decorator
@inline
function firstInside(column: i32, stride: i32): i32 {
  return column >= 0 ? 0 : stride == 1 ? -column : (stride - 1 - column) / stride;
}

/** dst[i] = src[(i - first) * stride] for first ≤ i < last, and zero in the rest of `count` elements. */
export function stageRow<T>(dst: usize, src: usize, stride: i32, first: i32, last: i32, count: i32): void {
  if (first > 0) zeros<T>(dst, first);
  dst += <usize>first * sizeof<T>();
  if (stride == 1) copyRun<T>(dst, src, last - first);
  else copyStrided<T>(dst, src, <usize>stride * sizeof<T>(), last - first);
  if (count > last) zeros<T>(dst + <usize>(last - first) * sizeof<T>(), count - last);
}

/** Rows are short: a loop beats the engine's memory.copy. */
// @ts-ignore: decorator
@inline
function copyRun<T>(dst: usize, src: usize, count: i32): void {
  let bytes = count * <i32>sizeof<T>();
  for (; bytes >= 16; bytes -= 16) {
    v128.store(dst, v128.load(src));
    dst += 16;
    src += 16;
  }
  for (; bytes > 0; bytes -= <i32>sizeof<T>()) {
    store<T>(dst, load<T>(src));
    dst += sizeof<T>();
    src += sizeof<T>();
  }
}

function copyStrided<T>(dst: usize, src: usize, step: usize, count: i32): void {
  for (; count > 0; count--) {
    store<T>(dst, load<T>(src));
    dst += sizeof<T>();
    src += step;
  }
}

/** `count` zeros. */
export function zeros<T>(dst: usize, count: i32): void {
  for (; count > 0; count--) {
    store<T>(dst, 0);
    dst += sizeof<T>();
  }
}
