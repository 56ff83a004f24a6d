/** MPI as an engine: hands calls to the thread that owns it, and waits for them. */
import { MAX_COUNT } from "../../core/arguments";
import { codeOf, dtypes } from "../../core/dtype";
import { ValueError } from "../../core/errors";
import { findPackage, openForeign } from "../../platform/foreign";
import { runtime } from "../../platform/platform";
import { complain, endAtOnce, onExit } from "../../platform/process";
import { type Call, DistBackendError, type Engine, type Shrunk, type Ticket } from "../engine";
import { CallerSide } from "./caller";
import type { MailboxSetup } from "./jobs";
import { lostError } from "./lost";
import {
  Command,
  Control,
  EXCHANGED_RANKS,
  Field,
  kinds,
  Layout,
  MESSAGE_BYTES,
  messagesStart,
  Owner,
  Progress,
  SLOTS,
  type SlotKind,
  Stage,
  State,
  slotBytes,
  wireOps,
  wireSizes,
  wireTypes,
} from "./mailbox";
import type { StartedThread } from "./start";

/** How long the thread has to answer a command (ms). */
const PATIENCE = 3000;
/** How long MPI has to be left (ms): some implementations hang in it now and then. */
const FINALIZE = 10_000;
/** How long other ranks have to say what they know before all are ended (ms). */
const LAST_WORDS = 300;

/** What a slot holds of the text of a call. */
interface Encoded {
  readonly bytes: Uint8Array;
  /** Two hashes of 32 bits. */
  readonly hashes: Int32Array;
}

/** By the texts of calls, of which a program makes the same ones again and again; forgotten when they become many. */
const encodings = new Map<string, Encoded>();
const MOST_ENCODINGS = 1000;

function encode(text: string): Encoded {
  const known = encodings.get(text);
  if (known !== undefined) return known;
  let [a, b] = [0x811c9dc5, 0x1b873593];
  const bytes = new Uint8Array(Math.min(text.length + 1, Layout.callTextBytes));
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul((b << 13) | (b >>> 19), 5) ^ Math.imul(code + 1, 0xcc9e2d51);
    bytes[i] = code & 127;
  }
  const encoded = { bytes, hashes: Int32Array.of(a, b) };
  if (encodings.size >= MOST_ENCODINGS) encodings.clear();
  encodings.set(text, encoded);
  return encoded;
}

/** A call in a slot of the mailbox, until its outcome is read; then the slot is free for another. */
class MpiTicket implements Ticket {
  source = -1;
  private failure: Error | undefined;
  isRead = false;
  /** After a failure MPI may still read and write the memory of the call. */
  isAbandoned = false;

  constructor(
    private readonly engine: MpiEngine,
    readonly slot: number,
    readonly text: string,
  ) {}

  isDone(): boolean {
    return this.isRead || this.engine.progressOf(this.slot) !== Progress.posted;
  }

  wait(timeout: number): void {
    if (!this.isRead) {
      if (!this.engine.waitFor(this.slot, timeout)) {
        this.isAbandoned = true;
        throw this.engine.timedOut(this.text, timeout);
      }
      this.read();
    }
    if (this.failure !== undefined) throw this.failure;
  }

  /** Reads the outcome of a call that is over. */
  read(): void {
    if (this.isRead) return;
    this.isRead = true;
    this.source = this.engine.resultOf(this.slot);
    this.failure = this.engine.failureOf(this.slot, this.text);
    this.isAbandoned = this.engine.isAbandoned(this.slot);
  }
}

/** The engine of a process that an MPI launcher started. */
export class MpiEngine implements Engine {
  readonly name = "mpi";
  rank: number;
  worldSize: number;
  /** The number of ranks that slots have room for. */
  private readonly capacity: number;
  private readonly i32: Int32Array;
  private readonly f64: Float64Array;
  private readonly u8: Uint8Array;
  private readonly slotBytes: number;
  private readonly tickets: (MpiTicket | undefined)[] = new Array(SLOTS).fill(undefined);
  private posted = 0;
  private readonly caller: CallerSide | undefined;
  /** After this failure the ranks cannot be brought together again. */
  private broken: Error | undefined;
  private isEnded = false;

  /** @param memory The buffer of Kindling's memory. @param timeout Milliseconds to wait for other ranks at the end. */
  constructor(
    thread: StartedThread,
    memory: ArrayBufferLike,
    private readonly timeout: number,
  ) {
    this.rank = thread.rank;
    this.worldSize = thread.size;
    this.capacity = thread.size;
    this.slotBytes = slotBytes(thread.size);
    const box = new SharedArrayBuffer(Layout.slots + SLOTS * this.slotBytes);
    this.i32 = new Int32Array(box);
    this.f64 = new Float64Array(box);
    this.u8 = new Uint8Array(box);
    const setup: MailboxSetup = {
      box,
      slots: SLOTS,
      slotBytes: this.slotBytes,
      messages: messagesStart(thread.size),
      messageBytes: MESSAGE_BYTES,
      exchangedRanks: EXCHANGED_RANKS,
      memory,
      kinds,
      wireSizes,
      dtypes,
      int32: wireTypes.indexOf("int32"),
      max: wireOps.indexOf("max"),
      words: { Control, Owner, Stage, State, Command, Progress, Field, Layout },
    };
    thread.worker.post(setup);
    if (thread.isSerialized) this.caller = new CallerSide(thread, setup);
    onExit((code, error) => this.end(code, error));
  }

