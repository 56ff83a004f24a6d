/** What carries data between the processes of a job: MPI, a group of one, or what a test puts in its place. */
import type { DType, TypedArray } from "../core/dtype";
import { KindlingError } from "../core/errors";

/** A failure of what connects the processes: a rank that is gone or does not answer, or ranks that do not agree. @see torch.distributed.DistBackendError */
export class DistBackendError extends KindlingError {}

/**
 * Ranks are gone, with their processes or machines, and the others may go on without them: this is what all calls of a group with such a rank end with, those
 * under way and all later ones, until {@link shrinkGroup} has made a group of the ranks that are left. Where MPI has no fault tolerance, or was not started with
 * it, the launcher ends all ranks instead.
 * @example
 * if (error instanceof dist.RankLostError) console.log(`going on without ${error.ranks}`);
 */
export class RankLostError extends DistBackendError {
  constructor(
    message: string,
    /** The ranks in the world that this process knows to be lost. */
    readonly ranks: readonly number[],
  ) {
    super(message);
  }
}

/** The kinds of calls. All but `send` and `recv` are collectives, which every rank of the communicator has to make in the same order. */
export type CallKind =
  | "barrier"
  | "allReduce"
  | "broadcast"
  | "reduce"
  | "allGather"
  | "gather"
  | "scatter"
  | "reduceScatter"
  | "allToAll"
  | "send"
  | "recv";

/** Element types that engines reduce. Other dtypes are cast to one of these, or moved as integers of the same size. */
export type WireType = "float32" | "float64" | "int64" | "int32" | "int16" | "int8" | "uint8";

/** Reductions of engines, elementwise over the ranks. */
export type WireOp = "sum" | "product" | "min" | "max" | "band" | "bor" | "bxor";

/**
 * One call. The arrays are views on Kindling's shared memory, contiguous, and stay in place until the call is done.
 *
 * | kind | `input` | `output` |
 * | --- | --- | --- |
 * | allReduce | – | n elements, reduced in place |
 * | broadcast | – | n elements, sent by the root, written elsewhere |
 * | reduce | – | n elements; reduced in place at the root, unchanged elsewhere |
 * | allGather | n elements | n × size elements, by rank |
 * | gather | n elements | n × size elements at the root, absent elsewhere |
 * | scatter | n × size elements at the root, absent elsewhere | n elements |
 * | reduceScatter | n × size elements | n elements |
 * | allToAll | any | any; `inputCounts` and `outputCounts` say how many elements go to and come from each rank |
 * | send | n elements | – |
 * | recv | – | n elements |
 */
export interface Call {
  readonly kind: CallKind;
  /** The communicator: 0 is the world, others come from {@link Engine.newComm}. */
  readonly comm: number;
  readonly type: WireType;
  readonly input?: TypedArray | undefined;
  readonly output?: TypedArray | undefined;
  /** For reductions. */
  readonly op?: WireOp | undefined;
  /** The root, the receiver or the sender, as a rank in the communicator; −1 receives from any. */
  readonly peer?: number | undefined;
  readonly tag?: number | undefined;
  /** Of messages: what sender and receiver have to agree on. */
  readonly dtype?: DType | undefined;
  readonly inputCounts?: readonly number[] | undefined;
  readonly outputCounts?: readonly number[] | undefined;
  /** Whether the caller does nothing else until the call is over. */
  readonly isAwaited?: boolean | undefined;
  /** What all ranks of a collective have to agree on, as errors write it: `allReduce(float32 [3, 4], op: "sum")`. */
  readonly text: string;
}

/** A call that was started. */
export interface Ticket {
  /** Whether it is over, with success or not. */
  isDone(): boolean;
  /**
   * Waits until it is over. Does nothing the second time.
   * @throws DistBackendError if the call failed, or is not over after `timeout` milliseconds.
   */
  wait(timeout: number): void;
  /** Whether the call has failed in a way that leaves its memory in use. */
  readonly isAbandoned?: boolean;
  /** The sender, as a rank in the communicator, once a `recv` is over. */
  readonly source: number;
}

/** What {@link Engine.shrink} gives. */
export interface Shrunk {
  /** The number of the communicator; −1 where this process is left out, unless it is the world. */
  readonly comm: number;
  /** The ranks that are in it, as they were counted before. */
  readonly ranks: readonly number[];
}

/** One per process. */
export interface Engine {
  readonly name: "mpi" | "self";
  /** The rank of this process in the world; −1 once it is left out of it. */
  readonly rank: number;
  readonly worldSize: number;
  /** Starts a call. Calls on one communicator are carried out in the order in which they are started. */
  start(call: Call): Ticket;
  /**
   * Makes a communicator of some ranks of the world, in the order given. Every rank of the world calls it.
   * @returns Its number; −1 where this process is not one of them.
   */
  newComm(ranks: readonly number[], timeout: number): number;
  /**
   * Makes a communicator of the ranks of another that are still there, in their order, but for those of `without`. All ranks of it that are there call this.
   * Of communicator 0, the world, it makes the world: its ranks are counted anew, and all other communicators are gone.
   */
  shrink(comm: number, without: readonly number[], timeout: number): Shrunk;
  /** Gives a communicator back. */
  freeComm(comm: number): void;
  /** Leaves the job once all ranks do. */
  close(timeout: number): void;
}
