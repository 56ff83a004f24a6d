/** Average pooling of planes; `geom` is that of `poolWindow.ts`. Ranges count planes. Floats. */
import { F32, F64 } from "./dtype";
import {
  Adaptive, DEPTH, evens, HEIGHT, inPlane, inSize, isTwoByTwo, odds, outPlane, outSize, Sliding, WIDTH,
} from "./poolWindow";
import { at, Plain, rowSum } from "./rows";

/** What the sum of a window is divided by: `fixed` unless 0, else its extent with or without the padding. */
function divisorOf<WINDOW>(geom: usize, od: i32, oh: i32, ow: i32, fixed: i32, countPad: i32): i32 {
  const window = changetype<WINDOW>(0);
  if (fixed) return fixed;
  if (countPad) {
    return window.extent(geom, DEPTH, od) * window.extent(geom, HEIGHT, oh) * window.extent(geom, WIDTH, ow);
  }
  const depth = window.to(geom, DEPTH, od) - window.from(geom, DEPTH, od);
  const height = window.to(geom, HEIGHT, oh) - window.from(geom, HEIGHT, oh);
  return depth * height * (window.to(geom, WIDTH, ow) - window.from(geom, WIDTH, ow));
}

/** From this width on a window's rows are summed by vectors. */
const WIDE: i32 = 16;

function sumOfWindow<WINDOW, T>(x: usize, geom: usize, od: i32, oh: i32, ow: i32): f64 {
  const window = changetype<WINDOW>(0);
  const height = inSize(geom, HEIGHT), width = inSize(geom, WIDTH);
  const h0 = window.from(geom, HEIGHT, oh), h1 = window.to(geom, HEIGHT, oh);
  const w0 = window.from(geom, WIDTH, ow), w1 = window.to(geom, WIDTH, ow);
  let total: f64 = 0;
  for (let d = window.from(geom, DEPTH, od); d < window.to(geom, DEPTH, od); d++) {
    for (let h = h0; h < h1; h++) {
      const row = at<T>(x, (d * height + h) * width);
      if (w1 - w0 >= WIDE) total += rowSum<Plain, T>(at<T>(row, w0), w1 - w0, 0);
      else for (let w = w0; w < w1; w++) total += <f64>load<T>(at<T>(row, w));
    }
  }
  return total;
}

function averagePlane<WINDOW, T>(y: usize, x: usize, geom: usize, fixed: i32, countPad: i32): void {
  for (let od = 0; od < outSize(geom, DEPTH); od++) {
    for (let oh = 0; oh < outSize(geom, HEIGHT); oh++) {
      for (let ow = 0; ow < outSize(geom, WIDTH); ow++, y += sizeof<T>()) {
        const divisor = divisorOf<WINDOW>(geom, od, oh, ow, fixed, countPad);
        const total = sumOfWindow<WINDOW, T>(x, geom, od, oh, ow);
        store<T>(y, divisor > 0 ? <T>(total / <f64>divisor) : <T>0);
      }
    }
  }
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
  const scale = <f32>(1 / <f64>select<i32>(divisorOverride, 4, divisorOverride != 0));
  for (let p = begin; p < end; p++) averagePlane2x2(at<f32>(y, p * out), at<f32>(x, p * size), geom, scale);
}

/** Means over as many windows as there are outputs. @see torch.nn.functional.adaptive_avg_pool3d */
export function adaptiveAvgPool(t: i32, y: usize, x: usize, geom: usize, begin: i32, end: i32): void {
  if (t == F32) return averagePlanes<Adaptive, f32>(y, x, geom, 0, 0, begin, end);
  if (t == F64) return averagePlanes<Adaptive, f64>(y, x, geom, 0, 0, begin, end);
  unreachable();
}

/** Adds `share` to the window of (od, oh, ow). */
function addToWindow<WINDOW, T>(gx: usize, geom: usize, od: i32, oh: i32, ow: i32, share: T): void {
  const window = changetype<WINDOW>(0);
  const height = inSize(geom, HEIGHT), width = inSize(geom, WIDTH);
  const h0 = window.from(geom, HEIGHT, oh), h1 = window.to(geom, HEIGHT, oh);
  const w0 = window.from(geom, WIDTH, ow), w1 = window.to(geom, WIDTH, ow);
  for (let d = window.from(geom, DEPTH, od); d < window.to(geom, DEPTH, od); d++) {
    for (let h = h0; h < h1; h++) {
      const row = at<T>(gx, (d * height + h) * width);
      for (let w = w0; w < w1; w++) store<T>(at<T>(row, w), load<T>(at<T>(row, w)) + share);
    }
  }
}

function averagePlanesBackward<WINDOW, T>(
  gx: usize, g: usize, geom: usize, fixed: i32, countPad: i32, begin: i32, end: i32,
): void {
  const size = inPlane(geom);
  memory.fill(at<T>(gx, begin * size), 0, <usize>(end - begin) * size * sizeof<T>());
  g = at<T>(g, begin * outPlane(geom));
  for (let p = begin; p < end; p++) {
    const plane = at<T>(gx, p * size);
    for (let od = 0; od < outSize(geom, DEPTH); od++) {
      for (let oh = 0; oh < outSize(geom, HEIGHT); oh++) {
        for (let ow = 0; ow < outSize(geom, WIDTH); ow++, g += sizeof<T>()) {
          const share = load<T>(g) / <T>divisorOf<WINDOW>(geom, od, oh, ow, fixed, countPad);
          addToWindow<WINDOW, T>(plane, geom, od, oh, ow, share);
        }
      }
    }
  }
}

/** Gradient of `avgPool`. Writes all of gx. */
export function avgPoolBackward(
  t: i32, gx: usize, g: usize, geom: usize, divisorOverride: i32, countIncludePad: i32, begin: i32, end: i32,
): void {
  if (t == F32) return averagePlanesBackward<Sliding, f32>(gx, g, geom, divisorOverride, countIncludePad, begin, end);
  if (t == F64) return averagePlanesBackward<Sliding, f64>(gx, g, geom, divisorOverride, countIncludePad, begin, end);
  unreachable();
}

/** Gradient of `adaptiveAvgPool`. Writes all of gx. */
export function adaptiveAvgPoolBackward(t: i32, gx: usize, g: usize, geom: usize, begin: i32, end: i32): void {
  if (t == F32) return averagePlanesBackward<Adaptive, f32>(gx, g, geom, 0, 0, begin, end);
  if (t == F64) return averagePlanesBackward<Adaptive, f64>(gx, g, geom, 0, 0, begin, end);
  unreachable();
}
