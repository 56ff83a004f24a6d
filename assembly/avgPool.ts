/** Average pooling of planes; `geom` is that of `poolWindow.ts`. Ranges count planes. Floats. */
import { F32, F64 } from "./dtype";
import {
  Adaptive, DEPTH, evens, HEIGHT, inPlane, inSize, insideFrom, insideTo, isTwoByTwo, kernel, loadApart, odds, outPlane,
  outSize, Sliding, startOfFour, stride, WIDTH,
} from "./poolWindow";
import { at, Plain, rowSum, zeros } from "./rows";

/** Length of a window along an axis, as an average counts it. */
// @ts-ignore: decorator
@inline
function length<WINDOW>(geom: usize, axis: i32, o: i32, countPad: i32): i32 {
  const window = changetype<WINDOW>(0);
  return countPad ? window.extent(geom, axis, o) : window.to(geom, axis, o) - window.from(geom, axis, o);
}

/** What the sum of the window of `ow` is divided by: `fixed` unless 0, else its size, `slab` along the other axes. */
// @ts-ignore: decorator
@inline
function divisorOf<WINDOW>(geom: usize, ow: i32, slab: i32, fixed: i32, countPad: i32): i32 {
  return fixed ? fixed : slab * length<WINDOW>(geom, WIDTH, ow, countPad);
}

/** From this width on a window's rows are summed by vectors. */
const WIDE: i32 = 16;

function sumOfBox<T>(x: usize, height: i32, width: i32, d0: i32, d1: i32, h0: i32, h1: i32, w0: i32, w1: i32): f64 {
  let total: f64 = 0;
  for (let d = d0; d < d1; d++) {
    for (let h = h0; h < h1; h++) {
      const row = at<T>(x, (d * height + h) * width);
      if (w1 - w0 >= WIDE) total += rowSum<Plain, T>(at<T>(row, w0), w1 - w0, 0);
      else for (let w = w0; w < w1; w++) total += <f64>load<T>(at<T>(row, w));
    }
  }
  return total;
}

/** Sums of four f32 boxes of `taps` columns, `apart` elements from one to the next. */
function sumsOfFour(
  y: usize, x: usize, height: i32, width: i32, d0: i32, d1: i32, h0: i32, h1: i32, w0: i32, taps: i32, apart: i32,
  scale: f32,
): void {
  let total = zeros();
  for (let d = d0; d < d1; d++) {
    for (let h = h0; h < h1; h++) {
      const row = at<f32>(x, (d * height + h) * width + w0);
      for (let tap = 0; tap < taps; tap++) total = f32x4.add(total, loadApart(at<f32>(row, tap), apart));
    }
  }
  v128.store(y, f32x4.mul(total, f32x4.splat(scale)));
}

function averageRow<WINDOW, T>(
  y: usize, x: usize, geom: usize, od: i32, oh: i32, fixed: i32, countPad: i32,
): void {
  const window = changetype<WINDOW>(0);
  const height = inSize(geom, HEIGHT), width = inSize(geom, WIDTH), outW = outSize(geom, WIDTH);
  const d0 = window.from(geom, DEPTH, od), d1 = window.to(geom, DEPTH, od);
  const h0 = window.from(geom, HEIGHT, oh), h1 = window.to(geom, HEIGHT, oh);
  const slab = length<WINDOW>(geom, DEPTH, od, countPad) * length<WINDOW>(geom, HEIGHT, oh, countPad);
  const vectors = sizeof<T>() == 4 && window.regular() && kernel(geom, WIDTH) < WIDE;
  const from = vectors ? insideFrom(geom) : 0, to = vectors ? insideTo(geom) : 0;
  for (let ow = 0; ow < outW; ow++) {
    const four = startOfFour(ow, from, to);
    const o = four >= 0 ? four : ow;
    const w0 = window.from(geom, WIDTH, o), w1 = window.to(geom, WIDTH, o);
    const divisor = divisorOf<WINDOW>(geom, o, slab, fixed, countPad);
    if (four >= 0) {
      const scale = <f32>(1 / <f64>divisor);
      sumsOfFour(at<f32>(y, o), x, height, width, d0, d1, h0, h1, w0, w1 - w0, stride(geom, WIDTH), scale);
      ow = four + 3;
      continue;
    }
    const total = sumOfBox<T>(x, height, width, d0, d1, h0, h1, w0, w1);
    store<T>(at<T>(y, o), divisor > 0 || fixed ? <T>(total / <f64>divisor) : <T>0);
  }
}

