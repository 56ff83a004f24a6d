/** The files of a folder of checkpoints: which there are, which is the newest whole one, which are to stay. */
import { FormatError, StateError } from "../core/errors";
import { type Lock, orphansOf, type Store } from "../platform/store";
import { type Contents, unpackFile } from "./file";

const MANIFEST = "manifest.json";
const pattern = /^checkpoint-(\d{8,15})\.safetensors$/;

const nameOf = (index: number): string => `checkpoint-${String(index).padStart(8, "0")}.safetensors`;

const isOwnName = (name: string): boolean => name === MANIFEST || pattern.test(name);

/** A file of the folder. */
export interface Entry {
  readonly file: string;
  readonly index: number;
  /** The metric that it was saved with; undefined if there was none. */
  metric?: number;
  /** Whether it was found to be damaged. */
  isDamaged?: boolean;
}

/** How many files stay. */
export interface Retention {
  readonly keepLast: number;
  readonly keepBest: number;
  readonly mode: "min" | "max";
}

/** The best first; of equal ones, the older. */
export const byMetric =
  (mode: "min" | "max") =>
  (a: Entry, b: Entry): number =>
    (mode === "min" ? a.metric! - b.metric! : b.metric! - a.metric!) || a.index - b.index;

export class CheckpointFolder {
  private lock: Lock | undefined;
  private entries: Entry[] = [];

  constructor(
    private readonly op: string,
    private readonly store: Store,
    private readonly retention: Retention,
  ) {}

  /** Keeps other runs from the folder and clears up what an ended one left. @throws KindlingError if another has it. */
  async open(): Promise<void> {
    if (this.lock !== undefined) return;
    this.lock = await this.store.lock();
    try {
      for (const name of orphansOf(await this.store.names(), isOwnName)) await this.store.remove(name);
      this.entries = await this.list();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const { lock } = this;
    this.lock = undefined;
    await lock?.release();
  }

  /**
   * The files that are there, the oldest first. The manifest knows their metrics; those that it does not know, because a program ended before it was
   * written, are asked themselves.
   */
  async list(): Promise<Entry[]> {
    const names = (await this.store.names()).filter((name) => pattern.test(name));
    const known = names.length > 0 ? await this.readManifest() : new Map<string, number | undefined>();
    const entries: Entry[] = [];
    for (const file of names) {
      const index = Number(pattern.exec(file)![1]);
      if (known.has(file)) entries.push({ file, index, metric: known.get(file) });
      else entries.push(await this.examine({ file, index }));
    }
    return entries.sort((a, b) => a.index - b.index);
  }

  private async examine(entry: Entry): Promise<Entry> {
    try {
      const { state, tensors } = unpackFile(await this.store.read(entry.file));
      for (const x of Object.values(tensors)) x.dispose();
      return { ...entry, metric: state.metric };
    } catch (error) {
      if (!(error instanceof FormatError)) return entry;
      return { ...entry, isDamaged: true };
    }
  }

  private async readManifest(): Promise<Map<string, number | undefined>> {
    try {
      const { checkpoints } = JSON.parse(new TextDecoder().decode(await this.store.read(MANIFEST)));
      return new Map(
        checkpoints.map(({ file, metric }: any) => [String(file), typeof metric === "number" ? metric : undefined]),
      );
    } catch {
      return new Map();
    }
  }

  /** The contents of a file. @throws FormatError if it is damaged. */
  async read(file: string): Promise<Contents> {
    const bytes = await this.store.read(file);
    try {
      return unpackFile(bytes);
    } catch (error) {
      const what = `${this.op}: "${this.store.place}/${file}": ${(error as Error).message}`;
      if (error instanceof FormatError) throw new FormatError(what, { cause: error });
      throw new StateError(what, { cause: error });
    }
  }

  /**
   * The newest whole file. Damaged ones are passed over with a warning.
   * @returns Undefined if there is no file at all.
   * @throws FormatError if there are files, but none is whole.
   */
  async newest(entries: readonly Entry[] = this.entries): Promise<({ file: string } & Contents) | undefined> {
    const failures: FormatError[] = [];
    for (const entry of [...entries].reverse()) {
      try {
        const contents = await this.read(entry.file);
        for (const { message } of failures) console.warn(`${message}; the one before it is used`);
        return { file: entry.file, ...contents };
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        entry.isDamaged = true;
        failures.push(error);
      }
    }
    if (failures.length === 0) return undefined;
    throw new FormatError(
      `${this.op}: no checkpoint in "${this.store.place}" is whole; to begin anew, remove them:\n${failures.map(({ message }) => message).join("\n")}`,
    );
  }

  /** Writes a file and lets go of those that need not stay. */
  async add(bytes: Uint8Array, metric: number | undefined): Promise<void> {
    await this.open();
    const index = (this.entries.at(-1)?.index ?? 0) + 1;
    const entry: Entry = { file: nameOf(index), index, metric };
    await this.store.write(entry.file, bytes);
    const all = [...this.entries, entry];
    this.entries = staying(all, this.retention);
    const kept = new Set(this.entries.map(({ file }) => file));
    await this.writeManifest();
    for (const { file } of all) if (!kept.has(file)) await this.store.remove(file);
  }

  private writeManifest(): Promise<void> {
    const checkpoints = this.entries.map(({ file, metric }) => ({ file, metric: metric ?? null }));
    return this.store.write(
      MANIFEST,
      new TextEncoder().encode(`${JSON.stringify({ version: 1, mode: this.retention.mode, checkpoints }, null, 2)}\n`),
    );
  }
}

function staying(all: readonly Entry[], { keepLast, keepBest, mode }: Retention): Entry[] {
  const whole = all.filter(({ isDamaged }) => !isDamaged);
  const best = whole.filter(({ metric }) => metric !== undefined && !Number.isNaN(metric)).sort(byMetric(mode));
  const kept = new Set([...whole.slice(-keepLast), ...best.slice(0, keepBest)]);
  return whole.filter((entry) => kept.has(entry));
}
