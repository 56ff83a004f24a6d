/** `torch.distributed.algorithms.ddpCommHooks`: other ways to reduce the buckets of `DistributedDataParallel`. */
import type * as Room from "./lazyDistributed";
import { lateClass, later } from "./room";

export type { PowerSGDOptions } from "./parallel/powerSgdState";

/**
 * The mean of all ranks, as without a hook.
 * @param state The group that reduces; null is the default one.
 * @see torch.distributed.algorithms.ddp_comm_hooks.default_hooks.allreduce_hook
 * @example model.registerCommHook(null, dist.algorithms.ddpCommHooks.allreduceHook);
 */
export const allreduceHook = later("allreduceHook", "processGroup, bucket");

/**
 * Reduces gradients as float16, which loses digits, and values beyond 65504.
 * @param state The group that reduces; null is the default one.
 * @see torch.distributed.algorithms.ddp_comm_hooks.default_hooks.fp16_compress_hook
 */
export const fp16CompressHook = later("fp16CompressHook", "processGroup, bucket");

/**
 * Reduces gradients as bfloat16, which keeps the range of float32 and 8 bits of its digits.
 * @param state The group that reduces; null is the default one.
 * @see torch.distributed.algorithms.ddp_comm_hooks.default_hooks.bf16_compress_hook
 */
export const bf16CompressHook = later("bf16CompressHook", "processGroup, bucket");

/**
 * A hook that gets its gradients as float16, and whose result is cast back.
 * @see torch.distributed.algorithms.ddp_comm_hooks.default_hooks.fp16_compress_wrapper
 */
export const fp16CompressWrapper = later("fp16CompressWrapper", "hook()");

/**
 * A hook that gets its gradients as bfloat16, and whose result is cast back.
 * @see torch.distributed.algorithms.ddp_comm_hooks.default_hooks.bf16_compress_wrapper
 */
export const bf16CompressWrapper = later("bf16CompressWrapper", "hook()");

/**
 * Reduces gradients as products of small matrices: for a gradient of n × m, (n + m) times the rank is sent. What that loses is added in the next step, so that
 * training goes on nearly as without it.
 * @param state A {@link PowerSGDState}, one for each model.
 * @see torch.distributed.algorithms.ddp_comm_hooks.powerSGD_hook.powerSGD_hook
 * @example
 * const { PowerSGDState, powerSGDHook } = dist.algorithms.ddpCommHooks;
 * model.registerCommHook(new PowerSGDState(null, { matrixApproximationRank: 2, startPowerSGDIter: 100 }), powerSGDHook);
 */
export const powerSGDHook = later("powerSGDHook", "state, bucket");

/**
 * {@link powerSGDHook} of a whole bucket as one square matrix: faster, and it loses more.
 * @param state A {@link PowerSGDState}, one for each model.
 * @see torch.distributed.algorithms.ddp_comm_hooks.powerSGD_hook.batched_powerSGD_hook
 */
export const batchedPowerSGDHook = later("batchedPowerSGDHook", "state, bucket");

/**
 * The state of {@link powerSGDHook} and {@link batchedPowerSGDHook}: how to compress, what was lost, and the matrices of the last step.
 * @throws DistBackendError before `initProcessGroup`; ValueError if error feedback or warm start are to begin before the third step.
 * @see torch.distributed.algorithms.ddp_comm_hooks.powerSGD_hook.PowerSGDState
 */
export const PowerSGDState = lateClass("PowerSGDState") as unknown as typeof Room.PowerSGDState;
/** The state of {@link powerSGDHook}. */
export type PowerSGDState = Room.PowerSGDState;