function averagePlane<WINDOW, T>(y: usize, x: usize, geom: usize, fixed: i32, countPad: i32): void {
  const outW = outSize(geom, WIDTH);
  for (let od = 0; od < outSize(geom, DEPTH); od++) {
    for (let oh = 0; oh < outSize(geom, HEIGHT); oh++, y = at<T>(y, outW)) {
      averageRow<WINDOW, T>(y, x, geom, od, oh, fixed, countPad);
    }
  }
}

/** The weight of an element in a window of two by two. */
function pairScale(fixed: i32): f32 {
  return <f32>(1 / <f64>(fixed != 0 ? fixed : 4));
}

function averageRow2x2(y: usize, x: usize, inW: i32, outW: i32, scale: f32): void {
  const next = at<f32>(x, inW);
  let ow = 0;
  for (; ow + 4 <= outW; ow += 4) {
    const p = at<f32>(x, 2 * ow), q = at<f32>(next, 2 * ow);
    const upper = f32x4.add(evens(v128.load(p), v128.load(p, 16)), odds(v128.load(p), v128.load(p, 16)));
    const lower = f32x4.add(evens(v128.load(q), v128.load(q, 16)), odds(v128.load(q), v128.load(q, 16)));
    v128.store(at<f32>(y, ow), f32x4.mul(f32x4.add(upper, lower), f32x4.splat(scale)));
  }
  for (; ow < outW; ow++) {
    const p = at<f32>(x, 2 * ow), q = at<f32>(next, 2 * ow);
    const total = load<f32>(p) + load<f32>(p, 4) + (load<f32>(q) + load<f32>(q, 4));
    store<f32>(at<f32>(y, ow), total * scale);
  }
}

function averagePlane2x2(y: usize, x: usize, geom: usize, scale: f32): void {
  const height = inSize(geom, HEIGHT), width = inSize(geom, WIDTH), outW = outSize(geom, WIDTH);
  for (let d = 0; d < outSize(geom, DEPTH); d++) {
    for (let oh = 0; oh < outSize(geom, HEIGHT); oh++, y = at<f32>(y, outW)) {
      averageRow2x2(y, at<f32>(x, (d * height + 2 * oh) * width), width, outW, scale);
    }
  }
}

function averagePlanes<WINDOW, T>(
  y: usize, x: usize, geom: usize, fixed: i32, countPad: i32, begin: i32, end: i32,
): void {
  const size = inPlane(geom), out = outPlane(geom);
  for (let p = begin; p < end; p++) {
    averagePlane<WINDOW, T>(at<T>(y, p * out), at<T>(x, p * size), geom, fixed, countPad);
  }
}

/**
 * Mean of each window (dilation 1). `divisorOverride`: 0 for none; `countIncludePad`: whether padding counts.
 * @see torch.nn.functional.avg_pool3d
 */
export function avgPool(
  t: i32, y: usize, x: usize, geom: usize, divisorOverride: i32, countIncludePad: i32, begin: i32, end: i32,
): void {
  if (t == F64) return averagePlanes<Sliding, f64>(y, x, geom, divisorOverride, countIncludePad, begin, end);
  if (t != F32) unreachable();
  if (!isTwoByTwo(geom)) {
    return averagePlanes<Sliding, f32>(y, x, geom, divisorOverride, countIncludePad, begin, end);
  }
  const size = inPlane(geom), out = outPlane(geom);
  const scale = pairScale(divisorOverride);
  for (let p = begin; p < end; p++) averagePlane2x2(at<f32>(y, p * out), at<f32>(x, p * size), geom, scale);
}

/** Means over as many windows as there are outputs. @see torch.nn.functional.adaptive_avg_pool3d */
export function adaptiveAvgPool(t: i32, y: usize, x: usize, geom: usize, begin: i32, end: i32): void {
  if (t == F32) return averagePlanes<Adaptive, f32>(y, x, geom, 0, 0, begin, end);
  if (t == F64) return averagePlanes<Adaptive, f64>(y, x, geom, 0, 0, begin, end);
  unreachable();
}

/** Adds `share` to a box of gx. */
function addToBox<T>(
  gx: usize, share: T, height: i32, width: i32, d0: i32, d1: i32, h0: i32, h1: i32, w0: i32, w1: i32,
): void {
  for (let d = d0; d < d1; d++) {
    for (let h = h0; h < h1; h++) {
      const row = at<T>(gx, (d * height + h) * width);
      for (let w = w0; w < w1; w++) store<T>(at<T>(row, w), load<T>(at<T>(row, w)) + share);
    }
  }
}

