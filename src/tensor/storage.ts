/** Memory with a count of its owners, reclaimed by the last owner or by the garbage collector. */
import { type Backend, type Block, onPressure } from "../backend/backend";
import { Mode } from "../platform/mode";
import { relieve, watch } from "./reclaim";

onPressure(relieve);

/**
 * Storages that are to be watched when the turn ends. Many are freed before that, which saves more time than it takes to make a tensor. As long
 * as they wait they are held, so they are few.
 */
const waiting = { storages: [] as Storage[], bytes: 0, isDue: false };
const MOST_WAITING = 64;
const MOST_WAITING_BYTES = 16 << 20;

function watchWaiting(): void {
  for (const storage of waiting.storages) if (!storage.isFreed) watch(storage);
  waiting.storages = [];
  waiting.bytes = 0;
}

function watchSoon(storage: Storage): void {
  waiting.storages.push(storage);
  waiting.bytes += storage.block.bytes;
  if (waiting.storages.length >= MOST_WAITING || waiting.bytes >= MOST_WAITING_BYTES) watchWaiting();
  if (waiting.isDue) return;
  waiting.isDue = true;
  queueMicrotask(() => {
    waiting.isDue = false;
    watchWaiting();
  });
}

/** Whether storages made now belong to inference mode. */
export const inferenceStorage = new Mode(false);

/** What the memory of tensors has, and nothing that is not the library's own. */
export const memory: unique symbol = Symbol("memory");

/**
 * A block of device memory that tensors view. Its owners are tensor handles (views share a storage) and references saved in the
 * graph. The block is given back when the last owner lets go; and if owners are forgotten instead of disposed, when the
 * collector finds that nothing refers to the storage any more.
 */
export class Storage {
  readonly block: Block;
  /** Raised by every in-place change, and compared by backward with what it saved. */
  version = 0;
  /** Made in inference mode: tensors on it can never be saved for backward. */
  readonly isInference = inferenceStorage.value;
  private owners = 0;
  private readonly isBorrowed: boolean;
  private isWatched: boolean;

  /** @param source the bytes to allocate, or (see {@link borrow}) a block that somebody else owns */
  constructor(
    readonly backend: Backend,
    source: number | Block,
  ) {
    const isOwn = typeof source === "number";
    this.isBorrowed = !isOwn;
    this.isWatched = !isOwn;
    this.block = isOwn ? backend.allocate(source) : source;
  }

  /** A storage on memory that another thread owns and keeps: it is never given back from here. */
  static borrow(backend: Backend, block: Block): Storage {
    return new Storage(backend, block);
  }

  /** The bytes that were asked for: windows stay within them. */
  get bytes(): number {
    return this.block.bytes;
  }

  get isFreed(): boolean {
    return this.block.freed;
  }

  /**
   * Has the block given back when the storage is forgotten. To be called once no scope holds on to an owner: before that the collector could
   * not find the storage anyway, and most storages are gone by then, so that they need not be watched, which costs more than to make them.
   */
  watch(): void {
    if (this.isWatched || this.block.freed) return;
    this.isWatched = true;
    watchSoon(this);
  }

  /** Tells memory from what users give a constructor. */
  get [memory](): true {
    return true;
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
