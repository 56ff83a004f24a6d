/** The work of `torch.Checkpoint`, loaded when it is first asked for. */
import { ArgumentError, describe, FormatError, KindlingError } from "../core/errors";
import { diskStore, type Store } from "../platform/store";
import type { Tensor } from "../tensor/tensor";
import { type Contents, packFile, unpackFile } from "./file";
import { byMetric, CheckpointFolder, type Entry, type Retention } from "./folder";
import type { CheckpointInfo, CheckpointSource } from "./found";
import { captureParts, checkParts, disposeCopied, type Parts, restoreParts } from "./parts";

const OP = "Checkpoint";

/** What a `Checkpoint` is made of. */
export interface Plan extends Retention {
  readonly folder: string;
  readonly parts: Parts;
  /** The name of the value that tells how good a checkpoint is. */
  readonly metric: string;
}

async function storeOf(folder: string): Promise<Store> {
  return diskStore(OP, folder) ?? (await import("../platform/lazyBrowserStore")).browserStore(OP, folder);
}

type Values = Readonly<Record<string, unknown>>;

export class Run {
  /** Saves and loads go one after the other. */
  private last: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly plan: Plan,
    private readonly folder: CheckpointFolder,
  ) {}

  static async begin(plan: Plan): Promise<Run> {
    checkParts(OP, plan.parts);
    return new Run(plan, new CheckpointFolder(OP, await storeOf(plan.folder), plan));
  }

  private inTurn<T>(body: () => Promise<T>): Promise<T> {
    const result = this.last.then(body, body);
    this.last = result.catch(() => {});
    return result;
  }

  resume(): Promise<Values | null> {
    return this.inTurn(async () => {
      await this.folder.open();
      const found = await this.folder.newest();
      return found === undefined ? null : this.restore(found, found.file);
    });
  }

  private restore({ state, tensors }: Contents, file: string, only?: readonly string[]): Values {
    try {
      restoreParts(OP, this.plan.parts, state, file, only);
    } catch (error) {
      disposeAll(tensors);
      throw error;
    }
    disposeCopied(OP, this.plan.parts, tensors);
    return state.values;
  }

  /** The state is copied at once, so that training may go on while it is written. */
  save(values: Values): Promise<void> {
    const metric = this.metricOf(values);
    const packed = this.pack(values, metric);
    // What fails while another save is written is told in its turn.
    if (packed instanceof Promise) packed.catch(() => {});
    return this.inTurn(async () => this.folder.add(await packed, metric));
  }

  private metricOf(values: Values): number | undefined {
    const { metric: name, keepBest } = this.plan;
    const value = values[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value === "number") return value;
    if (keepBest === 0) return undefined;
    throw new ArgumentError(
      `${OP}.save: ${name} must be a number, by which checkpoints are compared, got ${describe(value)}; a tensor's is x.item()`,
    );
  }

  pack(values: Values, metric: number | undefined = this.metricOf(values)): Uint8Array | Promise<Uint8Array> {
    return packFile(`${OP}.save`, { ...captureParts(OP, this.plan.parts), values, metric });
  }

  load(source: CheckpointSource, only: readonly string[] | undefined): Promise<Values> {
    return this.inTurn(async () => {
      if (typeof source !== "string") return this.restore(await contentsOf(source), "the file", only);
      const entries = await this.folder.list();
      if (source === "last") {
        const found = await this.folder.newest(entries);
        if (found !== undefined) return this.restore(found, found.file, only);
      }
      const entry = source === "best" ? this.bestOf(entries) : entries.find(({ file }) => file === source);
      if (entry === undefined) throw this.missing(source, entries);
      return this.restore(await this.folder.read(entry.file), entry.file, only);
    });
  }

  private bestOf(entries: readonly Entry[]): Entry | undefined {
    return entries.filter(hasMetric).sort(byMetric(this.plan.mode))[0];
  }

  private missing(source: string, entries: readonly Entry[]): KindlingError {
    const there = entries.map(({ file }) => file).join(", ") || "none";
    const what = source === "best" ? `checkpoint with a number under "${this.plan.metric}"` : `checkpoint "${source}"`;
    return new KindlingError(`${OP}.load: there is no ${what} in "${this.plan.folder}"; there are: ${there}`);
  }

  list(): Promise<CheckpointInfo[]> {
    return this.inTurn(async () => {
      const entries = await this.folder.list();
      const best = this.bestOf(entries);
      return entries.map((entry) => ({
        file: entry.file,
        metric: entry.metric ?? null,
        isBest: entry === best,
        isDamaged: entry.isDamaged ?? false,
      }));
    });
  }

  close(): Promise<void> {
    return this.inTurn(() => this.folder.close());
  }
}

const hasMetric = ({ metric, isDamaged }: Entry): boolean =>
  metric !== undefined && !Number.isNaN(metric) && !isDamaged;

function disposeAll(tensors: Readonly<Record<string, Tensor>>): void {
  for (const x of Object.values(tensors)) if (x.isAlive) x.dispose();
}

async function contentsOf(source: Exclude<CheckpointSource, string>): Promise<Contents> {
  const bytes = source instanceof Blob ? new Uint8Array(await source.arrayBuffer()) : source;
  try {
    return unpackFile(bytes);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(`${OP}.load: the file: ${error.message}`, { cause: error });
  }
}
