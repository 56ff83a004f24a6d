/** Memory with a count of its owners, reclaimed by the last owner or by the garbage collector. */
import type { Backend, Block } from "../backend/backend";

const collected = new FinalizationRegistry<{ backend: Backend; block: Block }>(({ backend, block }) =>
  backend.release(block, true),
);

/**
 * Storages that are to be registered when the turn ends. The collector's callbacks run between turns only, and many storages are freed
 * before that, which saves more time than it takes to make a tensor. As long as they wait they are held, so they are few.
 */
const waiting = { storages: [] as Storage[], bytes: 0, isDue: false };
const MOST_WAITING = 64;
const MOST_WAITING_BYTES = 16 << 20;

function registerWaiting(): void {
  for (const storage of waiting.storages) storage.register();
  waiting.storages = [];
  waiting.bytes = 0;
}

function registerSoon(storage: Storage): void {
  waiting.storages.push(storage);
  waiting.bytes += storage.block.bytes;
  if (waiting.storages.length >= MOST_WAITING || waiting.bytes >= MOST_WAITING_BYTES) registerWaiting();
  if (waiting.isDue) return;
  waiting.isDue = true;
  queueMicrotask(() => {
    waiting.isDue = false;
    registerWaiting();
  });
}

let inferenceMode = false;

/** Whether storages made from now on belong to inference mode. */
export function setInferenceStorage(isOn: boolean): void {
  inferenceMode = isOn;
}

/** Whether storages made now belong to inference mode. */
export const isInferenceStorage = (): boolean => inferenceMode;

/**
 * A block of device memory that tensors view. Its owners are tensor handles (views share a storage) and references saved in the
 * graph. The block is given back when the last owner lets go; and if owners are forgotten instead of disposed, when the
 * collector finds that nothing refers to the storage any more.
 */
export class Storage {
  readonly block: Block;
  /** Bytes that were asked for: windows stay within them. The block may be larger, what lies beyond was never written. */
  readonly bytes: number;
  /** Raised by every in-place change, and compared by backward with what it saved. */
  version = 0;
  /** Made in inference mode: tensors on it can never be saved for backward. */
  readonly isInference = inferenceMode;
  private owners = 0;
  private readonly isBorrowed: boolean;
  private isWatched: boolean;

  /** @param source the bytes to allocate, or (see {@link borrow}) a block that somebody else owns */
  constructor(
    readonly backend: Backend,
    source: number | Block,
  ) {
    this.isBorrowed = typeof source !== "number";
    this.isWatched = this.isBorrowed;
    this.block = typeof source === "number" ? backend.allocate(source) : source;
    this.bytes = typeof source === "number" ? source : source.bytes;
  }

  /** A storage on memory that another thread owns and keeps: it is never given back from here. */
  static borrow(backend: Backend, block: Block): Storage {
    return new Storage(backend, block);
  }

  get isFreed(): boolean {
    return this.block.freed;
  }

  /**
   * Lets the collector give the block back. To be called once no scope holds on to an owner: before that the collector could not find
   * the storage anyway, and most storages are gone by then, so that they need not be registered, which costs more than to make them.
   */
  watch(): void {
    if (this.isWatched || this.block.freed) return;
    this.isWatched = true;
    registerSoon(this);
  }

  /** Registers the storage, unless it was freed. */
  register(): void {
    if (!this.block.freed) collected.register(this, { backend: this.backend, block: this.block });
  }

  retain(): void {
    this.owners++;
  }

  release(): void {
    if (--this.owners === 0 && !this.isBorrowed) this.backend.release(this.block, false);
  }

  /** Whether one owner is left. */
  get isUnshared(): boolean {
    return this.owners === 1;
  }
}
