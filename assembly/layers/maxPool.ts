/** Max pooling of planes; `geom` is that of `poolWindow.ts`. Ranges count planes. Floats; NaN propagates. */
import { F32, F64 } from "../common/dtype";
import { at } from "../common/rows";
import {
  DEPTH,
  evens,
  from,
  HEIGHT,
  inPlane,
  inSize,
  insideFrom,
  insideTo,
  isTwoByTwo,
  kernel,
  loadApart,
  odds,
  outPlane,
  outSize,
  start,
  startOfFour,
  step,
  stride,
  to,
  WIDTH,
} from "./poolWindow";

/** Index in the plane of the first maximum (the last NaN) of a box of `x`, which must not be empty. */
function maxOfBox<T>(
  x: usize,
  height: i32,
  width: i32,
  d0: i32,
  d1: i32,
  dStep: i32,
  h0: i32,
  h1: i32,
  hStep: i32,
  w0: i32,
  w1: i32,
  wStep: i32,
): i32 {
  let best = <T>-Infinity;
  let found = (d0 * height + h0) * width + w0;
  for (let d = d0; d < d1; d += dStep) {
    for (let h = h0; h < h1; h += hStep) {
      const row = (d * height + h) * width;
      for (let i = row + w0; i < row + w1; i += wStep) {
        const v = load<T>(at<T>(x, i));
        if (v > best || v != v) {
          best = v;
          found = i;
        }
      }
    }
  }
  return found;
}

/** `maxOfBox` of four f32 boxes of `taps` columns, `apart` elements from one to the next; writes both results. */
function maxOfFour(
  y: usize,
  indices: usize,
  x: usize,
  height: i32,
  width: i32,
  d0: i32,
  d1: i32,
  dStep: i32,
  h0: i32,
  h1: i32,
  hStep: i32,
  w0: i32,
  taps: i32,
  wStep: i32,
  apart: i32,
): void {
  const offsets = i32x4.mul(i32x4(0, 1, 2, 3), i32x4.splat(apart));
  let best = f32x4.splat(-Infinity);
  let found = i32x4.add(i32x4.splat((d0 * height + h0) * width + w0), offsets);
  for (let d = d0; d < d1; d += dStep) {
    for (let h = h0; h < h1; h += hStep) {
      let i = (d * height + h) * width + w0;
      for (let tap = 0; tap < taps; tap++, i += wStep) {
        const v = loadApart(at<f32>(x, i), apart);
        const better = v128.or(f32x4.gt(v, best), f32x4.ne(v, v));
        best = v128.bitselect(v, best, better);
        found = v128.bitselect(i32x4.add(i32x4.splat(i), offsets), found, better);
      }
    }
  }
  v128.store(y, best);
  v128.store(indices, i64x2.extend_low_i32x4_u(found));
  v128.store(indices, i64x2.extend_high_i32x4_u(found), 16);
}

function maxRow<T>(y: usize, indices: usize, x: usize, geom: usize, od: i32, oh: i32): void {
  const height = inSize(geom, HEIGHT),
    width = inSize(geom, WIDTH),
    outW = outSize(geom, WIDTH);
  const d0 = from(geom, DEPTH, od),
    d1 = to(geom, DEPTH, od),
    dStep = step(geom, DEPTH);
  const h0 = from(geom, HEIGHT, oh),
    h1 = to(geom, HEIGHT, oh),
    hStep = step(geom, HEIGHT);
  const wStep = step(geom, WIDTH);
  const taps = kernel(geom, WIDTH),
    apart = stride(geom, WIDTH);
  const inside = insideFrom(geom),
    outside = insideTo(geom),
    isEmpty = d0 >= d1 || h0 >= h1;
  for (let ow = 0; ow < outW; ow++) {
    const four = sizeof<T>() == 4 && !isEmpty ? startOfFour(ow, inside, outside) : -1;
    if (four >= 0) {
      const w0 = start(geom, WIDTH, four),
        value = at<T>(y, four),
        index = at<i64>(indices, four);
      maxOfFour(value, index, x, height, width, d0, d1, dStep, h0, h1, hStep, w0, taps, wStep, apart);
      ow = four + 3;
      continue;
    }
    const w0 = from(geom, WIDTH, ow),
      w1 = to(geom, WIDTH, ow);
    const best = isEmpty || w0 >= w1 ? -1 : maxOfBox<T>(x, height, width, d0, d1, dStep, h0, h1, hStep, w0, w1, wStep);
    store<T>(at<T>(y, ow), best < 0 ? <T>-Infinity : load<T>(at<T>(x, best)));
    store<i64>(at<i64>(indices, ow), best);
  }
}

