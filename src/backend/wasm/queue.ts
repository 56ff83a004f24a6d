/**
 * The jobs that threads share: a ring in shared memory. A job is a kernel over a range, cut into chunks. Who has time claims the next chunk of the
 * job at hand, and who finishes its last one opens the next job: so jobs are done one after the other, in the order in which they came, whoever
 * does them, and nobody waits for a thread that has claimed nothing: it may be asleep, late or not yet started.
 */
import { KindlingError } from "../../core/errors";
import { now } from "../../platform/platform";
import { ArgumentList } from "./argumentList";
import type { Kernel } from "./kernels";
import type { Memory } from "./memory";
import type { Pace } from "./pace";
import { Control, JOBS } from "./worker";

/** How a job is cut: chunks begin at multiples of `unit`, of which there are `units` in the range, the last one perhaps in part. */
export interface Cut {
  readonly chunks: number;
  readonly unit: number;
  readonly units: number;
}

/** The number of a job in a ticket, and how many of its chunks were claimed (see {@link Control}). */
const jobIn = (ticket: number): number => ticket >>> 16;
const claimedIn = (ticket: number): number => ((ticket >>> 8) & 0xff) + (ticket & 0xff);
/** The bits of the number of a job that stand in a ticket. */
const NUMBER = 0xffff;
/** As many chunks as no job has, claimed from the front. */
const CLOSED = 0xff;
/** The most chunks of a job. */
export const MOST_CHUNKS_OF_A_JOB = 250;

/** The side of the thread that all jobs come from. It does chunks as well. */
export class JobQueue {
  readonly control: number;
  readonly i32: Int32Array;
  private readonly f64: Float64Array;
  /** How many jobs were ever added, and how many of them are known to be done. Both wrap around. */
  private added = 0;
  private done = 0;
  /** What is known of the jobs in the ring: their kernels, their costs (ns), the chunks that this thread did, and how long they took (ns). */
  private readonly kernels: Kernel[] = [];
  private readonly costs = new Float64Array(JOBS);
  private readonly own = new Int32Array(JOBS);
  private readonly worked = new Float64Array(JOBS);
  /** The cost of all jobs that are not known to be done. */
  private cost = 0;
  /** How long this thread has waited for others since a job was last judged (ns). */
  private waited = 0;
  /** The arguments of the job at a place in the ring, or of none (−1). */
  private readonly args = new ArgumentList();
  private argsOf = -1;
  /** What a chunk threw that was done here. */
  private error: unknown;

  constructor(
    memory: Memory,
    private readonly scratch: number,
    private readonly pace: Pace,
  ) {
    const { jobs, job } = Control;
    const words = jobs + JOBS * job.size;
    this.control = memory.allocate(words * 4).address;
    this.i32 = memory.view("int32", this.control, words) as Int32Array;
    this.i32.fill(0);
    this.f64 = memory.view("float64", this.control, words / 2) as Float64Array;
  }

  /** The place in the ring of the job that is added next. Nobody looks there. */
  get next(): number {
    return this.added & (JOBS - 1);
  }

  /** Whether another job could be added, and one more after it. */
  get hasRoom(): boolean {
    return ((this.added - this.done) | 0) < JOBS - 1 || ((this.added - this.look()) | 0) < JOBS - 1;
  }

  /** Whether all jobs are done. */
  get isEmpty(): boolean {
    return this.done === this.added || this.look() === this.added;
  }

  /** The cost of what nobody has begun with (ns). */
  get left(): number {
    if (this.isEmpty) return 0;
    const place = this.done & (JOBS - 1);
    const claimed = claimedIn(this.ticket);
    const chunks = this.i32[this.wordsOf(place) + Control.job.chunks]!;
    return this.cost - this.costs[place]! * Math.min(claimed / chunks, 1);
  }

  /** The cost of the job at hand (ns). */
  get costAtHand(): number {
    return this.isEmpty ? 0 : this.costs[this.done & (JOBS - 1)]!;
  }

  private wordsOf(place: number): number {
    return Control.jobs + place * Control.job.size;
  }