  start(call: Call): Ticket {
    return this.post(call);
  }

  newComm(ranks: readonly number[], timeout: number): number {
    const text = `newGroup([${ranks.join(", ")}])`;
    const call = { kind: "newComm", comm: 0, type: "int32", text } as const;
    const ticket = this.post(call, ranks);
    ticket.wait(timeout);
    if (ticket.source >= 0) this.caller?.learn(ticket.source, ticket.slot, ranks);
    return ticket.source;
  }

  shrink(comm: number, without: readonly number[], timeout: number): Shrunk {
    const ticket = this.post(
      { kind: "shrink", comm, type: "int32", text: `shrinkGroup([${without.join(", ")}])` },
      without,
    );
    ticket.wait(timeout);
    const at = this.word(ticket.slot, Layout.counts / 4);
    const count = this.f64[this.word(ticket.slot, 0) / 2 + Layout.fields + Field.outputCount]!;
    const ranks = Array.from(this.i32.subarray(at, at + count));
    if (comm === 0) {
      [this.rank, this.worldSize] = [ranks.indexOf(this.rank), count];
      this.caller?.enter(this.rank, count);
    } else if (ticket.source >= 0) this.caller?.learn(ticket.source, ticket.slot, ranks);
    return { comm: comm === 0 ? 0 : ticket.source, ranks };
  }

  freeComm(): void {
    // MPI_Comm_free is a collective, for which the ranks need not come together again.
  }

  close(): void {
    // MPI can be initialized once in a process: it is left when the process ends, so that there can be other groups before.
  }

  // ---- Slots --------------------------------------------------------------------------------------------------------

  private post(call: Omit<Call, "kind"> & { kind: SlotKind }, ranks?: readonly number[]): MpiTicket {
    if (this.broken !== undefined)
      throw new DistBackendError(
        `${call.text}: the ranks cannot communicate after an earlier failure (${this.broken.message})`,
      );
    const slot = this.posted % SLOTS;
    this.vacate(slot);
    this.fill(slot, call, ranks);
    const ticket = new MpiTicket(this, slot, call.text);
    this.tickets[slot] = ticket;
    const { i32 } = this;
    const before = this.posted++ | 0;
    i32[this.word(slot, Layout.stage)] = Stage.waits;
    Atomics.store(i32, this.word(slot, Layout.call), before);
    Atomics.store(i32, this.word(slot, Layout.state), Progress.posted);
    const isOver = ranks === undefined && call.isAwaited && this.caller?.carryOut(slot, before, call.kind);
    Atomics.store(i32, Control.posted, this.posted | 0);
    if (!isOver) this.ring();
    return ticket;
  }

  private ring(): void {
    Atomics.add(this.i32, Control.bell, 1);
    Atomics.notify(this.i32, Control.bell);
  }

  /** When all slots are in use, waits for the oldest call. */
  private vacate(slot: number): void {
    const old = this.tickets[slot];
    if (old === undefined || old.isRead) return;
    if (!this.waitFor(slot, this.timeout)) throw this.timedOut(old.text, this.timeout);
    old.read();
  }

  private fill(slot: number, call: Omit<Call, "kind"> & { kind: SlotKind }, ranks?: readonly number[]): void {
    const { i32, f64, u8 } = this;
    const start = Layout.slots + slot * this.slotBytes;
    const at = start / 8 + Layout.fields;
    const { input, output, text } = call;
    f64[at + Field.kind] = kinds.indexOf(call.kind);
    f64[at + Field.comm] = call.comm;
    f64[at + Field.type] = wireTypes.indexOf(call.type);
    f64[at + Field.op] = call.op === undefined ? -1 : wireOps.indexOf(call.op);
    f64[at + Field.peer] = call.peer ?? -1;
    f64[at + Field.tag] = call.tag ?? 0;
    f64[at + Field.input] = input?.byteOffset ?? 0;
    f64[at + Field.inputCount] = ranks?.length ?? input?.length ?? 0;
    f64[at + Field.output] = output?.byteOffset ?? 0;
    f64[at + Field.outputCount] = output?.length ?? 0;
    f64[at + Field.dtype] = call.dtype === undefined ? -1 : codeOf(call.dtype);
    if (Math.max(input?.length ?? 0, output?.length ?? 0) > MAX_COUNT)
      throw new ValueError(`${text}: MPI counts in 32 bits, so a call moves at most ${MAX_COUNT} elements`);
    if (ranks !== undefined) i32.set(ranks, (start + Layout.counts) / 4);
    if (call.inputCounts !== undefined) this.putCounts(start, 0, call.inputCounts);
    if (call.outputCounts !== undefined) this.putCounts(start, 2, call.outputCounts);
    const { bytes, hashes } = encode(text);
    u8.set(bytes, start + Layout.callText);
    i32[start / 4 + Layout.textLength] = Math.min(text.length, Layout.callTextBytes);
    i32.set(hashes, start / 4 + Layout.hash);
  }

