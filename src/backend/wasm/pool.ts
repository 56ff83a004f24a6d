/**
 * Threads. A job is a kernel over a range, cut into chunks that threads *claim* from a shared ticket; it is over when every chunk is
 * finished. So nobody waits for a thread that is late, asleep or not yet started, and an oversubscribed machine degrades to
 * one thread instead of collapsing.
 */
import { ArgumentError, KindlingError } from "../../core/errors";
import {
  canShareMemory,
  environment,
  hardwareConcurrency,
  isolationHint,
  startWorker,
  type WorkerHandle,
} from "../../platform/platform";
import type { Kernel, Kernels } from "./kernels";
import type { Memory } from "./memory";
import { type ComputeSetup, Control, computeThread } from "./worker";

/** Memory that belongs to one thread while it runs a kernel. */
const SCRATCH_BYTES = 4 << 20;
const CHUNKS_PER_THREAD = 2;
/** Below this cost a job is not worth sharing with threads that spin (ns). */
const SHARE_COST = 12_000;
/** Below this cost waking a sleeping thread costs more than it helps (ns). */
const WAKE_COST = 60_000;
const SPINS = 20_000;
/** Chunks of elementwise kernels start at multiples of this, so that the same elements share a vector for any split. */
const ALIGNMENT = 64;
const CLOSED = 0xffff;

const workerSource = (): string =>
  // Build tools that keep function names wrap functions in a helper of this name.
  `const __name = (target) => target;\nconst computeThread = ${computeThread.toString()};\nreceive(computeThread);\n`;

export class Pool {
  private readonly i32: Int32Array;
  private readonly f64: Float64Array;
  private readonly scratch: number;
  private readonly control: number;
  private workers: WorkerHandle[] = [];
  private threads: number;
  private epoch = 0;

  constructor(
    private readonly kernels: Kernels,
    private readonly memory: Memory,
  ) {
    this.control = memory.allocate(1024).address;
    this.scratch = memory.allocate(SCRATCH_BYTES).address;
    this.i32 = memory.view("int32", this.control, 256) as Int32Array;
    this.i32.fill(0);
    this.f64 = memory.view("float64", this.control + Control.arguments * 4, 64) as Float64Array;
    this.threads = canShareMemory() ? defaultThreads() : 1;
    if (!canShareMemory()) console.info(isolationHint);
  }

  get numThreads(): number {
    return this.threads;
  }

  /** Threads that have started, the caller's included. */
  get running(): number {
    return 1 + Atomics.load(this.i32, Control.started);
  }

  /** @throws ArgumentError unless `n` is an integer from 1 to 256. */
  setNumThreads(n: number): void {
    if (!Number.isInteger(n) || n < 1 || n > 256)
      throw new ArgumentError(`setNumThreads: takes an integer from 1 to 256, got ${n}`);
    if (n === this.threads) return;
    this.stop();
    this.threads = canShareMemory() ? n : 1;
  }

  /** Runs `kernel(...args, [scratch,] begin, end)` over [0, range), on several threads if `cost` (ns on one thread) is worth it. */
  run(kernel: Kernel, args: number[], range: number, cost: number, usesScratch: boolean): void {
    if (range <= 0) return;
    if (this.threads === 1 || cost < SHARE_COST || range === 1) this.runAlone(kernel, args, range, usesScratch);
    else this.runShared(kernel, args, range, cost, usesScratch);
  }

  private runAlone(kernel: Kernel, args: number[], range: number, usesScratch: boolean): void {
    if (usesScratch) args.push(this.scratch);
    args.push(0, range);
    kernel.run(...args);
  }

  private runShared(kernel: Kernel, args: number[], range: number, cost: number, usesScratch: boolean): void {
    if (this.workers.length < this.threads - 1) this.start();
    const { i32 } = this;
    const size = chunkSize(range, this.threads * CHUNKS_PER_THREAD);
    const chunks = Math.ceil(range / size);
    i32[Control.kernel] = kernel.index;
    i32[Control.argumentCount] = args.length;
    i32[Control.range] = range;
    i32[Control.chunkSize] = size;
    i32[Control.usesScratch] = usesScratch ? 1 : 0;
    this.f64.set(args);
    Atomics.store(i32, Control.finished, 0);
    Atomics.store(i32, Control.chunks, chunks);
    this.epoch = (this.epoch + 1) & 0x7fff;
    const first = this.epoch << 16;
    Atomics.store(i32, Control.ticket, first);
    if (cost >= WAKE_COST && Atomics.load(i32, Control.sleepers) > 0) Atomics.notify(i32, Control.ticket, chunks - 1);
    if (usesScratch) args.push(this.scratch);
    this.work(kernel, args, range, size, chunks);
    this.close();
  }

  /** Claims chunks until none are left, then waits for those that others claimed. */
  private work(kernel: Kernel, args: number[], range: number, size: number, chunks: number): void {
    const { i32 } = this;
    for (;;) {
      const ticket = Atomics.load(i32, Control.ticket);
      const chunk = ticket & 0xffff;
      if (chunk >= chunks) break;
      if (Atomics.compareExchange(i32, Control.ticket, ticket, ticket + 1) !== ticket) continue;
      kernel.run(...args, chunk * size, Math.min(chunk * size + size, range));
      Atomics.add(i32, Control.finished, 1);
    }
    while (Atomics.load(i32, Control.finished) < chunks);
  }

  /** No thread can claim a chunk with a ticket of this job once its description is overwritten by the next. */
  private close(): void {
    Atomics.store(this.i32, Control.ticket, (this.epoch << 16) | CLOSED);
    if (this.i32[Control.failed] === 0) return;
    this.i32[Control.failed] = 0;
    throw new KindlingError("a kernel failed on a compute thread; this is a defect of Kindling");
  }

  private start(): void {
    Atomics.store(this.i32, Control.ticket, (this.epoch << 16) | CLOSED);
    const source = workerSource();
    while (this.workers.length < this.threads - 1) {
      const worker = startWorker(source, `kindling-${this.workers.length + 1}`);
      if (worker === undefined) {
        this.threads = 1;
        return;
      }
      const setup: ComputeSetup = {
        module: this.kernels.module,
        memory: this.memory.memory,
        control: this.control,
        scratch: this.memory.allocate(SCRATCH_BYTES).address,
        words: Control,
        spins: SPINS,
      };
      // A thread that cannot start claims nothing, so the others carry on without it.
      worker.onError(() => {});
      worker.post(setup);
      this.workers.push(worker);
    }
  }

  private stop(): void {
    for (const worker of this.workers) worker.terminate();
    this.workers = [];
    Atomics.store(this.i32, Control.started, 0);
    Atomics.store(this.i32, Control.sleepers, 0);
  }
}

function defaultThreads(): number {
  const asked = Number(environment("KINDLING_THREADS"));
  return Number.isInteger(asked) && asked > 0 ? asked : Math.min(hardwareConcurrency(), 16);
}

/** A chunk size that divides the range into at most `parts`, aligned if the range is long. */
function chunkSize(range: number, parts: number): number {
  const size = Math.ceil(range / parts);
  return size < ALIGNMENT ? size : Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}
