/** Control of the `cpu` device: its threads, memory and vector instructions. */
import { type Backend, type MemoryStats, requireBackend } from "./backend";
import type { MemoryGuard, SharedMemory, Simd, SimdLevel, Threads } from "./capabilities";
import type { ConvolutionPlanner } from "./ops";

/** The `cpu` device with what it offers. */
export interface Cpu extends Backend {
  readonly shared: SharedMemory;
  readonly threads: Threads;
  readonly simdLevel: Simd;
  readonly guard: MemoryGuard;
  readonly convolutions: ConvolutionPlanner;
}

/** The `cpu` device, which every build has. */
export const cpu = (): Cpu => requireBackend("cpu") as Cpu;

/** Threads that kernels run on, the caller's included. Default: the number of cores. @see torch.get_num_threads */
export const getNumThreads = (): number => cpu().threads.get();

/**
 * Sets the number of threads that kernels run on. Results have the same bits for any number. No more are started than the machine runs at a time,
 * and where no thread can be started, there is one; `torch.doctor()` says why.
 * @see torch.set_num_threads
 * @throws ArgumentError unless `n` is an integer from 1 to 256.
 */
export function setNumThreads(n: number): void {
  cpu().threads.set(n);
}

/** What the cpu device holds: bytes in tensors now and at most, bytes taken from the system, and the number of blocks. */
export const memoryStats = (): MemoryStats => cpu().memoryStats();

/** The SIMD level that the kernels were compiled for: "relaxed" has fused multiply-add. */
export const simdLevel = (): SimdLevel => cpu().simdLevel.get();