  /** Counts and displacements of an all-to-all. */
  private putCounts(start: number, at: number, counts: readonly number[]): void {
    const first = (start + Layout.counts) / 4 + at * this.capacity;
    let sum = 0;
    counts.forEach((count, i) => {
      this.i32[first + i] = count;
      this.i32[first + this.capacity + i] = sum;
      sum += count;
    });
  }

  private word(slot: number, at: number): number {
    return (Layout.slots + slot * this.slotBytes) / 4 + at;
  }

  progressOf(slot: number): number {
    return Atomics.load(this.i32, this.word(slot, Layout.state));
  }

  /** Blocks until the call in a slot is over. @returns Whether it is, after `timeout` milliseconds at most. */
  waitFor(slot: number, timeout: number): boolean {
    const at = this.word(slot, Layout.state);
    const end = performance.now() + timeout;
    while (Atomics.load(this.i32, at) === Progress.posted) {
      const left = end - performance.now();
      if (left <= 0) return false;
      Atomics.wait(this.i32, at, Progress.posted, left);
    }
    return true;
  }

  resultOf(slot: number): number {
    return this.i32[this.word(slot, Layout.result)]!;
  }

  /** The error that a call ended with. */
  failureOf(slot: number, text: string): Error | undefined {
    const progress = this.progressOf(slot);
    if (progress === Progress.done) return undefined;
    const start = Layout.slots + slot * this.slotBytes + Layout.error;
    const why = this.textAt(start, this.i32[this.word(slot, Layout.errorLength)]!);
    if (progress === Progress.lost) return lostError(text, why);
    if (progress === Progress.disagreed) return new DistBackendError(`${text}: the ranks do not agree: ${why}`);
    const cause =
      progress === Progress.left
        ? `rank ${why} has ended, with exit code 0, while rank ${this.rank} waits for it`
        : why;
    this.broken = new DistBackendError(`${text}: ${cause}`);
    return this.broken;
  }

  /** Whether MPI may go on with a call that has failed. */
  isAbandoned(slot: number): boolean {
    const progress = this.progressOf(slot);
    return progress !== Progress.done && progress !== Progress.disagreed;
  }

  private textAt(start: number, length: number): string {
    return String.fromCharCode(...this.u8.slice(start, start + length));
  }

  /** What to say of a call that takes too long. */
  timedOut(text: string, timeout: number): Error {
    const states = this.command(Command.inquire, PATIENCE)
      ? this.textAt(Layout.text, this.i32[Control.textLength]!)
      : "the thread of MPI does not answer, so MPI itself is stuck";
    this.broken ??= new DistBackendError(
      `${text}: not over after ${timeout / 1000} s on rank ${this.rank} of ${this.worldSize}. ${states}. ` +
        "A rank that does not answer is stopped or dead, or its machine cannot be reached; one that is in another call, or in none, took another way " +
        "through the program, or is slower than the timeout of initProcessGroup allows",
    );
    return this.broken;
  }

  // ---- The end ------------------------------------------------------------------------------------------------------

  /** @returns Whether the command was carried out in time. */
  private command(command: number, timeout: number, code = 0): boolean {
    const { i32 } = this;
    const before = Atomics.load(i32, Control.answered);
    i32[Control.code] = code;
    Atomics.store(i32, Control.command, command);
    this.ring();
    Atomics.wait(i32, Control.answered, before, timeout);
    return Atomics.load(i32, Control.answered) !== before;
  }

  /** Nothing is lost when a rank ends without MPI: all are done and nothing has failed, or those that go on do without this one. */
  private endUnfinalized(): void {
    if (Atomics.load(this.i32, Control.state) !== State.cut)
      complain(`kindling: rank ${this.rank}: all ranks are done, but MPI_Finalize does not return; ending the process`);
    // Node would wait for the thread, and a signal would be the job's exit code.
    openForeign(runtime === "node" ? findPackage("koffi") : undefined).exit(0);
  }

  /** Leaves MPI with all other ranks, or, after a failure, ends them all. */
  private end(code: number, error: unknown): void {
    if (this.isEnded) return;
    this.isEnded = true;
    if (code === 0 && this.broken === undefined) {
      if (this.command(Command.close, this.timeout)) {
        Atomics.wait(this.i32, Control.state, State.closing, FINALIZE);
        if (Atomics.load(this.i32, Control.state) === State.closed) return;
        this.endUnfinalized();
        return;
      }
      complain(
        `kindling: rank ${this.rank} has ended, but other ranks did not within ${this.timeout / 1000} s; ending them`,
      );
    }
    // The process may be gone before the runtime prints it; and other ranks that fail as well have something to say, too.
    if (error !== undefined) complain(String((error as Error)?.stack ?? error));
    Atomics.wait(this.i32, Control.answered, Atomics.load(this.i32, Control.answered), LAST_WORDS);
    this.command(Command.abort, PATIENCE, code || 1);
    endAtOnce();
  }
}
