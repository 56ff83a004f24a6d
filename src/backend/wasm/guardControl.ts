/** The switches of the allocator's guard mode. */
import { wasm } from "./backend";
import { type Damage, GuardedMemory } from "./guard";

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
