/** Commands on their way to the GPU: many dispatches are recorded and submitted together. */
import type { PooledBuffer } from "./buffers";
import { type Pipeline, type Pipelines, UNIFORM_ALIGNMENT } from "./pipelines";

/**
 * Dispatches of the first submit after somebody has waited. A submit costs the cpu as much as many dispatches, but the GPU idles until the first one:
 * projects that measured it submit every 15 to 32. Once the GPU has work, the next submit may be larger.
 */
const FIRST_DISPATCHES = 32;
const GROWTH = 4;
/** Dispatches of the largest submit. */
const MOST_DISPATCHES = 512;
/** Bytes of the buffers that wait for a submit to be used again. */
const MOST_WAITING_BYTES = 64 * 2 ** 20;
/** Bytes of a page of uniforms: one for each dispatch of a batch, and room for long ones. */
const PAGE_BYTES = 2 * MOST_DISPATCHES * UNIFORM_ALIGNMENT;

/** Uniforms of a batch, as the cpu has written them; the GPU gets them with the submit. */
interface Page {
  readonly buffer: PooledBuffer;
  readonly words: Uint32Array<ArrayBuffer>;
  used: number;
}

/** What was done so far, for tests and for the user. */
export interface CommandCounts {
  dispatches: number;
  submits: number;
  /** Bytes written to the GPU, uniforms not counted. */
  bytesWritten: number;
  /** Bytes copied back from the GPU. */
  bytesRead: number;
  /** How often values were asked back from the GPU. No op does: only {@link Tensor.cpu} and what is built on it. */
  reads: number;
}

/** The commands of one device, in order. */
export class Commands {
  readonly counts: CommandCounts = { dispatches: 0, submits: 0, bytesWritten: 0, bytesRead: 0, reads: 0 };
  /** The number of the batch that is being recorded. */
  private batch = 1;
  private encoder: GPUCommandEncoder | undefined;
  private pass: GPUComputePassEncoder | undefined;
  private recorded = 0;
  /** Dispatches that are submitted together. */
  private limit = FIRST_DISPATCHES;
  private page: Page | undefined;
  /** Buffers that were given back although the batch uses them. */
  private waiting: PooledBuffer[] = [];
  private waitingBytes = 0;

  /**
   * @param makePage A buffer for {@link PAGE_BYTES} of uniforms.
   * @param recycle Takes buffers that no command uses any more that is not submitted.
   */
  constructor(
    private readonly device: GPUDevice,
    private readonly pipelines: Pipelines,
    private readonly makePage: (bytes: number) => PooledBuffer,
    private readonly recycle: (buffers: readonly PooledBuffer[]) => void,
    /** Records what is not recorded yet, but announced by {@link announce}. */
    private readonly drain: () => void,
  ) {}

  /** Notes that a dispatch of this batch is going to use buffers. */
  announce(buffers: readonly PooledBuffer[]): void {
    for (const buffer of buffers) buffer.lastBatch = this.batch;
  }

  /**
   * Runs a kernel over `groups` workgroups, with `count` words of uniforms.
   * @param kernels How many kernels it was made of: submits come after the same ones, however many share a dispatch.
   */
  dispatch(
    pipeline: Pipeline,
    buffers: readonly PooledBuffer[],
    words: Uint32Array,
    count: number,
    groups: readonly [number, number, number],
    kernels = 1,
    timestampWrites?: GPUComputePassTimestampWrites,
  ): void {
    const bytes = Math.ceil((count * 4) / UNIFORM_ALIGNMENT) * UNIFORM_ALIGNMENT;
    const page = this.room(bytes);
    const offset = page.used;
    for (let i = 0, at = offset >> 2; i < count; i++) page.words[at + i] = words[i]!;
    page.used += bytes;
    const pass = this.open(timestampWrites);
    pass.setPipeline(pipeline.gpu);
    pass.setBindGroup(0, this.pipelines.group(pipeline.layout, page.buffer, bytes, buffers), [offset]);
    pass.dispatchWorkgroups(...groups);
    this.announce(buffers);
    this.counts.dispatches++;
    if (timestampWrites !== undefined) this.close();
    this.recorded += kernels;
    if (this.recorded < this.limit) return;
    this.flush();
    this.limit = Math.min(this.limit * GROWTH, MOST_DISPATCHES);
  }

  /** The page of this batch, with room for `bytes`. The next batch writes it anew: the queue keeps both in order. */
  private room(bytes: number): Page {
    // Buffers that were given back may be used by the dispatch at hand: they wait for the next submit.
    if (this.page !== undefined && this.page.used + bytes > PAGE_BYTES) this.submit();
    this.page ??= { buffer: this.makePage(PAGE_BYTES), words: new Uint32Array(PAGE_BYTES / 4), used: 0 };
    return this.page;
  }

  /** The pass that is recorded; one of its own for a dispatch whose times are taken. */
  private open(timestampWrites?: GPUComputePassTimestampWrites): GPUComputePassEncoder {
    this.encoder ??= this.device.createCommandEncoder();
    if (timestampWrites !== undefined) this.close();
    this.pass ??= this.encoder.beginComputePass(timestampWrites && { timestampWrites });
    return this.pass;
  }

  private close(): void {
    this.pass?.end();
    this.pass = undefined;
  }

  /** Copies bytes between two buffers; offsets and size are multiples of 4. */
  copy(target: PooledBuffer, targetOffset: number, source: PooledBuffer, sourceOffset: number, bytes: number): void {
    this.pass?.end();
    this.pass = undefined;
    this.encoder ??= this.device.createCommandEncoder();
    this.encoder.copyBufferToBuffer(source.gpu, sourceOffset, target.gpu, targetOffset, bytes);
    source.lastBatch = this.batch;
    target.lastBatch = this.batch;
  }

  /** Writes bytes; offset and size are multiples of 4. */
  write(target: PooledBuffer, offset: number, bytes: Uint8Array<ArrayBuffer>): void {
    // The queue writes before it runs what is submitted later: commands that use the buffer must be on their way.
    if (this.uses(target)) this.flush();
    this.device.queue.writeBuffer(target.gpu, offset, bytes);
    this.counts.bytesWritten += bytes.length;
  }

  private uses = (buffer: PooledBuffer): boolean => buffer.lastBatch === this.batch;

  /** Takes back a buffer: at once, or when the commands that use it are submitted. */
  release(buffer: PooledBuffer): void {
    if (!this.uses(buffer)) {
      this.recycle([buffer]);
      return;
    }
    this.waiting.push(buffer);
    this.waitingBytes += buffer.bytes;
    if (this.waitingBytes > MOST_WAITING_BYTES) this.flush();
  }

  /** Submits what was recorded, since somebody is about to wait for it. */
  flushForWait(): void {
    this.flush();
    this.limit = FIRST_DISPATCHES;
  }

  /** Submits what was recorded, and lets the buffers be used again that were given back since. */
  flush(): void {
    this.drain();
    this.submit();
    const { waiting } = this;
    this.waiting = [];
    this.waitingBytes = 0;
    if (waiting.length > 0) this.recycle(waiting);
  }

  private submit(): void {
    const { encoder, page } = this;
    if (encoder === undefined) return;
    this.pass?.end();
    if (page !== undefined && page.used > 0) {
      this.device.queue.writeBuffer(page.buffer.gpu, 0, page.words, 0, page.used >> 2);
      page.used = 0;
    }
    this.device.queue.submit([encoder.finish()]);
    this.counts.submits++;
    this.batch++;
    this.encoder = undefined;
    this.pass = undefined;
    this.recorded = 0;
  }
}
