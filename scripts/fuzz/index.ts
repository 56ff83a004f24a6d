/**
 * `npm run fuzz -- ops|wrong|webgpu|files|workers|resume [--seed N] [--calls N] [--seconds N] [--op NAME] [--replay K] [--json FILE]`
 *
 * Exit code 1 if there are faults, 2 for wrong arguments.
 */
import { appendFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseFlags, UsageError, wholeNumber } from "../usage";
import type { Fault } from "./fault";

const help = `Calls the library at random and reports what must never happen, each with a program that shows it.

  npm run fuzz -- ops        every public function, method, module and optimizer, over guarded memory
  npm run fuzz -- wrong      one wrong argument at a time to everything public, judged by the errors
  npm run fuzz -- webgpu     random calls on the cpu and on the GPU, whose results are compared
  npm run fuzz -- files      damaged files
  npm run fuzz -- workers    workers that die
  npm run fuzz -- resume     runs of training that are killed and go on (calls: how many kills)

Options
  --seed N      the same calls for the same seed (default 1)
  --calls N     how many (default 10000; wrong: all)
  --seconds N   no call begins after this time (default 3600)
  --op NAME     ops: only this one, such as narrow or nn.functional.pad; or all below a path, such as nn.init.
  --format NAME files: only those of this format, such as torch, legacy or npz
  --replay K    ops: only the call with this number
  --strict      ops: errors must name the op that was called, not a part of it
  --json FILE   also writes each fault as a line of JSON
  --help        this text
`;

const kinds = ["ops", "wrong", "webgpu", "files", "workers", "resume"] as const;
type Kind = (typeof kinds)[number];

const text = { type: "string" } as const;

const flags = {
  seed: text,
  calls: text,
  seconds: text,
  op: text,
  format: text,
  replay: text,
  json: text,
  strict: { type: "boolean" },
  help: { type: "boolean" },
} as const;

const whole = (option: string, given: string): number => wholeNumber(option, given, 0);

function readOptions(args: readonly string[]) {
  const { values, positionals } = parseFlags(args, flags);
  if (values.help) return undefined;
  const [kind, ...rest] = positionals as Kind[];
  if (!kinds.includes(kind!) || rest.length > 0) throw new UsageError(`what? One of ${kinds.join(", ")}`);
  const replay = values.replay === undefined ? undefined : whole("replay", values.replay);
  return {
    kind: kind!,
    seed: whole("seed", values.seed ?? "1"),
    calls: replay === undefined ? whole("calls", values.calls ?? (kind === "wrong" ? "1000000" : "10000")) : 1,
    from: replay ?? 0,
    seconds: whole("seconds", values.seconds ?? "3600"),
    op: values.op,
    format: values.format,
    json: values.json === undefined ? undefined : resolve(values.json),
    strict: values.strict ?? false,
  };
}

type Options = NonNullable<ReturnType<typeof readOptions>>;

/** Each fuzzer is loaded when it is asked for. */
async function run(
  { kind, seed, calls, seconds, op, from, strict, format }: Options,
  report: (fault: Fault) => void,
): Promise<string> {
  const options = { seed, calls, seconds, report };
  if (kind === "ops" || kind === "wrong" || kind === "webgpu") {
    const { fuzzOps } = await import("./ops");
    const made = await fuzzOps({ ...options, op, from, strict, mode: kind, ...(kind === "webgpu" && { limit: 60 }) });
    const of = made.subjects === undefined ? "" : ` of ${made.subjects} callables`;
    return `${made.calls} calls${of}, ${made.accepted} accepted, ${made.refused} refused`;
  }
  if (kind === "resume") {
    const { fuzzResume } = await import("./resume");
    const { killed, inside } = await fuzzResume(options);
    return `${killed} kills, ${inside} of them while a checkpoint was written`;
  }
  if (kind === "workers") return `${await (await import("./workers")).fuzzWorkers(options)} workers`;
  const { fuzzFiles } = await import("./files");
  return `${await fuzzFiles({ ...options, ...(format !== undefined && { format }) })} files`;
}

/** Faults that were shown already, by what they have in common, are only counted. */
class Report {
  private readonly counts = new Map<string, number>();
  private readonly shown = new Map<string, number>();

  constructor(private readonly json: string | undefined) {
    if (json) writeFileSync(json, "");
  }

  readonly add = (fault: Fault): void => {
    this.counts.set(fault.kind, (this.counts.get(fault.kind) ?? 0) + 1);
    if (this.json) appendFileSync(this.json, `${JSON.stringify(fault)}\n`);
    const key = `${fault.kind} ${fault.program.split("\n").at(-1)!.split("(")[0]} ${fault.detail.split("\n")[0]!.replace(/\d+/g, "")}`;
    const times = (this.shown.get(key) ?? 0) + 1;
    this.shown.set(key, times);
    if (times > 2) return;
    console.log(`\n${fault.kind}: ${fault.detail}\n${fault.program.replace(/^/gm, "    ")}`);
  };

  get total(): number {
    return [...this.counts.values()].reduce((a, b) => a + b, 0);
  }

  toString(): string {
    const each = [...this.counts].map(([kind, n]) => `${n} ${kind}`).join(", ");
    return this.total === 0 ? "no fault" : `${this.total} faults: ${each}`;
  }
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) {
    console.log(help);
    return 0;
  }
  const report = new Report(options.json);
  const begin = performance.now();
  const made = await run(options, report.add);
  const seconds = (performance.now() - begin) / 1000;
  console.log(`\nfuzz ${options.kind}, seed ${options.seed}: ${made}, ${report}; ${seconds.toFixed(0)} s`);
  return report.total === 0 ? 0 : 1;
}

try {
  process.exit(await main());
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`fuzz: ${error.message}`);
  process.exit(2);
}
