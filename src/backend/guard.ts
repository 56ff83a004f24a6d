/** The guard mode of the cpu device's allocator. */
import type { MemoryGuard } from "./capabilities";
import { cpu } from "./cpu";

/** The guard mode of the allocator, for fuzzers and tests: on if the environment variable KINDLING_GUARD was 1 when the first tensor was made. */
export const guard: MemoryGuard = {
  get isOn() {
    return cpu().guard.isOn;
  },
  setPoison: (byte) => cpu().guard.setPoison(byte),
  check: () => cpu().guard.check(),
};
