/** What the kernels of this folder work with: an open device, its buffers, commands and caches, and what becomes of it. */
import { DeviceError, KindlingError, OutOfMemoryError } from "../../core/errors";
import type { Operand } from "../operand";
import { BufferPool, type GpuBlock, type PooledBuffer, windowCount } from "./buffers";
import { Commands } from "./commands";
import { cardOf } from "./kernels/products/cards";
import type { Card } from "./kernels/products/tilings";
import { Launches } from "./launches";
import { type Limits, limitsOf } from "./limits";
import { Pipelines } from "./pipelines";
import { GpuTimer } from "./timer";
import { type Epilogue, type Program, type Source, type View, WORKGROUP } from "./wgsl/program";

/** Work that waits to be joined with more of its kind. */
export interface Held {
  /** The memory that it uses. */
  readonly blocks: ReadonlySet<GpuBlock>;
  readonly run: () => void;
}

/** Values that wait to be computed until somebody looks. */
export interface Lazy {
  /** Writes the value that waits for a block, if any. */
  compute(block: GpuBlock): void;
  /** Computes what waits to be computed from the memory of a block, which is about to change. */
  protect(block: GpuBlock): void;
  /** Writes all values that somebody holds. */
  computeAll(): void;
  /** Notes that a block was given back. */
  released(block: GpuBlock): void;
  /** Whether values wait to be computed from a block. */
  isRead(block: GpuBlock): boolean;
  /** A view on the value that waits for the block of an operand, to be computed where it is read; undefined where memory is to be read. */
  inline(program: Program, x: Operand): View | undefined;
}

const NOTHING_WAITS: Lazy = {
  compute: () => {},
  protect: () => {},
  computeAll: () => {},
  released: () => {},
  isRead: () => false,
  inline: () => undefined,
};

/** An open WebGPU device. */
export class Gpu {
  readonly device = "webgpu";
  readonly limits: Limits;
  /** The op that is being computed, for errors. */
  op = "";
  readonly pipelines: Pipelines;
  readonly buffers: BufferPool;
  readonly commands: Commands;
  readonly timer: GpuTimer;
  /** Values that are not computed yet. */
  lazy: Lazy = NOTHING_WAITS;
  /** The tilings of the adapter. */
  card: Card;
  private readonly launches: Launches;
  /** The dispatch in the making. */
  private program: Program | undefined;
  private epilogue: Epilogue | undefined;
  /** Buffers that the cpu can read. */
  private readonly staging: BufferPool;
  /** Bytes of the largest buffer. */
  private readonly mostBytes: number;
  /** Bytes of the largest binding. */
  private readonly window: number;
  /** What went wrong since somebody was told. */
  private fault: KindlingError | undefined;
  /** Why the device is gone, if it is. */
  private lost: string | undefined;

  /** @param name How the adapter calls itself. */
  constructor(
    private readonly handle: GPUDevice,
    readonly name: string,
    /** Limits to keep below those of the device, for tests. */
    lowered: Partial<Limits> = {},
    /** Threads of a subgroup, 0 if kernels cannot use them. */
    readonly subgroup = 0,
  ) {
    const device = handle;
    const limits = limitsOf(handle, lowered);
    this.limits = limits;
    this.card = cardOf(name);
    this.pipelines = new Pipelines(device);
    // Sizes are multiples of 4. What is larger than a binding is bound by windows, which begin at multiples of 256.
    this.mostBytes = Math.floor(limits.maxBufferSize / 4) * 4;
    this.window = Math.floor(limits.maxStorageBufferBindingSize / 256) * 256;
    const forget = (buffer: PooledBuffer): void => this.pipelines.forget(buffer);
    const { STORAGE, UNIFORM, COPY_DST, COPY_SRC, MAP_READ } = GPUBufferUsage;
    const full = (bytes: number): void => this.fail(this.outOfMemory(bytes));
    this.buffers = new BufferPool(device, STORAGE | COPY_DST | COPY_SRC, this.mostBytes, forget, full, this.window);
    this.staging = new BufferPool(device, MAP_READ | COPY_DST, this.mostBytes, () => {}, full);
    const pages = new BufferPool(device, UNIFORM | COPY_DST, this.mostBytes, forget, full);
    const recycle = (buffers: readonly PooledBuffer[]): void => this.recycle(buffers);
    const drain = (): void => this.launches.drain();
    this.commands = new Commands(device, this.pipelines, (bytes) => pages.take(bytes), recycle, drain);
    this.timer = new GpuTimer(device, () => {
      this.settle();
      this.commands.flush();
    });
    this.launches = new Launches(this.pipelines, this.commands, this.timer, limits, this.window);
    device.addEventListener("uncapturederror", (event) => this.report(event.error));
    void device.lost.then(({ message, reason }) => {
      this.lost = `webgpu: the device was lost (${message || reason}); its tensors are gone: await torch.webgpu.restore(), then load the last checkpoint`;
    });
  }

  get isLost(): boolean {
    return this.lost !== undefined;
  }

