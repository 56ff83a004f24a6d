/** Control of the threads of the cpu device. */
import { wasm } from "./backend";
import { type Damage, GuardedMemory } from "./guard";

/** Threads that kernels run on, the caller's included. Default: the number of cores. @see torch.get_num_threads */
export const getNumThreads = (): number => wasm.parts.pool.numThreads;

/**
 * Sets the number of threads that kernels run on. Results have the same bits for any number.
 * @see torch.set_num_threads
 * @throws ArgumentError unless `n` is an integer from 1 to 256.
 */
export function setNumThreads(n: number): void {
  wasm.parts.pool.setNumThreads(n);
}

/** What the cpu device holds: bytes in tensors now and at most, bytes taken from the system, and the number of blocks. */
export const memoryStats = () => wasm.memoryStats();

/** The SIMD level that the kernels were compiled for: "relaxed" has fused multiply-add. */
export const simdLevel = () => wasm.parts.kernels.level;

const guarded = (): GuardedMemory | undefined => {
  const { memory } = wasm.parts;
  return memory instanceof GuardedMemory ? memory : undefined;
};

/** The guard mode of the allocator (see `guard.ts`), for fuzzers and tests. */
export const guard = {
  /** Whether it is on: the environment variable KINDLING_GUARD was 1 when the first tensor was made. */
  get isOn(): boolean {
    return guarded() !== undefined;
  },
  /** Fills unwritten memory with another byte from now on. */
  setPoison(byte: number): void {
    guarded()?.setPoison(byte);
  },
  /** What was damaged since it was last asked; empty when the mode is off. */
  check: (): readonly Damage[] => guarded()?.check() ?? [],
};
