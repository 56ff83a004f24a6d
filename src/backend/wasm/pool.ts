/**
 * Threads. A job is a kernel over a range, cut into chunks that threads *claim* from a shared ticket; it is over when every chunk is
 * finished. So nobody waits for a thread that is late, asleep or not yet started, and an oversubscribed machine degrades to
 * one thread instead of collapsing.
 */
import { ArgumentError, describe, KindlingError } from "../../core/errors";
import { sharingHint, threadsHint } from "../../platform/context";
import {
  canShareMemory,
  environment,
  hardwareConcurrency,
  isBrowserMain,
  mostThreads,
  now,
  startWorker,
  type WorkerHandle,
} from "../../platform/platform";
import type { ArgumentList } from "./argumentList";
import type { Kernel, Kernels } from "./kernels";
import type { Memory } from "./memory";
import { Pace } from "./pace";
import { type ComputeSetup, Control } from "./worker";

/** Memory that belongs to one thread while it runs a kernel. */
export const THREAD_SCRATCH = 4 << 20;
/** Chunks for each thread: the more, the less is waited for one whose core is slower, or lent to others; but a chunk is to be worth a claim (ns). */
const LEAST_CHUNKS = 2;
const MOST_CHUNKS = 4;
const CHUNK_COST = 20_000;
/** Below this cost a job is not worth sharing with threads that spin (ns). */
const SHARE_COST = 12_000;
/** Below this cost waking a sleeping thread costs more than it helps (ns). */
const WAKE_COST = 60_000;
/** Loads of the ticket before an idle thread goes to sleep. */
const SPINS = 20_000;
/** Looks at what others have finished before the caller leaves its core to them. */
const PATIENCE = 20_000;
/** How long the caller waits without a sign of the others before it gives them up (ms), and how often it looks at the time meanwhile. */
const MOST_SILENCE = 60_000;
const LOOK_INTERVAL = 1000;
/** Chunks of elementwise kernels start at multiples of this, so that the same elements share a vector for any split. */
const ALIGNMENT = 64;
const CLOSED = 0xffff;

