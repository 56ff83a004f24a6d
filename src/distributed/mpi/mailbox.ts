/**
 * The memory through which a program hands calls to the thread that owns MPI: a few words of control, then a ring of slots. A call that both can carry out has
 * all that belongs to it in its slot, so that one can go on where the other stopped.
 */
import type { CallKind, WireOp, WireType } from "../engine";

/** What a slot may ask for. */
export type SlotKind = CallKind | "newComm" | "shrink";
export const kinds: readonly SlotKind[] = [
  "barrier",
  "allReduce",
  "broadcast",
  "reduce",
  "allGather",
  "gather",
  "scatter",
  "reduceScatter",
  "allToAll",
  "send",
  "recv",
  "newComm",
  "shrink",
];
export const wireTypes: readonly WireType[] = ["float32", "float64", "int64", "int32", "int16", "int8", "uint8"];
export const wireOps: readonly WireOp[] = ["sum", "product", "min", "max", "band", "bor", "bxor"];
/** Bytes of an element of each of {@link wireTypes}. */
export const wireSizes: readonly number[] = [4, 8, 8, 4, 2, 1, 1];

/** Words of control, as int32. */
export const Control = {
  /** How many calls were posted, and how often the thread was rung. */
  posted: 0,
  bell: 1,
  state: 2,
  command: 3,
  /** The exit code, for the command `abort`. */
  code: 4,
  /** Raised when a command is carried out. */
  answered: 5,
  textLength: 6,
  /** How many of the calls that were posted are over. */
  over: 7,
  /** Who may call MPI at the moment: a value of {@link Owner}. */
  owner: 8,
  /** 1 + the slot of the call that ended last. */
  last: 9,
} as const;

/** Values of `Control.owner`. */
export const Owner = { nobody: 0, thread: 1, caller: 2 } as const;
/** Values of a slot's stage: what was started last, or that MPI has refused it. */
export const Stage = { waits: 0, compares: 1, moves: 2, fails: 3 } as const;

/** Values of `Control.state`; `cut`: the process ends without MPI, which others cannot wait for. */
export const State = { starting: 0, ready: 1, failed: 2, closing: 3, closed: 4, cut: 5 } as const;
/** Values of `Control.command`. */
export const Command = { none: 0, close: 1, abort: 2, inquire: 3 } as const;
/** Values of a slot's state. */
export const Progress = { free: 0, posted: 1, done: 2, failed: 3, left: 4, disagreed: 5, lost: 6 } as const;

/** Places, in bytes: of control from the start, of a slot from its own start. */
export const Layout = {
  /** Of control, float64 from the start: the handle of the communicator of all ranks, and when a call ended last (ms since 1970). */
  world: 8,
  lastTime: 9,
  /** Text of control. */
  text: 256,
  textBytes: 16384,
  /** Where MPI writes single values. */
  scratch: 256 + 16384,
  /** The start of the slots. */
  slots: 256 + 16384 + 256,
  // Of a slot, int32 from its start:
  state: 0,
  result: 1,
  textLength: 2,
  errorLength: 3,
  hash: 4,
  stage: 6,
  /** How many calls came before the one in the slot. It is written before the state, and read after it. */
  call: 7,
  // Of a slot, float64 from its start:
  fields: 4,
  // Of a slot, bytes from its start:
  header: 128,
  requests: 192,
  callText: 256,
  callTextBytes: 512,
  error: 768,
  errorBytes: 2048,
  counts: 768 + 2048,
} as const;

/** Fields of a slot, as float64 from `Layout.fields`. */
export const Field = {
  kind: 0,
  comm: 1,
  type: 2,
  op: 3,
  peer: 4,
  tag: 5,
  input: 6,
  inputCount: 7,
  output: 8,
  outputCount: 9,
  /** The position in the list of all dtypes. */
  dtype: 10,
  /** The handle of the communicator, for a call that the caller's thread carries out. */
  handle: 11,
} as const;

/** The most ranks that tell each other the hashes of their calls, together with few bytes of data; more of them reduce the hashes. */
export const EXCHANGED_RANKS = 16;
/** What a rank tells the others: two hashes, and data from byte 16 on. */
export const MESSAGE_BYTES = 512;

/** How many calls may be under way. */
export const SLOTS = 64;

const roundUp = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** Where the messages of a slot are, from its start: that of this rank, then those of all ranks. Besides the rest, a slot has four counts for each rank. */
export const messagesStart = (size: number): number => roundUp(Layout.counts + 16 * size);

/** The size of a slot. */
export const slotBytes = (size: number): number =>
  messagesStart(size) + MESSAGE_BYTES * (1 + Math.min(size, EXCHANGED_RANKS));
