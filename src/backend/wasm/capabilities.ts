/** What the `cpu` device offers besides ops. */
import type { Block } from "../backend";
import type { MemoryGuard, SharedMemory, Simd, Threads } from "../capabilities";
import type { Engine, SharedEngine } from "./engine";
import { GuardedMemory } from "./guard";
import type { WasmBlock } from "./memory";

const addressIn = (block: Block): number => (block as WasmBlock).address;

export const sharedMemoryOf = (engine: Engine): SharedMemory => ({
  rangeOf: (block) => {
    const address = addressIn(block);
    // Whoever is told of it looks there. To ask for the address may run kernels, so this comes after it.
    engine.finish();
    return { address, bytes: block.bytes };
  },
  blockOn: ({ address, bytes }) => ({ address, bytes, freed: false }) as WasmBlock,
  share: () => engine.share(),
  newOwner: () => engine.parts.pages.newOwner(),
  attach: (shared, arena, owner) => engine.attach(shared as SharedEngine, { ...arena }, owner),
  detach: (owner, isLast) => engine.detach(owner, isLast),
});

export const threadsOf = (engine: Engine): Threads => ({
  get: () => engine.parts.pool.numThreads,
  set: (n) => engine.parts.pool.setNumThreads(n),
  finish: () => engine.finish(),
  expose: (owner, block) => engine.parts.pool.expose(owner, block as WasmBlock),
  get running() {
    return engine.parts.pool.running;
  },
  get hint() {
    return engine.parts.pool.hint;
  },
});

export const simdOf = (engine: Engine): Simd => ({
  get: () => engine.simd,
  set: (level) => {
    engine.simd = level;
  },
  get module() {
    return engine.module;
  },
  set module(module) {
    engine.module = module;
  },
});

/** The guard mode of the allocator, see `guard.ts`. */
export function guardOf(engine: Engine): MemoryGuard {
  const guarded = (): GuardedMemory | undefined => {
    const { memory } = engine.parts;
    return memory instanceof GuardedMemory ? memory : undefined;
  };
  return {
    get isOn() {
      return guarded() !== undefined;
    },
    setPoison: (byte) => guarded()?.setPoison(byte),
    check: () => guarded()?.check() ?? [],
  };
}
