/**
 * The allocator of the shared WebAssembly memory. Small blocks come from free lists by size class, large ones from extents that merge
 * with their neighbors; when a large one finds no room, free small blocks that touch are merged as well. Freed memory is reused,
 * never returned to the system.
 */
import type { DType, TypedArray } from "../../core/dtype";
import { arrayOf, sizeOf } from "../../core/dtype";
import { OutOfMemoryError, ValueError } from "../../core/errors";
import { type Block, type MemoryStats, reportPressure } from "../backend";
import { type Extent, Extents } from "./extents";
import { ALIGNMENT, CLASSES, classBytes, classOf, classWithin, SMALL_LIMIT } from "./sizeClasses";

export type { Extent } from "./extents";

/** A block of this memory. */
export interface WasmBlock extends Block {
  readonly address: number;
}

const PAGE = 65536;
/** The last of the 65,536 pages is left alone: the end of a block in it would be 2^32, which is 0 to a kernel. */
const MOST_PAGES = 65535;
const CHUNK = 1 << 20;
const GROWTH = 16 << 20;
/** What may be handed out and not given back before somebody looks for forgotten blocks. With less, looking takes too much time. */
const PRESSURE = 128 << 20;

/**
 * Reserves shared memory, less if the engine refuses much: some browsers do.
 * @throws OutOfMemoryError if not even the smallest size is given.
 */
export function reserveMemory(initialPages: number): WebAssembly.Memory {
  for (let pages = 65536; pages >= Math.max(initialPages, 256); pages /= 2) {
    try {
      return new WebAssembly.Memory({ initial: initialPages, maximum: Math.min(pages, MOST_PAGES), shared: true });
    } catch {
      // The engine refuses this maximum: try half of it.
    }
  }
  throw new OutOfMemoryError(
    `out of memory: the engine reserves no address space for the kernels, not even ${mib(initialPages * PAGE)}. Engines reserve up to 10 GiB of addresses, of which ` +
      "little is used: lift the limit on them (`ulimit -v unlimited`), or in Node do without the reservation (`node --disable-wasm-trap-handler`)",
  );
}

/** The size of the block that is set aside for `bytes`. */
export const roomFor = (bytes: number): number =>
  bytes <= SMALL_LIMIT ? classBytes(classOf(bytes)) : Math.ceil(bytes / PAGE) * PAGE;

/** @throws ValueError unless `bytes` is a whole number of at least 0. */
export function checkBytes(bytes: number): void {
  if (!Number.isInteger(bytes) || bytes < 0)
    throw new ValueError(`allocate: a number of bytes must be an integer of at least 0, got ${bytes}`);
}

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Pages that other threads have left, and a record of those that the system has given. */
export interface PageSource {
  take(count: number): Extent | undefined;
  claim(range: Extent): void;
}

export class Memory {
  private readonly free: number[][] = Array.from({ length: CLASSES }, () => []);
  private readonly extents = new Extents();
  private chunk: Extent = { address: 0, bytes: 0 };
  /** The end of the highest range that this allocator manages. */
  private end = 0;
  private owned = 0;
  private allocated = 0;
  private peak = 0;
  private blocks = 0;
  /** Bytes that stayed in the free lists when they were last merged. */
  private residue = 0;
  /** Bytes handed out and not explicitly given back since pressure was last reported. */
  private debt = 0;
  private views: Partial<Record<DType, TypedArray>> = {};
  private buffer: ArrayBufferLike;
  /** The length of `buffer`, which takes longer to ask for. */
  private reach: number;
  /** Where pages come from before the system is asked, and who is told of those that it gave. */
  pages: PageSource | undefined;

  /**
   * Manages one range of `memory`, and what it grows by. Several threads may each have an allocator of the same memory: each hands out only what
   * it manages.
   */
  constructor(
    readonly memory: WebAssembly.Memory,
    range: Extent,
  ) {
    this.buffer = memory.buffer;
    this.reach = this.buffer.byteLength;
    const begin = Math.ceil(range.address / ALIGNMENT) * ALIGNMENT;
    this.adopt({ address: begin, bytes: range.address + range.bytes - begin });
  }

  /** Manages another range from now on. Nobody else may use it. */
  adopt({ address, bytes }: Extent): void {
    if (bytes <= 0) return;
    this.extents.insert(address, bytes);
    this.owned += bytes;
    this.end = Math.max(this.end, address + bytes);
  }

