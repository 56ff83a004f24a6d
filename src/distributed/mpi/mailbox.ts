/** The memory through which a program hands calls to the thread that owns MPI: a few words of control, then a ring of slots. */
import type { CallKind, WireOp, WireType } from "../engine";

/** What a slot may ask for. */
export const kinds: readonly (CallKind | "newComm")[] = [
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
  rank: 7,
  size: 8,
} as const;

/** Values of `Control.state`. */
export const State = { starting: 0, ready: 1, failed: 2, closing: 3, closed: 4 } as const;
/** Values of `Control.command`. */
export const Command = { none: 0, close: 1, abort: 2, inquire: 3 } as const;
/** Values of a slot's state. */
export const Progress = { free: 0, posted: 1, done: 2, failed: 3, left: 4, disagreed: 5 } as const;

/** Places, in bytes: of control from the start, of a slot from its own start. */
export const Layout = {
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
} as const;

/** How many calls may be under way. */
export const SLOTS = 64;

/** The size of a slot: besides the rest it has four counts for each rank. */
export const slotBytes = (size: number): number => Math.ceil((Layout.counts + 16 * size) / 64) * 64;
