/**
 * Convolution in one, two and three dimensions, f32 and f64, and its gradients.
 *
 *     conv(t, way, y, x, w, bias, geom, scratch, begin, end)      begin, end: tasks of convTasks(t, way, geom, 0)
 *     convInputGrad(t, way, gx, gy, w, geom, scratch, begin, end)                      convTasks(t, way, geom, 1)
 *     convWeightGrad(t, way, gw, gy, x, geom, scratch, begin, end)                     convTasks(t, way, geom, 2)
 *     convBiasGrad(t, gb, gy, geom, begin, end)                                        channels of y
 *
 * `way` is what convAlgorithm says; what it computes in tiles is in winograd/. `geom` is the address of the 22 i32 of
 * geometry.ts: N, G, C, O, D, H, W, OD, OH, OW, KD, KH, KW, SD, SH, SW, PD, PH, PW, DD, DH, DW. All tensors are contiguous.
 * `bias` is 0 or the address of O values. `scratch` is 4 MiB of the calling thread, 16-byte aligned. Every task writes its
 * own part of the result; no shared workspace is needed, and the bits do not depend on how the tasks are split.
 */
import { F32, F64 } from "../common/dtype";
import { biasGrad } from "./biasGrad";
import { columnsForward, columnsInputGrad, columnsWeightGrad } from "./columns";
import { depthwise } from "./depthwise/outputs";
import { depthwiseWeightGrad } from "./depthwise/weightGrad";
import { forward } from "./forward";
import { Geometry } from "./geometry";
import { inputGrad } from "./inputGrad";
import { DEPTHWISE, isProduct } from "./plan";
import { productForward, productInputGrad, productWeightGrad } from "./product";
import { weightGrad } from "./weightGrad";

/** The convolution of x [N, C, D, H, W] with w [O, C/G, KD, KH, KW], plus the bias [O]. PyTorch: conv1d, conv2d, conv3d. */
export function conv(
  t: i32,
  way: i32,
  y: usize,
  x: usize,
  w: usize,
  bias: usize,
  geom: usize,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const g = changetype<Geometry>(geom);
  if (isProduct(way)) productForward(t, y, x, w, bias, g, way, scratch, begin, end);
  else if (way == DEPTHWISE) depthwise(y, x, w, bias, g, false, scratch, begin, end);
  else if (t == F32) forward(y, x, w, bias, g, scratch, begin, end);
  else if (t == F64) columnsForward(y, x, w, bias, g, scratch, begin, end);
  else unreachable();
}

/** The gradient of x from that of y. It is also the transposed convolution of gy with w. */
export function convInputGrad(
  t: i32,
  way: i32,
  gx: usize,
  gy: usize,
  w: usize,
  geom: usize,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const g = changetype<Geometry>(geom);
  if (isProduct(way)) productInputGrad(t, gx, gy, w, g, way, scratch, begin, end);
  else if (way == DEPTHWISE) depthwise(gx, gy, w, 0, g, true, scratch, begin, end);
  else if (t == F32) inputGrad(gx, gy, w, g, scratch, begin, end);
  else if (t == F64) columnsInputGrad(gx, gy, w, g, scratch, begin, end);
  else unreachable();
}

/** The gradient of w, summed over the batch, from that of y: `convWeightShares(t, way, geom)` gradients, one after the other, whose sum it is. */
export function convWeightGrad(
  t: i32,
  way: i32,
  gw: usize,
  gy: usize,
  x: usize,
  geom: usize,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const g = changetype<Geometry>(geom);
  if (isProduct(way)) productWeightGrad(t, gw, gy, x, g, way, scratch, begin, end);
  else if (way == DEPTHWISE) depthwiseWeightGrad(gw, gy, x, g, scratch, begin, end);
  else if (t == F32) weightGrad(gw, gy, x, g, scratch, begin, end);
  else if (t == F64) columnsWeightGrad(gw, gy, x, g, scratch, begin, end);
  else unreachable();
}

/** The gradient of the bias, channels [begin, end) of O. */
export function convBiasGrad(t: i32, gb: usize, gy: usize, geom: usize, begin: i32, end: i32): void {
  const g = changetype<Geometry>(geom);
  if (t == F32) biasGrad<f32>(gb, gy, g, begin, end);
  else if (t == F64) biasGrad<f64>(gb, gy, g, begin, end);
  else unreachable();
}
