/**
 * The allocator of the shared WebAssembly memory. Small blocks come from free lists by size class, large ones from a sorted list
 * of free extents that merge with their neighbours. Freed memory is reused, never returned to the system.
 */
import type { DType, TypedArray } from "../../core/dtype";
import { arrayOf, sizeOf } from "../../core/dtype";
import { OutOfMemoryError } from "../../core/errors";
import type { Block, MemoryStats } from "../backend";

const PAGE = 65536;
const ALIGNMENT = 64;
/** Blocks up to this size are cached by class; larger ones are extents. */
const SMALL_LIMIT = 1 << 20;
const CHUNK = 1 << 20;
const GROWTH = 16 << 20;
/** Garbage that may gather before the collector is made to look. With less, its threads take too much time from the computing ones. */
const PRESSURE = 128 << 20;

/**
 * Reserves shared memory, less if the engine refuses much: some browsers do.
 * @throws OutOfMemoryError if not even the smallest size is given.
 */
export function reserveMemory(initialPages: number): WebAssembly.Memory {
  for (let maximum = 65536; maximum >= Math.max(initialPages, 256); maximum /= 2) {
    try {
      return new WebAssembly.Memory({ initial: initialPages, maximum, shared: true });
    } catch {
      // The engine refuses this maximum: try half of it.
    }
  }
  throw new OutOfMemoryError("kindling: this engine gives no WebAssembly memory");
}

/** Four classes per doubling, from 64 bytes. */
function classOf(bytes: number): number {
  if (bytes <= 4 * ALIGNMENT) return Math.max(0, ((bytes + ALIGNMENT - 1) >> 6) - 1);
  const log = 31 - Math.clz32(bytes - 1);
  return 4 + (log - 8) * 4 + ((bytes - 1 - (1 << log)) >> (log - 2));
}

function classBytes(index: number): number {
  if (index < 4) return (index + 1) * ALIGNMENT;
  const log = 8 + ((index - 4) >> 2);
  return (1 << log) + (((index - 4) & 3) + 1) * (1 << (log - 2));
}

/** A range of addresses. */
export interface Extent {
  address: number;
  bytes: number;
}

/** Pages that other threads have left, and a record of those that the system has given. */
export interface PageSource {
  take(count: number): Extent | undefined;
  claim(range: Extent): void;
}

export class Memory {
  private readonly free: number[][] = Array.from({ length: classOf(SMALL_LIMIT) + 1 }, () => []);
  /** Free extents, by address, never adjacent. */
  private readonly extents: Extent[] = [];
  private chunk: Extent = { address: 0, bytes: 0 };
  /** The end of the highest range that this allocator manages. */
  private end = 0;
  private owned = 0;
  private allocated = 0;
  private peak = 0;
  private blocks = 0;
  /** Bytes handed out and not explicitly given back since the collector was last made to look. */
  private debt = 0;
  private views: Partial<Record<DType, TypedArray>> = {};
  private buffer: ArrayBufferLike;
  /** Where pages come from before the system is asked, and who is told of those that it gave. */
  pages: PageSource | undefined;

  /**
   * Manages one range of `memory`, and what it grows by. Several threads may each have an allocator of the same memory: each hands out only what
   * it manages.
   * @param onGrow called with every range that is added by growing
   */
  constructor(
    readonly memory: WebAssembly.Memory,
    range: Extent,
    private readonly onGrow?: (range: Extent) => void,
  ) {
    this.buffer = memory.buffer;
    const begin = Math.ceil(range.address / PAGE) * PAGE;
    this.adopt({ address: begin, bytes: range.address + range.bytes - begin });
  }

  /** Manages another range of whole pages from now on. Nobody else may use it. */
  adopt({ address, bytes }: Extent): void {
    if (bytes <= 0) return;
    this.insertExtent(address, bytes);
    this.owned += bytes;
    this.end = Math.max(this.end, address + bytes);
  }

  allocate(bytes: number): Block {
    const index = bytes <= SMALL_LIMIT ? classOf(bytes) : -1;
    const size = index >= 0 ? classBytes(index) : Math.ceil(bytes / PAGE) * PAGE;
    const address = index >= 0 ? (this.free[index]!.pop() ?? this.carve(size)) : this.takeExtent(size);
    this.allocated += size;
    this.blocks++;
    if (this.allocated > this.peak) this.peak = this.allocated;
    this.debt += size;
    if (this.debt >= PRESSURE) this.pressCollector();
    return { address, bytes: size, freed: false };
  }

