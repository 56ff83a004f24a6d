/**
 * Threads. Jobs that are worth it go to a queue, of which all threads take (`queue.ts`), this one included: it goes on with the program while
 * others have enough to do, helps where too much is left, and waits where somebody reads what is still to be computed (`finish`). An
 * oversubscribed machine degrades to one thread instead of collapsing.
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
import type { Memory, WasmBlock } from "./memory";
import { Pace } from "./pace";
import { type Cut, JobQueue, MOST_CHUNKS_OF_A_JOB } from "./queue";
import { type ComputeSetup, Control, JOBS } from "./worker";

/** Memory that belongs to one thread while it runs a kernel. */
export const THREAD_SCRATCH = 4 << 20;
/** Chunks for each thread: the more, the less is waited for one whose core is slower, or lent to others; but a chunk is to be worth a claim (ns). */
const LEAST_CHUNKS = 2;
const MOST_CHUNKS = 8;
const CHUNK_COST = 10_000;
/** Below this cost a job is not worth sharing with threads that spin (ns). */
const SHARE_COST = 12_000;
/** Below this cost waking a sleeping thread costs more than it helps (ns). */
const WAKE_COST = 60_000;
/** Below this cost a job is not worth handing over while this thread goes on (ns). */
const HAND_COST = 3000;
/** And above this one it is not handed over: this thread could only wait for it. */
const MOST_HANDED = 2e6;
/** This thread goes on with the program if no more than this is left to do for others (ns): more than they do meanwhile. */
const MOST_LEFT = 300_000;
/** The same where there is nothing to help with, so that it could only wait. */
const MOST_LEFT_WAITING = 2e6;
/** Loads of the ticket before an idle thread goes to sleep. */
const SPINS = 20_000;
/** Looks at what others have finished before the caller leaves its core to them. */
const PATIENCE = 20_000;
/** How long the caller waits without a sign of the others before it gives them up (ms), and how often it looks at the time meanwhile. */
const MOST_SILENCE = 60_000;
/** How many times as long as estimated a job may take on a machine that is slow and busy. */
const SLOWEST = 100;
const LOOK_INTERVAL = 1000;
/** Chunks of elementwise kernels start at multiples of this, so that the same elements share a vector for any split. */
const ALIGNMENT = 64;
/** A job that is one chunk, whatever its range. */
const WHOLE: Cut = { chunks: 1, unit: 2 ** 31 - 1, units: 1 };

const workerSource = (loader: string): string =>
  `${loader}
receive((setup) => loader.computeThread(setup, loader.instantiateSync));
`;

export class Pool {
  private readonly i32: Int32Array;
  private readonly scratch: number;
  private readonly queue: JobQueue;
  /** Once started they stay: those that are not needed sleep. */
  private readonly workers: WorkerHandle[] = [];
  private readonly mayBlock = !isBrowserMain();
  private readonly mostThreads = mostThreads();
  private threads = 1;
  private readonly pace = new Pace();
  /** Whether jobs were queued since the queue was last seen empty and without errors. */
  private isPending = false;
  /** Whether every job is done when {@link run} returns: for whoever looks at memory without asking. */
  isImmediate = false;
  /** Memory that is looked at from outside, as long as its owners are in use. */
  private readonly exposed = new Set<WasmBlock>();
  private readonly owners = new WeakSet<object>();
  private readonly exposures = new FinalizationRegistry((block: WasmBlock) => this.exposed.delete(block));
  /** Whether nothing is computed before somebody asks for it, so that tests find those who read without asking. */
  private readonly isDeferred = environment("KINDLING_DEFER") === "1";
  /** Why there are no threads although there could be. */
  hint: string | undefined;
  /** Whether threads can be had: one that could not be started, or is lost, ends that. */
  private hasThreads = canShareMemory();

