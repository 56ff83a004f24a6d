/** Average pooling of planes; `geom` is that of `poolWindow.ts`. Ranges count planes. Floats. */
import { F32, F64 } from "../common/dtype";
import { at, Plain, rowSum, zeros } from "../common/rows";
import {
  DEPTH,
  evens,
  extent,
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
  stride,
  to,
  WIDTH,
} from "./poolWindow";

/** Length of a window along an axis, as an average counts it; `inside` is that of its part inside the input. */
// @ts-ignore: decorator
@inline
function length(geom: usize, axis: i32, o: i32, countPad: i32, inside: i32): i32 {
  return countPad ? extent(geom, axis, o) : inside;
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
  y: usize,
  x: usize,
  height: i32,
  width: i32,
  d0: i32,
  d1: i32,
  h0: i32,
  h1: i32,
  w0: i32,
  taps: i32,
  apart: i32,
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

function averageRow<T>(y: usize, x: usize, geom: usize, od: i32, oh: i32, fixed: i32, countPad: i32): void {
  const height = inSize(geom, HEIGHT),
    width = inSize(geom, WIDTH),
    outW = outSize(geom, WIDTH);
  const d0 = from(geom, DEPTH, od),
    d1 = to(geom, DEPTH, od);
  const h0 = from(geom, HEIGHT, oh),
    h1 = to(geom, HEIGHT, oh);
  const slab = length(geom, DEPTH, od, countPad, d1 - d0) * length(geom, HEIGHT, oh, countPad, h1 - h0);
  const taps = kernel(geom, WIDTH),
    apart = stride(geom, WIDTH);
  const vectors = sizeof<T>() == 4 && taps < WIDE;
  const inside = insideFrom(geom),
    outside = insideTo(geom);
  const scale = <f32>(1 / <f64>(fixed ? fixed : slab * taps));
  for (let ow = 0; ow < outW; ow++) {
    const four = vectors ? startOfFour(ow, inside, outside) : -1;
    if (four >= 0) {
      const w0 = start(geom, WIDTH, four);
      sumsOfFour(at<f32>(y, four), x, height, width, d0, d1, h0, h1, w0, taps, apart, scale);
      ow = four + 3;
      continue;
    }
    const whole = ow >= inside && ow < outside;
    const w0 = whole ? start(geom, WIDTH, ow) : from(geom, WIDTH, ow),
      w1 = whole ? w0 + taps : to(geom, WIDTH, ow);
    const divisor = fixed ? fixed : slab * (whole ? taps : length(geom, WIDTH, ow, countPad, w1 - w0));
    const total = sumOfBox<T>(x, height, width, d0, d1, h0, h1, w0, w1);
    store<T>(at<T>(y, ow), divisor > 0 || fixed ? <T>(total / <f64>divisor) : <T>0);
  }
}

/** The weight of an element in a window of two by two. */
function pairScale(fixed: i32): f32 {
  return <f32>(1 / <f64>(fixed != 0 ? fixed : 4));
}

/** Four outputs, from the two rows of the input that begin at `x` and `next`. */
function averageOf2x2(y: usize, x: usize, next: usize, scale: f32): void {
  const upper = f32x4.add(evens(v128.load(x), v128.load(x, 16)), odds(v128.load(x), v128.load(x, 16)));
  const lower = f32x4.add(evens(v128.load(next), v128.load(next, 16)), odds(v128.load(next), v128.load(next, 16)));
  v128.store(y, f32x4.mul(f32x4.add(upper, lower), f32x4.splat(scale)));
}

/** A row of at least four outputs. The last four may overlap. */
function averageRow2x2(y: usize, x: usize, inW: i32, outW: i32, scale: f32): void {
  for (let o = 0; o < outW; o += 4) {
    const ow = min(o, outW - 4);
    averageOf2x2(at<f32>(y, ow), at<f32>(x, 2 * ow), at<f32>(x, inW + 2 * ow), scale);
  }
}

/** `isPairs`: the case of `isTwoByTwo`. */
function averagePlanes<T>(
  y: usize,
  x: usize,
  geom: usize,
  fixed: i32,
  countPad: i32,
  isPairs: bool,
  begin: i32,
  end: i32,
): void {
  const height = inSize(geom, HEIGHT),
    width = inSize(geom, WIDTH),
    outW = outSize(geom, WIDTH);
  const scale = pairScale(fixed);
  y = at<T>(y, begin * outPlane(geom));
  for (let p = begin; p < end; p++) {
    const plane = at<T>(x, p * inPlane(geom));
    for (let od = 0; od < outSize(geom, DEPTH); od++) {
      for (let oh = 0; oh < outSize(geom, HEIGHT); oh++, y = at<T>(y, outW)) {
        const row = at<T>(plane, (od * height + 2 * oh) * width);
        if (sizeof<T>() == 4 && isPairs) averageRow2x2(y, row, width, outW, scale);
        else averageRow<T>(y, plane, geom, od, oh, fixed, countPad);
      }
    }
  }
}

/**
 * Mean of each window (dilation 1). `divisorOverride`: 0 for none; `countIncludePad`: whether padding counts.
 * @see torch.nn.functional.avg_pool3d; torch.nn.functional.adaptive_avg_pool3d
 */
export function avgPool(
  t: i32,
  y: usize,
  x: usize,
  geom: usize,
  divisorOverride: i32,
  countIncludePad: i32,
  begin: i32,
  end: i32,
): void {
  const fixed = divisorOverride,
    countPad = countIncludePad;
  if (t == F32) return averagePlanes<f32>(y, x, geom, fixed, countPad, isTwoByTwo(geom), begin, end);
  if (t == F64) return averagePlanes<f64>(y, x, geom, fixed, countPad, false, begin, end);
  unreachable();
}

/** Adds `share` to a box of gx. */
function addToBox<T>(
  gx: usize,
  share: T,
  height: i32,
  width: i32,
  d0: i32,
  d1: i32,
  h0: i32,
  h1: i32,
  w0: i32,
  w1: i32,
): void {
  for (let d = d0; d < d1; d++) {
    for (let h = h0; h < h1; h++) {
      const row = at<T>(gx, (d * height + h) * width);
      for (let w = w0; w < w1; w++) store<T>(at<T>(row, w), load<T>(at<T>(row, w)) + share);
    }
  }
}

function averageRowBackward<T>(gx: usize, g: usize, geom: usize, od: i32, oh: i32, fixed: i32, countPad: i32): void {
  const height = inSize(geom, HEIGHT),
    width = inSize(geom, WIDTH),
    outW = outSize(geom, WIDTH);
  const d0 = from(geom, DEPTH, od),
    d1 = to(geom, DEPTH, od);
  const h0 = from(geom, HEIGHT, oh),
    h1 = to(geom, HEIGHT, oh);
  const slab = length(geom, DEPTH, od, countPad, d1 - d0) * length(geom, HEIGHT, oh, countPad, h1 - h0);
  const taps = kernel(geom, WIDTH),
    inside = insideFrom(geom),
    outside = insideTo(geom);
  for (let ow = 0; ow < outW; ow++) {
    const whole = ow >= inside && ow < outside;
    const w0 = whole ? start(geom, WIDTH, ow) : from(geom, WIDTH, ow),
      w1 = whole ? w0 + taps : to(geom, WIDTH, ow);
    const divisor = fixed ? fixed : slab * (whole ? taps : length(geom, WIDTH, ow, countPad, w1 - w0));
    const share = load<T>(at<T>(g, ow)) / <T>divisor;
    addToBox<T>(gx, share, height, width, d0, d1, h0, h1, w0, w1);
  }
}

/** Each g of a row of at least four, times `scale`, to the four elements of its window. The last four may overlap. */
function averageRowBackward2x2(gx: usize, g: usize, inW: i32, outW: i32, scale: f32): void {
  for (let o = 0; o < outW; o += 4) {
    const ow = min(o, outW - 4);
    const upper = at<f32>(gx, 2 * ow),
      lower = at<f32>(upper, inW);
    const v = f32x4.mul(v128.load(at<f32>(g, ow)), f32x4.splat(scale));
    const low = v128.shuffle<f32>(v, v, 0, 0, 1, 1),
      high = v128.shuffle<f32>(v, v, 2, 2, 3, 3);
    v128.store(upper, low);
    v128.store(upper, high, 16);
    v128.store(lower, low);
    v128.store(lower, high, 16);
  }
}

/** `isPairs`: the case of `isTwoByTwo`. */
function averagePlanesBackward<T>(
  gx: usize,
  g: usize,
  geom: usize,
  fixed: i32,
  countPad: i32,
  isPairs: bool,
  begin: i32,
  end: i32,
): void {
  const size = inPlane(geom);
  const height = inSize(geom, HEIGHT),
    width = inSize(geom, WIDTH),
    outW = outSize(geom, WIDTH);
  const scale = pairScale(fixed);
  memory.fill(at<T>(gx, begin * size), 0, <usize>(end - begin) * size * sizeof<T>());
  g = at<T>(g, begin * outPlane(geom));
  for (let p = begin; p < end; p++) {
    const plane = at<T>(gx, p * size);
    for (let od = 0; od < outSize(geom, DEPTH); od++) {
      for (let oh = 0; oh < outSize(geom, HEIGHT); oh++, g = at<T>(g, outW)) {
        const row = at<T>(plane, (od * height + 2 * oh) * width);
        if (sizeof<T>() == 4 && isPairs) averageRowBackward2x2(row, g, width, outW, scale);
        else averageRowBackward<T>(plane, g, geom, od, oh, fixed, countPad);
      }
    }
  }
}

/** Gradient of `avgPool`. Writes all of gx. */
export function avgPoolBackward(
  t: i32,
  gx: usize,
  g: usize,
  geom: usize,
  divisorOverride: i32,
  countIncludePad: i32,
  begin: i32,
  end: i32,
): void {
  const fixed = divisorOverride,
    countPad = countIncludePad;
  if (t == F32) return averagePlanesBackward<f32>(gx, g, geom, fixed, countPad, isTwoByTwo(geom), begin, end);
  if (t == F64) return averagePlanesBackward<f64>(gx, g, geom, fixed, countPad, false, begin, end);
  unreachable();
}