  /** Waits a moment for the news of a loss, which may come after what it made fail. */
  private async hearOfLoss(): Promise<void> {
    await Promise.race([this.handle.lost, new Promise((resolve) => setTimeout(resolve, 100))]);
  }

  /** Ends the device, as a driver may at any time. */
  destroy(): void {
    this.handle.destroy();
  }

  private report(error: GPUError): void {
    if (this.fault !== undefined) return;
    this.fault =
      error instanceof GPUOutOfMemoryError
        ? new OutOfMemoryError(`webgpu: ${error.message}; ${this.inUse}`)
        : new KindlingError(`webgpu: ${error.message}; this is a defect of Kindling`);
  }

  private outOfMemory(bytes: number): OutOfMemoryError {
    return new OutOfMemoryError(
      `webgpu: the adapter has no memory for a buffer of ${bytes} bytes; ${this.inUse}; dispose tensors, or await torch.webgpu.emptyCache()`,
    );
  }

  private get inUse(): string {
    return `${this.buffers.reserved} bytes are in use or wait to be used again`;
  }

  /** @throws the error of the device that nobody was told of yet, which may come from an earlier call. */
  checkHealth(): void {
    // An error of its own each time, since callers add to its message.
    if (this.lost !== undefined) throw new DeviceError(this.lost);
    const { fault } = this;
    this.fault = undefined;
    if (fault !== undefined) throw fault;
  }

  private held: Held | undefined;
  /** What was held and runs now. */
  private running: Held | undefined;
  /** Blocks that were given back although work that is held uses them. */
  private outlived: GpuBlock[] = [];

  /** Lets work wait until anything else is recorded. */
  hold(work: Held): void {
    this.held = work;
  }

  /** Runs what is held. */
  settle(): void {
    const { held, op } = this;
    if (held === undefined) return;
    this.held = undefined;
    this.running = held;
    try {
      held.run();
    } finally {
      this.op = op;
      this.running = undefined;
      const { outlived } = this;
      this.outlived = [];
      for (const block of outlived) this.forget(block);
    }
  }

  /** Whether a block was given back, and no work that is held needs it. */
  isGone(block: GpuBlock): boolean {
    return block.freed && !this.held?.blocks.has(block) && !this.running?.blocks.has(block);
  }

  /** Runs what is held if it uses one of these blocks. */
  settleFor(blocks: readonly GpuBlock[]): void {
    const { held } = this;
    if (held !== undefined && blocks.some((block) => held.blocks.has(block))) this.settle();
  }

  /** A dispatch in the making, empty. */
  begin(): Program {
    this.settle();
    this.program = this.launches.program().begin(this.op, this.epilogue);
    return this.program;
  }

  /** Does something else while a dispatch is in the making. */
  aside(work: () => void): void {
    const { program } = this;
    work();
    this.program = program;
  }

  /** Runs a kernel whose results go through an epilogue. */
  withEpilogue(epilogue: Epilogue, run: () => void): void {
    this.epilogue = epilogue;
    try {
      run();
    } finally {
      this.epilogue = undefined;
    }
  }

  /** The buffer of a block. @throws DeviceError for one that was lost with an earlier device. */
  bufferOf(block: GpuBlock): PooledBuffer {
    this.claim(block);
    block.buffer ??= this.take(block.bytes);
    return block.buffer;
  }

  /** Makes a block one of this device, without memory as yet. @throws DeviceError as {@link bufferOf} does, OutOfMemoryError if it is too large. */
  claim(block: GpuBlock): void {
    if (block.owner !== undefined && block.owner !== this)
      throw new DeviceError(
        `${this.op}: the values of a tensor were lost with the device; load the last checkpoint with model.loadStateDict(state)`,
      );
    if (block.bytes > this.mostBytes)
      throw new OutOfMemoryError(
        `webgpu: ${block.bytes} bytes were asked for, but the adapter's largest buffer has ${this.mostBytes}; use smaller tensors`,
      );
    block.owner = this;
  }

  /** Lets a block that was lost with an earlier device have memory again, since all of it is about to be written. */
  revive(block: GpuBlock): void {
    if (block.owner === this) return;
    block.buffer = undefined;
    block.owner = undefined;
  }

  /** Gives a block back: at once, or when work that is held has used it. */
  release(block: GpuBlock): void {
    if (block.freed) return;
    block.freed = true;
    if (this.isGone(block)) this.forget(block);
    else this.outlived.push(block);
  }

  private forget(block: GpuBlock): void {
    this.lazy.released(block);
    this.reclaim(block);
  }

  /** Takes back the buffer of a block that was given back, unless something waits to use it. */
  reclaim(block: GpuBlock): void {
    if (!this.isGone(block) || this.lazy.isRead(block)) return;
    if (block.buffer !== undefined && block.owner === this) this.commands.release(block.buffer);
    block.buffer = undefined;
  }

  private take(bytes: number): PooledBuffer {
    this.checkHealth();
    return this.buffers.take(bytes);
  }

