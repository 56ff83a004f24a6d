/** `npm run bench` and `npm run bench:compare`. */
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { reportCollectives } from "./collectives/index";
import { compileLimits } from "./limit";
import { combine } from "./measure";
import { help, type Options, parseOptions, UsageError } from "./options";
import { heading, line, markdown, type RunReport } from "./report";
import { buildRevision } from "./revision";
import type { Job, Row, Setting } from "./runner";
import { bundleMemory, bundleOther, bundlePeers, bundleRunner, type RuntimeName, runIn, runMemory } from "./runtimes";
import { reportWebgpu } from "./webgpu/index";
import { summary } from "./workloads";

/** Peers from npm live in a package of their own, installed when first asked for. */
async function preparePeers(peers: Options["peers"]): Promise<void> {
  if (peers.every((peer) => peer === "torch")) return;
  if (!existsSync(join("bench", "peers", "node_modules"))) installPeers();
  await bundlePeers();
}

function installPeers(): void {
  console.error("bench: installing the peers…");
  const args = [
    "install",
    "--prefix",
    "bench/peers",
    "--no-package-lock",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ];
  execFileSync("npm", args, { stdio: ["ignore", "ignore", "inherit"] });
}

/** Runs a suite in one process. `show` gets each row as it is measured. */
async function runOnce(
  runtime: RuntimeName,
  job: Job,
  simd: Options["simd"],
  show: (row: Row, setting: Setting) => void,
) {
  let setting: Setting | undefined;
  const rows: Row[] = [];
  for await (const message of runIn(runtime, job, simd)) {
    if ("note" in message) console.log(`note: ${message.note}`);
    else if ("setting" in message) {
      setting = message.setting;
    } else {
      rows.push(message.row);
      show(message.row, setting!);
    }
  }
  return setting && { setting, rows };
}

async function report(
  runtime: RuntimeName,
  job: Job,
  { simd, compare, processes }: Options,
): Promise<RunReport | undefined> {
  const { suite } = job;
  let isHeaded = false;
  const show = (row: Row, setting: Setting): void => {
    if (!isHeaded) console.log(heading({ suite, runtime, setting }));
    isHeaded = true;
    console.log(line(row, setting, compare !== undefined));
  };
  const runs: Pick<RunReport, "setting" | "rows">[] = [];
  for (let n = 0; n < processes; n++) {
    const done = await runOnce(runtime, job, simd, processes === 1 ? show : () => {});
    if (done === undefined) return undefined;
    runs.push(done);
  }
  const [{ setting, rows }] = runs as [Pick<RunReport, "setting" | "rows">];
  if (processes === 1) return { suite, runtime, setting, rows };
  const combined = rows.map((row, i) => ({
    ...row,
    timings: Object.fromEntries(
      Object.keys(row.timings).map((name) => [name, combine(runs.map((run) => run.rows[i]!.timings[name]!))]),
    ),
  }));
  for (const row of combined) show(row, setting);
  return { suite, runtime, setting, rows: combined };
}

/** Steps of each loop of the memory program. */
const memoryLoops = { "lenet-loader": 20_000, "lenet-plain": 20_000, "lstm-plain": 3_000 };

async function reportMemory({ runtimes, filter, steps, rounds }: Options): Promise<void> {
  await bundleMemory();
  for (const runtime of runtimes)
    for (const [loop, most] of Object.entries(memoryLoops)) {
      if (!loop.includes(filter)) continue;
      console.log(`\nmemory · ${loop} · ${runtime}`);
      for await (const text of runMemory(runtime, loop, steps ?? most, rounds)) console.log(text);
    }
}

/** Fewer rounds than on a processor: the whole suite is to take minutes. */
const GPU_ROUNDS = 7;

/** The suite of the GPU. @returns what it gave */
async function measureWebgpu({ filter, peers, rounds, slice }: Options) {
  const known = peers.filter((peer) => peer === "tfjs" || peer === "jax-js");
  return reportWebgpu({ filter, peers: known, rounds: Math.min(rounds, GPU_ROUNDS), slice });
}

async function run(options: Options): Promise<void> {
  const { peers, filter, rounds, slice, compare } = options;
  if (options.suites.length > 0 || options.webgpu) await preparePeers(peers);
  await bundleRunner();
  const other = compare ? { name: compare, module: await bundleOther(buildRevision(compare)) } : undefined;
  const limits = await compileLimits();
  const reports: RunReport[] = [];
  for (const runtime of options.runtimes)
    for (const threads of options.threads)
      for (const suite of options.suites) {
        const names = options.summary ? summary[suite] : undefined;
        const job = { suite, names, filter, peers, threads, rounds, slice, limits, other, images: options.images };
        const done = await report(runtime, job, options);
        if (done) reports.push(done);
      }
  if (options.memory) await reportMemory(options);
  // Jobs of several processes, which take a second to start: fewer rounds than for functions, and longer ones.
  if (options.collectives) await reportCollectives(Math.min(rounds, 5), 20 * slice);
  const gpu = options.webgpu ? await measureWebgpu(options) : undefined;
  const machine = { cpu: cpus()[0]?.model ?? "", cores: cpus().length };
  if (options.markdown) console.log(`\n${markdown(reports, machine, new Date(), process.argv.slice(2))}`);
  if (options.json === undefined) return;
  writeFileSync(options.json, `${JSON.stringify({ machine, reports, ...(gpu && { webgpu: gpu }) }, null, 2)}\n`);
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") console.log(help);
  else await run(options);
}

main().catch((error: unknown) => {
  const expected = error instanceof UsageError;
  console.error(expected ? `error: ${error.message}` : error);
  process.exit(expected ? 2 : 1);
});
