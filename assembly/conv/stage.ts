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

/** Stages one channel, whose source plane is at `src` (0: a plane of zeros), at `dst`. */
export function stagePlane<T>(v: Window, dst: usize, src: usize): void {
  const bytes = <usize>v.pitch * sizeof<T>();
  for (let i = 0; i < v.rows; i++) {
    const row = v.row0 + i;
    const inside = src != 0 && row >= 0 && row < v.h;
    const line = src + <usize>(row * v.w) * sizeof<T>();
    for (let f = 0; f < v.phases; f++) {
      if (inside) stageRow<T>(dst, line, v.column0 + f, v.stride, v.pitch, v.w);
      else zeros<T>(dst, v.pitch);
      dst += bytes;
    }
  }
}

/** dst[i] = line[column + i * stride], zero outside [0, width). */
export function stageRow<T>(dst: usize, line: usize, column: i32, stride: i32, count: i32, width: i32): void {
  const first = min(count, column >= 0 ? 0 : (stride - 1 - column) / stride);
  const last = max(first, min(count, column >= width ? 0 : (width - column + stride - 1) / stride));
  zeros<T>(dst, first);
  dst += <usize>first * sizeof<T>();
  const src = line + <usize>(column + first * stride) * sizeof<T>();
  if (stride == 1) copyRun<T>(dst, src, last - first);
  else copyStrided<T>(dst, src, <usize>stride * sizeof<T>(), last - first);
  zeros<T>(dst + <usize>(last - first) * sizeof<T>(), count - last);
}

/** Rows are short: a loop beats the engine's memory.copy. */
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

export function zeros<T>(dst: usize, count: i32): void {
  for (; count > 0; count--) {
    store<T>(dst, 0);
    dst += sizeof<T>();
  }
}
