/** What ranks tell each other beside the calls: that they leave, and what they are doing. It travels as text with the thread that runs it. */
import type { Mpi } from "./calls";

/** The other ranks. */
export interface Peers {
  readonly others: readonly number[];
  /** When each rank that has left said so. */
  readonly gone: ReadonlyMap<number, number>;
  /** Takes what has arrived. */
  listen(): void;
  /** What all other ranks are doing, as a sentence; those that are stopped or dead do not answer. Takes a second at most. */
  inquire(pause: () => void): string;
  /** Tells all ranks that this one leaves, and waits for them with a barrier. @returns The address of its request. */
  leave(): number;
}

/** @param comm A communicator of all ranks that nothing else uses. @param ownState What this rank is doing. */
export function mpiPeers(mpi: Mpi, address: (view: Uint8Array) => number, comm: number, ownState: () => string): Peers {
  const [LEAVES, ASKS, ANSWERS] = [1, 2, 3];
  const BYTES = 1024;
  const others = Array.from({ length: mpi.size }, (_, rank) => rank).filter((rank) => rank !== mpi.rank);
  const gone = new Map<number, number>();
  let answers: Map<number, string> | undefined;
  /** Memory that MPI uses for what is being sent, which has to stay. */
  const outgoing: SharedArrayBuffer[] = [];

  const tell = (rank: number, kind: number, text = ""): void => {
    const message = new SharedArrayBuffer(BYTES + 8);
    const bytes = new Uint8Array(message);
    const length = Math.min(text.length, BYTES - 16);
    new Int32Array(message).set([kind, mpi.rank, length]);
    for (let i = 0; i < length; i++) bytes[16 + i] = text.charCodeAt(i) & 127;
    outgoing.push(message);
    const place = address(bytes);
    mpi.send(place, BYTES, mpi.byte, rank, 0, comm, place + BYTES);
  };

  const incoming = new SharedArrayBuffer(BYTES + 8);
  const place = address(new Uint8Array(incoming));
  const listen = (): void => {
    while (mpi.probe(comm)) {
      mpi.receive(place, BYTES, mpi.byte, mpi.anySource, 0, comm, place + BYTES);
      while (!mpi.test(place + BYTES));
      const [kind, rank, length] = new Int32Array(incoming, 0, 3) as unknown as [number, number, number];
      const text = String.fromCharCode(...new Uint8Array(incoming).slice(16, 16 + length));
      if (kind === LEAVES) gone.set(rank, performance.now());
      else if (kind === ASKS) tell(rank, ANSWERS, ownState());
      else answers?.set(rank, text);
    }
  };

  const inquire = (pause: () => void): string => {
    answers = new Map();
    const present = others.filter((rank) => !gone.has(rank));
    for (const rank of present) tell(rank, ASKS);
    for (const start = performance.now(); performance.now() - start < 1000 && answers.size < present.length; pause())
      listen();
    const lines = others.map((rank) => {
      const state = answers!.get(rank) ?? (gone.has(rank) ? "has left" : "does not answer");
      return `rank ${rank} ${state}`;
    });
    answers = undefined;
    return lines.join("; ");
  };

  const leave = (): number => {
    for (const rank of others) tell(rank, LEAVES);
    const request = new SharedArrayBuffer(8);
    outgoing.push(request);
    const place = address(new Uint8Array(request));
    mpi.barrier(comm, place);
    return place;
  };

  return { others, gone, listen, inquire, leave };
}
