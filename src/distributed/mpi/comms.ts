/** The communicators of this process: that of the world, and those made from it. It travels as text with the thread that runs it. */
import type { Mpi } from "./calls";
import type { Comm, Job, MailboxSetup, Members } from "./jobs";
import type { Peers } from "./peers";

export interface Comms {
  /** Undefined once this process is left out of it. */
  world(): Comm | undefined;
  /** By its number; 0 is the world. */
  get(number: number): Comm;
  all(): Iterable<Comm>;
  /** What ranks tell each other beside the calls. */
  peers(): Peers;
  /** The number in the world of a rank as the peers number it; −1 for one that was left out. */
  nameOf(peer: number): number;
  /** Does what a job of kind `newComm` asks for, which all ranks have come to. */
  make(job: Job): void;
  /** Does what a job of kind `shrink` asks for, while all ranks are there. */
  shrink(job: Job): void;
  /**
   * Readies a communicator that takes the place of that of a job. It throws if one of its ranks dies.
   * @param ranks Its ranks in the world. @returns Puts it in its place.
   */
  prepare(job: Job, handle: number, ranks: readonly number[]): () => void;
}

/** @param meet Makes peers of a communicator that nothing else uses. @param finish Ends a job. */
export function mpiComms(
  mpi: Mpi,
  { box, slotBytes, words }: MailboxSetup,
  meet: (members: Members) => Peers,
  finish: (job: Job, progress: number) => void,
): Comms {
  const { Progress: P, Field: F, Layout: L } = words;
  const [i32, f64] = [new Int32Array(box), new Float64Array(box)];
  const startOf = ({ slot }: Job): number => L.slots + slot * slotBytes;
  const fieldAt = (job: Job, at: number): number => startOf(job) / 8 + L.fields + at;
  const countsAt = (job: Job): number => (startOf(job) + L.counts) / 4;

  const commOf = (handle: number, ranks: readonly number[], rank: number): Comm => {
    const size = ranks.length;
    return { handle, ranks, rank, size, queue: [], ringHandle: mpi.duplicate(handle), rings: 0, lost: [] };
  };
  const everyone = Array.from({ length: mpi.size }, (_, rank) => rank);
  const first = commOf(mpi.duplicate(mpi.world), everyone, mpi.rank);
  let world: Comm | undefined = first;
  let peers = meet({ handle: mpi.duplicate(first.handle), rank: mpi.rank, size: mpi.size });
  /** By which numbers peers know the ranks of the world. */
  let peerOf: readonly number[] = everyone;
  const comms = new Map<number, Comm>([[0, first]]);
  let made = 0;
  f64[L.world] = first.handle;

  /** The ranks that a call names. */
  const named = (job: Job): number[] => {
    const at = countsAt(job);
    return Array.from(i32.slice(at, at + f64[fieldAt(job, F.inputCount)]!));
  };
  const split = ({ comm }: Job, rank: number): number => mpi.split(comm.handle, rank >= 0, Math.max(rank, 0));

  const make = (job: Job): void => {
    const ranks = named(job);
    const rank = ranks.indexOf(job.comm.rank);
    const handle = split(job, rank);
    made++;
    if (rank >= 0) comms.set(made, commOf(handle, ranks, rank));
    f64[fieldAt(job, F.handle)] = handle;
    i32[startOf(job) / 4 + L.result] = rank < 0 ? -1 : made;
    finish(job, P.done);
  };

  const prepare = (job: Job, handle: number, ranks: readonly number[]): (() => void) => {
    const { comm } = job;
    const isWorld = comm === world;
    const rank = ranks.indexOf(comm.ranks[comm.rank]!);
    const next = rank < 0 ? undefined : commOf(handle, isWorld ? ranks.map((_, i) => i) : ranks, rank);
    // Without fault tolerance all ranks that were started leave MPI together.
    const isMet = isWorld && next !== undefined && mpi.faults !== undefined;
    const ofPeers = isMet ? mpi.duplicate(handle) : 0;
    return () => {
      i32.set(ranks, countsAt(job));
      f64[fieldAt(job, F.outputCount)] = ranks.length;
      f64[fieldAt(job, F.handle)] = handle;
      const number = isWorld ? 0 : ++made;
      i32[startOf(job) / 4 + L.result] = rank < 0 ? -1 : number;
      if (isWorld) {
        comms.clear();
        world = next;
        f64[L.world] = handle;
        peerOf = isMet ? ranks.map((_, i) => i) : ranks.map((one) => peerOf[one]!);
        if (isMet) peers = meet({ handle: ofPeers, rank, size: ranks.length });
      }
      if (next !== undefined) comms.set(number, next);
    };
  };

  const shrink = (job: Job): void => {
    const { comm } = job;
    const without = named(job);
    const ranks = comm.ranks.filter((one) => !without.includes(one));
    prepare(job, split(job, ranks.indexOf(comm.ranks[comm.rank]!)), ranks)();
    finish(job, P.done);
  };

  return {
    world: () => world,
    get: (number) => comms.get(number)!,
    all: () => comms.values(),
    peers: () => peers,
    nameOf: (peer) => peerOf.indexOf(peer),
    make,
    shrink,
    prepare,
  };
}
