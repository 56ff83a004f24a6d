/** `torch.distributed.optim`. */
import type * as Room from "./lazyDistributed";
import { lateClass } from "./room";

export type { OptimizerClass, ZeroRedundancyOptions } from "./parallel/zero";

/**
 * Divides the state of an optimizer among the ranks: each updates its share of the parameters, and sends it to the others. The parameters are those of
 * every rank, in the same order.
 * @throws DistBackendError before `initProcessGroup`; ValueError, ShapeError or DTypeError on every rank if the parameters differ.
 * @see torch.distributed.optim.ZeroRedundancyOptimizer
 * @see ZeRO: Memory Optimizations Toward Training Trillion Parameter Models (Rajbhandari et al., 2020)
 * @example
 * const optimizer = new dist.optim.ZeroRedundancyOptimizer(model.parameters(), optim.Adam, { lr: 1e-3 });
 */
export const ZeroRedundancyOptimizer = lateClass(
  "ZeroRedundancyOptimizer",
) as unknown as typeof Room.ZeroRedundancyOptimizer;
/** Divides the state of an optimizer among the ranks. */
export type ZeroRedundancyOptimizer = Room.ZeroRedundancyOptimizer;
