/** Judges the library by samples of PyTorch. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseFlags } from "../../scripts/usage";
import { count, deviceFile, formatFamily, isComplete, kinds, marks, type Report, summary } from "./report";
import { deviceFamilies, familyNames } from "./runner";
import { openSource } from "./source";
import { type Judged, runWatched } from "./watched";

/** Milliseconds that one sample may take. */
const SAMPLE_LIMIT = 20_000;
/** On a device, which may be a software one that compiles its kernels first. */
const DEVICE_SAMPLE_LIMIT = 300_000;

const passingFile = join(dirname(fileURLToPath(import.meta.url)), "passing.json");

const help = `Judges the library by samples of PyTorch in a folder. Ends with 0 whatever passes, with 2 for wrong arguments.

  npm run conformance -- DIR [options]

Options
  --family NAME   only this family; may be given several times
  --entry NAME    only this entry of the families
  --device NAME   where tensors are moved before each call (default cpu); what the device cannot have is counted
                  with the reason, and "missing" is what it lacks
  --all           prints all entries, and not only those that fail
  --verbose       prints the first reason of each failure
  --list-missing  prints what is missing
  --json FILE     writes the counts
  --update        writes the entries that pass to test/conformance/passing.json, with which tests compare
  --help          this text`;

const flags = {
  family: { type: "string", multiple: true },
  entry: { type: "string" },
  json: { type: "string" },
  verbose: { type: "boolean" },
  all: { type: "boolean" },
  "list-missing": { type: "boolean" },
  update: { type: "boolean" },
  device: { type: "string" },
  help: { type: "boolean" },
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
      if (one && one.outcome !== "passed" && one.outcome !== "excluded" && !this.seen.has(key))
        this.seen.set(key, `${id}: ${one.reason}`);
    }
  }

  print(outcome: "failed" | "missing"): void {
    for (const [key, text] of this.seen) if (key.endsWith(outcome)) console.log(`${key}\n    ${text.slice(0, 400)}`);
  }
}

/** The families asked for, or all that there are. */
function familiesOf(asked: readonly string[] | undefined, own: readonly string[], device: string): string[] {
  const known = device === "cpu" ? familyNames : deviceFamilies;
  if (asked === undefined) return own.filter((name) => known.includes(name));
  return asked.filter(
    (name) =>
      known.includes(name) ||
      usageError(
        `${familyNames.includes(name) ? `family ${name} runs on the cpu only` : `unknown family ${name}`}; the families are ${known.join(", ")}`,
      ),
  );
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

/** Writes what a device has of the table of ops into its file, by entry and kind. */
function updateDevice(report: Report, device: string, adapter: string): void {
  const entries = Object.fromEntries(
    Object.entries(report.families.ops?.entries ?? {}).map(([name, entry]) => [name, marks(entry)]),
  );
  const { excluded } = report.families.ops!;
  writeFileSync(deviceFile(device), `${JSON.stringify({ adapter, excluded, entries }, null, 2)}\n`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseFlags(process.argv.slice(2), flags);
  if (values.help) {
    console.log(help);
    return;
  }
  const [folder] = positionals;
  if (folder === undefined)
    usageError("which folder of samples? npm run conformance -- DIR [--family NAME] [--json FILE]");
  const source = openSource(resolve(folder));
  const { device = "cpu" } = values;
  const families = familiesOf(values.family, source.families, device);
  const report: Report = { families: {} };
  const reasons = new Reasons();
  const note = (judged: Judged): void => {
    count(report, judged.family, judged.entry, judged.result);
    reasons.note(judged);
  };
  let adapter = "";
  const say = (name: string): void => {
    adapter = name;
    if (device !== "cpu") console.log(`device ${device}: ${name}`);
  };
  await runWatched(
    { folder: resolve(folder), families, entry: values.entry, device },
    device === "cpu" ? SAMPLE_LIMIT : DEVICE_SAMPLE_LIMIT,
    note,
    say,
  );
  for (const [name, family] of Object.entries(report.families))
    console.log(formatFamily(name, family, values.all ?? false));
  if (values.verbose) reasons.print("failed");
  if (values["list-missing"]) reasons.print("missing");
  if (values.json) writeFileSync(values.json, JSON.stringify(report));
  if (values.update && values.entry === undefined && device === "cpu") update(report);
  if (values.update && values.entry === undefined && device !== "cpu" && families.includes("ops"))
    updateDevice(report, device, adapter);
  for (const [name, family] of Object.entries(report.families)) console.log(summary(name, family));
}

try {
  await main();
} catch (error) {
  usageError(error instanceof Error ? error.message : String(error));
}
