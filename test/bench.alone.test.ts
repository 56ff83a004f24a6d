/** The benchmark's own arithmetic, and that every workload runs. */
import { describe, expect, test } from "vitest";
import { createKindling, makePictures } from "../bench/kindling";
import { local, measure } from "../bench/measure";
import { parseOptions, UsageError } from "../bench/options";
import { markdown } from "../bench/report";
import type { Row } from "../bench/runner";
import { flops, outSize, reference, type SuiteName, suites, summary, type Workload } from "../bench/workloads";
import { allNote, runsAll } from "./helpers/cut";

describe("measure", () => {
  test("ratios are those to the first contender", async () => {
    const sleeper = (ms: number) => ({ time: (iterations: number) => ms * iterations });
    const [one, two] = await measure([sleeper(2), sleeper(5)], { rounds: 3, slice: 10 });
    expect(one).toEqual({ ms: 2, best: 2, ratio: 1, spread: [1, 1] });
    expect(two).toEqual({ ms: 5, best: 5, ratio: 2.5, spread: [2.5, 2.5] });
  });

  test("promises are awaited", async () => {
    let finished = 0;
    await local(async () => {
      await Promise.resolve();
      finished++;
    }).time(3);
    expect(finished).toBe(3);
  });
});

describe("workloads", () => {
  const all: readonly Workload[] = Object.values(suites).flat();

  test("names are unique", () => {
    expect(new Set(all.map(({ kind, name }) => `${kind} ${name}`)).size).toBe(all.length);
  });

  test("the summary is of workloads that there are", () => {
    for (const [suite, names] of Object.entries(summary))
      expect(suites[suite as SuiteName].map(({ name }) => name as string)).toEqual(expect.arrayContaining([...names]));
  });

  test("operations are counted by the direct algorithm", () => {
    const conv = suites.conv[0]!;
    expect(outSize(conv)).toBe(56);
    expect(flops(conv)).toBe(2 * 64 * 64 * 9 * 56 * 56);
    expect(flops(reference(suites.conv[1]!)!)).toBe(flops(conv));
  });

  /** Fewer pictures than are measured run through the same code. */
  const shortened = async (workload: Workload): Promise<Workload> => {
    if (workload.kind === "overlap") return { ...workload, steps: 2, batch: 8 };
    if (workload.kind !== "pictures") return workload;
    return {
      ...workload,
      images: 16,
      batch: 8,
      folder: workload.source === "jpeg" ? await makePictures(8) : undefined,
    };
  };
  const small = all.filter((workload) => workload.kind !== "train" || ["mlp", "lenet"].includes(workload.model));
  test.runIf(runsAll).each(small.map((workload) => [workload.name, workload] as const))(
    `%s runs${allNote}`,
    async (_, workload) => {
      expect(await createKindling(await shortened(workload), 1).time(1)).toBeGreaterThan(0);
    },
  );
});

describe("options", () => {
  test("are checked", () => {
    expect(parseOptions(["conv", "gemm", "--threads", "1,2", "--peers", "none"])).toMatchObject({
      suites: ["gemm", "conv"],
      threads: [1, 2],
      peers: [],
    });
    const ofSummary = parseOptions(["summary", "--markdown"]);
    expect(ofSummary).toMatchObject({ suites: Object.keys(summary), summary: true, markdown: true });
    expect(() => parseOptions(["summary", "conv"])).toThrow("summary is measured by itself");
    expect(() => parseOptions(["--threads", "0"])).toThrow(UsageError);
    expect(() => parseOptions(["--peers", "numpy"])).toThrow('--peers: "numpy" is none of tfjs, ort, jax-js, torch');
    expect(() => parseOptions(["speed"])).toThrow(UsageError);
    expect(() => parseOptions(["--fast"])).toThrow(UsageError);
    expect(() => parseOptions(["--compare"])).toThrow("which revision?");
  });
});

test("a table says what was measured, where, when and how", () => {
  const timing = (ms: number, ratio: number) => ({ ms, best: ms, ratio, spread: [ratio, ratio] as const });
  const setting = { simd: "relaxed", threads: 1, limit: 50, baselineLimit: 30, versions: { torch: "1.13" } } as const;
  const rows: Row[] = [
    { name: "add", flops: undefined, timings: { kindling: timing(0.5, 1), torch: timing(1, 2) } },
    { name: "mul", flops: undefined, timings: { kindling: timing(2, 1), "own NN": timing(1, 0.5) } },
  ];
  const reports = [{ suite: "ops", runtime: "node24", setting, rows }];
  expect(
    markdown(reports, { cpu: "A processor", cores: 2 }, new Date("2026-01-02T03:04:05Z"), ["ops", "--markdown"]),
  ).toBe(`|  | Kindling | PyTorch, native 1.13 |
| --- | ---: | ---: |
| add | 0.50 ms | 2.00× |
| mul | 2.00 ms |  |

A processor, 2 cores; node24, threads: 1; 2026-01-02; \`npm run bench -- ops --markdown\``);
});
