/** What this machine and page give Kindling, and what to do about the rest. */
import { wasm } from "./backend/wasm/backend";
import type { SimdLevel } from "./backend/wasm/kernels";
import { canShareMemory, isolationHint, type Runtime, runtime } from "./platform/platform";

/** The findings of {@link doctor}. */
export interface Diagnosis {
  readonly runtime: Runtime;
  /** "relaxed" has fused multiply-add; "baseline" is up to 1.4 times slower. */
  readonly simd: SimdLevel;
  readonly threads: {
    /** How many kernels may use. */
    readonly wanted: number;
    /** How many have started; they start with the first large operation. */
    readonly running: number;
  };
  /** Whether memory is shared with threads and workers. */
  readonly sharedMemory: boolean;
  /** What is off, why, and how to mend it; empty when all is well. */
  readonly hints: readonly string[];
}

/**
 * Says which speed-ups are on, and for those that are off why, and what turns them on.
 * @example console.log(torch.doctor().hints);
 */
export function doctor(): Diagnosis {
  const { kernels, pool } = wasm.parts;
  const hints: string[] = [];
  if (!canShareMemory()) hints.push(isolationHint);
  if (kernels.level === "baseline")
    hints.push(
      "Relaxed SIMD is off: this engine does not have it (Node has it from version 22, Chromium from 114), or KINDLING_SIMD=baseline is set.",
    );
  return {
    runtime,
    simd: kernels.level,
    threads: { wanted: pool.numThreads, running: pool.running },
    sharedMemory: canShareMemory(),
    hints,
  };
}
