/** `torch.distributed.algorithms.ddpCommHooks`: other ways to reduce the buckets of `DistributedDataParallel`. */
import { later } from "./room";

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
