/**
 * Whether sharing work with threads pays. On a machine that is busy with other programs it may not: the caller waits for a thread that
 * has lost its core for a time slice, which is longer than most jobs, or threads that were woken come when everything is done and
 * then stand in the way. So the time that sharing wins and loses is measured, and after a loss work is done alone for many times
 * as long. All times are in nanoseconds.
 */

/** What sharing must have lost on the whole before work is done alone for a while. */
const TOLERANCE = 1e6;
/** What it can have won at most, to set against that; and the most that one job counts as lost: a machine may have slept. */
const MOST_CREDIT = 2e6;
const MOST_LOSS = 50e6;
/** Work that is done alone per ns lost: at first, and at most, after having been doubled each time. */
const SOLO_PER_LOSS = 16;
const MOST_SOLO_PER_LOSS = 512;
/** What sharing must win in a row before a loss counts as the first one again. */
const REDEEMED = 100e6;
/** How much of what was known of work done alone is kept when another job is done. */
const MEMORY = 0.98;

export class Pace {
  /** What sharing has won, less what it has lost. */
  private balance = 0;
  private wonInARow = 0;
  private soloPerLoss = SOLO_PER_LOSS;
  /** The cost of the jobs that are still to be done alone. */
  private solo = 0;
  /** What the last jobs that were done alone took, and what they were said to cost. */
  private aloneTime = 0;
  private aloneCost = 0;

  /** Whether the next job may be shared; it is about to be done. */
  mayShare(cost: number): boolean {
    if (this.solo <= 0) return true;
    this.solo -= cost;
    return this.solo <= 0;
  }

  /** A job was done alone. */
  alone(cost: number, time: number): void {
    this.aloneTime = this.aloneTime * MEMORY + time;
    this.aloneCost = this.aloneCost * MEMORY + cost;
  }

  /**
   * A job was shared.
   * @param own The part of it that the caller did.
   * @param worked How long that took.
   * @param waited How long the caller then waited for the others.
   */
  shared(cost: number, own: number, worked: number, waited: number): void {
    const won = own === 1 ? -worked / 2 : this.timeAlone(cost, own, worked) - worked - waited;
    this.balance = Math.min(this.balance + Math.max(won, -MOST_LOSS), MOST_CREDIT);
    this.wonInARow += won;
    if (this.wonInARow >= REDEEMED) this.soloPerLoss = SOLO_PER_LOSS;
    if (this.balance > -TOLERANCE) return;
    this.solo = -this.balance * this.soloPerLoss;
    this.soloPerLoss = Math.min(2 * this.soloPerLoss, MOST_SOLO_PER_LOSS);
    this.balance = 0;
    this.wonInARow = 0;
  }

  /** What the job would have taken alone: as fast as the caller was, or as jobs done alone were if that is faster, since threads slow each other down. */
  private timeAlone(cost: number, own: number, worked: number): number {
    const known = this.aloneCost > 0 ? (cost * this.aloneTime) / this.aloneCost : Number.POSITIVE_INFINITY;
    const measured = own > 0 ? worked / own : Number.POSITIVE_INFINITY;
    const time = Math.min(known, measured);
    return time === Number.POSITIVE_INFINITY ? cost : time;
  }
}
