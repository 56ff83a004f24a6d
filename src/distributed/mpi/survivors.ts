/**
 * The ranks that are left when others die, where MPI has fault tolerance (ULFM): who is gone, the end of calls with them, and communicators without them. It
 * travels as text with the thread that runs it.
 */
import type { Foreign } from "../../platform/foreign";
import type { Faults, Mpi } from "./calls";
import type { Comms } from "./comms";
import type { Comm, Job, MailboxSetup } from "./jobs";

export interface Survivors {
  /** Asks MPI who is gone. @returns Whether one more is. */
  look(): boolean;
  /** Goes on with a job that cannot go its usual way. @returns Whether something has moved; undefined if it can go that way. */
  advance(job: Job): boolean | undefined;
  /** Whether MPI cannot be left together with the other ranks. */
  isCut(): boolean;
}

/** @param base The address of the mailbox. @param finish Ends a job, with a value of `Progress` and what an error is to say. */
export function mpiSurvivors(
  mpi: Mpi,
  faults: Faults,
  { box, slotBytes, words }: MailboxSetup,
  base: number,
  foreign: Pick<Foreign, "giveWay">,
  comms: Comms,
  finish: (job: Job, progress: number, text?: string) => void,
): Survivors {
  const { Progress: P, Field: F, Layout: L } = words;
  /** How long it may take until the death of a rank is known that MPI refuses a call for (ms), and how often a communicator is tried. */
  const [PATIENCE, TRIES] = [5000, 16];
  const [i32, f64] = [new Int32Array(box), new Float64Array(box)];
  const startOf = ({ slot }: Job): number => L.slots + slot * slotBytes;
  const request = (job: Job): number => base + startOf(job) + L.requests;
  const word = (job: Job): number => startOf(job) + L.header;
  let known: readonly number[] = [];
  let seenIn: Comm | undefined;

  const look = (): boolean => {
    const world = comms.world();
    if (world === undefined) return false;
    if (seenIn !== world) [seenIn, known] = [world, []];
    const failed = faults.failed(world.handle);
    if (failed.length === known.length) return false;
    known = failed;
    for (const comm of comms.all()) {
      const before = comm.lost.length;
      comm.lost = comm.ranks.filter((rank) => known.includes(rank));
      if (before > 0 || comm.lost.length === 0) continue;
      // Others may wait for this rank in calls that it will not make.
      for (const handle of [comm.handle, comm.ringHandle]) faults.revoke(handle);
    }
    return true;
  };

  /** An agreement on a word of all that are left in a communicator, which are here at the same time. */
  const agreeNow = (job: Job, handle: number, value: number): number => {
    const at = word(job) / 4;
    i32[at] = value;
    faults.agree(handle, base + word(job), request(job));
    while (!mpi.test(request(job))) foreign.giveWay();
    return i32[at]!;
  };

  /** The bits of a word and of its complement are both the same everywhere only if the word is. */
  const isSame = (job: Job, handle: number): boolean => {
    const hash = i32[startOf(job) / 4 + L.hash]!;
    const [bits, others] = [agreeNow(job, handle, hash), agreeNow(job, handle, ~hash)];
    return bits === hash && others === ~hash;
  };

  const prepare = (job: Job, handle: number): (() => void) => {
    const { comm } = job;
    const at = (startOf(job) + L.counts) / 4;
    const without = i32.slice(at, at + f64[startOf(job) / 8 + L.fields + F.inputCount]!);
    const own = comm.ranks[comm.rank]!;
    const ranks = faults
      .members(handle, comm.handle)
      .map((i) => comm.ranks[i]!)
      .filter((rank) => !without.includes(rank));
    const rank = ranks.indexOf(own);
    return comms.prepare(job, without.length > 0 ? mpi.split(handle, rank >= 0, Math.max(rank, 0)) : handle, ranks);
  };

  /** Makes a communicator. It holds on all ranks or on none: then one more has died, and the next is tried. @returns Whether it does. */
  const attempt = (job: Job): boolean => {
    const handle = faults.shrink(job.comm.handle);
    let place: (() => void) | undefined;
    let isOver = false;
    try {
      if (isSame(job, handle)) place = prepare(job, handle);
      isOver = true;
    } catch {
      // Others may wait in what has failed here.
      faults.revoke(handle);
    }
    try {
      if (agreeNow(job, handle, isOver ? 1 : 0) !== 1) return false;
    } catch {
      return false;
    }
    if (place === undefined) finish(job, P.disagreed, "each leaves out other ranks");
    else {
      place();
      finish(job, P.done);
    }
    return true;
  };

  const advanceShrink = (job: Job): boolean => {
    // Nothing that blocks begins before all ranks have come.
    if (job.stage === "waits") {
      const { queue, handle } = job.comm;
      queue.splice(queue.indexOf(job), 1);
      i32[word(job) / 4] = 0;
      faults.agree(handle, base + word(job), request(job));
      job.stage = "compares";
      return true;
    }
    try {
      if (!mpi.test(request(job))) return false;
    } catch {
      // The agreement is over, and names those that are gone.
    }
    for (let tries = 0; tries < TRIES; tries++) if (attempt(job)) return true;
    finish(job, P.failed, "ranks die while a group of those that are left is made");
    return true;
  };

  const advance = (job: Job): boolean | undefined => {
    const { comm, stage, refused } = job;
    if (job.kind === "shrink" && stage !== "fails") return advanceShrink(job);
    if (comm.lost.length > 0) {
      finish(job, P.lost, comm.lost.join(","));
      return true;
    }
    if (stage !== "fails") return undefined;
    if (look()) return true;
    if (performance.now() - refused!.since < PATIENCE) return false;
    comm.queue.splice(0);
    finish(job, P.failed, refused!.why);
    return true;
  };

  const isCut = (): boolean => comms.world() === undefined || (seenIn === comms.world() && known.length > 0);
  return { look, advance, isCut };
}
