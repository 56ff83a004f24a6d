/** Counts of passed, failed and missing samples, as JSON and as text. */

export type Kind = "forward" | "grad" | "grad2";
export const kinds: readonly Kind[] = ["forward", "grad", "grad2"];

export type Outcome = "passed" | "failed" | "missing";

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
  readonly families: Record<string, { readonly entries: Record<string, Entry> }>;
}

export const passed: Result = { outcome: "passed" };
export const failed = (reason: string): Result => ({ outcome: "failed", reason });
export const missing = (reason: string): Result => ({ outcome: "missing", reason });

/** Adds the results of a sample to its entry. */
export function count(report: Report, family: string, entry: string, result: SampleResult): void {
  report.families[family] ??= { entries: {} };
  const { entries } = report.families[family];
  entries[entry] ??= {};
  for (const kind of kinds) {
    const one = result[kind];
    if (one === undefined) continue;
    entries[entry][kind] ??= { passed: 0, failed: 0, missing: 0 };
    entries[entry][kind][one.outcome]++;
  }
}

export const isComplete = (entry: Entry): boolean =>
  Object.values(entry).every(({ failed, missing }) => failed === 0 && missing === 0);

const cell = (counts: Counts | undefined): string =>
  counts === undefined ? "" : `${counts.passed}/${counts.failed}/${counts.missing}`;

/** The lines of one family: each entry that does not pass entirely (all of them if `all`), and how many entries pass per kind. */
export function formatFamily(name: string, entries: Readonly<Record<string, Entry>>, all: boolean): string {
  const shown = Object.entries(entries).filter(([, entry]) => all || !isComplete(entry));
  const lines = shown.map(
    ([entry, result]) => `  ${entry.padEnd(44)}${kinds.map((kind) => cell(result[kind]).padEnd(12)).join("")}`,
  );
  const header = `${name}: passed/failed/missing`.padEnd(46) + kinds.map((kind) => kind.padEnd(12)).join("");
  return [header.trimEnd(), ...lines.map((line) => line.trimEnd()), summary(name, entries)].join("\n");
}

/** `ops: 512 of 580 entries pass every forward sample (88.3 %), …` */
export function summary(name: string, entries: Readonly<Record<string, Entry>>): string {
  const parts = kinds.flatMap((kind) => {
    const having = Object.values(entries).flatMap((entry) => entry[kind] ?? []);
    if (having.length === 0) return [];
    const whole = having.filter((counts) => counts.failed + counts.missing === 0).length;
    const samples = having.reduce((n, counts) => n + counts.passed, 0);
    const total = having.reduce((n, counts) => n + counts.passed + counts.failed + counts.missing, 0);
    return [
      `${kind} ${whole} of ${having.length} entries (${((100 * whole) / having.length).toFixed(1)} %), ${samples} of ${total} samples`,
    ];
  });
  return `${name}: ${parts.join("; ")}`;
}
