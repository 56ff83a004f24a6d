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
  isBrowserMain,
  isolationHint,
  mostThreads,
  startWorker,
  type WorkerHandle,
} from "../../platform/platform";
import type { ArgumentList } from "./argumentList";
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
/** Loads of the ticket before an idle thread goes to sleep. */
const SPINS = 20_000;
/** Looks at what others have finished before the caller leaves its core to them. */
const PATIENCE = 20_000;
/** What sharing must have lost on the whole before work is done alone for a while (ns); the most that counts as won or lost. */
const TOLERANCE = 1e6;
const MOST_COUNTED = 2e6;
/** Work that is done alone per ns lost: at first, and at most, after having been doubled each time. */
const SOLO_PER_LOSS = 16;
const MOST_SOLO_PER_LOSS = 512;
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
  /** Once started they stay: those that are not needed sleep. */
  private readonly workers: WorkerHandle[] = [];
  private readonly mayBlock = !isBrowserMain();
  private readonly mostThreads = mostThreads();
  private threads = 1;
  /** What the caller's own part of the job at hand threw. */
  private error: unknown;
  private epoch = 0;
  /** What waiting for late threads has cost more than sharing has won, and the cost of the jobs that are done alone for that (ns). */
  private loss = 0;
  private solo = 0;
  private soloPerLoss = SOLO_PER_LOSS;

  constructor(
    private readonly kernels: Kernels,
    private readonly memory: Memory,
  ) {
    this.control = memory.allocate(1024).address;
    this.scratch = memory.workspace(SCRATCH_BYTES);
    this.i32 = memory.view("int32", this.control, 256) as Int32Array;
    this.i32.fill(0);
    this.f64 = memory.view("float64", this.control + Control.arguments * 4, 64) as Float64Array;
    this.setNumThreads(defaultThreads());
    if (!canShareMemory()) console.info(isolationHint);
  }

  get numThreads(): number {
    return this.threads;
  }

  /** Threads that have started, the caller's included. */
  get running(): number {
    return Math.min(this.threads, 1 + Atomics.load(this.i32, Control.started));
  }

  /** @throws ArgumentError unless `n` is an integer from 1 to 256. */
  setNumThreads(n: number): void {
    if (!Number.isInteger(n) || n < 1 || n > 256)
      throw new ArgumentError(`setNumThreads: takes an integer from 1 to 256, got ${n}`);
    this.threads = canShareMemory() ? n : 1;
    Atomics.store(this.i32, Control.helpers, this.helpers);
  }

  /**
   * Runs `kernel(...args, [scratch,] begin, end)` over [0, range), on several threads if `cost` (ns on one thread) is worth it. The list is
   * used up.
   */
  run(kernel: Kernel, args: ArgumentList, range: number, cost: number, usesScratch: boolean): void {
    if (range <= 0) return;
    if (this.threads > 1 && cost >= SHARE_COST && range > 1 && this.hasHelp(cost)) {
      this.runShared(kernel, args, range, cost, usesScratch);
      return;
    }
    if (usesScratch) args.push(this.scratch);
    args.callOn(kernel, 0, range);
  }

  /** Whether a thread is there to help, or worth waking. */
  private hasHelp(cost: number): boolean {
    if (this.workers.length < this.threads - 1) this.start();
    this.solo -= cost;
    if (this.solo > 0 || Atomics.load(this.i32, Control.started) === 0) return false;
    return cost >= WAKE_COST ? this.helpers > 0 : this.awake > 0;
  }

  /** Threads that may help the caller at a time: more than cores would only take turns. */
  private get helpers(): number {
    return Math.min(this.threads, this.mostThreads) - 1;
  }

  /** Threads that look out for work. */
  private get awake(): number {
    return Atomics.load(this.i32, Control.started) - Atomics.load(this.i32, Control.sleepers);
  }

  private runShared(kernel: Kernel, args: ArgumentList, range: number, cost: number, usesScratch: boolean): void {
    const { i32 } = this;
    const parts = (1 + this.helpers) * CHUNKS_PER_THREAD;
    const unit = range / parts < ALIGNMENT ? 1 : ALIGNMENT;
    const units = Math.ceil(range / unit);
    i32[Control.kernel] = kernel.index;
    i32[Control.argumentCount] = args.length;
    i32[Control.range] = range;
    i32[Control.unit] = unit;
    i32[Control.units] = units;
    i32[Control.usesScratch] = usesScratch ? 1 : 0;
    args.copyTo(this.f64);
    Atomics.store(i32, Control.finished, 0);
    Atomics.store(i32, Control.chunks, Math.min(parts, units));
    this.epoch = (this.epoch + 1) & 0x7fff;
    Atomics.store(i32, Control.ticket, this.epoch << 16);
    const missing = this.helpers - this.awake;
    if (missing > 0 && cost >= WAKE_COST) Atomics.notify(i32, Control.ticket, missing);
    if (usesScratch) args.push(this.scratch);
    const own = this.work(kernel, args);
    this.judge(cost, own, this.wait());
    this.close();
  }

  /** Claims chunks until none are left, also after an error, since others may be at work on theirs. @returns The part of the job that the caller did. */
  private work(kernel: Kernel, args: ArgumentList): number {
    const { i32 } = this;
    const chunks = i32[Control.chunks]!;
    const range = i32[Control.range]!;
    const unit = i32[Control.unit]!;
    const units = i32[Control.units]!;
    const begins = (chunk: number) => Math.min(range, Math.ceil((chunk * units) / chunks) * unit);
    for (let own = 0; ; ) {
      const ticket = Atomics.load(i32, Control.ticket);
      const chunk = ticket & 0xffff;
      if (chunk >= chunks) return own / chunks;
      if (Atomics.compareExchange(i32, Control.ticket, ticket, ticket + 1) !== ticket) continue;
      try {
        args.callOn(kernel, begins(chunk), begins(chunk + 1));
      } catch (error) {
        this.error ??= error;
      }
      Atomics.add(i32, Control.finished, 1);
      own++;
    }
  }

  /**
   * Waits for the chunks that others claimed. A thread that is late, because other programs have its core, may have this one.
   * @returns For how many ns, 0 if they came soon.
   */
  private wait(): number {
    const { i32 } = this;
    const chunks = i32[Control.chunks]!;
    let start = 0;
    for (let looks = 0; ; looks++) {
      const finished = Atomics.load(i32, Control.finished);
      if (finished >= chunks) return start && (performance.now() - start) * 1e6;
      if (looks < PATIENCE) continue;
      start ||= performance.now();
      if (!this.mayBlock) continue;
      Atomics.store(i32, Control.waiting, 1);
      Atomics.wait(i32, Control.finished, finished);
      Atomics.store(i32, Control.waiting, 0);
    }
  }

  /**
   * On a machine that is busy with other programs small jobs may lose more than they win: by waiting, or because threads that
   * were woken come when everything is done, and then stand in the way.
   */
  private judge(cost: number, own: number, waited: number): void {
    const won = own === 1 ? -cost / 2 : cost * (1 - own);
    this.loss = Math.min(Math.max(this.loss + waited - won, -MOST_COUNTED), MOST_COUNTED);
    if (this.loss === -MOST_COUNTED) this.soloPerLoss = SOLO_PER_LOSS;
    if (this.loss < TOLERANCE) return;
    this.solo = this.loss * this.soloPerLoss;
    this.soloPerLoss = Math.min(2 * this.soloPerLoss, MOST_SOLO_PER_LOSS);
    this.loss = 0;
  }

  /** No thread can claim a chunk with a ticket of this job once its description is overwritten by the next. */
  private close(): void {
    Atomics.store(this.i32, Control.ticket, (this.epoch << 16) | CLOSED);
    const { error } = this;
    const failed = Atomics.exchange(this.i32, Control.failed, 0) !== 0;
    this.error = undefined;
    if (error !== undefined) throw error;
    if (failed) throw new KindlingError("a kernel failed on a compute thread; this is a defect of Kindling");
  }

  private start(): void {
    Atomics.store(this.i32, Control.ticket, (this.epoch << 16) | CLOSED);
    const source = workerSource();
    while (this.workers.length < this.threads - 1) {
      const worker = startWorker(source, `kindling-${this.workers.length + 1}`);
      if (worker === undefined) {
        this.setNumThreads(1);
        return;
      }
      const setup: ComputeSetup = {
        module: this.kernels.module,
        memory: this.memory.memory,
        control: this.control,
        scratch: this.memory.workspace(SCRATCH_BYTES),
        words: Control,
        spins: SPINS,
      };
      // A thread that cannot start claims nothing, so the others carry on without it.
      worker.onError(() => {});
      worker.post(setup);
      this.workers.push(worker);
    }
  }
}

function defaultThreads(): number {
  const asked = Number(environment("KINDLING_THREADS"));
  return Number.isInteger(asked) && asked > 0 ? asked : Math.min(hardwareConcurrency(), 16);
}
