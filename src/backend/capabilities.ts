/** What a device may offer besides ops. Each is absent from a device that does not. */
import type { Block } from "./operand";

/** A range of shared memory, which can be sent to another thread. */
export interface MemoryRange {
  readonly address: number;
  readonly bytes: number;
}

/**
 * Memory and kernels that other threads of the program can use, so that tensors need not be copied to them. What {@link SharedMemory.share} returns
 * belongs to the device; others only send it.
 */
export interface SharedMemory {
  /** Where a block lies. */
  rangeOf(block: Block): MemoryRange;
  /** A block on a range that somebody else owns; it is never given back. */
  blockOn(range: MemoryRange): Block;
  /** What {@link attach} takes in another thread; `postMessage` can send it. */
  share(): unknown;
  /** A number for a thread that is to be attached. */
  newOwner(): number;
  /**
   * Computes in the memory of another thread instead of one of its own, on one thread. Allocates only from `arena`, which that thread has set aside, and
   * from memory that nobody has, which is noted as `owner`'s.
   * @throws KindlingError if there are tensors already.
   */
  attach(shared: unknown, arena: MemoryRange, owner: number): void;
  /**
   * Gives the memory of a thread that is gone to all others.
   * @param isLast Whether there is no other thread any more that was attached.
   */
  detach(owner: number, isLast: boolean): void;
}

/** The threads that ops run on. */
export interface Threads {
  /** How many ops may use, the caller's included. */
  get(): number;
  /** @throws ArgumentError unless `n` is an integer from 1 to 256. */
  set(n: number): void;
  /** Waits until all that ops were called for is computed: before another thread is told of it, and before time is taken. Reading a tensor does so by itself. */
  finish(): void;
  /** From now on, as long as the owner of a block is in use, which is looked at from outside, what is called for with it is computed when the call returns. */
  expose(owner: object, block: Block): void;
  /** How many have started. */
  readonly running: number;
  /** Why there are fewer than wanted, if so. */
  readonly hint: string | undefined;
}

/** Which vector instructions kernels use: those of WebAssembly SIMD, or relaxed ones with fused multiply-add. */
export type SimdLevel = "baseline" | "relaxed";

/** The vector instructions of the kernels. */
export interface Simd {
  /** The level that is in use, or would be. */
  get(): SimdLevel;
  /** @throws KindlingError once the kernels are in use. @throws DeviceError for a level that the engine does not have. */
  set(level: SimdLevel): void;
  /**
   * The compiled kernels: undefined before they are in use. May be set before, where a runtime does not let programs compile.
   * @throws KindlingError once they are in use. @throws ArgumentError or ValueError for another module.
   */
  module: WebAssembly.Module | undefined;
}

/** Bytes that somebody wrote who had no right to. */
export interface Damage {
  /**
   * What they belong to: the red zone before or behind a block, a block that was given back, or the constants of the kernels, which lie
   * at the lowest addresses.
   */
  readonly where: "before" | "behind" | "freed" | "constants";
  /** The block. */
  readonly address: number;
  /** Its size, as it was asked for. */
  readonly bytes: number;
  /** The position of the first damaged byte, counted from the block's address; negative before it. */
  readonly offset: number;
  /** The value found there. */
  readonly found: number;
}

/** An allocator that finds writes beyond blocks, for fuzzers and tests. */
export interface MemoryGuard {
  readonly isOn: boolean;
  /** Fills unwritten memory with another byte from now on. */
  setPoison(byte: number): void;
  /** What was damaged since it was last asked; empty when the guard is off. */
  check(): readonly Damage[];
}

/** A stretch of work on a device, in microseconds since its timer was started. */
export interface DeviceSpan {
  /** The kernel. */
  readonly name: string;
  /** The op of the device that it was run for. */
  readonly op: string;
  readonly start: number;
  readonly duration: number;
  /** What `tag` gave when the work was asked for. */
  readonly tag: unknown;
}

/** Measures what a device does while nobody waits for it. */
export interface DeviceTimer {
  /** Why there are no times, if so. */
  readonly reason: string | undefined;
  /** Measures from now on. @param tag Is asked at each piece of work. */
  start(tag: () => unknown): void;
  /** Ends measuring. @returns What was measured, when the work is done. */
  stop(): Promise<readonly DeviceSpan[]>;
}

/**
 * Whose tilings a GPU computes products and rows with: `"card"` are those of graphics cards, `"software"` those of drivers that compute on the processor, `"auto"`
 * those of the adapter.
 */
export type TilingSet = "auto" | "card" | "software";