  /** @param cost Nanoseconds on one thread. */
  add(kernel: Kernel, args: ArgumentList, range: number, cost: number, cut: Cut, usesScratch: boolean): void {
    const { i32 } = this;
    const { job } = Control;
    const place = this.next;
    const at = this.wordsOf(place);
    i32[at + job.kernel] = kernel.index;
    if (kernel.code !== undefined) {
      i32[at + job.code] = kernel.code.address;
      i32[at + job.codeBytes] = kernel.code.bytes;
    }
    i32[at + job.argumentCount] = args.length;
    i32[at + job.range] = range;
    i32[at + job.unit] = cut.unit;
    i32[at + job.units] = cut.units;
    i32[at + job.chunks] = cut.chunks;
    i32[at + job.usesScratch] = usesScratch ? 1 : 0;
    i32[at + job.finished] = 0;
    args.copyTo(this.f64, (at + job.arguments) / 2);
    this.kernels[place] = kernel;
    this.costs[place] = cost;
    this.own[place] = 0;
    this.worked[place] = 0;
    if (this.argsOf === place) this.argsOf = -1;
    this.cost += cost;
    this.added = (this.added + 1) | 0;
    Atomics.store(i32, Control.added, this.added);
  }

  /** Notes which jobs are done. @returns How many. */
  private look(): number {
    const current = jobIn(this.ticket);
    while (this.done !== this.added && (this.done & NUMBER) !== current) this.retire();
    return this.done;
  }

  private retire(): void {
    const place = this.done & (JOBS - 1);
    const chunks = this.i32[this.wordsOf(place) + Control.job.chunks]!;
    if (chunks > 1) {
      const part = this.own[place]! / chunks;
      this.pace.shared(this.kernels[place]!.index, this.costs[place]!, part, this.worked[place]!, this.waited);
      this.waited = 0;
    }
    this.done = (this.done + 1) | 0;
    this.cost = this.done === this.added ? 0 : this.cost - this.costs[place]!;
  }

  /** The job at hand and the next chunk of it; it stays the same while there is nothing to do but to wait for others. */
  get ticket(): number {
    return Atomics.load(this.i32, Control.ticket);
  }

  /** Claims and does the chunk that a ticket names. @returns Whether there is one; another thread may have been faster. */
  runChunk(ticket: number): boolean {
    const { i32 } = this;
    const job = jobIn(ticket);
    if (job === (this.added & NUMBER)) return false;
    const place = job & (JOBS - 1);
    const at = this.wordsOf(place);
    const chunk = ticket & 0xff;
    const chunks = i32[at + Control.job.chunks]!;
    if (claimedIn(ticket) >= chunks) return false;
    if (Atomics.compareExchange(i32, Control.ticket, ticket, ticket + 1) !== ticket) return true;
    const start = now();
    this.runPart(place, begins(i32, at, chunk), begins(i32, at, chunk + 1));
    this.own[place]!++;
    this.worked[place]! += (now() - start) * 1e6;
    // Who finishes the last chunk opens the next job.
    if (Atomics.add(i32, at + Control.job.finished, 1) + 1 === chunks)
      Atomics.store(i32, Control.ticket, (job + 1) << 16);
    return true;
  }

  private runPart(place: number, begin: number, end: number): void {
    if (this.argsOf !== place) {
      const at = this.wordsOf(place);
      this.args.copyFrom(this.f64, (at + Control.job.arguments) / 2, this.i32[at + Control.job.argumentCount]!);
      if (this.i32[at + Control.job.usesScratch]) this.args.push(this.scratch);
      this.argsOf = place;
    }
    try {
      this.args.callOn(this.kernels[place]!, begin, end);
    } catch (error) {
      this.error ??= error;
    }
  }

  /** Notes how long this thread has waited for others (ns). */
  hasWaited(time: number): void {
    this.waited += time;
  }

  /** What a chunk threw since this was last asked; undefined if all went well. */
  takeError(): unknown {
    const { error } = this;
    this.error = undefined;
    const hasFailed = Atomics.exchange(this.i32, Control.failed, 0) !== 0;
    if (error === undefined && hasFailed)
      return new KindlingError("a kernel failed on a compute thread; this is a defect of Kindling");
    return error;
  }

  /**
   * Does all that is left without the other threads. One of them is lost with a chunk of the job at hand, and may come back and write: from now on the
   * ring must stay as it is.
   */
  abandon(): void {
    const lost = this.look();
    Atomics.store(this.i32, Control.ticket, (lost << 16) | CLOSED);
    this.done = (lost + 1) | 0;
    for (; this.done !== this.added; this.done = (this.done + 1) | 0) {
      const place = this.done & (JOBS - 1);
      this.runPart(place, 0, this.i32[this.wordsOf(place) + Control.job.range]!);
    }
    this.cost = 0;
  }
}

/** Where a chunk of the job that is described at a word begins. */
const begins = (i32: Int32Array, at: number, chunk: number): number => {
  const { job } = Control;
  const units = Math.ceil((chunk * i32[at + job.units]!) / i32[at + job.chunks]!);
  return Math.min(i32[at + job.range]!, units * i32[at + job.unit]!);
};