  release(block: Block, collected: boolean): void {
    if (block.freed) return;
    block.freed = true;
    this.allocated -= block.bytes;
    this.blocks--;
    if (!collected) this.debt = Math.max(0, this.debt - block.bytes);
    if (block.bytes <= SMALL_LIMIT) this.free[classOf(block.bytes)]!.push(block.address);
    else this.insertExtent(block.address, block.bytes);
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

  /** All of memory as elements of a type, for reads and writes of single values. */
  heap(dtype: DType): TypedArray {
    const buffer = this.currentBuffer();
    const heap = this.views[dtype];
    if (heap !== undefined && heap.buffer === buffer) return heap;
    const array = arrayOf(dtype);
    const bytes = (array as unknown as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT;
    const fresh = new array(buffer, 0, Math.floor(buffer.byteLength / bytes));
    this.views[dtype] = fresh;
    return fresh;
  }

  /** A buffer that reaches at least to `end`, which may lie in memory that another thread has grown. */
  private currentBuffer(end = this.end): ArrayBufferLike {
    if (this.buffer.byteLength < end) this.buffer = this.memory.buffer;
    return this.buffer;
  }

  /**
   * The collector does not see this memory, so it has no reason to look for dead tensors. An ArrayBuffer of the same size that dies at
   * once is a reason that it does see.
   */
  private pressCollector(): void {
    // Bundlers drop a buffer that nobody looks at: its length makes the debt 0.
    this.debt = new ArrayBuffer(PRESSURE).byteLength - PRESSURE;
  }

  private carve(bytes: number): number {
    if (this.chunk.bytes < bytes) {
      this.recycleChunk();
      this.chunk = { address: this.takeExtent(CHUNK), bytes: CHUNK };
    }
    const { address } = this.chunk;
    this.chunk.address += bytes;
    this.chunk.bytes -= bytes;
    return address;
  }

  /** Puts what is left of the chunk into the free lists, largest class first. */
  private recycleChunk(): void {
    while (this.chunk.bytes >= ALIGNMENT) {
      let index = classOf(this.chunk.bytes);
      if (classBytes(index) > this.chunk.bytes) index--;
      this.free[index]!.push(this.chunk.address);
      this.chunk.address += classBytes(index);
      this.chunk.bytes -= classBytes(index);
    }
  }

  /** Best fit. */
  private takeExtent(bytes: number): number {
    let best = -1;
    for (let i = 0; i < this.extents.length; i++) {
      const have = this.extents[i]!.bytes;
      if (have >= bytes && (best < 0 || have < this.extents[best]!.bytes)) best = i;
    }
    if (best < 0) {
      this.grow(bytes);
      return this.takeExtent(bytes);
    }
    const extent = this.extents[best]!;
    const { address } = extent;
    extent.address += bytes;
    extent.bytes -= bytes;
    if (extent.bytes === 0) this.extents.splice(best, 1);
    return address;
  }

  private insertExtent(address: number, bytes: number): void {
    const at = this.firstExtentAfter(address);
    const before = this.extents[at - 1];
    const after = this.extents[at];
    const joinsBefore = before !== undefined && before.address + before.bytes === address;
    const joinsAfter = after !== undefined && address + bytes === after.address;
    if (joinsBefore) before.bytes += bytes + (joinsAfter ? after.bytes : 0);
    else if (joinsAfter) {
      after.address = address;
      after.bytes += bytes;
    } else this.extents.splice(at, 0, { address, bytes });
    if (joinsBefore && joinsAfter) this.extents.splice(at, 1);
  }

  private firstExtentAfter(address: number): number {
    let low = 0;
    let high = this.extents.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.extents[middle]!.address < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Takes memory from the system: more than asked for, so that it happens rarely. */
  private grow(bytes: number): void {
    const generous = Math.ceil(Math.max(bytes, GROWTH, this.owned / 16) / PAGE);
    const exact = Math.ceil(bytes / PAGE);
    for (const pages of [generous, exact]) {
      const range = this.tryGrow(pages);
      if (range === undefined) continue;
      this.adopt(range);
      this.onGrow?.(range);
      return;
    }
    throw this.outOfMemory(bytes);
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

  private outOfMemory(bytes: number): OutOfMemoryError {
    const mib = (n: number) => `${(n / 2 ** 20).toFixed(1)} MiB`;
    return new OutOfMemoryError(
      `out of memory: ${mib(bytes)} were asked for, ${mib(this.allocated)} are held by ${this.blocks} tensors and ${mib(this.memory.buffer.byteLength)} are reserved. ` +
        "Free tensors with torch.tidy(() => …), `using` or x.dispose(), compute without gradients in torch.noGrad(() => …), use smaller batches, " +
        "or let a synchronous loop await now and then, so that the garbage collector can find dead tensors.",
    );
  }
}
