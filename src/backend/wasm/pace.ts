/**
 * Whether sharing work with threads pays. On a machine that is busy with other programs it may not: the caller waits for a thread that
 * has lost its core for a time slice, which is longer than most jobs, or threads that were woken come when everything is done and
 * then stand in the way. So the time that sharing wins and loses is measured, and after a loss work is done alone for many times
 * as long. All times are in nanoseconds.
 */

/** What sharing must have lost on the whole before work is done alone for a while. */
const TOLERANCE = 1e6;
/**
 * What it can have won at most, to set against that: a neighbor that takes a core for a time slice now and then is no reason to leave the core idle
 * between them, and a machine that has become busy is noticed after this much.
 */
const MOST_CREDIT = 30e6;
/** What it is trusted with at first. */
const FIRST_CREDIT = 10e6;
/** The most that one job counts as lost: a machine may have slept. */
const MOST_LOSS = 50e6;
/** Work that is done alone per ns lost: at first, and at most, after having been doubled each time. */
const SOLO_PER_LOSS = 16;
const MOST_SOLO_PER_LOSS = 512;
/** What sharing must win in a row before a loss counts as the first one again. */
const REDEEMED = 100e6;
/** How much of what was known of work done alone is kept when another job is done. */
const MEMORY = 0.9;
/**
 * Which jobs of a kernel are done alone to see how long that takes: those of these numbers, among them none of the first, which run code that is still to
 * be optimized, and from then on every so many: a prime, so that it meets all jobs of a step in turn.
 */
const FIRST_SAMPLES = [8, 16, 32, 64, 128, 256];
const SAMPLE_INTERVAL = 509;
/** What a job may cost that is done alone for that: a long one would be missed, and is judged by what the caller did of it. */
const MOST_SAMPLE_COST = 5e6;

/** Jobs of one kernel: among these, estimates of costs are less wrong than between kernels. */
interface Jobs {
  /** How many were there to be shared. */
  count: number;
  /** What the last ones that were done alone took, and what they were said to cost. */
  aloneTime: number;
  aloneCost: number;
}

export class Pace {
  /** What sharing has won, less what it has lost. */
  private balance = FIRST_CREDIT;
  private wonInARow = 0;
  private soloPerLoss = SOLO_PER_LOSS;
  /** The cost of the jobs that are still to be done alone. */
  private solo = 0;
  private readonly kernels = new Map<number, Jobs>();

  /** Whether jobs are shared at present, but for samples. */
  get shares(): boolean {
    return this.solo <= 0;
  }

  /** Whether the next job may be shared; it is about to be done. @param kernel The number of its kernel. */
  mayShare(kernel: number, cost: number): boolean {
    if (this.solo > 0) {
      this.solo -= cost;
      return this.solo <= 0;
    }
    const count = ++this.jobsOf(kernel).count;
    if (cost > MOST_SAMPLE_COST) return true;
    return count < SAMPLE_INTERVAL ? !FIRST_SAMPLES.includes(count) : count % SAMPLE_INTERVAL !== 0;
  }

  /** A job was done alone. A clock that is too coarse for it says nothing. */
  alone(kernel: number, cost: number, time: number): void {
    if (time <= 0) return;
    const jobs = this.jobsOf(kernel);
    jobs.aloneTime = jobs.aloneTime * MEMORY + time;
    jobs.aloneCost = jobs.aloneCost * MEMORY + cost;
  }

  /**
   * A job was shared.
   * @param own The part of it that the caller did.
   * @param worked How long that took.
   * @param waited How long the caller then waited for the others.
   */
  shared(kernel: number, cost: number, own: number, worked: number, waited: number): void {
    const won = own === 1 ? -worked / 2 : this.timeAlone(kernel, cost, own, worked) - worked - waited;
    this.balance = Math.min(this.balance + Math.max(won, -MOST_LOSS), MOST_CREDIT);
    this.wonInARow += won;
    if (this.wonInARow >= REDEEMED) this.soloPerLoss = SOLO_PER_LOSS;
    if (this.balance > -TOLERANCE) return;
    this.solo = -this.balance * this.soloPerLoss;
    this.soloPerLoss = Math.min(2 * this.soloPerLoss, MOST_SOLO_PER_LOSS);
    this.balance = 0;
    this.wonInARow = 0;
  }

  private jobsOf(kernel: number): Jobs {
    const known = this.kernels.get(kernel);
    if (known !== undefined) return known;
    const jobs = { count: 0, aloneTime: 0, aloneCost: 0 };
    this.kernels.set(kernel, jobs);
    return jobs;
  }

  /** What the job would have taken alone: as fast as the caller was, or as jobs done alone were if that is faster, since threads slow each other down. */
  private timeAlone(kernel: number, cost: number, own: number, worked: number): number {
    const { aloneTime, aloneCost } = this.jobsOf(kernel);
    const known = aloneCost > 0 ? (cost * aloneTime) / aloneCost : Number.POSITIVE_INFINITY;
    const measured = own > 0 && worked > 0 ? worked / own : Number.POSITIVE_INFINITY;
    const time = Math.min(known, measured);
    return time === Number.POSITIVE_INFINITY ? cost : time;
  }
}
