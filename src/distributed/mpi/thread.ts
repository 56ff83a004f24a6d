/**
 * The thread that owns MPI. It takes calls from the mailbox, starts them with MPI's functions that do not block, asks MPI whether they are over, and naps
 * in between, so that the process can end at any time. It travels as text and refers to nothing outside itself.
 *
 * While it has no calls under way, the caller's thread may call MPI as well, one of them at a time.
 */
import type { Foreign } from "../../platform/foreign";
import type { Mpi } from "./calls";
import type { mpiCollectives } from "./collective";
import type { mpiComms } from "./comms";
import type { Job, MailboxSetup, Members } from "./jobs";
import type { mpiMessages } from "./messages";
import type { mpiPeers } from "./peers";
import type { RingSetup, ringAllReduce } from "./ring";
import type { mpiSurvivors } from "./survivors";

/** Functions in files of their own, which travel as text as well. */
export type ThreadParts = {
  mpiCollectives: typeof mpiCollectives;
  ringAllReduce: typeof ringAllReduce;
  mpiMessages: typeof mpiMessages;
  mpiPeers: typeof mpiPeers;
  mpiComms: typeof mpiComms;
  mpiSurvivors: typeof mpiSurvivors;
};

/** Runs until the program ends. */
export function mpiThread(setup: MailboxSetup, mpi: Mpi, foreign: Foreign, parts: ThreadParts): void {
  const { address } = foreign;
  const { box, slots, slotBytes, kinds, wireSizes, words } = setup;
  const { Control: C, Owner, State: S, Command: K, Progress: P, Field: F, Layout: L } = words;
  const i32 = new Int32Array(box);
  const [f64, u8] = [new Float64Array(box), new Uint8Array(box)];
  const base = address(u8);
  const memory = address(new Uint8Array(setup.memory as SharedArrayBuffer));
  const now = () => performance.now();
  /**
   * How long the thread only lets others have its core before it sleeps (ms): messages of few bytes come soon or late; for many bytes, sleep leaves more time
   * to the program. It sleeps for a part of the time for which nothing has happened, so that it is late by no more than that part, and at most so long (ms).
   */
  const [SPIN, SPIN_LARGE, NAP_PART, LONG_NAP] = [1, 0.05, 0.25, 1];
  /** Bytes from which on calls take a while. */
  const LARGE = 1 << 18;
  /** How long a rank may be gone before calls with it are given up (ms), and how often to look whether one is (ms). */
  const [GRACE, LOOK] = [2000, 20];

  let jobs: Job[] = [];
  let taken = 0;
  /** What MPI may still read or write after a failure: it stays until the process ends. */
  const kept: Job[] = [];

  // ---- The mailbox --------------------------------------------------------------------------------------------------

  const startOf = (slot: number): number => L.slots + slot * slotBytes;
  const word = (slot: number, at: number): number => startOf(slot) / 4 + at;
  const field = (slot: number, at: number): number => f64[startOf(slot) / 8 + L.fields + at]!;
  const write = (start: number, most: number, text: string): number => {
    const length = Math.min(text.length, most);
    for (let i = 0; i < length; i++) u8[start + i] = text.charCodeAt(i) & 127;
    return length;
  };
  const textAt = (slot: number, at: number, length: number): string => {
    const start = startOf(slot) + at;
    return String.fromCharCode(...u8.slice(start, start + i32[word(slot, length)]!));
  };
  const callText = (slot: number): string => textAt(slot, L.callText, L.textLength);

  const finish = (job: Job, progress: number, text = ""): void => {
    if (progress !== P.done && progress !== P.disagreed) kept.push({ ...job });
    job.stage = "over";
    const { slot } = job;
    i32[C.last] = slot + 1;
    f64[L.lastTime] = Date.now();
    i32[word(slot, L.errorLength)] = write(startOf(slot) + L.error, L.errorBytes, text);
    Atomics.add(i32, C.over, 1);
    Atomics.store(i32, word(slot, L.state), progress);
    Atomics.notify(i32, word(slot, L.state));
  };

  /** MPI does not take a call: it may be that a rank is gone, of which there is word soon. */
  const refuse = (job: Job, why: string): void => {
    job.stage = "fails";
    job.refused = { since: now(), why };
  };

  const take = (): void => {
    const posted = Atomics.load(i32, C.posted);
    // Of what came before, slots have been used again: the caller's thread has carried it out.
    if (((posted - taken) | 0) > slots) taken = (posted - slots) | 0;
    for (; taken !== posted; taken = (taken + 1) | 0) {
      const slot = (taken >>> 0) % slots;
      // What the caller's thread has carried out needs nothing more; what it has started is gone on with.
      if (Atomics.load(i32, word(slot, L.state)) !== P.posted) continue;
      if (Atomics.load(i32, word(slot, L.call)) !== taken) continue;
      const comm = comms.get(field(slot, F.comm));
      const stage = (["waits", "compares", "moves", "fails"] as const)[i32[word(slot, L.stage)]!]!;
      const job: Job = { slot, kind: kinds[field(slot, F.kind)]!, comm, stage, since: now() };
      if (stage === "fails") refuse(job, textAt(slot, L.error, L.errorLength));
      jobs.push(job);
      const isQueued = stage === "waits" || stage === "compares";
      if (job.kind !== "send" && job.kind !== "recv" && isQueued) comm.queue.push(job);
    }
  };

  // ---- Collectives --------------------------------------------------------------------------------------------------

  const collectives = parts.mpiCollectives(mpi, foreign, setup, base, memory);
  const request = (job: Job): number => base + startOf(job.slot) + L.requests;

  /** The memory of rings that are over. */
  const spare: SharedArrayBuffer[] = [];

  const startRing = (job: Job): void => {
    const { slot, comm } = job;
    const type = field(slot, F.type);
    const ring: RingSetup = {
      comm: comm.ringHandle,
      rank: comm.rank,
      size: comm.size,
      tag: comm.rings++ % 32768,
      address: memory + field(slot, F.output),
      count: field(slot, F.outputCount),
      bytes: wireSizes[type]!,
      type: mpi.types[type]!,
      op: mpi.ops[field(slot, F.op)]!,
    };
    job.ring = parts.ringAllReduce(mpi, address, ring, spare.pop());
    job.stage = "moves";
  };

  /** All ranks have seen that they do not agree. */
  const explain = (job: Job): void => {
    job.scratch = new SharedArrayBuffer(L.callTextBytes * job.comm.ranks.length);
    const own = base + startOf(job.slot) + L.callText;
    const all = address(new Uint8Array(job.scratch));
    mpi.allGather(own, all, L.callTextBytes, job.comm.handle, request(job));
    job.stage = "explains";
  };

  const disagree = (job: Job): void => {
    const bytes = new Uint8Array(job.scratch!);
    const ranksOf = new Map<string, number[]>();
    job.comm.ranks.forEach((rank, i) => {
      const part = bytes.slice(i * L.callTextBytes, (i + 1) * L.callTextBytes);
      const end = part.indexOf(0);
      const text = String.fromCharCode(...part.slice(0, end < 0 ? part.length : end));
      ranksOf.set(text, [...(ranksOf.get(text) ?? []), rank]);
    });
    const lines = [...ranksOf].map(([text, ranks]) => {
      const named = ranks.length > 8 ? `${ranks.slice(0, 8).join(", ")} ...` : ranks.join(", ");
      return `rank${ranks.length > 1 ? "s" : ""} ${named} called ${text}`;
    });
    finish(job, P.disagreed, lines.join("; "));
  };

  /** The ranks have compared what they call. */
  const goOn = (job: Job, outcome: string): void => {
    job.comm.queue.shift();
    if (outcome === "over") finish(job, P.done);
    else if (outcome === "differs") explain(job);
    else if (outcome === "goesOn") job.stage = "moves";
    else if (job.kind === "newComm") comms.make(job);
    else if (job.kind === "shrink") comms.shrink(job);
    else startRing(job);
  };

  const advanceCollective = (job: Job): boolean => {
    if (job.stage === "waits") {
      if (job.comm.queue[0] !== job) return false;
      collectives.begin(job.slot, job.comm);
      job.stage = "compares";
    }
    if (job.ring !== undefined) {
      const hasMoved = job.ring.advance();
      if (job.ring.isOver()) {
        spare.push(job.ring.memory);
        finish(job, P.done);
      }
      return hasMoved;
    }
    if (job.stage === "explains") {
      const isOver = mpi.test(request(job));
      if (isOver) disagree(job);
      return isOver;
    }
    const outcome = collectives.advance(job.slot, job.comm);
    if (outcome === undefined) return false;
    if (job.stage === "compares") goOn(job, outcome);
    else finish(job, P.done);
    return true;
  };

  const messages = parts.mpiMessages(mpi, setup, address, base, memory, finish);

  const advance = (job: Job): boolean => {
    try {
      const hasMoved = survivors?.advance(job);
      if (hasMoved !== undefined) return hasMoved;
      const isMessage = job.kind === "send" || job.kind === "recv";
      return isMessage ? messages.advance(job, jobs) : advanceCollective(job);
    } catch (error) {
      const why = `MPI: ${(error as Error).message}`;
      if (survivors !== undefined) refuse(job, why);
      else {
        job.comm.queue.splice(0);
        finish(job, P.failed, why);
      }
      return true;
    }
  };

  // ---- What ranks tell each other beside the calls ------------------------------------------------------------------

  const seconds = (since: number): string => `${((now() - since) / 1000).toFixed(1)} s`;
  const ownState = (): string => {
    const job = jobs.find(({ stage }) => stage !== "over");
    if (job !== undefined) return `has waited for ${seconds(job.since)} in ${callText(job.slot)}`;
    const last = i32[C.last]!;
    if (last === 0) return "has made no call yet";
    const ago = ((Date.now() - f64[L.lastTime]!) / 1000).toFixed(1);
    return `is in no call; the last was ${callText(last - 1)}, ${ago} s ago`;
  };
  const meet = (members: Members) => parts.mpiPeers(mpi, address, members, (peer) => comms.nameOf(peer), ownState);
  const comms = parts.mpiComms(mpi, setup, meet, finish);
  const { faults } = mpi;
  const survivors = faults && parts.mpiSurvivors(mpi, faults, setup, base, foreign, comms, finish);

  let looked = now();
  const listen = (): void => {
    looked = now();
    survivors?.look();
    if (survivors?.isCut()) return;
    try {
      comms.peers().listen();
    } catch (error) {
      if (!survivors?.look()) throw error;
    }
  };

  /** Gives up calls with a rank that is gone: what it took part in would be over by now. */
  const giveUp = (): void => {
    for (const [peer, since] of comms.peers().gone) {
      const rank = comms.nameOf(peer);
      if (now() - since < GRACE) continue;
      for (const job of jobs) {
        const partner = field(job.slot, F.peer);
        const isPair = job.kind === "send" || (job.kind === "recv" && partner >= 0);
        const needed = isPair ? [job.comm.ranks[partner]] : job.comm.ranks;
        if (job.stage === "over" || !needed.includes(rank)) continue;
        job.comm.queue.splice(0);
        finish(job, P.left, String(rank));
      }
    }
  };

  // ---- Commands -----------------------------------------------------------------------------------------------------

  const pause = (time: number): void => {
    Atomics.wait(i32, C.bell, Atomics.load(i32, C.bell), time);
  };
  const answer = (): void => {
    Atomics.store(i32, C.command, K.none);
    Atomics.add(i32, C.answered, 1);
    Atomics.notify(i32, C.answered);
  };

  const askAll = (): string => {
    try {
      return comms.peers().inquire(() => pause(1));
    } catch (error) {
      return `the ranks cannot be asked what they are doing (${(error as Error).message})`;
    }
  };

  /** Asks all ranks what they are doing. */
  const inquire = (): void => {
    i32[C.textLength] = write(L.text, L.textBytes, askAll());
    answer();
  };

  /** Waits until all ranks are done. @returns Whether MPI can be left together with them. */
  const meetAtEnd = (): boolean => {
    survivors?.look();
    if (survivors?.isCut()) return false;
    try {
      const isOver = comms.peers().leave();
      while (!isOver()) {
        pause(LONG_NAP);
        // Others may not come: they wait in a group of those that are left, for this rank as well.
        if (survivors?.look()) return false;
        if (Atomics.load(i32, C.command) === K.abort) mpi.abort(i32[C.code]!);
      }
      // After a rank was lost MPI_Finalize hangs now and then, and nobody needs it.
      return survivors === undefined || comms.world()!.size === mpi.size;
    } catch (error) {
      if (survivors === undefined) throw error;
      return false;
    }
  };

  /** Ranks wait for each other before MPI is left, which is not safe while others still communicate. */
  const close = (): void => {
    Atomics.store(i32, C.state, S.closing);
    const isTogether = meetAtEnd();
    if (!isTogether) Atomics.store(i32, C.state, S.cut);
    answer();
    if (!isTogether) return;
    mpi.finalize();
    Atomics.store(i32, C.state, S.closed);
    Atomics.notify(i32, C.state);
  };

  // ---- The loop -----------------------------------------------------------------------------------------------------

  const bytesUnderWay = (): number =>
    jobs.reduce((sum, { slot }) => {
      const count = Math.max(field(slot, F.inputCount), field(slot, F.outputCount));
      return sum + count * (wireSizes[field(slot, F.type)] ?? 1);
    }, 0);

  let moved = now();
  const rest = (bell: number): void => {
    const idle = now() - moved;
    const isLarge = jobs.length > 0 && bytesUnderWay() >= LARGE;
    if (jobs.length === 0) Atomics.wait(i32, C.bell, bell, idle < 5000 ? LOOK : 100);
    else if (idle > (isLarge ? SPIN_LARGE : SPIN)) Atomics.wait(i32, C.bell, bell, Math.min(NAP_PART * idle, LONG_NAP));
    else foreign.giveWay();
  };

  /** Does what can be done. @returns Whether something has moved. */
  const work = (): boolean => {
    const before = taken;
    take();
    let hasMoved = taken !== before;
    for (const job of jobs) if (advance(job)) hasMoved = true;
    if (hasMoved) {
      jobs = jobs.filter(({ stage }) => stage !== "over");
      moved = now();
    } else if (now() - looked > LOOK) {
      listen();
      giveUp();
    }
    return hasMoved;
  };

  Atomics.store(i32, C.state, S.ready);
  for (;;) {
    const bell = Atomics.load(i32, C.bell);
    if (Atomics.compareExchange(i32, C.owner, Owner.nobody, Owner.thread) !== Owner.nobody) {
      Atomics.wait(i32, C.bell, bell, 1);
      continue;
    }
    const hasMoved = work();
    const command = hasMoved ? K.none : Atomics.load(i32, C.command);
    if (command === K.abort) mpi.abort(i32[C.code]!);
    if (command === K.close && jobs.length === 0) {
      close();
      return;
    }
    if (command === K.inquire) inquire();
    Atomics.store(i32, C.owner, Owner.nobody);
    if (!hasMoved) rest(bell);
  }
}
