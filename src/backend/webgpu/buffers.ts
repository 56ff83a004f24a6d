/** Buffers of the GPU, kept for the next block of their size, since making one costs more than a dispatch. */
import type { Block } from "../operand";

/** A range of GPU memory. Its buffer is made when it is first used. */
export class GpuBlock implements Block {
  freed = false;
  buffer: PooledBuffer | undefined;
  /** The device that the buffer belongs to. */
  owner: object | undefined;

  constructor(readonly bytes: number) {}
}

/** A buffer of the pool. */
export interface PooledBuffer {
  /** Bind groups are found by it; no two buffers ever have the same. */
  readonly id: number;
  readonly gpu: GPUBuffer;
  readonly bytes: number;
  /** The batch of commands that last used it. */
  lastBatch: number;
  /** The keys of cached bind groups that hold it. */
  readonly groups: Set<string>;
  /** The part that is bound, of a buffer that is larger than a binding. */
  readonly window?: { readonly offset: number; readonly size: number };
}

/** A part of a buffer that can be bound. */
class BufferWindow implements PooledBuffer {
  constructor(
    private readonly whole: PooledBuffer,
    readonly id: number,
    readonly window: { readonly offset: number; readonly size: number },
  ) {}

  get gpu(): GPUBuffer {
    return this.whole.gpu;
  }

  get bytes(): number {
    return this.window.size;
  }

  get groups(): Set<string> {
    return this.whole.groups;
  }

  get lastBatch(): number {
    return this.whole.lastBatch;
  }

  set lastBatch(batch: number) {
    this.whole.lastBatch = batch;
  }
}

/** The size of the smallest buffers. */
const LEAST_BYTES = 256;

/** The size of the buffers that hold `bytes`: four classes per doubling, so that at most a fifth is lost. */
export function classBytes(bytes: number): number {
  if (bytes <= LEAST_BYTES) return LEAST_BYTES;
  const step = 2 ** (Math.floor(Math.log2(bytes - 1)) - 2);
  return Math.ceil(bytes / step) * step;
}

/** How many bindings show a block. */
export const windowCount = (bytes: number, window: number): number => Math.max(1, Math.ceil(bytes / window));

/** The most bytes that wait in the pool to be used again. */
const MOST_FREE_BYTES = 512 * 2 ** 20;

/** The windows of buffers that are larger than a binding. */
const windows = new WeakMap<PooledBuffer, readonly PooledBuffer[]>();

/** Buffers that nothing uses, by size. */
export class BufferPool {
  private readonly free = new Map<number, PooledBuffer[]>();
  private nextId = 1;
  private freeBytes = 0;
  /** Bytes of all buffers that exist. */
  reserved = 0;
  /** How many buffers were made. */
  created = 0;

  /** @param onDestroy is told of each buffer that goes, before it does. */
  constructor(
    private readonly device: GPUDevice,
    private readonly usage: GPUBufferUsageFlags,
    /** Bytes of the largest buffer. */
    private readonly most: number,
    private readonly onDestroy: (buffer: PooledBuffer) => void,
    /** Is told of a buffer for which there was no memory, some time after it was asked for. */
    private readonly onOutOfMemory: (bytes: number) => void,
    /** Bytes of the largest binding. */
    private readonly window = most,
  ) {}

  /** How many bindings blocks take: one for each window. */
  bindingsOf(blocks: Iterable<GpuBlock>): number {
    let count = 0;
    for (const { bytes } of blocks) count += windowCount(bytes, this.window);
    return count;
  }

  /** The first `count` windows of a buffer; itself if it has one. */
  windowsOf(buffer: PooledBuffer, count: number): readonly PooledBuffer[] {
    if (count === 1) return [buffer];
    let all = windows.get(buffer);
    if (all === undefined) {
      const { window } = this;
      all = Array.from({ length: Math.ceil(buffer.bytes / window) }, (_, i) => {
        const offset = i * window;
        return new BufferWindow(buffer, this.nextId++, { offset, size: Math.min(window, buffer.bytes - offset) });
      });
      windows.set(buffer, all);
    }
    return all.slice(0, count);
  }

  /** A buffer of at least `bytes`, whose content is unspecified. */
  take(bytes: number): PooledBuffer {
    // What fits one binding gets a buffer that does.
    const size = Math.min(classBytes(bytes), bytes <= this.window ? this.window : this.most);
    const found = this.free.get(size)?.pop();
    if (found !== undefined) {
      this.freeBytes -= size;
      return found;
    }
    this.created++;
    this.reserved += size;
    this.device.pushErrorScope("out-of-memory");
    const gpu = this.device.createBuffer({ size, usage: this.usage });
    // A device that is lost meanwhile has no answer, and says so itself.
    const noAnswer = (): null => null;
    void this.device.popErrorScope().then((error) => {
      if (error !== null) this.onOutOfMemory(size);
    }, noAnswer);
    return { id: this.nextId++, gpu, bytes: size, lastBatch: 0, groups: new Set() };
  }

  /** Takes back a buffer that no unsubmitted command uses. */
  give(buffer: PooledBuffer): void {
    const list = this.free.get(buffer.bytes);
    if (list === undefined) this.free.set(buffer.bytes, [buffer]);
    else list.push(buffer);
    this.freeBytes += buffer.bytes;
  }

  /**
   * Takes buffers beyond a limit out of the pool, the largest first.
   * @returns Those that are to be destroyed once the GPU is done with them.
   */
  trim(most = MOST_FREE_BYTES): readonly PooledBuffer[] {
    if (this.freeBytes <= most) return [];
    const gone: PooledBuffer[] = [];
    for (const size of [...this.free.keys()].sort((a, b) => b - a)) {
      const list = this.free.get(size)!;
      while (list.length > 0 && this.freeBytes > most) {
        this.freeBytes -= size;
        gone.push(list.pop()!);
      }
    }
    return gone;
  }

  /** Ends buffers that {@link trim} gave, after a fence. */
  destroy(buffers: readonly PooledBuffer[]): void {
    for (const buffer of buffers) {
      this.onDestroy(buffer);
      this.reserved -= buffer.bytes;
      buffer.gpu.destroy();
    }
  }
}
