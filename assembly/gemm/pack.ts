/**
 * Packing: blocks of A and B copied into panels that the micro-kernel reads in order.
 *
 * A panel holds `width` lines (rows of A, columns of B) interleaved: panel[p * width + i] = line i, term p. The last
 * panel may have fewer lines; its other places are undefined, since lanes never mix and no result is taken from them.
 * Writing a panel may spill up to 16 bytes behind its end.
 */
import { lanes } from "../common/simd";

/**
 * Packs `lines` lines of `k` terms each, of elements of `size` bytes; `across` and `along` are the byte strides between lines
 * and terms, `gap` is what lies between panels.
 */
export function pack(
  size: usize,
  dst: usize,
  src: usize,
  across: usize,
  along: usize,
  lines: i32,
  k: i32,
  width: i32,
  gap: usize = 0,
): void {
  const term = <usize>width * size,
    panel = term * k + gap;
  while (lines > 0) {
    const count = min(width, lines);
    let panels = 1;
    if (along == size) {
      if (size == 4) transposePanel<f32>(dst, src, across, count, k, width);
      else transposePanel<f64>(dst, src, across, count, k, width);
    } else if (across == size && count == width) {
      if (lines >= 2 * width) panels = 2;
      copyPanels(dst, src, along, k, term, panels == 2 ? panel : 0);
    } else if (size == 4) gatherPanel<f32>(dst, src, across, along, count, k, width);
    else gatherPanel<f64>(dst, src, across, along, count, k, width);
    dst += <usize>panels * panel;
    src += <usize>(panels * width) * across;
    lines -= panels * width;
  }
}

/**
 * Terms of neighboring lines are neighbors: every term is one short copy, of 24, 32, 48 or 16 bytes. Two panels at a time,
 * `second` bytes apart (0: one only), since a term of both is as much as a line of the cache.
 */
function copyPanels(dst: usize, src: usize, along: usize, k: i32, bytes: usize, second: usize): void {
  for (; k > 0; k--) {
    copyTerm(dst, src, bytes);
    if (second != 0) copyTerm(dst + second, src + bytes, bytes);
    dst += bytes;
    src += along;
  }
}

// @ts-ignore: decorator
@inline
function copyTerm(dst: usize, src: usize, bytes: usize): void {
  v128.store(dst, v128.load(src));
  if (bytes >= 32) v128.store(dst, v128.load(src, 16), 16);
  if (bytes >= 48) v128.store(dst, v128.load(src, 32), 32);
  if (bytes & 8) store<u64>(dst + bytes - 8, load<u64>(src + bytes - 8));
}

/**
 * Each line is contiguous: square blocks are transposed in registers. Groups of lines go from last to first, so that
 * what a group spills over the edge of the panel is overwritten by the group that owns the place.
 */
function transposePanel<T>(dst: usize, src: usize, across: usize, count: i32, k: i32, width: i32): void {
  const step = <usize>width * sizeof<T>();
  for (let i = (count - 1) & -lanes<T>(); i >= 0; i -= lanes<T>()) {
    const last = count - 1 - i;
    const from = src + <usize>i * across;
    const to = dst + <usize>i * sizeof<T>();
    if (sizeof<T>() == 4) {
      const r1 = from + <usize>min(1, last) * across;
      const r2 = from + <usize>min(2, last) * across;
      transpose4(to, step, from, r1, r2, from + <usize>min(3, last) * across, k);
    } else {
      transpose2(to, step, from, from + <usize>min(1, last) * across, k);
    }
  }
}

/** Interleaves four lines of `k` terms; terms are `step` bytes apart in `dst`. */
function transpose4(dst: usize, step: usize, r0: usize, r1: usize, r2: usize, r3: usize, k: i32): void {
  for (; k >= 4; k -= 4) {
    const a = v128.load(r0),
      b = v128.load(r1),
      c = v128.load(r2),
      d = v128.load(r3);
    const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5),
      AB = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5),
      CD = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
    v128.store(dst, v128.shuffle<i64>(ab, cd, 0, 2));
    v128.store((dst += step), v128.shuffle<i64>(ab, cd, 1, 3));
    v128.store((dst += step), v128.shuffle<i64>(AB, CD, 0, 2));
    v128.store((dst += step), v128.shuffle<i64>(AB, CD, 1, 3));
    dst += step;
    r0 += 16;
    r1 += 16;
    r2 += 16;
    r3 += 16;
  }
  for (; k > 0; k--) {
    store<f32>(dst, load<f32>(r0));
    store<f32>(dst, load<f32>(r1), 4);
    store<f32>(dst, load<f32>(r2), 8);
    store<f32>(dst, load<f32>(r3), 12);
    dst += step;
    r0 += 4;
    r1 += 4;
    r2 += 4;
    r3 += 4;
  }
}

/** Interleaves two lines of `k` terms. */
function transpose2(dst: usize, step: usize, r0: usize, r1: usize, k: i32): void {
  for (; k > 0; k--) {
    store<f64>(dst, load<f64>(r0));
    store<f64>(dst, load<f64>(r1), 8);
    dst += step;
    r0 += 8;
    r1 += 8;
  }
}

/** Any strides, any number of lines. */
function gatherPanel<T>(dst: usize, src: usize, across: usize, along: usize, count: i32, k: i32, width: i32): void {
  for (let p = 0; p < k; p++) {
    for (let i = 0; i < count; i++) store<T>(dst + <usize>i * sizeof<T>(), load<T>(src + <usize>i * across));
    dst += <usize>width * sizeof<T>();
    src += along;
  }
}
