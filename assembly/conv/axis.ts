/** The input gradient along one axis: elements of x that share their residue modulo the stride meet the same taps. */
import { ceilDiv, gcd } from "./plan";

/** One axis of one residue: which elements of x, which taps, and where in y the correlation begins. */
@final
@unmanaged
export class Axis {
  /** How many elements of x there are. */
  count: i32;
  /** Taps; the last of them, with which the reversed order begins; their distance in the kernel and in y. */
  taps: i32;
  last: i32;
  spacing: i32;
  step: i32;
  /** Position in y of the tap `last` for the first of them. */
  origin: i32;
}

/** Elements x ≡ residue (mod stride) of an axis of `size` elements. Tap k meets output (x + pad - k·dilation) / stride. */
export function axis(a: Axis, residue: i32, size: i32, kernel: i32, stride: i32, pad: i32, dilation: i32): void {
  const common = gcd(stride, dilation);
  a.count = residue < size ? ceilDiv(size - residue, stride) : 0;
  a.spacing = stride / common;
  a.step = dilation / common;
  // The strides may be millions, for each of which there is a residue.
  const end = min(a.spacing, kernel);
  let k = 0;
  while (k < end && (residue + pad - k * dilation) % stride != 0) k++;
  a.taps = k < end ? (kernel - 1 - k) / a.spacing + 1 : 0;
  a.last = k + (a.taps - 1) * a.spacing;
  a.origin = (residue + pad - a.last * dilation) / stride;
}