function averageRowBackward<WINDOW, T>(
  gx: usize, g: usize, geom: usize, od: i32, oh: i32, fixed: i32, countPad: i32,
): void {
  const window = changetype<WINDOW>(0);
  const height = inSize(geom, HEIGHT), width = inSize(geom, WIDTH), outW = outSize(geom, WIDTH);
  const d0 = window.from(geom, DEPTH, od), d1 = window.to(geom, DEPTH, od);
  const h0 = window.from(geom, HEIGHT, oh), h1 = window.to(geom, HEIGHT, oh);
  const slab = length<WINDOW>(geom, DEPTH, od, countPad) * length<WINDOW>(geom, HEIGHT, oh, countPad);
  for (let ow = 0; ow < outW; ow++) {
    const w0 = window.from(geom, WIDTH, ow), w1 = window.to(geom, WIDTH, ow);
    const share = load<T>(at<T>(g, ow)) / <T>divisorOf<WINDOW>(geom, ow, slab, fixed, countPad);
    addToBox<T>(gx, share, height, width, d0, d1, h0, h1, w0, w1);
  }
}

/** Each g of the row, times `scale`, to the four elements of its window. */
function averageRowBackward2x2(gx: usize, g: usize, inW: i32, outW: i32, scale: f32): void {
  const next = at<f32>(gx, inW);
  let ow = 0;
  for (; ow + 4 <= outW; ow += 4) {
    const v = f32x4.mul(v128.load(at<f32>(g, ow)), f32x4.splat(scale));
    const low = v128.shuffle<f32>(v, v, 0, 0, 1, 1), high = v128.shuffle<f32>(v, v, 2, 2, 3, 3);
    v128.store(at<f32>(gx, 2 * ow), low);
    v128.store(at<f32>(gx, 2 * ow), high, 16);
    v128.store(at<f32>(next, 2 * ow), low);
    v128.store(at<f32>(next, 2 * ow), high, 16);
  }
  for (; ow < outW; ow++) {
    const pair = f32x4.splat(load<f32>(at<f32>(g, ow)) * scale);
    v128.store64_lane(at<f32>(gx, 2 * ow), pair, 0);
    v128.store64_lane(at<f32>(next, 2 * ow), pair, 0);
  }
}

/** `isPairs`: the case of `isTwoByTwo`. */
function averagePlanesBackward<WINDOW, T>(
  gx: usize, g: usize, geom: usize, fixed: i32, countPad: i32, isPairs: bool, begin: i32, end: i32,
): void {
  const size = inPlane(geom);
  const height = inSize(geom, HEIGHT), width = inSize(geom, WIDTH), outW = outSize(geom, WIDTH);
  const scale = pairScale(fixed);
  memory.fill(at<T>(gx, begin * size), 0, <usize>(end - begin) * size * sizeof<T>());
  g = at<T>(g, begin * outPlane(geom));
  for (let p = begin; p < end; p++) {
    const plane = at<T>(gx, p * size);
    for (let od = 0; od < outSize(geom, DEPTH); od++) {
      for (let oh = 0; oh < outSize(geom, HEIGHT); oh++, g = at<T>(g, outW)) {
        const row = at<T>(plane, (od * height + 2 * oh) * width);
        if (sizeof<T>() == 4 && isPairs) averageRowBackward2x2(row, g, width, outW, scale);
        else averageRowBackward<WINDOW, T>(plane, g, geom, od, oh, fixed, countPad);
      }
    }
  }
}

/** Gradient of `avgPool`. Writes all of gx. */
export function avgPoolBackward(
  t: i32, gx: usize, g: usize, geom: usize, divisorOverride: i32, countIncludePad: i32, begin: i32, end: i32,
): void {
  const fixed = divisorOverride, countPad = countIncludePad;
  if (t == F32) {
    return averagePlanesBackward<Sliding, f32>(gx, g, geom, fixed, countPad, isTwoByTwo(geom), begin, end);
  }
  if (t == F64) return averagePlanesBackward<Sliding, f64>(gx, g, geom, fixed, countPad, false, begin, end);
  unreachable();
}

/** Gradient of `adaptiveAvgPool`. Writes all of gx. */
export function adaptiveAvgPoolBackward(t: i32, gx: usize, g: usize, geom: usize, begin: i32, end: i32): void {
  if (t == F32) return averagePlanesBackward<Adaptive, f32>(gx, g, geom, 0, 0, false, begin, end);
  if (t == F64) return averagePlanesBackward<Adaptive, f64>(gx, g, geom, 0, 0, false, begin, end);
  unreachable();
}
