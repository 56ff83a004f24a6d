/** Data-parallel training on real ranks, in every runtime and with every MPI that is tested. */
import { describe, expect, test } from "vitest";
import { cutNote } from "../helpers/cut";
import { findRuntimes } from "../runtimes/find";
import { launch, pairs, run, skipped } from "./launch";

if (skipped !== "") console.info(`tests of data-parallel training on real ranks are skipped in part: ${skipped}`);

interface Line {
  rank: number;
  size: number;
  losses: number[];
  bits: string;
  running: number[][];
  sums: number[];
  unused: boolean[][];
  hooks: number[][];
  joined: number[][];
  zero: [unknown, unknown];
}

const linesOf = (stdout: string): Line[] => JSON.parse(stdout) as Line[];

const largest = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

let alone: Promise<Line> | undefined;

/** The process that has the whole batch. */
async function whole(): Promise<Line> {
  const { stdout, stderr } = await run(findRuntimes().found[0]!.command, ["test/distributed/programs/training.mjs"]);
  expect(stderr).toBe("");
  return linesOf(stdout)[0]!;
}

describe.each(pairs)("$name and $name", (mpi, runtime, ranks) => {
  test.each(ranks)(
    `%i ranks train as one process (${mpi.name}, ${runtime.name})${cutNote}`,
    async (n) => {
      alone ??= whole();
      const one = await alone;
      const { code, stdout, stderr } = await launch([mpi, runtime], n, "training");
      expect([stderr.split("\n").filter((line) => /error|assert/i.test(line)), code]).toEqual([[], 0]);
      const lines = linesOf(stdout);
      expect(lines.map(({ rank, size }) => [rank, size])).toEqual(lines.map((_, rank) => [rank, n]));
      for (const line of lines) {
        expect(largest(line.losses, one.losses)).toBeLessThan(1e-5);
        expect(line.bits).toBe(lines[0]!.bits);
        expect(largest(line.running.flat(), one.running.flat())).toBeLessThan(1e-9);
        expect(line.zero[1]).toEqual(line.zero[0]);
        expect([line.unused, line.joined, line.hooks]).toEqual([lines[0]!.unused, lines[0]!.joined, lines[0]!.hooks]);
      }
      if (n === 2) expect(lines[0]!.sums.slice(0, 4)).toEqual([1.5, 12, 1, 3]);
    },
    90_000,
  );
});

test.skipIf(pairs.length > 0)("are tested where there is MPI (skipped: there is none)", () => {});
