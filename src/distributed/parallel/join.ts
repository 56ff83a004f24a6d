/** Loops over different numbers of inputs: ranks that are done answer the collectives of the others. */
import { StateError } from "../../core/errors";
import type { JoinOptions } from "../../nn/parallel/options";
import type { ProcessGroup, ReduceOp } from "../group";
import { integers } from "./memory";

const isThenable = (x: unknown): x is PromiseLike<unknown> =>
  typeof x === "object" && x !== null && typeof (x as PromiseLike<unknown>).then === "function";

export class Joining {
  /** What gradients are divided by in the present step. */
  divisor: number;
  private isDone = false;

  constructor(
    private readonly group: ProcessGroup,
    private readonly options: Required<JoinOptions>,
  ) {
    this.divisor = group.size;
  }

  private agree(value: number, op: ReduceOp): number {
    const x = integers([value]);
    this.group.now((group) => group.allReduce(x, op, "join"));
    const result = x.item();
    x.dispose();
    return result;
  }

  /**
   * Begins a step with inputs.
   * @returns What gradients are divided by.
   * @throws StateError on every rank if one is done and that is an error.
   */
  beginStep(): number {
    this.step(1);
    return this.divisor;
  }

  /** @returns How many ranks have inputs. */
  private step(own: number): number {
    const count = this.agree(own, "sum");
    if (count > 0 && count < this.group.size && this.options.throwOnEarlyTermination)
      throw new StateError("join: Detected at least one rank that exhausted inputs. Throwing across all ranks.");
    if (!this.options.divideByInitialWorldSize && count > 0) this.divisor = count;
    return count;
  }

  /** The rank whose buffers count: the last one that has inputs. */
  root(): number {
    return this.agree(this.isDone ? -1 : this.group.rank, "max");
  }

  /** Tells the ranks that are done whether the coming backward is reduced. */
  saysWhetherReduced(isReduced: boolean): void {
    this.agree(isReduced ? 1 : 0, "max");
  }

  hearsWhetherReduced(): boolean {
    return this.agree(0, "max") === 1;
  }

  /**
   * @param answer Answers one step of the others.
   * @param conclude Gives every rank the state of one that was among the last.
   * @param release Runs in the end, in any case.
   */
  run<R>(body: () => R, answer: () => void, conclude: (root: number) => void, release: () => void): R {
    const finish = (): void => {
      this.isDone = true;
      let isLast = true;
      while (this.step(0) > 0) {
        answer();
        isLast = false;
      }
      conclude(this.agree(isLast ? this.group.rank : -1, "max"));
    };
    const guarded = <T>(part: () => T): T => {
      try {
        return part();
      } catch (error) {
        release();
        throw error;
      }
    };
    const result = guarded(body);
    if (isThenable(result)) return this.later(result, finish, release) as R;
    guarded(finish);
    release();
    return result;
  }

  private async later(result: PromiseLike<unknown>, finish: () => void, release: () => void): Promise<unknown> {
    try {
      const value = await result;
      finish();
      return value;
    } finally {
      release();
    }
  }
}
