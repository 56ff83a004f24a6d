/** The planner: how a convolution is computed, chosen by its geometry, its type and its pass, and in how many tasks. */
import { F32, F64 } from "../common/dtype";
import { columnsFit, columnsTasks } from "./columns";
import { depthwiseTasks, isDepthwise } from "./depthwise/plan";
import { Geometry, groupIn, taps } from "./geometry";
import {
  chunkFits,
  correlationTasks,
  DEPTHWISE,
  DIRECT,
  fits,
  flagsOf,
  gradShares,
  isProduct,
  strategy,
  WINOGRAD2,
  WINOGRAD4,
  weightTasks,
} from "./plan";
import { productTasks } from "./product";
import { gradTasks, isTiled, tiledWork, tilesFit, tileTasks } from "./winograd/plan";

/** How much less work tiles have to be, for their rounding errors. */
const WORTH: f64 = 1.15;

/**
 * The algorithm of a pass (0: forward, 1: input gradient, 2: weight gradient) as its code in plan.ts. `largest` is the
 * largest tile that is allowed: 0, 2 or 4; weight gradients have tiles of 2 at most.
 */
export function convAlgorithm(t: i32, geom: usize, pass: i32, largest: i32): i32 {
  const g = changetype<Geometry>(geom),
    gradient = pass == 1,
    weights = pass == 2,
    way = strategy(g);
  if (way != DIRECT || t != F32) return way;
  if (isDepthwise(g)) return DEPTHWISE;
  if (isTiled(g)) {
    const direct = <f64>g.n * g.o * groupIn(g) * taps(g) * (gradient ? g.h * g.w : g.oh * g.ow);
    const work2 = tiledWork(g, 2, gradient, weights),
      work4 = tiledWork(g, 4, gradient, weights);
    const four = largest >= 4 && !weights && work4 < work2 && tilesFit(g, 4, gradient, weights);
    if (four && work4 * WORTH < direct) return WINOGRAD4;
    if (largest >= 2 && work2 * WORTH < direct && tilesFit(g, 2, gradient, weights)) return WINOGRAD2;
  }
  return DIRECT;
}

/**
 * Number of tasks of a pass that is computed by algorithm `way`. −1 where the taps span so much (hundreds of lines and columns)
 * that one line of outputs cannot be staged in the scratch memory.
 */
export function convTasks(t: i32, way: i32, geom: usize, pass: i32): i32 {
  const g = changetype<Geometry>(geom),
    gradient = pass == 1,
    weights = pass == 2;
  if (isProduct(way)) return productTasks(g, way, pass);
  if (way == DEPTHWISE) return depthwiseTasks(g, pass);
  if (way != DIRECT) return weights ? gradTasks(g) : tileTasks(g, way == WINOGRAD4 ? 4 : 2, gradient);
  if (t == F64) return columnsFit(g) ? columnsTasks(g, pass) : -1;
  if (weights) return chunkFits(g) ? weightTasks(g) : -1;
  const flags = flagsOf(g, gradient);
  return fits(g, flags) ? correlationTasks(g, flags) : -1;
}

/** How many gradients of the weights `convWeightGrad` writes, one for each share of the batch, which are still to be added. */
export function convWeightShares(t: i32, way: i32, geom: usize): i32 {
  return way == DIRECT && t == F32 ? gradShares(changetype<Geometry>(geom)) : 1;
}