  /** @throws OutOfMemoryError; ValueError for what is no number of bytes. */
  allocate(bytes: number): WasmBlock {
    const isSmall = bytes <= SMALL_LIMIT && bytes >= 0;
    const index = isSmall ? classOf(bytes) : -1;
    const size = isSmall ? classBytes(index) : this.checkedRoom(bytes);
    const address = isSmall ? (this.free[index]!.pop() ?? this.carve(size)) : this.takeLarge(size);
    this.allocated += size;
    this.blocks++;
    if (this.allocated > this.peak) this.peak = this.allocated;
    this.debt += size;
    if (this.debt >= PRESSURE) {
      const { debt } = this;
      this.debt = 0;
      reportPressure(debt);
    }
    return { address, bytes, freed: false };
  }

  /** Memory for the engine itself, which is never given back. What stands in it matters to nobody between two calls. */
  workspace(bytes: number): number {
    return this.allocate(bytes).address;
  }

  release(block: WasmBlock, collected: boolean): void {
    if (block.freed) return;
    block.freed = true;
    const { address, bytes } = block;
    const index = bytes <= SMALL_LIMIT ? classOf(bytes) : -1;
    const size = index >= 0 ? classBytes(index) : roomFor(bytes);
    this.allocated -= size;
    this.blocks--;
    if (!collected) this.debt = Math.max(0, this.debt - size);
    if (index >= 0) this.free[index]!.push(address);
    else this.extents.insert(address, size);
  }

  stats(): MemoryStats {
    return {
      allocated: this.allocated,
      peakAllocated: this.peak,
      reserved: this.memory.buffer.byteLength,
      blocks: this.blocks,
    };
  }

  /** A view on `length` elements at a byte address. It stays valid: memory grows, but never moves. */
  view(dtype: DType, address: number, length: number): TypedArray {
    return new (arrayOf(dtype))(this.currentBuffer(address + length * sizeOf(dtype)), address, length);
  }

  /** All of memory, at least to the address `end`, as elements of a type, for reads and writes of single values. */
  heap(dtype: DType, end = this.end): TypedArray {
    const buffer = this.currentBuffer(end);
    return this.views[dtype] ?? this.newHeap(dtype, buffer);
  }

