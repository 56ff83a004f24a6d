/** What this machine and page give Kindling, and what to do about the rest. */
import type { SimdLevel } from "./backend/capabilities";
import { cpu } from "./backend/cpu";
import { sharingHint } from "./platform/context";
import { canShareMemory, type Runtime, runtime } from "./platform/platform";

/** The findings of {@link doctor}. */
export interface Diagnosis {
  readonly runtime: Runtime;
  /** "relaxed" has fused multiply-add; "baseline" is up to 1.4 times slower; with "none" nothing can be computed here. */
  readonly simd: SimdLevel | "none";
  readonly threads: {
    /** How many kernels may use. */
    readonly wanted: number;
    /** How many have started; they start with the first large operation, and no more than the machine runs at a time. */
    readonly running: number;
  };
  /** Whether memory is shared with threads and workers. */
  readonly sharedMemory: boolean;
  /** What is off, why, and how to mend it; empty when all is well. */
  readonly hints: readonly string[];
}

/**
 * Says which speed-ups are on, and for those that are off why, and what turns them on. It never throws, also where nothing else works.
 * @example console.log(torch.doctor().hints);
 */
export function doctor(): Diagnosis {
  const hint = sharingHint();
  const hints = hint === undefined ? [] : [hint];
  const found = { runtime, sharedMemory: canShareMemory() };
  const { threads, simdLevel } = cpu();
  try {
    // Starts the device.
    threads.get();
  } catch (error) {
    // Whatever is missing here is what the user wants to be told.
    hints.push(`Nothing can be computed here: ${error instanceof Error ? error.message : String(error)}`);
    return { ...found, simd: "none", threads: { wanted: 0, running: 0 }, hints };
  }
  const simd = simdLevel.get();
  if (simd === "baseline")
    hints.push(
      "Relaxed SIMD is off: this engine does not have it (Node has it from version 22, Chromium from 114), or it was not wanted (KINDLING_SIMD, torch.backends.wasm.simd).",
    );
  if (threads.hint !== undefined) hints.push(threads.hint);
  return { ...found, simd, threads: { wanted: threads.get(), running: threads.running }, hints };
}
