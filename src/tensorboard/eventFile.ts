/** An event file that grows in the background. What has been flushed stays whole, whatever happens to the process. */
import { create, toBinary } from "@bufbuild/protobuf";
import { KindlingError } from "../core/errors";
import { atExit, createGrowingFile, type GrowingFile, unrefTimer } from "../platform/growingFile";
import { processNames } from "../platform/process";
import { type Event, EventSchema } from "./proto/tensorboard_pb";
import { frame } from "./record";

/** How a file is written. */
export interface FileOptions {
  /** Events that wait before they are written. */
  readonly maxQueue: number;
  /** Seconds that events wait at most. */
  readonly flushSecs: number;
  readonly filenameSuffix: string;
}

/** Bytes that wait at most while the program gives the event loop no turn. */
const MOST_WAITING = 4 << 20;
/** Bytes that are kept of a disk that fails, until it takes them. */
const MOST_FAILED = 64 << 20;

/** Files that are written to the end when the process ends without closing them. */
const openFiles = new Set<EventFile>();
let stopWatching: (() => void) | undefined;

function watch(file: EventFile): void {
  openFiles.add(file);
  stopWatching ??= atExit(() => {
    for (const open of openFiles) open.writeNow();
  });
}

function unwatch(file: EventFile): void {
  openFiles.delete(file);
  if (openFiles.size > 0) return;
  stopWatching?.();
  stopWatching = undefined;
}

let count = 0;

/** The name that PyTorch gives: time, machine, process, and a number that no other file of the process has. */
function nameOf(suffix: string): string {
  const { host, pid } = processNames();
  const time = String(Math.floor(Date.now() / 1000)).padStart(10, "0");
  return `events.out.tfevents.${time}.${host}.${pid}.${count++}${suffix}`;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export class EventFile {
  readonly path: string;
  /** The first file of the run. */
  readonly first: EventFile;
  /** The name of the first file. */
  private readonly name: string;
  /** Files that continue this one. */
  private parts = 0;
  /** Bytes that were added. */
  size = 0;
  private file: GrowingFile | Promise<GrowingFile> | undefined;
  private opened: GrowingFile | undefined;
  private queue: Uint8Array[] = [];
  private waiting = 0;
  private since = 0;
  /** What is being written. Until that is known to be done it may be written once more, to the same place. */
  private inFlight: Uint8Array | undefined;
  private writing: Promise<void> | undefined;
  private failure: unknown;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** @param first The first file of the run, if this one continues it: files are read in the order of their names. */
  constructor(
    readonly folder: string,
    private readonly options: FileOptions,
    first?: EventFile,
  ) {
    this.first = first ?? this;
    this.name = first?.name ?? nameOf(options.filenameSuffix);
    const part = first === undefined ? "" : `.${String(++first.parts).padStart(6, "0")}`;
    this.path = `${folder.replace(/\/+$/, "") || "/"}/${this.name}${part}`.replace(/^\/\//, "/");
    watch(this);
    const header = { case: "fileVersion", value: "brain.Event:2" } as const;
    const sourceMetadata = { writer: "kindling.utils.tensorboard" };
    this.add(create(EventSchema, { wallTime: Date.now() / 1000, what: header, sourceMetadata } as never));
    this.start();
  }

  /** @throws KindlingError if the disk has failed for long. */
  add(event: Event): void {
    if (this.failure !== undefined && this.waiting > MOST_FAILED) throw this.takeFailure();
    const bytes = frame(toBinary(EventSchema, event));
    if (this.queue.length === 0) this.since = Date.now();
    this.queue.push(bytes);
    this.waiting += bytes.length;
    this.size += bytes.length;
    if (this.isLate()) this.writeNow();
    else if (this.queue.length > this.options.maxQueue) this.start();
    else this.schedule();
  }

  /** Whether the event loop has had no turn for so long that background writing does nothing. */
  private isLate(): boolean {
    if (this.failure !== undefined) return false;
    return this.waiting > MOST_WAITING || Date.now() - this.since > 1000 * this.options.flushSecs;
  }

  private schedule(): void {
    if (this.timer !== undefined) return;
    const delay = Math.min(2 ** 31 - 1, 1000 * this.options.flushSecs);
    this.timer = unrefTimer(setTimeout(() => this.start(), delay));
  }

  private stopTimer(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Begins to write what waits; a failure is told by the next flush. */
  private start(): void {
    this.stopTimer();
    this.writing ??= this.drain().finally(() => {
      this.writing = undefined;
    });
  }

  private open(): GrowingFile | Promise<GrowingFile> {
    if (this.opened !== undefined) return this.opened;
    const keep = (file: GrowingFile): GrowingFile => {
      this.opened = file;
      return file;
    };
    this.file ??= createGrowingFile("SummaryWriter", this.path);
    return this.file instanceof Promise ? this.file.then(keep) : keep(this.file);
  }

  private async drain(): Promise<void> {
    try {
      const file = await this.open();
      while (this.queue.length > 0) await this.writeBatch(file);
    } catch (error) {
      if (this.opened === undefined) this.file = undefined;
      this.failure = error;
    }
  }

  private async writeBatch(file: GrowingFile): Promise<void> {
    const batch = joined(this.queue);
    this.inFlight = batch;
    this.queue = [];
    try {
      await file.write(batch);
      if (this.inFlight === batch) this.waiting -= batch.length;
    } catch (error) {
      if (this.inFlight === batch) this.queue.unshift(batch);
      throw error;
    } finally {
      if (this.inFlight === batch) this.inFlight = undefined;
    }
  }

  /** Writes all that waits before it returns, where files can do that. */
  writeNow(): void {
    try {
      const file = this.opened ?? this.open();
      if (file instanceof Promise || file.writeNow === undefined) {
        this.start();
        return;
      }
      file.writeNow(joined([...(this.inFlight === undefined ? [] : [this.inFlight]), ...this.queue]));
      this.inFlight = undefined;
      this.queue = [];
      this.waiting = 0;
      this.stopTimer();
    } catch (error) {
      this.failure = error;
    }
  }

  private takeFailure(): unknown {
    const failure = this.failure;
    this.failure = undefined;
    return failure instanceof Error ? failure : new KindlingError(`SummaryWriter: ${failure}`);
  }

  /** Waits until all that was added is on the disk. @throws KindlingError what the disk said since the last flush. */
  async flush(): Promise<void> {
    while (this.writing !== undefined || this.queue.length > 0) {
      this.start();
      await this.writing;
      if (this.failure !== undefined) throw this.takeFailure();
    }
    if (this.failure !== undefined) throw this.takeFailure();
    await this.opened?.sync();
  }

  /** Flushes and closes. @throws KindlingError as {@link flush}; the file stays open then, with what it could not write. */
  async close(): Promise<void> {
    this.stopTimer();
    await this.flush();
    unwatch(this);
    await this.opened?.close();
  }
}
