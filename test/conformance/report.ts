/** Counts of passed, failed and missing samples, as JSON and as text. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export type Kind = "forward" | "grad" | "grad2";
export const kinds: readonly Kind[] = ["forward", "grad", "grad2"];

/** `excluded`: the device cannot have the sample, whatever is written for it, such as float64 on WebGPU. It counts neither for nor against it. */
export type Outcome = "passed" | "failed" | "missing" | "excluded";

/** What became of one kind of one sample. */
export interface Result {
  readonly outcome: Outcome;
  /** Why it did not pass. */
  readonly reason?: string;
}

/** The results of one sample; a kind that it does not have is left out. */
export type SampleResult = Partial<Record<Kind, Result>>;

export type Counts = Record<Outcome, number>;
export type Entry = Partial<Record<Kind, Counts>>;

export interface Report {
  readonly families: Record<string, Family>;
}

export interface Family {
  readonly entries: Record<string, Entry>;
  /** How many kinds of samples the device cannot have, by the reason. */
  readonly excluded: Record<string, number>;
}

export const passed: Result = { outcome: "passed" };
export const failed = (reason: string): Result => ({ outcome: "failed", reason });
export const missing = (reason: string): Result => ({ outcome: "missing", reason });
export const excluded = (reason: string): Result => ({ outcome: "excluded", reason });

/** Adds the results of a sample to its entry. */
export function count(report: Report, family: string, entry: string, result: SampleResult): void {
  report.families[family] ??= { entries: {}, excluded: {} };
  const { entries, excluded } = report.families[family];
  entries[entry] ??= {};
  for (const kind of kinds) {
    const one = result[kind];
    if (one === undefined) continue;
    entries[entry][kind] ??= { passed: 0, failed: 0, missing: 0, excluded: 0 };
    entries[entry][kind][one.outcome]++;
    if (one.outcome === "excluded") excluded[one.reason!] = (excluded[one.reason!] ?? 0) + 1;
  }
}

export const isComplete = (entry: Entry): boolean =>
  Object.values(entry).every(({ failed, missing }) => failed === 0 && missing === 0);

/** The samples of a kind that were tried. */
export const tried = ({ passed, failed, missing }: Counts): number => passed + failed + missing;

const cell = (counts: Counts | undefined): string =>
  counts === undefined ? "" : `${counts.passed}/${counts.failed}/${counts.missing}`;

/** What a device has of the table of ops, as `--update` records it: for each entry and kind a mark, see {@link marks}. */
export interface DeviceRecord {
  readonly adapter: string;
  readonly excluded: Readonly<Record<string, number>>;
  readonly entries: Readonly<Record<string, Partial<Record<Kind, string>>>>;
}

/** The file of a device's record. */
export const deviceFile = (device: string): string =>
  join(dirname(fileURLToPath(import.meta.url)), `passing.${device}.json`);

/** By kind: ✓ where every sample that the device can have passes, `7 / 9` where so many do, – where it can have none. */
export const marks = (entry: Entry): Partial<Record<Kind, string>> =>
  Object.fromEntries(
    Object.entries(entry).map(([kind, counts]) => {
      const all = tried(counts);
      if (all === 0) return [kind, "–"];
      return [kind, counts.passed === all ? "✓" : `${counts.passed} / ${all}`];
    }),
  );

/** The lines of one family: each entry that does not pass entirely (all of them if `all`), and how many entries pass per kind. */
export function formatFamily(name: string, { entries, excluded }: Family, all: boolean): string {
  const shown = Object.entries(entries).filter(([, entry]) => all || !isComplete(entry));
  const lines = shown.map(
    ([entry, result]) => `  ${entry.padEnd(44)}${kinds.map((kind) => cell(result[kind]).padEnd(12)).join("")}`,
  );
  const header = `${name}: passed/failed/missing`.padEnd(46) + kinds.map((kind) => kind.padEnd(12)).join("");
  return [header.trimEnd(), ...lines.map((line) => line.trimEnd()), summary(name, { entries, excluded })].join("\n");
}

/** `ops: 512 of 580 entries pass every forward sample (88.3 %), …` */
export function summary(name: string, { entries, excluded }: Family): string {
  const parts = kinds.flatMap((kind) => {
    const having = Object.values(entries)
      .flatMap((entry) => entry[kind] ?? [])
      .filter((counts) => tried(counts) > 0);
    if (having.length === 0) return [];
    const whole = having.filter((counts) => counts.failed + counts.missing === 0).length;
    const samples = having.reduce((n, counts) => n + counts.passed, 0);
    const total = having.reduce((n, counts) => n + tried(counts), 0);
    return [
      `${kind} ${whole} of ${having.length} entries (${((100 * whole) / having.length).toFixed(1)} %), ${samples} of ${total} samples`,
    ];
  });
  const left = Object.entries(excluded).map(([reason, n]) => `${n} for ${reason}`);
  return `${name}: ${[...parts, ...(left.length > 0 ? [`excluded, by kind: ${left.join(", ")}`] : [])].join("; ")}`;
}