  constructor(
    private readonly kernels: Kernels,
    private readonly memory: Memory,
    private readonly mostSilence = MOST_SILENCE,
  ) {
    this.scratch = memory.workspace(THREAD_SCRATCH);
    this.queue = new JobQueue(memory, this.scratch, this.pace);
    this.i32 = this.queue.i32;
    this.useThreads(defaultThreads());
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

  /** Which of so many places the lists of the next call may take: no call that is still to be done has its own there. */
  get place(): number {
    return this.queue.next;
  }

  /** No more threads are started than the machine runs at a time. @throws ArgumentError unless `n` is an integer from 1 to 256. */
  setNumThreads(n: number): void {
    if (!Number.isInteger(n) || n < 1 || n > 256)
      throw new ArgumentError(`setNumThreads: takes an integer from 1 to 256, got ${describe(n)}`);
    this.finish();
    this.useThreads(n);
  }

  private useThreads(n: number): void {
    this.threads = this.hasThreads ? n : 1;
    Atomics.store(this.i32, Control.helpers, this.helpers);
  }

  /**
   * Runs `kernel(...args, [scratch,] begin, end)` over [0, range), on several threads if `cost` (ns on one thread) is worth it. It may return before
   * that is done, see {@link finish}. The list is used up.
   * @param grain What chunks begin at multiples of where the range is small.
   */
  run(kernel: Kernel, args: ArgumentList, range: number, cost: number, usesScratch: boolean, grain = 1): void {
    if (range <= 0) return;
    args.check(kernel, usesScratch ? 3 : 2);
    if (this.threads > 1 && cost >= SHARE_COST && range > grain)
      this.runLarge(kernel, args, range, cost, usesScratch, grain);
    else if (this.isHandedOver(cost)) this.add(kernel, args, range, cost, WHOLE, usesScratch);
    else this.runAlone(kernel, args, range, usesScratch);
  }

  private runLarge(
    kernel: Kernel,
    args: ArgumentList,
    range: number,
    cost: number,
    usesScratch: boolean,
    grain: number,
  ): void {
    if (this.workers.length < this.helpers) this.start();
    if (this.isDeferred || this.pace.mayShare(kernel.index, cost)) {
      if (this.isDeferred || !this.queue.isEmpty || this.hasHelp(cost))
        this.add(kernel, args, range, cost, this.cutOf(range, cost, grain), usesScratch);
      else this.runAlone(kernel, args, range, usesScratch);
      return;
    }
    this.finish();
    const start = now();
    this.runAlone(kernel, args, range, usesScratch);
    this.pace.alone(kernel.index, cost, nanoseconds(start));
  }

  /** Whether a job that is not cut is left to others: always if it must wait for those that are, but for a long one, which this thread would only wait for. */
  private isHandedOver(cost: number): boolean {
    if (this.isDeferred) return true;
    if (cost > MOST_HANDED) this.finish();
    if (!this.queue.isEmpty) return true;
    return cost <= MOST_HANDED && cost >= HAND_COST && this.threads > 1 && this.shares && this.awake > 0;
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

  private cutOf(range: number, cost: number, grain: number): Cut {
    const threads = 1 + this.helpers;
    const worth = Math.floor(cost / (threads * CHUNK_COST));
    const parts = Math.min(threads * Math.min(Math.max(worth, LEAST_CHUNKS), MOST_CHUNKS), MOST_CHUNKS_OF_A_JOB);
    const unit = range / parts < ALIGNMENT ? grain : ALIGNMENT;
    const units = Math.ceil(range / unit);
    return { chunks: Math.min(parts, units), unit, units };
  }

  private add(kernel: Kernel, args: ArgumentList, range: number, cost: number, cut: Cut, usesScratch: boolean): void {
    const { queue } = this;
    queue.add(kernel, args, range, cost, cut, usesScratch);
    this.isPending = true;
    if (this.isDeferred) while (!queue.hasRoom) this.runChunk();
    else {
      const { left } = queue;
      const missing = this.helpers - this.awake;
      if (missing > 0 && left >= WAKE_COST) Atomics.notify(this.i32, Control.added, missing);
      if (left > MOST_LEFT || !queue.hasRoom) this.help();
    }
    if (this.isImmediate || (this.exposed.size > 0 && this.mayTouchExposed(kernel, args))) this.finish();
  }

  /** Does chunks until others have no more to do than what they can be left with. */
  private help(): void {
    const { queue } = this;
    do {
      const { ticket } = queue;
      if (queue.runChunk(ticket)) continue;
      if (queue.left <= MOST_LEFT_WAITING && queue.hasRoom) return;
      this.wait(ticket);
    } while (queue.left > MOST_LEFT || !queue.hasRoom);
  }

  /**
   * Waits until all is done that was to be run, and helps with it. Everybody must do so before reading or writing memory that kernels know of, and
   * before telling another thread of it.
   * @throws KindlingError if a kernel failed, or a thread is silent for too long: it has died with a chunk.
   */
  finish(): void {
    if (!this.isPending) return;
    const { queue } = this;
    while (!queue.isEmpty) this.runChunk();
    this.isPending = false;
    const error = queue.takeError();
    if (error !== undefined) throw error;
  }

  /** From now on, as long as the owner of a block is in use, jobs that may touch the block are done when {@link run} returns. */
  expose(owner: object, block: WasmBlock): void {
    this.finish();
    if (this.owners.has(owner)) return;
    this.owners.add(owner);
    this.exposed.add(block);
    this.exposures.register(owner, block);
  }

  /** Whether exposed memory may be among the operands of a job. Those of kernels that are made while the program runs stand in memory. */
  private mayTouchExposed(kernel: Kernel, args: ArgumentList): boolean {
    if (kernel.code !== undefined) return true;
    for (const { address, bytes } of this.exposed) if (args.pointInto(address, address + bytes)) return true;
    return false;
  }

  /** Does a chunk, or waits for those that others have claimed. */
  private runChunk(): void {
    const { ticket } = this.queue;
    if (!this.queue.runChunk(ticket)) this.wait(ticket);
  }

  /**
   * Waits for the chunks of a job that others claimed. A thread that is late, because other programs have its core, may have this one.
   * @throws KindlingError if nothing is heard for much longer than the job takes.
   */
  private wait(ticket: number): void {
    if (this.queue.isEmpty) return;
    const { i32 } = this;
    const mostSilence = this.mostSilence + (SLOWEST * this.queue.costAtHand) / 1e6;
    const start = now();
    let silence = 0;
    for (let looks = 0; Atomics.load(i32, Control.ticket) === ticket; looks++) {
      if (looks >= PATIENCE) silence += this.pause(ticket);
      if (silence > mostSilence) this.giveUp();
    }
    this.queue.hasWaited(nanoseconds(start));
  }

  /** Leaves the core to others until the job at hand is done, or for a while. @returns Milliseconds of it in which the machine was awake. */
  private pause(ticket: number): number {
    const { i32 } = this;
    const start = now();
    if (this.mayBlock) {
      Atomics.store(i32, Control.waiting, 1);
      Atomics.wait(i32, Control.ticket, ticket, LOOK_INTERVAL);
      Atomics.store(i32, Control.waiting, 0);
    }
    return Math.min(now() - start, LOOK_INTERVAL);
  }

  /** A thread is lost with a chunk: no job is shared any more. */
  private giveUp(): never {
    this.doWithout();
    this.queue.abandon();
    this.queue.takeError();
    this.isPending = false;
    throw new KindlingError(
      "a compute thread has died or does not answer, so that the results of the last calls are incomplete; from now on there is one thread",
    );
  }

  /** Computes on one thread from now on. */
  private doWithout(): void {
    this.hasThreads = false;
    this.useThreads(1);
  }

  private start(): void {
    const source = workerSource(this.kernels.loader);
    while (this.workers.length < this.helpers) {
      const worker = startWorker(source, `kindling-${this.workers.length + 1}`, (error) => this.lose(error));
      if (worker === undefined) return;
      const setup: ComputeSetup = {
        module: this.kernels.module,
        memory: this.memory.memory,
        control: this.queue.control,
        scratch: this.memory.workspace(THREAD_SCRATCH),
        words: Control,
        jobs: JOBS,
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