  private recycle(buffers: readonly PooledBuffer[]): void {
    for (const buffer of buffers) this.buffers.give(buffer);
    const gone = this.buffers.trim();
    if (gone.length > 0) void this.handle.queue.onSubmittedWorkDone().then(() => this.buffers.destroy(gone));
  }

  /**
   * Runs the kernel of a name and of the program's operands over `count` workgroups.
   * @param source gives the text, which must follow from the name and the operands alone
   */
  dispatch(name: string, count: number, source: () => Source, batches = 1): void {
    this.checkHealth();
    const program = this.program!;
    this.prepare(program);
    const buffers = program.blocks.flatMap((block) =>
      this.buffers.windowsOf(this.bufferOf(block), windowCount(block.bytes, this.window)),
    );
    const bindings = this.limits.maxStorageBuffersPerShaderStage;
    if (buffers.length > bindings)
      throw new DeviceError(
        `${this.op}: takes ${buffers.length} buffers of up to ${this.window} bytes, but the adapter binds only ${bindings} at a time; use smaller tensors`,
      );
    this.program = undefined;
    const key = `${name}|${program.signature}`;
    this.launches.add({ name, op: this.op, program, key, source, count, batches, buffers });
  }

  /** Has the values computed that a kernel reads, and those that are computed from what it writes. */
  private prepare(program: Program): void {
    for (const [binding, block] of program.blocks.entries()) {
      this.lazy.compute(block);
      if (program.isWritten(binding)) this.lazy.protect(block);
    }
  }

  /** {@link dispatch} of one invocation for each of `n`; the text sees its number as `index`, which may be `n` or more. */
  dispatchEach(name: string, n: number, source: () => Source): void {
    this.dispatch(name, Math.ceil(n / WORKGROUP), () => {
      const { declarations, body } = source();
      return {
        ...(declarations !== undefined && { declarations }),
        body: `let index = (group.y * groups.x + group.x) * ${WORKGROUP}u + local;\n${body}`,
      };
    });
  }

  /** Whether kernels that do not depend on one another may share a dispatch. */
  get isJoining(): boolean {
    return this.launches.isJoining;
  }

  set isJoining(on: boolean) {
    this.launches.isJoining = on;
  }

  /** Records what waits, so that {@link Commands.counts} are up to date. */
  recordAll(): void {
    this.settle();
    this.launches.drain();
  }

  /** Writes bytes into a block; offset and size are multiples of 4. */
  write(block: GpuBlock, offset: number, bytes: Uint8Array<ArrayBuffer>): void {
    this.settle();
    this.lazy.compute(block);
    this.lazy.protect(block);
    this.commands.write(this.bufferOf(block), offset, bytes);
  }

  /** Copies bytes of a block, at multiples of 4, to where they can be mapped; `bytes()` gives them once the commands were submitted and done. */
  stage(block: GpuBlock, begin: number, size: number): () => Promise<ArrayBuffer> {
    this.settle();
    this.lazy.compute(block);
    const staging = this.staging.take(size);
    this.launches.drain();
    this.commands.copy(staging, 0, this.bufferOf(block), begin, size);
    return async () => {
      try {
        await staging.gpu.mapAsync(GPUMapMode.READ, 0, size);
      } catch (error) {
        await this.hearOfLoss();
        this.checkHealth();
        throw new DeviceError(`webgpu: the device cannot be read (${(error as Error).message})`);
      }
      const copy = staging.gpu.getMappedRange(0, size).slice(0);
      staging.gpu.unmap();
      this.staging.give(staging);
      return copy;
    };
  }

  /** Bytes of a block, once all that is recorded was done. */
  async read(block: GpuBlock, offset: number, bytes: number): Promise<ArrayBuffer> {
    this.checkHealth();
    this.commands.counts.reads++;
    const begin = Math.floor(offset / 4) * 4;
    const wait = this.stage(block, begin, Math.ceil((offset + bytes - begin) / 4) * 4);
    const verdict = this.verdict();
    this.commands.flushForWait();
    const [copy] = await Promise.all([wait(), verdict?.()]);
    this.commands.counts.bytesRead += bytes;
    this.checkHealth();
    return copy.slice(offset - begin, offset - begin + bytes);
  }

  /** Asks for what checks of values have found since the last time; what it gives is called once the commands were submitted, and throws. */
  verdict: () => (() => Promise<void>) | undefined = () => undefined;

  /** Waits until all that was asked for is done. */
  async synchronize(): Promise<void> {
    this.settle();
    this.lazy.computeAll();
    const verdict = this.verdict();
    this.commands.flushForWait();
    await Promise.all([this.handle.queue.onSubmittedWorkDone(), verdict?.()]);
    this.checkHealth();
  }

  /** Lets the next call throw what was found while nobody waited. */
  fail(error: KindlingError): void {
    this.fault ??= error;
  }

  /** Destroys the buffers that wait to be used again. */
  async emptyCache(): Promise<void> {
    await this.synchronize();
    this.buffers.destroy(this.buffers.trim(0));
  }
}
