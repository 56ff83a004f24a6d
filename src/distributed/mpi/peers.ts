/** What ranks tell each other beside the calls: that they leave, and what they are doing. It travels as text with the thread that runs it. */
import type { Mpi } from "./calls";
import type { Members } from "./jobs";

/** The other ranks, as this one knows them. They are numbered as in the communicator. */
export interface Peers {
  /** When each rank that has left said so. */
  readonly gone: ReadonlyMap<number, number>;
  /** Takes what has arrived. */
  listen(): void;
  /** What all other ranks are doing, as a sentence; those that are stopped or dead do not answer. Takes a second at most. */
  inquire(pause: () => void): string;
  /**
   * Tells all ranks that this one leaves. What it returns is called until it says that MPI may be finalized: all ranks have arrived, nothing is under way
   * between any two of them, and all know that. A rank whose last message is still under way may wait in MPI_Finalize for ever.
   */
  leave(): () => boolean;
}

/**
 * @param members Of a communicator that nothing else uses. @param nameOf The number of a rank in the world; −1 for one that was left out.
 * @param ownState What this rank is doing.
 */
export function mpiPeers(
  mpi: Mpi,
  address: (view: Uint8Array) => number,
  { handle: comm, rank: own, size }: Members,
  nameOf: (rank: number) => number,
  ownState: () => string,
): Peers {
  const [LEAVES, ASKS, ANSWERS] = [1, 2, 3];
  const BYTES = 1024;
  const others = Array.from({ length: size }, (_, rank) => rank).filter((rank) => rank !== own);
  const gone = new Map<number, number>();
  let answers: Map<number, string> | undefined;
  /** What is being sent: MPI uses the memory, which has to stay, and has put its request behind the message. */
  let outgoing: { readonly message: SharedArrayBuffer; readonly request: number }[] = [];

  const tell = (rank: number, kind: number, text = ""): void => {
    const message = new SharedArrayBuffer(BYTES + 8);
    const bytes = new Uint8Array(message);
    const length = Math.min(text.length, BYTES - 16);
    new Int32Array(message).set([kind, own, length]);
    for (let i = 0; i < length; i++) bytes[16 + i] = text.charCodeAt(i) & 127;
    const place = address(bytes);
    outgoing.push({ message, request: place + BYTES });
    mpi.send(place, BYTES, mpi.byte, rank, 0, comm, place + BYTES);
  };

  const incoming = new SharedArrayBuffer(BYTES + 8);
  const place = address(new Uint8Array(incoming));
  const listen = (): void => {
    outgoing = outgoing.filter(({ request }) => !mpi.test(request));
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
    const known = others.filter((rank) => nameOf(rank) >= 0);
    const present = known.filter((rank) => !gone.has(rank));
    for (const rank of present) tell(rank, ASKS);
    for (const start = performance.now(); performance.now() - start < 1000 && answers.size < present.length; pause())
      listen();
    const lines = known.map((rank) => {
      const state = answers!.get(rank) ?? (gone.has(rank) ? "has left" : "does not answer");
      return `rank ${nameOf(rank)} ${state}`;
    });
    answers = undefined;
    return lines.join("; ");
  };

  const leave = (): (() => boolean) => {
    for (const rank of others) tell(rank, LEAVES);
    const requests = new SharedArrayBuffer(16);
    const [arrived, finished] = [0, 8].map((at) => address(new Uint8Array(requests)) + at) as [number, number];
    mpi.barrier(comm, arrived);
    let stage: "arrives" | "drains" | "finishes" = "arrives";
    return () => {
      listen();
      if (stage === "arrives" && mpi.test(arrived)) stage = "drains";
      if (stage === "drains" && gone.size === others.length && outgoing.length === 0) {
        mpi.barrier(comm, finished);
        stage = "finishes";
      }
      return stage === "finishes" && mpi.test(finished);
    };
  };

  return { gone, listen, inquire, leave };
}
