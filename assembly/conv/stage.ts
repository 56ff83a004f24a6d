/**
 * Staging: the part of a source that a tile of outputs sees, copied with its zero padding, and with the columns of each
 * residue modulo the stride together. Neighboring outputs then read neighboring elements, whatever the stride, so the
 * micro-kernel needs no case for edges, strides or dilation.
 *
 * staged[row][phase][i] = source[row0 + row][column0 + i * stride + phase], zero outside.
 *
 * Staged by columns, an element is an f32; staged by images, it is a vector with that position of four images, or, in depthwise
 * convolutions, of four channels.
 */
import { firstInside } from "./geometry";
import { SIDE_BY_SIDE } from "./plan";

/** What to copy; sizes and positions in elements. */
@final
@unmanaged
export class Window {
  /** First source row and column; either may lie outside. */
  row0: i32;
  column0: i32;
  rows: i32;
  stride: i32;
  phases: i32;
  /** Elements of one staged row of one phase. */
  pitch: i32;
  /** Size of the source planes. */
  h: i32;
  w: i32;
  /** Whether nothing reads the rows outside of the source. */
  trimmed: bool;
  /** Whether the lanes are images; bytes of an element, elements of a vector. */
  byImages: bool;
  bytes: usize;
  lanes: i32;
  /** Where it is staged by images: bytes between the images in the lanes, and how many of them there are. */
  image: usize;
  images: i32;
}

/** Says what the lanes are. */
export function arrange(v: Window, byImages: bool): void {
  v.byImages = byImages;
  v.bytes = byImages ? 16 : 4;
  v.lanes = byImages ? 1 : 4;
  v.trimmed = false;
}

/** Stages the source plane at `src` (0: a plane of zeros) at `dst`; trimmed, rows outside of it stay as they are. */
export function stagePlane(v: Window, dst: usize, src: usize): void {
  const bytes = <usize>v.pitch * v.bytes,
    step = <usize>v.phases * bytes;
  const r0 = min(max(-v.row0, 0), v.rows),
    r1 = src == 0 ? r0 : max(min(v.h - v.row0, v.rows), r0);
  if (src == 0 || !v.trimmed) {
    zeros(dst, <usize>r0 * step);
    zeros(dst + <usize>r1 * step, <usize>(v.rows - r1) * step);
  }
  dst += <usize>r0 * step;
  for (let f = 0; f < v.phases; f++) {
    const column = v.column0 + f;
    const first = min(v.pitch, firstInside(column, v.stride));
    const last = max(first, min(v.pitch, column < v.w ? firstInside(column - v.w, v.stride) : 0));
    const from = src + ((<usize>((v.row0 + r0) * v.w + column + first * v.stride)) << 2);
    stageRows(v, r1 - r0, dst, step, from, (<usize>v.w) << 2, v.stride, first, last, v.pitch);
    dst += bytes;
  }
}

/**
 * Rows dst[i] = src[(i - first) * stride] for first ≤ i < last, and zero in the rest of `count` elements; `step` and `line` are
 * the bytes between rows of dst and src.
 */
export function stageRows(
  v: Window,
  rows: i32,
  dst: usize,
  step: usize,
  src: usize,
  line: usize,
  stride: i32,
  first: i32,
  last: i32,
  count: i32,
): void {
  const left = <usize>first * v.bytes,
    right = <usize>last * v.bytes,
    end = <usize>count * v.bytes;
  for (let at = dst, r = rows; r > 0; r--) {
    zeros(at, left);
    zeros(at + right, end - right);
    at += step;
  }
  if (v.byImages) interleave(v, rows, dst + left, step, src, line, <usize>(stride << 2), last - first);
  else copyRows(rows, dst + left, step, src, line, <usize>(stride << 2), last - first);
}

/**
 * Rows of `count` elements, which are `stride` bytes apart in src and neighbors in dst; `step` and `line` are the bytes between rows. Rows are short:
 * loops beat the engine's memory.copy. The last vector of a row may overlap the one before.
 */
