/** Data-parallel training: what the faces in `src/nn/parallel` and elsewhere stand for. Importing this provides it. */
import { provideLate } from "../../nn/parallel/late";
import { currentWorld } from "./groups";
import { replicate } from "./replica";
import { isShared, syncedNorm } from "./syncedNorm";

export * as algorithms from "./algorithms";
export { GradBucket } from "./bucket";
export type { CommHook } from "./reducer";

provideLate({ replicate, isShared, syncedNorm, world: currentWorld });
