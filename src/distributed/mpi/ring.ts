/**
 * An all-reduce of much data, as messages between neighbors: every rank reduces a part of the array on its way around, then the parts go around
 * once more. Each part is reduced in one place, so all ranks get the same bits. It travels as text with the thread that runs it.
 */
import type { Mpi } from "./calls";

/** What is reduced, and by whom. */
export interface RingSetup {
  readonly comm: number;
  readonly rank: number;
  readonly size: number;
  readonly tag: number;
  readonly address: number;
  readonly count: number;
  /** Of an element. */
  readonly bytes: number;
  readonly type: number;
  readonly op: number;
}

/** An exchange that goes on as far as it can whenever it is asked to. */
export interface Ring {
  /** What MPI reads and writes, which has to stay for as long as the ring. */
  readonly memory: SharedArrayBuffer;
  /** @returns Whether something has moved. */
  advance(): boolean;
  isOver(): boolean;
}

/** Starts the exchange. @param spare The memory of a ring that is over: pages that are touched for the first time cost more than the sums. */
export function ringAllReduce(
  mpi: Mpi,
  address: (view: Uint8Array) => number,
  setup: RingSetup,
  spare?: SharedArrayBuffer,
): Ring {
  const { comm, rank, size, tag, count, bytes, type, op } = setup;
  /** Parts go in pieces that fit into a cache, some of which are under way at a time. */
  const PIECE = Math.floor((1 << 18) / bytes);
  const WINDOW = 8;
  const right = (rank + 1) % size;
  const left = (rank + size - 1) % size;
  const partStart = (part: number): number => Math.floor((part * count) / size);
  const partOf = (k: number): number => ((k % size) + size) % size;

  const memory = spare ?? new SharedArrayBuffer(WINDOW * PIECE * bytes + 16 * WINDOW + 8);
  const scratch = address(new Uint8Array(memory));
  const requests = scratch + WINDOW * PIECE * bytes;
  const buffer = (k: number): number => scratch + (k % WINDOW) * PIECE * bytes;
  const receiveRequest = (k: number): number => requests + 8 * (k % WINDOW);
  const sendRequest = (k: number): number => requests + 8 * (WINDOW + (k % WINDOW));

  /** The first size − 1 steps reduce, the others hand on. */
  const steps = 2 * (size - 1);
  let step = 0;
  let [sent, sendsDone, posted, received] = [0, 0, 0, 0];

  /** Of a step: the parts that are sent and received. */
  const sends = (s: number): number => partOf(s < size - 1 ? rank - s : rank + 1 - (s - size + 1));
  const receives = (s: number): number => partOf(sends(s) - 1);
  const length = (part: number): number => partStart(part + 1) - partStart(part);
  const pieces = (part: number): number => Math.ceil(length(part) / PIECE);
  const place = (part: number, k: number): number => setup.address + (partStart(part) + k * PIECE) * bytes;
  const pieceLength = (part: number, k: number): number => Math.min(PIECE, length(part) - k * PIECE);

  const advance = (): boolean => {
    if (step === steps) return false;
    const [out, own] = [sends(step), receives(step)];
    const [toSend, toReceive] = [pieces(out), pieces(own)];
    const isReducing = step < size - 1;
    let hasMoved = false;
    for (; posted < toReceive && posted < received + WINDOW; posted++) {
      const to = isReducing ? buffer(posted) : place(own, posted);
      mpi.receive(to, pieceLength(own, posted), type, left, tag, comm, receiveRequest(posted));
      hasMoved = true;
    }
    for (; sent < toSend && sent < sendsDone + WINDOW; sent++) {
      mpi.send(place(out, sent), pieceLength(out, sent), type, right, tag, comm, sendRequest(sent));
      hasMoved = true;
    }
    if (received < posted && mpi.test(receiveRequest(received))) {
      if (isReducing) mpi.reduceLocal(buffer(received), place(own, received), pieceLength(own, received), type, op);
      received++;
      hasMoved = true;
    }
    if (sendsDone < sent && mpi.test(sendRequest(sendsDone))) {
      sendsDone++;
      hasMoved = true;
    }
    if (received === toReceive && sendsDone === toSend) {
      step++;
      [sent, sendsDone, posted, received] = [0, 0, 0, 0];
    }
    return hasMoved;
  };
  return { memory, advance, isOver: () => step === steps };
}
