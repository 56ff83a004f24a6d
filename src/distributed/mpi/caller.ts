/**
 * What the caller's thread does of MPI itself. A call of few bytes takes MPI a few microseconds, and waking another thread a multiple of that: while the thread
 * that owns MPI has nothing to do, a caller that waits anyway carries out its collective, and hands it over if it is not over soon.
 */
import { type Foreign, openForeign } from "../../platform/foreign";
import { mpiCalls } from "./calls";
import { type Collectives, mpiCollectives } from "./collective";
import type { MailboxSetup, Members } from "./jobs";
import { Control, Field, Layout, Owner, Progress, type SlotKind, Stage, State } from "./mailbox";
import type { StartedThread } from "./start";

/**
 * How long a call may take here (ms). Ranks that compute the same are a few milliseconds apart, and more when they share cores; only the thread that owns MPI
 * looks after ranks that leave, and naps.
 */
const PATIENCE = 20;
/** How often MPI is asked before other threads get the core. */
const POLLS = 20;

/** How often it asks for its turn. */
const TRIES = 100;

const messages: readonly string[] = ["send", "recv"];

export class CallerSide {
  private readonly i32: Int32Array;
  private readonly f64: Float64Array;
  private readonly foreign: Foreign;
  private readonly collectives: Collectives;
  private readonly survives: boolean;
  private rank: number;
  private size: number;
  /** By the numbers of the communicators. */
  private readonly members = new Map<number, Members>();

  constructor(
    thread: StartedThread,
    private readonly setup: MailboxSetup,
  ) {
    this.i32 = new Int32Array(setup.box);
    this.f64 = new Float64Array(setup.box);
    const { rank, size, library, isSerialized } = thread;
    [this.rank, this.size] = [rank, size];
    this.foreign = openForeign(thread.setup.koffi);
    const mpi = mpiCalls({ ...thread.setup, libraries: [library] }, this.foreign, {
      rank,
      size,
      library,
      isSerialized,
    });
    const base = this.foreign.address(new Uint8Array(setup.box));
    const memory = this.foreign.address(new Uint8Array(setup.memory as SharedArrayBuffer));
    this.survives = mpi.faults !== undefined;
    this.collectives = mpiCollectives(mpi, this.foreign, setup, base, memory);
  }

  /**
   * Carries out the call in a slot that nobody knows of yet, if it can be done at once.
   * @param posted How many calls came before it.
   * @returns Whether it is over. If not, the other thread goes on with it.
   */
  carryOut(slot: number, posted: number, kind: SlotKind): boolean {
    const { i32 } = this;
    if (messages.includes(kind) || !this.collectives.isPlain(slot)) return false;
    if (Atomics.load(i32, Control.over) !== posted || Atomics.load(i32, Control.state) !== State.ready) return false;
    const members = this.membersOf(this.f64[this.field(slot, Field.comm)]!);
    if (!this.acquire()) return false;
    try {
      return this.run(slot, members);
    } catch (error) {
      return this.fail(slot, `MPI: ${(error as Error).message}`);
    } finally {
      Atomics.store(i32, Control.owner, Owner.nobody);
    }
  }

  /** The other thread may just have ended a call, or listen to other ranks, which does not take long. */
  private acquire(): boolean {
    for (let tries = 0; tries < TRIES; tries++) {
      if (Atomics.compareExchange(this.i32, Control.owner, Owner.nobody, Owner.caller) === Owner.nobody) return true;
      this.foreign.giveWay();
    }
    return false;
  }

  /** Tells of a communicator that the other thread has made in a slot. */
  learn(comm: number, slot: number, ranks: readonly number[]): void {
    const handle = this.f64[this.field(slot, Field.handle)]!;
    this.members.set(comm, { handle, rank: ranks.indexOf(this.rank), size: ranks.length });
  }

  /** The world has become another. */
  enter(rank: number, size: number): void {
    [this.rank, this.size] = [rank, size];
    this.members.clear();
  }

  private membersOf(comm: number): Members {
    if (comm === 0 && !this.members.has(0))
      this.members.set(0, { handle: this.f64[Layout.world]!, rank: this.rank, size: this.size });
    return this.members.get(comm)!;
  }

  private field(slot: number, at: number): number {
    return (Layout.slots + slot * this.setup.slotBytes) / 8 + Layout.fields + at;
  }

  private run(slot: number, members: Members): boolean {
    this.collectives.begin(slot, members);
    const end = performance.now() + PATIENCE;
    for (let polls = 1; ; polls++) {
      const outcome = this.collectives.advance(slot, members);
      if (outcome === "over") {
        this.finish(slot, Progress.done);
        return true;
      }
      if (outcome === "differs" || outcome === "agreed") return false;
      if (polls % POLLS !== 0) continue;
      if (performance.now() > end) return false;
      this.foreign.giveWay();
    }
  }

  private finish(slot: number, progress: number): void {
    const { i32 } = this;
    i32[Control.last] = slot + 1;
    this.f64[Layout.lastTime] = Date.now();
    Atomics.add(i32, Control.over, 1);
    Atomics.store(i32, (Layout.slots + slot * this.setup.slotBytes) / 4 + Layout.state, progress);
  }

  /** @returns Whether it is the end of the call: where a rank may be gone, the other thread finds out. */
  private fail(slot: number, text: string): boolean {
    const start = Layout.slots + slot * this.setup.slotBytes;
    const bytes = new Uint8Array(this.setup.box, start + Layout.error, Layout.errorBytes);
    const length = Math.min(text.length, bytes.length);
    for (let i = 0; i < length; i++) bytes[i] = text.charCodeAt(i) & 127;
    this.i32[start / 4 + Layout.errorLength] = length;
    if (this.survives) this.i32[start / 4 + Layout.stage] = Stage.fails;
    else this.finish(slot, Progress.failed);
    return !this.survives;
  }
}
