/** Control of the threads of the cpu device. */
import { wasm } from "./backend";

/** Threads that kernels run on, the caller's included. Default: the number of cores. @see torch.get_num_threads */
export const getNumThreads = (): number => wasm.parts.pool.numThreads;

/**
 * Sets the number of threads that kernels run on. Results have the same bits for any number. No more are started than the machine runs at a time,
 * and where no thread can be started, there is one; `torch.doctor()` says why.
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
