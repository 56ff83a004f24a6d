/** Communication that goes on while the program does something else. */
import { checkNumber } from "../core/arguments";
import { ValueError } from "../core/errors";
import type { Ticket } from "./engine";

/** Casts, divides and copies results to where they belong. */
export type Finish = () => void;

/**
 * A collective that was started with `asyncOp: true`. The tensors that take part must not be read or written until {@link wait} returns.
 * @see torch.distributed.Work
 * @example
 * const work = dist.allReduce(gradient, { asyncOp: true });
 * computeSomethingElse();
 * work.wait();
 */
export class Work {
  private failure: Error | undefined;
  private isFinished = false;

  /** @internal */
  constructor(
    private readonly ticket: Ticket,
    private readonly timeout: number,
    /** Runs once, after success. */
    private readonly finish: Finish,
    /** Runs once, in any case. */
    private readonly release: () => void,
    private readonly sources: readonly number[],
  ) {}

  /**
   * Waits until the results are in the tensors.
   * @param timeout Seconds; as long as the group says if it is left out.
   * @throws DistBackendError if the collective failed or took too long.
   * @see torch.distributed.Work.wait
   */
  wait(timeout?: number): true {
    if (this.failure !== undefined) throw this.failure;
    if (this.isFinished) return true;
    this.settle(timeout === undefined ? this.timeout : checkTimeout("Work.wait", timeout));
    return true;
  }

  private settle(timeout: number): void {
    try {
      this.ticket.wait(timeout);
      this.isFinished = true;
      this.finish();
    } catch (error) {
      this.isFinished = true;
      this.failure = error as Error;
      throw error;
    } finally {
      if (!this.ticket.isAbandoned) this.release();
    }
  }

  /** Whether the collective is over, with success or not; `wait()` will not block. */
  isCompleted(): boolean {
    return this.isFinished || this.ticket.isDone();
  }

  /** Whether the collective is over without an error. */
  isSuccess(): boolean {
    return this.isCompleted() && this.exception() === null;
  }

  /** The error that ended the collective, or null. */
  exception(): Error | null {
    if (!this.isFinished && this.ticket.isDone()) {
      try {
        this.wait();
      } catch {
        // It is kept.
      }
    }
    return this.failure ?? null;
  }

  /** The rank in the world that sent what a finished `irecv` received; −1 before. */
  sourceRank(): number {
    return this.isFinished ? (this.sources[this.ticket.source] ?? -1) : -1;
  }
}

/** Milliseconds. @throws ArgumentError, ValueError unless `seconds` is a positive number. */
export function checkTimeout(op: string, seconds: unknown): number {
  const value = checkNumber(op, "timeout", seconds as number);
  if (!(value > 0)) throw new ValueError(`${op}: timeout must be a number of seconds above 0, got ${value}`);
  return value * 1000;
}