  private newHeap(dtype: DType, buffer: ArrayBufferLike): TypedArray {
    const array = arrayOf(dtype);
    const bytes = (array as unknown as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT;
    const fresh = new array(buffer, 0, Math.floor(buffer.byteLength / bytes));
    this.views[dtype] = fresh;
    return fresh;
  }

  /** A buffer that reaches at least to `end`, which may lie in memory that another thread has grown. */
  private currentBuffer(end = this.end): ArrayBufferLike {
    if (end > this.reach) this.renewBuffer();
    return this.buffer;
  }

  private renewBuffer(): void {
    this.buffer = this.memory.buffer;
    this.reach = this.buffer.byteLength;
    this.views = {};
  }

  // ---- Small blocks -------------------------------------------------------------------------------------------------

  /** A block from the front of the chunk, or, if it is so large that much of a chunk would be left over, from an extent. */
  private carve(bytes: number): number {
    if (this.chunk.bytes < bytes) {
      const address = bytes > CHUNK / 4 ? this.takeRun(bytes) : undefined;
      if (address !== undefined) return address;
      this.nextChunk(bytes);
    }
    const { address } = this.chunk;
    this.chunk.address += bytes;
    this.chunk.bytes -= bytes;
    return address;
  }

  /** Where no whole chunk is left, any free run of `bytes` will do. */
  private nextChunk(bytes: number): void {
    this.retireChunk();
    const next = this.findChunk(bytes) ?? this.findMerged(() => this.findChunk(bytes));
    if (next === undefined) throw this.outOfMemory(bytes);
    this.chunk = next;
  }

  private findChunk(bytes: number): Extent | undefined {
    for (const size of [CHUNK, Math.ceil(bytes / PAGE) * PAGE]) {
      const address = this.takeRun(size);
      if (address !== undefined) return { address, bytes: size };
    }
    for (let index = classOf(bytes); index < CLASSES; index++) {
      const address = this.free[index]!.pop();
      if (address !== undefined) return { address, bytes: classBytes(index) };
    }
    return undefined;
  }

  private retireChunk(): void {
    this.store(this.chunk);
    this.chunk = { address: 0, bytes: 0 };
  }

  /** Puts a run into the free lists, as few blocks of it as possible. */
  private store({ address, bytes }: Extent): void {
    while (bytes >= ALIGNMENT) {
      const index = classWithin(bytes);
      const size = classBytes(index);
      this.free[index]!.push(address);
      address += size;
      bytes -= size;
    }
  }

  /** Bytes in the free lists. */
  private get cached(): number {
    return this.owned - this.allocated - this.extents.total - this.chunk.bytes;
  }

  /**
   * Merges free small blocks that touch: runs as large as a chunk, and those that touch an extent, become extents. It takes time in
   * proportion to the number of free blocks.
   */
  private mergeSmall(): void {
    this.retireChunk();
    let run: Extent = { address: 0, bytes: 0 };
    for (const key of this.sortedBlocks()) {
      const address = key - (key % ALIGNMENT);
      const bytes = classBytes(key % ALIGNMENT);
      if (address !== run.address + run.bytes) {
        this.settle(run);
        run = { address, bytes: 0 };
      }
      run.bytes += bytes;
    }
    this.settle(run);
    this.residue = this.cached;
  }

  private settle(run: Extent): void {
    if (run.bytes >= CHUNK || this.extents.touches(run.address, run.bytes)) this.extents.insert(run.address, run.bytes);
    else this.store(run);
  }

  /** Empties the free lists. @returns For each block, by address, the sum of its address and its class. */
  private sortedBlocks(): Uint32Array {
    const keys = new Uint32Array(this.free.reduce((n, list) => n + list.length, 0));
    let count = 0;
    this.free.forEach((list, index) => {
      for (const address of list) keys[count++] = address + index;
      list.length = 0;
    });
    return keys.sort();
  }

  // ---- Large blocks -------------------------------------------------------------------------------------------------

  private checkedRoom(bytes: number): number {
    checkBytes(bytes);
    return roomFor(bytes);
  }

  private takeLarge(bytes: number): number {
    const isPossible = bytes <= MOST_PAGES * PAGE;
    const address = isPossible ? (this.takeRun(bytes) ?? this.findMerged(() => this.takeRun(bytes))) : undefined;
    if (address === undefined) throw this.outOfMemory(bytes);
    return address;
  }

  /** Room from an extent. Merges small blocks first if more of them were freed than memory would be grown by. */
  private takeRun(bytes: number): number | undefined {
    let address = this.extents.take(bytes);
    if (address === undefined && this.cached - this.residue >= Math.max(bytes, this.growth)) {
      this.mergeSmall();
      address = this.extents.take(bytes);
    }
    while (address === undefined && this.grow(bytes)) address = this.extents.take(bytes);
    return address;
  }

  /** What is found once all free blocks that touch are merged, and at last, once forgotten blocks were looked for: both take time. */
  private findMerged<T>(find: () => T | undefined): T | undefined {
    this.mergeSmall();
    const found = find();
    if (found !== undefined) return found;
    reportPressure(Number.POSITIVE_INFINITY);
    this.mergeSmall();
    return find();
  }

  /** What memory grows by at least, so that it happens rarely. */
  private get growth(): number {
    return Math.max(GROWTH, this.owned / 16);
  }

  /** Takes what is missing of `bytes` from the system, rather more. @returns Whether it gave as much. */
  private grow(bytes: number): boolean {
    const { last } = this.extents;
    const touchesEnd = last !== undefined && last.address + last.bytes === this.memory.buffer.byteLength;
    const missing = bytes - (touchesEnd ? last.bytes : 0);
    for (const want of [Math.max(missing, this.growth), missing]) {
      const range = this.tryGrow(Math.ceil(want / PAGE));
      if (range === undefined) continue;
      this.adopt(range);
      return true;
    }
    return false;
  }

  /** New pages, or undefined if there are none. They begin where the engine says: another thread may grow the memory at any time. */
  private tryGrow(pages: number): Extent | undefined {
    const spare = this.pages?.take(pages);
    if (spare !== undefined) return spare;
    try {
      const range = { address: this.memory.grow(pages) * PAGE, bytes: pages * PAGE };
      this.pages?.claim(range);
      return range;
    } catch {
      return undefined;
    }
  }

  /** The largest free run. */
  private get largest(): number {
    const index = this.free.findLastIndex((list) => list.length > 0);
    return Math.max(this.extents.largest, this.chunk.bytes, index < 0 ? 0 : classBytes(index));
  }

  private outOfMemory(bytes: number): OutOfMemoryError {
    const free = this.owned - this.allocated;
    return new OutOfMemoryError(
      `out of memory: ${mib(bytes)} were asked for; of ${mib(this.memory.buffer.byteLength)}, ${mib(this.allocated)} are held by ${this.blocks} tensors and ` +
        `${mib(free)} are free, at most ${mib(this.largest)} in one piece. ` +
        "Free tensors with torch.tidy(() => …), `using` or x.dispose(), compute without gradients in torch.noGrad(() => …), use smaller batches, " +
        "or, in a page, let a loop `await torch.nextTurn()` now and then (`await null` is no turn), so that forgotten tensors are found.",
    );
  }
}
