/** Prints rows as a table. */
import type { Row, Setting } from "./runner";

/** All that one run in one runtime gave. */
export interface RunReport {
  readonly suite: string;
  readonly runtime: string;
  readonly setting: Setting;
  readonly rows: Row[];
}

const NAME_WIDTH = 44;

function time(ms: number): string {
  if (ms >= 100) return `${ms.toFixed(0)} ms`;
  if (ms >= 0.1) return `${ms.toFixed(2)} ms`;
  return `${(1000 * ms).toFixed(2)} µs`;
}

export function heading({ suite, runtime, setting }: Omit<RunReport, "rows">): string {
  const { simd, threads, limit, baselineLimit, versions } = setting;
  const peers = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const against = peers.length > 0 ? ` · against ${peers.join(", ")}` : "";
  const unfused = simd === "baseline" ? "" : ` (${baselineLimit.toFixed(1)} unfused)`;
  return `\n${suite} · ${runtime} · ${threads} thread${threads > 1 ? "s" : ""} · ${simd} SIMD · 128-bit limit ${limit.toFixed(1)} GFLOP/s per thread${unfused}${against}`;
}

/** One line: own time, own speed where it can be told with its part of the limit in the same rounds, and how many times faster than each other contender. */
export function line({ name, flops, images, timings }: Row, { threads }: Setting, withSpread: boolean): string {
  const { kindling, limit, ...others } = timings;
  const parts = [name.padEnd(NAME_WIDTH), time(kindling!.ms).padStart(10)];
  if (flops !== undefined) parts.push(`${(flops / kindling!.ms / 1e6).toFixed(1).padStart(7)} GFLOP/s`);
  if (limit !== undefined) parts.push(`${((100 * limit.ratio) / threads).toFixed(0).padStart(4)} %`);
  if (images !== undefined) parts.push(`${((1000 * images) / kindling!.ms).toFixed(0).padStart(7)} images/s`);
  for (const [other, { ratio, spread }] of Object.entries(others)) {
    const range = withSpread ? ` (${spread.map((x) => x.toFixed(2)).join("–")})` : "";
    parts.push(`  ${ratio.toFixed(2).padStart(6)}× ${other}${range}`);
  }
  return parts.join(" ");
}

/** What contenders are called in a table, in the order of its columns. */
const columns = { tfjs: "TensorFlow.js", ort: "ONNX Runtime Web", "jax-js": "jax-js", torch: "PyTorch, native" };

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
}

/** A table of Kindling's times and how many times faster it is than the peers, with what ran where, when and how. */
export function markdown(
  reports: readonly RunReport[],
  { cpu, cores }: Machine,
  date: Date,
  args: readonly string[],
): string {
  const versions: Record<string, string> = Object.assign({}, ...reports.map(({ setting }) => setting.versions));
  const shown = Object.entries(columns).filter(([name]) => name in versions);
  const cells = (row: readonly string[]) => `| ${row.join(" | ")} |`;
  const ratio = (row: Row, name: string) => {
    const timing = row.timings[name];
    return timing === undefined ? "" : `${timing.ratio.toFixed(2)}×`;
  };
  const settings = reports.map(({ runtime, setting }) => `${runtime}, threads: ${setting.threads}`);
  const several = new Set(settings).size > 1;
  return [
    cells(["", "Kindling", ...shown.map(([name, title]) => `${title} ${versions[name]}`)]),
    cells(["---", "---:", ...shown.map(() => "---:")]),
    ...reports.flatMap(({ rows }, i) =>
      rows.map((row) =>
        cells([
          several ? `${row.name} (${settings[i]})` : row.name,
          time(row.timings.kindling!.ms),
          ...shown.map(([name]) => ratio(row, name)),
        ]),
      ),
    ),
    "",
    `${cpu}, ${cores} cores; ${[...new Set(settings)].join("; ")}; ${date.toISOString().slice(0, 10)}; \`npm run bench -- ${args.join(" ")}\``,
  ].join("\n");
}
