/**
 * One collective, from its start to its end. All that belongs to it is in its slot of the mailbox, so that the caller's thread and the thread that owns MPI can
 * carry it out, and the one go on where the other stopped. It travels as text to the latter.
 *
 * Before a collective moves data, its ranks compare what they are about to do: a hash of its text. Few ranks send each other their hashes, and in the same message
 * the data if they are few bytes; then each rank reduces them in the order of the ranks, which gives the same bits everywhere. Nothing is written unless the
 * hashes are the same.
 */
import type { Foreign } from "../../platform/foreign";
import type { Mpi } from "./calls";
import type { MailboxSetup, Members } from "./jobs";

/** What has become of a collective: it goes on, is over, or the ranks do not agree; or all of them do, and the rest is for others to do. */
export type Outcome = "goesOn" | "over" | "differs" | "agreed";

export interface Collectives {
  /** Starts the comparison. */
  begin(slot: number, members: Members): void;
  /** Goes on as far as it can. @returns Undefined if nothing has moved. */
  advance(slot: number, members: Members): Outcome | undefined;
  /** Whether data move in one of MPI's calls, and not around in a ring. */
  isPlain(slot: number): boolean;
}

/** @param base The address of the mailbox. @param memory The address of Kindling's memory. */
export function mpiCollectives(
  mpi: Mpi,
  foreign: Pick<Foreign, "copy">,
  setup: MailboxSetup,
  base: number,
  memory: number,
): Collectives {
  const { box, slotBytes, kinds, wireSizes, words, messages, messageBytes } = setup;
  const { Stage: S, Field: F, Layout: L } = words;
  /** Bytes from which on an all-reduce goes around in a ring: MPI's own, which does not block, is slow for much data in one implementation. */
  const RING = 1 << 18;
  /** Where data begin in a message. */
  const DATA = 16;
  const i32 = new Int32Array(box);
  const f64 = new Float64Array(box);

  const startOf = (slot: number): number => L.slots + slot * slotBytes;
  const word = (slot: number, at: number): number => startOf(slot) / 4 + at;
  const field = (slot: number, at: number): number => f64[startOf(slot) / 8 + L.fields + at]!;
  const kindOf = (slot: number): string => kinds[field(slot, F.kind)]!;
  const elementBytes = (slot: number): number => wireSizes[field(slot, F.type)]!;
  const request = (slot: number): number => base + startOf(slot) + L.requests;
  const header = (slot: number): number => startOf(slot) + L.header;
  /** The message of this rank; those of all ranks are behind it. */
  const own = (slot: number): number => startOf(slot) + messages;
  const theirs = (slot: number, rank: number): number => own(slot) + messageBytes * (1 + rank);
  const isExchanged = ({ size }: Members): boolean => size <= setup.exchangedRanks;

  const isPlain = (slot: number): boolean =>
    kindOf(slot) !== "allReduce" || elementBytes(slot) * field(slot, F.outputCount) < RING;

  /** How many elements a rank has to send, for the kinds whose data can travel with the hashes; the others need more than fits in any case. */
  const sent = (slot: number, size: number): number => {
    const [input, output] = [field(slot, F.inputCount), field(slot, F.outputCount)];
    const counts: Record<string, number> = {
      allReduce: output,
      reduce: output,
      broadcast: output,
      allGather: input,
      gather: input,
      scatter: output * size,
      reduceScatter: input,
    };
    return counts[kindOf(slot)] ?? Number.POSITIVE_INFINITY;
  };
  const isSmall = (slot: number, members: Members): boolean =>
    isExchanged(members) && sent(slot, members.size) * elementBytes(slot) <= messageBytes - DATA;

  /** Whether a rank has data for the others. */
  const sends = (slot: number, { rank }: Members): boolean => {
    const kind = kindOf(slot);
    return (kind !== "broadcast" && kind !== "scatter") || rank === field(slot, F.peer);
  };

  const fillMessage = (slot: number, members: Members): void => {
    const at = own(slot);
    i32[at / 4] = i32[word(slot, L.hash)]!;
    i32[at / 4 + 1] = i32[word(slot, L.hash + 1)]!;
    if (!isSmall(slot, members) || !sends(slot, members)) return;
    const hasInput = field(slot, F.inputCount) > 0;
    const from = field(slot, hasInput ? F.input : F.output);
    const bytes = sent(slot, members.size) * elementBytes(slot);
    if (bytes > 0) foreign.copy(base + at + DATA, memory + from, bytes);
  };

  const begin = (slot: number, members: Members): void => {
    i32[word(slot, L.stage)] = S.compares;
    const { handle } = members;
    if (isExchanged(members)) {
      fillMessage(slot, members);
      mpi.allGather(base + own(slot), base + theirs(slot, 0), messageBytes, handle, request(slot));
      return;
    }
    // The maximum of the hash and of its complement: they belong together only if the hash is the same everywhere.
    const at = header(slot) / 4;
    for (let k = 0; k < 2; k++) {
      const hash = i32[word(slot, L.hash + k)]!;
      i32[at + 2 * k] = hash;
      i32[at + 2 * k + 1] = ~hash;
    }
    const [type, max] = [mpi.types[setup.int32]!, mpi.ops[setup.max]!];
    mpi.allReduceInPlace(base + header(slot), 4, type, max, handle, request(slot));
  };

  const agrees = (slot: number, members: Members): boolean => {
    const at = header(slot) / 4;
    if (!isExchanged(members)) return i32[at] === ~i32[at + 1]! && i32[at + 2] === ~i32[at + 3]!;
    for (let rank = 0; rank < members.size; rank++)
      for (let k = 0; k < 2; k++) if (i32[theirs(slot, rank) / 4 + k] !== i32[word(slot, L.hash + k)]) return false;
    return true;
  };

  /** Takes the results out of the messages. */
  const unpack = (slot: number, { rank, size }: Members): void => {
    const [kind, peer] = [kindOf(slot), field(slot, F.peer)];
    const [n, bytes] = [field(slot, F.outputCount), elementBytes(slot)];
    const output = memory + field(slot, F.output);
    if (n === 0) return;
    const data = (from: number, at = 0): number => base + theirs(slot, from) + DATA + at;
    if (kind === "broadcast") {
      if (rank !== peer) foreign.copy(output, data(peer), n * bytes);
    } else if (kind === "scatter") foreign.copy(output, data(peer, rank * n * bytes), n * bytes);
    else if (kind === "allGather" || (kind === "gather" && rank === peer)) {
      const part = field(slot, F.inputCount) * bytes;
      for (let from = 0; from < size; from++) foreign.copy(output + from * part, data(from), part);
    } else if (kind !== "gather" && (kind !== "reduce" || rank === peer)) {
      const at = kind === "reduceScatter" ? rank * n * bytes : 0;
      const [type, op] = [mpi.types[field(slot, F.type)]!, mpi.ops[field(slot, F.op)]!];
      foreign.copy(output, data(0, at), n * bytes);
      for (let from = 1; from < size; from++) mpi.reduceLocal(data(from, at), output, n, type, op);
    }
  };

  const startMoving = (slot: number, { handle, rank, size }: Members): void => {
    const counts = base + startOf(slot) + L.counts;
    const list = 4 * mpi.size;
    mpi.start({
      kind: kindOf(slot),
      comm: handle,
      rank,
      size,
      type: mpi.types[field(slot, F.type)]!,
      op: mpi.ops[field(slot, F.op)] ?? 0,
      peer: field(slot, F.peer),
      tag: 0,
      input: memory + field(slot, F.input),
      inputCount: field(slot, F.inputCount),
      output: memory + field(slot, F.output),
      outputCount: field(slot, F.outputCount),
      counts: [counts, counts + list, counts + 2 * list, counts + 3 * list],
      request: request(slot),
    });
    i32[word(slot, L.stage)] = S.moves;
  };

  const advance = (slot: number, members: Members): Outcome | undefined => {
    if (!mpi.test(request(slot))) return undefined;
    const kind = kindOf(slot);
    if (i32[word(slot, L.stage)] === S.moves || (kind === "barrier" && agrees(slot, members))) return "over";
    if (!agrees(slot, members)) return "differs";
    if (isSmall(slot, members)) {
      unpack(slot, members);
      return "over";
    }
    if (kind === "newComm" || kind === "shrink" || (!isPlain(slot) && members.size > 1)) return "agreed";
    startMoving(slot, members);
    return "goesOn";
  };

  return { begin, advance, isPlain };
}
