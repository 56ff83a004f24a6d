/** `kindling bench`: some seconds of measurements. */
import type { Command } from "commander";
import * as torch from "../../index";
import { table } from "../../inspect/table";
import { integer, option } from "../commandLine";
import { print, printJson } from "../console";
import { measureLimit, quickBench } from "../speed";

/** The options of the command. */
interface Options {
  readonly threads?: number;
  readonly time: number;
  readonly json?: boolean;
}

async function bench({ threads, time, json }: Options): Promise<void> {
  if (threads !== undefined) torch.setNumThreads(threads);
  const rows = await quickBench(time);
  const found = { runtime: torch.doctor().runtime, simd: torch.simdLevel(), threads: torch.doctor().threads.running };
  const limit = await measureLimit();
  if (json) return printJson({ ...found, limitPerThread: limit, rows });
  const cells = rows.map(({ name, milliseconds, rate, unit }) => [
    name,
    milliseconds.toPrecision(3),
    rate.toPrecision(4),
    unit,
  ]);
  print(table([["", "ms", "rate", ""], ...cells]));
  print(
    `\n${found.runtime}, ${found.simd} SIMD, threads: ${found.threads}; the limit of a thread is ${limit.toFixed(1)} GFLOP/s`,
  );
}

const examples = `
Examples:
  kindling bench                 some seconds; each row is the best of repeated calls
  kindling bench --threads 1     on one thread
  kindling bench --json          for programs

Measurements next to other libraries are in the repository: npm run bench.`;

/** Adds the command. */
export function addBench(program: Command): void {
  program
    .command("bench")
    .description("measure this machine in some seconds: products, convolutions, training steps")
    .addOption(option("--threads <n>", "threads that compute (default: all cores)", integer()))
    .addOption(option("--time <ms>", "time for each row", integer(), 200))
    .option("--json", "write it as JSON")
    .addHelpText("after", examples)
    .action(bench);
}
