/** What a {@link SummaryWriter} writes: a file for its folder, and one for each run below it. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { renamed } from "../core/signature";
import { growingFileBlob } from "../platform/growingFile";
import type { Call } from "./arguments";
import { commands } from "./commands";
import { EventFile, type FileOptions } from "./eventFile";
import { EventSchema, SessionLog_SessionStatus, type Summary } from "./proto/tensorboard_pb";
import type { Sink, What } from "./sink";

/** A writer's settings. */
export interface LogOptions extends FileOptions {
  readonly logDir: string;
  /** Bytes after which a run goes on in another file. */
  readonly maxFileSize: number;
}

export class EventLog implements Sink {
  private readonly files = new Map<string, EventFile>();
  private readonly paths: string[] = [];
  private tasks: Promise<void> = Promise.resolve();
  private failure: unknown;

  constructor(
    private readonly options: LogOptions,
    purgeStep: number | null,
  ) {
    const file = this.file(options.logDir);
    if (purgeStep === null) return;
    const step = BigInt(purgeStep);
    const wallTime = Date.now() / 1000;
    file.add(create(EventSchema, { wallTime, step, what: { case: "fileVersion", value: "brain.Event:2" } }));
    const value = { status: SessionLog_SessionStatus.START };
    file.add(create(EventSchema, { wallTime, step, what: { case: "sessionLog", value } }));
  }

  /** The folder of the run. */
  get folder(): string {
    return this.options.logDir;
  }

  private file(folder: string): EventFile {
    let file = this.files.get(folder);
    let first: EventFile | undefined;
    if (file !== undefined && file.size >= this.options.maxFileSize) {
      const full = file;
      first = full.first;
      this.later("SummaryWriter", () => full.close());
      file = undefined;
    }
    if (file === undefined) {
      file = new EventFile(folder, this.options, first);
      this.files.set(folder, file);
      this.paths.push(file.path);
    }
    return file;
  }

  /** Adds what a call adds, at once unless it waits for values of another device. @throws KindlingError naming the call. */
  add(call: Call): void {
    const { arrivals = [] } = call;
    if (arrivals.length === 0) this.addNow(call);
    else
      this.later(call.op, async () => {
        await Promise.all(arrivals);
        this.addNow(call);
      });
  }

  private addNow(call: Call): void {
    try {
      commands[call.op]?.(this, call);
    } catch (error) {
      throw renamed(error, call.op);
    }
  }

  /** Adds a summary of a call, to the run of this log or to one below it. */
  summary(call: Pick<Call, "values" | "time">, summary: Summary, folder: string = this.folder): void {
    this.event(call, { case: "summary", value: summary }, folder);
  }

  event({ values, time }: Pick<Call, "values" | "time">, what: What, folder: string = this.folder): void {
    const event = { wallTime: time, step: BigInt(values.globalStep ?? 0), what };
    this.file(folder).add(create(EventSchema, event as MessageInitShape<typeof EventSchema>));
  }

  /** Does what takes time after all else that does; its failure is told by the next flush. */
  later(op: string, task: () => Promise<void>): void {
    this.tasks = this.tasks.then(task).catch((error) => {
      this.failure ??= renamed(error, op);
    });
  }

  /** Ends the file of a run that gets no more. */
  end(folder: string): void {
    const file = this.files.get(folder);
    this.files.delete(folder);
    if (file !== undefined) this.later("addHparams", () => file.close());
  }

  private async finish(each: (file: EventFile) => Promise<void>): Promise<void> {
    await this.tasks;
    const results = await Promise.allSettled([...this.files.values()].map(each));
    const failure = this.failure ?? results.find((result) => result.status === "rejected")?.reason;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
  }

  /** @throws KindlingError what the disk said. */
  flush(): Promise<void> {
    return this.finish((file) => file.flush());
  }

  /** A later call begins new files. @throws KindlingError what the disk said. */
  close(): Promise<void> {
    return this.finish(async (file) => {
      await file.close();
      this.files.delete(file.folder);
    });
  }

  /** What has been written, by path. */
  async blobs(): Promise<Record<string, Blob>> {
    const entries = this.paths.map(async (path) => [path, await growingFileBlob("files", path)] as const);
    return Object.fromEntries(await Promise.all(entries));
  }
}
