/** The command line of the benchmark. */
import { resolve } from "node:path";
import { parseFlags, UsageError, wholeNumber } from "../scripts/usage";
import { type PeerName, peerNames } from "./library";
import { ownRuntime, type RuntimeName, runtimeNames } from "./runtimes";
import { type SuiteName, suites, summary } from "./workloads";

export { UsageError };

export interface Options {
  readonly suites: readonly SuiteName[];
  /** Whether to run of them what the table of the README shows. */
  readonly summary: boolean;
  /** Whether to run the memory program as well, which is no suite of timings. */
  readonly memory: boolean;
  /** Whether to time collectives between processes. */
  readonly collectives: boolean;
  /** Whether to measure the GPU, in Chromium. */
  readonly webgpu: boolean;
  readonly json: string | undefined;
  /** Whether to print a table in Markdown after all. */
  readonly markdown: boolean;
  readonly runtimes: readonly RuntimeName[];
  readonly threads: readonly number[];
  readonly peers: readonly PeerName[];
  readonly filter: string;
  readonly simd: "baseline" | undefined;
  readonly rounds: number;
  /** Steps of the loops of the memory program. */
  readonly steps: number | undefined;
  readonly slice: number;
  /** A folder of JPEG files. */
  readonly images: string | undefined;
  /** Processes in which a suite is measured, one after another. */
  readonly processes: number;
  /** A revision of Kindling to compare with. */
  readonly compare: string | undefined;
}

export const help = `Measures Kindling next to its peers, by turns in one run.

  npm run bench                               every suite, on this runtime
  npm run bench -- gemm conv                  only these: ${Object.keys(suites).join(", ")}, memory, collectives, webgpu
  npm run bench -- summary                    of several suites what the table of the README shows
  npm run bench:compare -- REF [SUITE…]       against another revision of Kindling instead of peers

Options
  --runtime LIST   of ${runtimeNames.join(", ")} (default: the one that runs this)
  --threads LIST   numbers of threads, each measured by itself (default 1)
  --peers LIST     of ${peerNames.join(", ")}, or none (default: all; those from npm are installed into bench/peers)
  --filter TEXT    only workloads whose name has this in it
  --simd baseline  without relaxed SIMD, even where there is
  --rounds N       rounds, of which the medians are taken (default 15)
  --processes N    processes in which a suite is measured; the medians of theirs are shown (default 1, to compare 5)
  --slice MS       time of one contender in one round (default 50)
  --steps N        steps of the loops of \`memory\` (default: 20,000, of the LSTM 3,000)
  --images DIR     JPEG files that \`loader\` reads (default: some that it makes)
  --json FILE      writes all figures
  --markdown       prints a table in Markdown after all, with machine, date and command
  --help           this text
`;

function list<T extends string>(option: string, text: string, known: readonly T[]): T[] {
  return text.split(",").map((name) => {
    if (!known.includes(name as T)) throw new UsageError(`--${option}: "${name}" is none of ${known.join(", ")}`);
    return name as T;
  });
}

const positive = (option: string, text: string): number => wholeNumber(option, text, 1);

const text = { type: "string" } as const;

const flags = {
  runtime: text,
  threads: text,
  peers: text,
  filter: text,
  simd: text,
  rounds: text,
  processes: text,
  steps: text,
  slice: text,
  images: text,
  json: text,
  markdown: { type: "boolean" },
  compare: { type: "boolean" },
  help: { type: "boolean" },
} as const;

/** @throws UsageError for what is not known. */
export function parseOptions(args: readonly string[]): Options | "help" {
  const { values, positionals } = parseFlags(args, flags);
  if (values.help) return "help";
  const compare = values.compare ? positionals.shift() : undefined;
  if (values.compare && compare === undefined) throw new UsageError("which revision? npm run bench:compare -- REF");
  const names = Object.keys(suites) as SuiteName[];
  const wanted = positionals.flatMap((name) =>
    list("suite", name, [...names, "summary", "memory", "collectives", "webgpu"]),
  );
  const isSummary = wanted.includes("summary");
  if (isSummary && wanted.length > 1) throw new UsageError("summary is measured by itself");
  if (values.simd !== undefined) list("simd", values.simd, ["baseline"]);
  return {
    summary: isSummary,
    markdown: values.markdown ?? false,
    suites: isSummary
      ? names.filter((name) => summary[name])
      : wanted.length > 0
        ? names.filter((name) => wanted.includes(name))
        : names,
    steps: values.steps === undefined ? undefined : positive("steps", values.steps),
    memory: wanted.includes("memory"),
    collectives: wanted.includes("collectives"),
    webgpu: wanted.includes("webgpu"),
    json: values.json,
    images: values.images === undefined ? undefined : resolve(values.images),
    runtimes: values.runtime ? list("runtime", values.runtime, runtimeNames) : [ownRuntime],
    threads: (values.threads ?? "1").split(",").map((n) => positive("threads", n)),
    peers:
      values.peers === "none" || values.compare ? [] : list("peers", values.peers ?? peerNames.join(","), peerNames),
    filter: values.filter ?? "",
    simd: values.simd as "baseline" | undefined,
    rounds: positive("rounds", values.rounds ?? "15"),
    // How an engine compiles a function of nanoseconds differs from process to process, and a revision is held to hundredths.
    processes: positive("processes", values.processes ?? (compare === undefined ? "1" : "5")),
    slice: positive("slice", values.slice ?? "50"),
    compare,
  };
}