export function copyRows(rows: i32, dst: usize, step: usize, src: usize, line: usize, stride: usize, count: i32): void {
  for (; rows > 0; rows--) {
    if (count < 4 || stride > 8) copyApart(dst, src, stride, count);
    else if (stride == 4) copyNeighbors(dst, src, count);
    else copySeconds(dst, src, count);
    dst += step;
    src += line;
  }
}

// @ts-ignore: decorator
@inline
function copyApart(dst: usize, src: usize, stride: usize, count: i32): void {
  for (; count > 0; count--) {
    store<f32>(dst, load<f32>(src));
    dst += 4;
    src += stride;
  }
}

/** Four elements or more, neighbors in src. */
// @ts-ignore: decorator
@inline
function copyNeighbors(dst: usize, src: usize, count: i32): void {
  const last = (<usize>(count - 4)) << 2;
  for (let at: usize = 0; at < last; at += 16) v128.store(dst + at, v128.load(src + at));
  v128.store(dst + last, v128.load(src + last));
}

/** Four elements or more, every second one in src. */
// @ts-ignore: decorator
@inline
function copySeconds(dst: usize, src: usize, count: i32): void {
  const last = (<usize>(count - 4)) << 2;
  for (let at: usize = 0; at < last; at += 16) v128.store(dst + at, seconds(src + (at << 1)));
  v128.store(dst + last, seconds(src + (last << 1)));
}

/** The first, third, fifth and seventh element. */
// @ts-ignore: decorator
@inline
function seconds(src: usize): v128 {
  return v128.shuffle<i32>(v128.load(src), v128.load(src, 12), 0, 2, 5, 7);
}

/** All bits of the lanes of images that exist. */
const EXISTING = memory.data<i32>([-1, -1, -1, -1, 0, 0, 0]);

/** One element of every image; lanes without an image are zero. */
// @ts-ignore: decorator
@inline
function interleave(
  v: Window,
  rows: i32,
  dst: usize,
  step: usize,
  src: usize,
  line: usize,
  stride: usize,
  count: i32,
): void {
  const all = v128.load(EXISTING + ((<usize>(SIDE_BY_SIDE - v.images)) << 2));
  const second: usize = v.images > 1 ? v.image : 0,
    third: usize = v.images > 2 ? 2 * v.image : 0;
  const fourth: usize = v.images > 3 ? 3 * v.image : 0;
  for (; rows > 0; rows--) {
    let to = dst,
      a = src,
      b = a + second,
      c = a + third,
      d = a + fourth,
      left = count;
    for (; stride == 4 && left >= 4; left -= 4) {
      const p = v128.load(a),
        q = v128.load(b),
        r = v128.load(c),
        s = v128.load(d);
      const pq = v128.shuffle<i32>(p, q, 0, 4, 1, 5),
        PQ = v128.shuffle<i32>(p, q, 2, 6, 3, 7);
      const rs = v128.shuffle<i32>(r, s, 0, 4, 1, 5),
        RS = v128.shuffle<i32>(r, s, 2, 6, 3, 7);
      v128.store(to, v128.and(all, v128.shuffle<i64>(pq, rs, 0, 2)));
      v128.store(to, v128.and(all, v128.shuffle<i64>(pq, rs, 1, 3)), 16);
      v128.store(to, v128.and(all, v128.shuffle<i64>(PQ, RS, 0, 2)), 32);
      v128.store(to, v128.and(all, v128.shuffle<i64>(PQ, RS, 1, 3)), 48);
      a += 16;
      b += 16;
      c += 16;
      d += 16;
      to += 64;
    }
    for (; left > 0; left--) {
      const two = v128.load32_lane(b, v128.load32_zero(a), 1);
      v128.store(to, v128.and(all, v128.load32_lane(d, v128.load32_lane(c, two, 2), 3)));
      a += stride;
      b += stride;
      c += stride;
      d += stride;
      to += 16;
    }
    dst += step;
    src += line;
  }
}

/** `bytes` bytes of zeros, a multiple of 4. */
export function zeros(dst: usize, bytes: usize): void {
  for (; bytes >= 16; bytes -= 16) {
    v128.store(dst, i64x2.splat(0));
    dst += 16;
  }
  for (; bytes > 0; bytes -= 4) {
    store<i32>(dst, 0);
    dst += 4;
  }
}