const workerSource = (loader: string): string =>
  `${loader}
receive((setup) => loader.computeThread(setup, loader.instantiateSync));
`;

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
  private readonly pace = new Pace();
  /** Why there are no threads although there could be. */
  hint: string | undefined;
  /** Whether threads can be had: one that could not be started, or is lost, ends that. */
  private hasThreads = canShareMemory();

  constructor(
    private readonly kernels: Kernels,
    private readonly memory: Memory,
    private readonly mostSilence = MOST_SILENCE,
  ) {
    this.control = memory.allocate(1024).address;
    this.scratch = memory.workspace(THREAD_SCRATCH);
    this.i32 = memory.view("int32", this.control, 256) as Int32Array;
    this.i32.fill(0);
    this.f64 = memory.view("float64", this.control + Control.arguments * 4, 64) as Float64Array;
    this.setNumThreads(defaultThreads());
    if (!this.hasThreads) console.info(sharingHint());
  }

  get numThreads(): number {
    return this.threads;
  }

  /** Threads that have started, the caller's included. */
  get running(): number {
    return Math.min(this.threads, 1 + Atomics.load(this.i32, Control.started));
  }

  /** Whether jobs that are worth it are shared at present. */
  get shares(): boolean {
    return this.running > 1 && this.pace.shares;
  }

  /** No more threads are started than the machine runs at a time. @throws ArgumentError unless `n` is an integer from 1 to 256. */
  setNumThreads(n: number): void {
    if (!Number.isInteger(n) || n < 1 || n > 256)
      throw new ArgumentError(`setNumThreads: takes an integer from 1 to 256, got ${describe(n)}`);
    this.threads = this.hasThreads ? n : 1;
    Atomics.store(this.i32, Control.helpers, this.helpers);
  }

  /**
   * Runs `kernel(...args, [scratch,] begin, end)` over [0, range), on several threads if `cost` (ns on one thread) is worth it. The list is
   * used up.
   */
  run(kernel: Kernel, args: ArgumentList, range: number, cost: number, usesScratch: boolean): void {
    if (range <= 0) return;
    args.check(kernel, usesScratch ? 3 : 2);
    const isLarge = this.threads > 1 && cost >= SHARE_COST && range > 1;
    if (isLarge && this.workers.length < this.helpers) this.start();
    if (isLarge && this.pace.mayShare(kernel.index, cost)) {
      if (this.hasHelp(cost)) this.runShared(kernel, args, range, cost, usesScratch);
      else this.runAlone(kernel, args, range, usesScratch);
      return;
    }
    const start = isLarge ? now() : 0;
    this.runAlone(kernel, args, range, usesScratch);
    if (isLarge) this.pace.alone(kernel.index, cost, nanoseconds(start));
  }

  private runAlone(kernel: Kernel, args: ArgumentList, range: number, usesScratch: boolean): void {
    if (usesScratch) args.push(this.scratch);
    args.callOn(kernel, 0, range);
  }

  /** Whether a thread is there to help, or worth waking. */
  private hasHelp(cost: number): boolean {
    if (Atomics.load(this.i32, Control.started) === 0) return false;
    return cost >= WAKE_COST ? this.helpers > 0 : this.awake > 0;
  }

  /** Threads that help the caller: more than cores would only take turns. */
  private get helpers(): number {
    return Math.min(this.threads, this.mostThreads) - 1;
  }

  /** Threads that look out for work. */
  private get awake(): number {
    return Atomics.load(this.i32, Control.started) - Atomics.load(this.i32, Control.sleepers);
  }

  private runShared(kernel: Kernel, args: ArgumentList, range: number, cost: number, usesScratch: boolean): void {
    const { i32 } = this;
    const threads = 1 + this.helpers;
    const worth = Math.floor(cost / (threads * CHUNK_COST));
    const parts = threads * Math.min(Math.max(worth, LEAST_CHUNKS), MOST_CHUNKS);
    const unit = range / parts < ALIGNMENT ? 1 : ALIGNMENT;
    const units = Math.ceil(range / unit);
    i32[Control.kernel] = kernel.index;
    if (kernel.code !== undefined) {
      i32[Control.code] = kernel.code.address;
      i32[Control.codeBytes] = kernel.code.bytes;
    }
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
    const start = now();
    const own = this.work(kernel, args);
    const worked = nanoseconds(start);
    const waits = now();
    this.wait();
    this.pace.shared(kernel.index, cost, own, worked, nanoseconds(waits));
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
   * @throws KindlingError if a thread is silent for too long: it has died with a chunk.
   */
  private wait(): void {
    const { i32 } = this;
    const chunks = i32[Control.chunks]!;
    let silence = 0;
    for (let looks = 0, before = 0; ; looks++) {
      const finished = Atomics.load(i32, Control.finished);
      if (finished >= chunks) return;
      if (looks < PATIENCE) continue;
      silence = finished === before ? silence + this.pause(finished) : 0;
      before = finished;
      if (silence > this.mostSilence) this.giveUp();
    }
  }

  /** Leaves the core to others until something is finished, or for a while. @returns Milliseconds of it in which the machine was awake. */
  private pause(finished: number): number {
    const { i32 } = this;
    const start = now();
    if (this.mayBlock) {
      Atomics.store(i32, Control.waiting, 1);
      Atomics.wait(i32, Control.finished, finished, LOOK_INTERVAL);
      Atomics.store(i32, Control.waiting, 0);
    }
    return Math.min(now() - start, LOOK_INTERVAL);
  }

  /** A thread that is lost with a chunk may come back and write, so the description of its job must stay as it is: no job is shared any more. */
  private giveUp(): never {
    Atomics.store(this.i32, Control.ticket, (this.epoch << 16) | CLOSED);
    this.error = undefined;
    this.doWithout();
    throw new KindlingError(
      "a compute thread has died or does not answer, so that the results of this call are incomplete; from now on there is one thread",
    );
  }

  /** Computes on one thread from now on. */
  private doWithout(): void {
    this.hasThreads = false;
    this.setNumThreads(1);
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
    const source = workerSource(this.kernels.loader);
    while (this.workers.length < this.helpers) {
      const worker = startWorker(source, `kindling-${this.workers.length + 1}`, (error) => this.lose(error));
      if (worker === undefined) return;
      const setup: ComputeSetup = {
        module: this.kernels.module,
        memory: this.memory.memory,
        control: this.control,
        scratch: this.memory.workspace(THREAD_SCRATCH),
        words: Control,
        spins: SPINS,
      };
      worker.onError((error) => this.lose(error));
      worker.post(setup);
      this.workers.push(worker);
    }
  }

  /** A thread could not start, or has ended. One that claimed nothing keeps nobody waiting. */
  private lose(error: Error): void {
    if (!this.hasThreads) return;
    this.doWithout();
    this.hint = threadsHint(error);
    console.info(this.hint);
  }
}

const nanoseconds = (start: number): number => (now() - start) * 1e6;

function defaultThreads(): number {
  const asked = Number(environment("KINDLING_THREADS"));
  return Number.isInteger(asked) && asked > 0 ? asked : Math.min(hardwareConcurrency(), 16);
}
