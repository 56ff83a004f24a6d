/** The planner: how a convolution is computed, chosen by its geometry, its type and its pass. */
import { F32 } from "../dtype";
import { isDepthwise } from "./depthwise/plan";
import { Geometry, groupIn, taps } from "./geometry";
import { DEPTHWISE, DIRECT, POINTWISE, strategy, WHOLE, WINOGRAD2, WINOGRAD4 } from "./plan";
import { isTiled, tiledWork, tilesFit } from "./winograd/plan";

/** How much less work tiles have to be, for their rounding errors. */
const WORTH: f64 = 1.15;

/**
 * The algorithm of a pass (0: forward, 1: input gradient, 2: weight gradient) as its code in plan.ts. `largest` is the
 * largest tile that is allowed: 0, 2 or 4; weight gradients have tiles of 2 at most.
 */
export function convAlgorithm(t: i32, geom: usize, pass: i32, largest: i32): i32 {
  const g = changetype<Geometry>(geom), way = strategy(g), gradient = pass == 1, weights = pass == 2;
  if (way == WHOLE || (way == POINTWISE && !weights)) return way;
  if (t != F32) return DIRECT;
  if (isDepthwise(g)) return DEPTHWISE;
  if (isTiled(g)) {
    const direct = <f64>g.n * g.o * groupIn(g) * taps(g) * (gradient ? g.h * g.w : g.oh * g.ow);
    const work2 = tiledWork(g, 2, gradient, weights), work4 = tiledWork(g, 4, gradient, weights);
    const four = largest >= 4 && !weights && work4 < work2 && tilesFit(g, 4, gradient, weights);
    if (four && work4 * WORTH < direct) return WINOGRAD4;
    if (largest >= 2 && work2 * WORTH < direct && tilesFit(g, 2, gradient, weights)) return WINOGRAD2;
  }
  return DIRECT;
}
