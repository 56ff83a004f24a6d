/** Communication hooks: other ways to reduce the buckets of `DistributedDataParallel`. */
import { noGrad } from "../../autograd/mode";
import type { DType } from "../../core/dtype";
import { ArgumentError, describe } from "../../core/errors";
import type { Tensor } from "../../tensor/tensor";
import type { ProcessGroup } from "../group";
import type { GradBucket, Pending } from "./bucket";
import { groupOf } from "./groups";
import { copyValues } from "./memory";
import type { CommHook } from "./reducer";

/** The group that reduces; null is the default one. */
export type GroupState = ProcessGroup | null;

/**
 * The mean of all ranks, as without a hook.
 * @see torch.distributed.algorithms.ddp_comm_hooks.default_hooks.allreduce_hook
 * @example model.registerCommHook(null, dist.algorithms.ddpCommHooks.allreduceHook);
 */
export function allreduceHook(processGroup: GroupState, bucket: GradBucket): Pending {
  const group = groupOf("allreduceHook", processGroup);
  const buffer = bufferOf("allreduceHook", bucket);
  buffer.div_(group.size);
  const work = group.allReduce(buffer, "sum", "allreduceHook");
  return later(() => work.wait(), buffer);
}

/** The gradients of a bucket. @throws ArgumentError for what is no bucket. */
function bufferOf(op: string, bucket: GradBucket): Tensor {
  if (typeof bucket?.buffer !== "function")
    throw new ArgumentError(`${op}: bucket must be the GradBucket that a hook is given, got ${describe(bucket)}`);
  return bucket.buffer();
}

/** A result that is there after `wait`. */
const later = (wait: () => void, result: Tensor): Pending => ({
  wait: () => {
    wait();
    return result;
  },
});

function compressed(op: string, dtype: DType, processGroup: GroupState, bucket: GradBucket): Pending {
  const group = groupOf(op, processGroup);
  const buffer = bufferOf(op, bucket);
  const small = buffer.to(dtype).div_(group.size);
  small.isKept = true;
  const work = group.allReduce(small, "sum", op);
  return later(() => {
    work.wait();
    copyValues(buffer, small);
    small.dispose();
  }, buffer);
}

/**
 * Reduces gradients as float16, which loses digits, and values beyond 65504.
 * @see torch.distributed.algorithms.ddp_comm_hooks.default_hooks.fp16_compress_hook
 */
export function fp16CompressHook(processGroup: GroupState, bucket: GradBucket): Pending {
  return compressed("fp16CompressHook", "float16", processGroup, bucket);
}

/**
 * Reduces gradients as bfloat16, which keeps the range of float32 and 8 bits of its digits.
 * @see torch.distributed.algorithms.ddp_comm_hooks.default_hooks.bf16_compress_hook
 */
export function bf16CompressHook(processGroup: GroupState, bucket: GradBucket): Pending {
  return compressed("bf16CompressHook", "bfloat16", processGroup, bucket);
}

function wrapped<S>(hook: CommHook<S>, dtype: DType): CommHook<S> {
  return (state, bucket) => {
    const buffer = bucket.buffer();
    bucket.setBuffer(buffer.to(dtype));
    const result = hook(state, bucket);
    return {
      wait: () => {
        const small = "wait" in result ? (result.wait() as Tensor) : result;
        noGrad(() => copyValues(buffer, small));
        return buffer;
      },
    };
  };
}

/**
 * A hook that gets its gradients as float16, and whose result is cast back.
 * @see torch.distributed.algorithms.ddp_comm_hooks.default_hooks.fp16_compress_wrapper
 */
export const fp16CompressWrapper = <S>(hook: CommHook<S>): CommHook<S> => wrapped(hook, "float16");

/**
 * A hook that gets its gradients as bfloat16, and whose result is cast back.
 * @see torch.distributed.algorithms.ddp_comm_hooks.default_hooks.bf16_compress_wrapper
 */
export const bf16CompressWrapper = <S>(hook: CommHook<S>): CommHook<S> => wrapped(hook, "bfloat16");