/** Four outputs, from the 2x2 windows of the plane that begin at index `first` and its neighbors. */
function maxOf2x2(y: usize, indices: usize, plane: usize, first: i32, inW: i32): void {
  const p = at<f32>(plane, first),
    q = at<f32>(p, inW);
  const corner = i32x4.add(i32x4.splat(first), i32x4(0, 2, 4, 6));
  let best = evens(v128.load(p), v128.load(p, 16));
  let found = corner;
  let v = odds(v128.load(p), v128.load(p, 16));
  let better = v128.or(f32x4.gt(v, best), f32x4.ne(v, v));
  best = v128.bitselect(v, best, better);
  found = i32x4.sub(found, better); // a true lane is -1
  v = evens(v128.load(q), v128.load(q, 16));
  better = v128.or(f32x4.gt(v, best), f32x4.ne(v, v));
  best = v128.bitselect(v, best, better);
  found = v128.bitselect(i32x4.add(corner, i32x4.splat(inW)), found, better);
  v = odds(v128.load(q), v128.load(q, 16));
  better = v128.or(f32x4.gt(v, best), f32x4.ne(v, v));
  v128.store(y, v128.bitselect(v, best, better));
  found = v128.bitselect(i32x4.add(corner, i32x4.splat(inW + 1)), found, better);
  v128.store(indices, i64x2.extend_low_i32x4_u(found));
  v128.store(indices, i64x2.extend_high_i32x4_u(found), 16);
}

/** A row of at least four outputs from the input row that starts at index `first` of the plane, and the next. The last four may overlap. */
function maxRow2x2(y: usize, indices: usize, plane: usize, first: i32, inW: i32, outW: i32): void {
  for (let o = 0; o < outW; o += 4) {
    const ow = min(o, outW - 4);
    maxOf2x2(at<f32>(y, ow), at<i64>(indices, ow), plane, first + 2 * ow, inW);
  }
}

/** `isPairs`: the case of `isTwoByTwo`. */
function maxPlanes<T>(y: usize, indices: usize, x: usize, geom: usize, isPairs: bool, begin: i32, end: i32): void {
  const height = inSize(geom, HEIGHT),
    width = inSize(geom, WIDTH),
    outW = outSize(geom, WIDTH);
  const first = begin * outPlane(geom);
  y = at<T>(y, first);
  indices = at<i64>(indices, first);
  for (let p = begin; p < end; p++) {
    const plane = at<T>(x, p * inPlane(geom));
    for (let od = 0; od < outSize(geom, DEPTH); od++) {
      for (let oh = 0; oh < outSize(geom, HEIGHT); oh++) {
        if (sizeof<T>() == 4 && isPairs) maxRow2x2(y, indices, plane, (od * height + 2 * oh) * width, width, outW);
        else maxRow<T>(y, indices, plane, geom, od, oh);
        y = at<T>(y, outW);
        indices = at<i64>(indices, outW);
      }
    }
  }
}

/**
 * Largest element of each window, and its index in its plane as i64; −∞ and −1 of a window that lies in the padding alone.
 * @see torch.nn.functional.max_pool3d; torch.nn.functional.adaptive_max_pool3d
 */
export function maxPool(t: i32, y: usize, indices: usize, x: usize, geom: usize, begin: i32, end: i32): void {
  if (t == F32) return maxPlanes<f32>(y, indices, x, geom, isTwoByTwo(geom), begin, end);
  if (t == F64) return maxPlanes<f64>(y, indices, x, geom, false, begin, end);
  unreachable();
}

function addAtIndices<T>(gx: usize, g: usize, indices: usize, size: i32, out: i32, begin: i32, end: i32): void {
  memory.fill(at<T>(gx, begin * size), 0, <usize>(end - begin) * size * sizeof<T>());
  for (let p = begin; p < end; p++) {
    const plane = at<T>(gx, p * size);
    for (let i = p * out; i < (p + 1) * out; i++) {
      const found = <i32>load<i64>(at<i64>(indices, i)),
        to = at<T>(plane, found);
      if (found >= 0) store<T>(to, load<T>(to) + load<T>(at<T>(g, i)));
    }
  }
}

/** Gradient of `maxPool` for planes of inSize and outSize elements. Writes all of gx. */
export function maxPoolBackward(
  t: i32,
  gx: usize,
  g: usize,
  indices: usize,
  inSize: i32,
  outSize: i32,
  begin: i32,
  end: i32,
): void {
  if (t == F32) return addAtIndices<f32>(gx, g, indices, inSize, outSize, begin, end);
  if (t == F64) return addAtIndices<f64>(gx, g, indices, inSize, outSize, begin, end);
  unreachable();
}
