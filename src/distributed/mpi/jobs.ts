/** What the thread of MPI is given, and the calls that it keeps under way. */
import type { Command, Control, Field, Layout, Owner, Progress, Stage, State } from "./mailbox";
import type { Ring } from "./ring";

/** The mailbox, and its layout. */
export interface MailboxSetup {
  readonly box: SharedArrayBuffer;
  readonly slots: number;
  readonly slotBytes: number;
  /** Where the messages of a slot are, their length, and the most ranks that exchange them. */
  readonly messages: number;
  readonly messageBytes: number;
  readonly exchangedRanks: number;
  /** Kindling's memory, in which the arrays of calls lie. */
  readonly memory: ArrayBufferLike;
  readonly kinds: readonly string[];
  readonly wireSizes: readonly number[];
  readonly dtypes: readonly string[];
  readonly int32: number;
  readonly max: number;
  readonly words: {
    readonly Control: typeof Control;
    readonly Owner: typeof Owner;
    readonly Stage: typeof Stage;
    readonly State: typeof State;
    readonly Command: typeof Command;
    readonly Progress: typeof Progress;
    readonly Field: typeof Field;
    readonly Layout: typeof Layout;
  };
}

/** What a call on a communicator needs of it. */
export interface Members {
  readonly handle: number;
  readonly rank: number;
  readonly size: number;
}

/** A communicator, with the ranks in the world of its members. */
export interface Comm extends Members {
  readonly ranks: readonly number[];
  /** Collectives that have not started to move data: the first is compared, the others wait for their turn. */
  readonly queue: Job[];
  /** A copy of the communicator, for messages of rings; its tags count them. */
  readonly ringHandle: number;
  rings: number;
  /** Its ranks that are gone: nothing moves in it any more. */
  lost: readonly number[];
}

/** A call that is under way. */
export interface Job {
  readonly slot: number;
  readonly kind: string;
  readonly comm: Comm;
  /** What was started last. */
  stage: "waits" | "compares" | "moves" | "explains" | "fails" | "over";
  readonly since: number;
  /** Memory that MPI uses until the job is over. */
  scratch?: SharedArrayBuffer;
  /** The exchange that reduces much data. */
  ring?: Ring;
  /** How many elements were announced to a receiver. */
  count?: number;
  /** When MPI refused it, and why. */
  refused?: { readonly since: number; readonly why: string };
}
