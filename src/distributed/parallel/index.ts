/** Data-parallel training: what the faces in `src/nn/parallel` and elsewhere stand for. Importing this provides it. */
import { provideLate } from "../../nn/parallel/late";
import { currentWorld } from "./groups";
import { replicate } from "./replica";
import { isShared, syncedNorm } from "./syncedNorm";

export { GradBucket } from "./bucket";
export * from "./commHooks";
export * from "./powerSgd";
export { type PowerSGDOptions, PowerSGDState } from "./powerSgdState";
export type { CommHook } from "./reducer";
export { type OptimizerClass, ZeroRedundancyOptimizer, type ZeroRedundancyOptions } from "./zero";

provideLate({ replicate, isShared, syncedNorm, world: currentWorld });
