/**
 * `npm run conformance -- DIR [--family NAME]… [--entry NAME] [--json FILE] [--verbose] [--all] [--list-missing] [--update]`
 *
 * Judges the library by samples of PyTorch in DIR. Exit code 0 whatever passes, 2 for wrong arguments.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseFlags } from "../../scripts/usage";
import { count, formatFamily, isComplete, kinds, type Report, summary } from "./report";
import { familyNames } from "./runner";
import { openSource } from "./source";
import { type Judged, runWatched } from "./watched";

/** Milliseconds that one sample may take. */
const SAMPLE_LIMIT = 20_000;

const passingFile = join(dirname(fileURLToPath(import.meta.url)), "passing.json");

const flags = {
  family: { type: "string", multiple: true },
  entry: { type: "string" },
  json: { type: "string" },
  verbose: { type: "boolean" },
  all: { type: "boolean" },
  "list-missing": { type: "boolean" },
  update: { type: "boolean" },
} as const;

function usageError(message: string): never {
  console.error(`conformance: ${message}`);
  process.exit(2);
}

/** The first reason per entry and kind, for `--verbose` and `--list-missing`. */
class Reasons {
  private readonly seen = new Map<string, string>();

  note({ family, entry, id, result }: Judged): void {
    for (const kind of kinds) {
      const one = result[kind];
      const key = `${family} ${entry} ${kind} ${one?.outcome}`;
      if (one && one.outcome !== "passed" && !this.seen.has(key)) this.seen.set(key, `${id}: ${one.reason}`);
    }
  }

  print(outcome: "failed" | "missing"): void {
    for (const [key, text] of this.seen) if (key.endsWith(outcome)) console.log(`${key}\n    ${text.slice(0, 400)}`);
  }
}

/** Adds the entries that pass entirely to `passing.json`, and takes those out that no longer do. */
function update(report: Report): void {
  const known = existsSync(passingFile) ? JSON.parse(readFileSync(passingFile, "utf8")) : {};
  for (const [family, { entries }] of Object.entries(report.families))
    known[family] = Object.keys(entries)
      .filter((entry) => isComplete(entries[entry]!))
      .sort();
  writeFileSync(passingFile, `${JSON.stringify(known, null, 2)}\n`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseFlags(process.argv.slice(2), flags);
  const [folder] = positionals;
  if (folder === undefined)
    usageError("which folder of samples? npm run conformance -- DIR [--family NAME] [--json FILE]");
  const source = openSource(resolve(folder));
  const families = (values.family ?? source.families).filter(
    (name) =>
      familyNames.includes(name) || usageError(`unknown family ${name}; the families are ${familyNames.join(", ")}`),
  );
  const report: Report = { families: {} };
  const reasons = new Reasons();
  await runWatched({ folder: resolve(folder), families, entry: values.entry }, SAMPLE_LIMIT, (judged) => {
    count(report, judged.family, judged.entry, judged.result);
    reasons.note(judged);
  });
  for (const [name, { entries }] of Object.entries(report.families))
    console.log(formatFamily(name, entries, values.all ?? false));
  if (values.verbose) reasons.print("failed");
  if (values["list-missing"]) reasons.print("missing");
  if (values.json) writeFileSync(values.json, JSON.stringify(report));
  if (values.update && values.entry === undefined) update(report);
  for (const [name, { entries }] of Object.entries(report.families)) console.log(summary(name, entries));
}

try {
  await main();
} catch (error) {
  usageError(error instanceof Error ? error.message : String(error));
}
