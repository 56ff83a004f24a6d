/** Max pooling of planes; `geom` is that of `poolWindow.ts`. Ranges count planes. Floats; NaN propagates. */
import { F32, F64 } from "./dtype";
import {
  Adaptive, DEPTH, evens, HEIGHT, inPlane, inSize, isTwoByTwo, odds, outPlane, outSize, Sliding, WIDTH,
} from "./poolWindow";
import { at } from "./rows";

/** Index in the plane of the first maximum (the last NaN) of the window of (od, oh, ow); -1 if it is empty. */
function maxOfWindow<WINDOW, T>(x: usize, geom: usize, od: i32, oh: i32, ow: i32): i32 {
  const window = changetype<WINDOW>(0);
  const height = inSize(geom, HEIGHT), width = inSize(geom, WIDTH);
  const h0 = window.from(geom, HEIGHT, oh), h1 = window.to(geom, HEIGHT, oh), hStep = window.step(geom, HEIGHT);
  const w0 = window.from(geom, WIDTH, ow), w1 = window.to(geom, WIDTH, ow), wStep = window.step(geom, WIDTH);
  const d1 = window.to(geom, DEPTH, od), dStep = window.step(geom, DEPTH);
  let best = <T>-Infinity;
  let found = -1;
  for (let d = window.from(geom, DEPTH, od); d < d1; d += dStep) {
    for (let h = h0; h < h1; h += hStep) {
      const row = (d * height + h) * width;
      for (let w = w0; w < w1; w += wStep) {
        const v = load<T>(at<T>(x, row + w));
        if (v > best || v != v || found < 0) {
          best = v;
          found = row + w;
        }
      }
    }
  }
  return found;
}

function maxPlane<WINDOW, T>(y: usize, indices: usize, x: usize, geom: usize): void {
  for (let od = 0; od < outSize(geom, DEPTH); od++) {
    for (let oh = 0; oh < outSize(geom, HEIGHT); oh++) {
      for (let ow = 0; ow < outSize(geom, WIDTH); ow++, y += sizeof<T>(), indices += 8) {
        const best = maxOfWindow<WINDOW, T>(x, geom, od, oh, ow);
        store<T>(y, load<T>(at<T>(x, best)));
        store<i64>(indices, best);
      }
    }
  }
}

/** A row of outputs from the input row that starts at index `first` of the plane, and the next. */
function maxRow2x2(y: usize, indices: usize, plane: usize, first: i32, inW: i32, outW: i32): void {
  const x = at<f32>(plane, first);
  const next = at<f32>(x, inW);
  let ow = 0;
  for (; ow + 4 <= outW; ow += 4) {
    const p = at<f32>(x, 2 * ow), q = at<f32>(next, 2 * ow);
    const corner = i32x4.add(i32x4.splat(first + 2 * ow), i32x4(0, 2, 4, 6));
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
    v128.store(at<f32>(y, ow), v128.bitselect(v, best, better));
    found = v128.bitselect(i32x4.add(corner, i32x4.splat(inW + 1)), found, better);
    v128.store(at<i64>(indices, ow), i64x2.extend_low_i32x4_u(found));
    v128.store(at<i64>(indices, ow), i64x2.extend_high_i32x4_u(found), 16);
  }
  for (; ow < outW; ow++) maxOf2x2(at<f32>(y, ow), at<i64>(indices, ow), plane, first + 2 * ow, inW);
}

function maxOf2x2(y: usize, index: usize, plane: usize, corner: i32, inW: i32): void {
  let best = load<f32>(at<f32>(plane, corner));
  let found = corner;
  for (let k = 1; k < 4; k++) {
    const i = corner + (k & 1) + (k >> 1) * inW;
    const v = load<f32>(at<f32>(plane, i));
    if (v > best || v != v) {
      best = v;
      found = i;
    }
  }
  store<f32>(y, best);
  store<i64>(index, found);
}

function maxPlane2x2(y: usize, indices: usize, x: usize, geom: usize): void {
  const height = inSize(geom, HEIGHT), width = inSize(geom, WIDTH), outW = outSize(geom, WIDTH);
  for (let d = 0; d < outSize(geom, DEPTH); d++) {
    for (let oh = 0; oh < outSize(geom, HEIGHT); oh++) {
      maxRow2x2(y, indices, x, (d * height + 2 * oh) * width, width, outW);
      y = at<f32>(y, outW);
      indices = at<i64>(indices, outW);
    }
  }
}

function maxPlanes<WINDOW, T>(y: usize, indices: usize, x: usize, geom: usize, begin: i32, end: i32): void {
  const size = inPlane(geom), out = outPlane(geom);
  for (let p = begin; p < end; p++) {
    maxPlane<WINDOW, T>(at<T>(y, p * out), at<i64>(indices, p * out), at<T>(x, p * size), geom);
  }
}

/** Largest element of each window, and its index in its plane as i64. @see torch.nn.functional.max_pool3d */
export function maxPool(t: i32, y: usize, indices: usize, x: usize, geom: usize, begin: i32, end: i32): void {
  if (t == F64) return maxPlanes<Sliding, f64>(y, indices, x, geom, begin, end);
  if (t != F32) unreachable();
  if (!isTwoByTwo(geom)) return maxPlanes<Sliding, f32>(y, indices, x, geom, begin, end);
  const size = inPlane(geom), out = outPlane(geom);
  for (let p = begin; p < end; p++) {
    maxPlane2x2(at<f32>(y, p * out), at<i64>(indices, p * out), at<f32>(x, p * size), geom);
  }
}

/** `maxPool` over as many windows as there are outputs. @see torch.nn.functional.adaptive_max_pool3d */
export function adaptiveMaxPool(t: i32, y: usize, indices: usize, x: usize, geom: usize, begin: i32, end: i32): void {
  if (t == F32) return maxPlanes<Adaptive, f32>(y, indices, x, geom, begin, end);
  if (t == F64) return maxPlanes<Adaptive, f64>(y, indices, x, geom, begin, end);
  unreachable();
}

function addAtIndices<T>(gx: usize, g: usize, indices: usize, size: i32, out: i32, begin: i32, end: i32): void {
  memory.fill(at<T>(gx, begin * size), 0, <usize>(end - begin) * size * sizeof<T>());
  for (let p = begin; p < end; p++) {
    const plane = at<T>(gx, p * size);
    for (let i = p * out; i < (p + 1) * out; i++) {
      const to = at<T>(plane, <i32>load<i64>(at<i64>(indices, i)));
      store<T>(to, load<T>(to) + load<T>(at<T>(g, i)));
    }
  }
}

/** Gradient of `maxPool` and `adaptiveMaxPool` for planes of inSize and outSize elements. Writes all of gx. */
export function maxPoolBackward(
  t: i32, gx: usize, g: usize, indices: usize, inSize: i32, outSize: i32, begin: i32, end: i32,
): void {
  if (t == F32) return addAtIndices<f32>(gx, g, indices, inSize, outSize, begin, end);
  if (t == F64) return addAtIndices<f64>(gx, g, indices, inSize, outSize, begin, end);
  unreachable();
}
