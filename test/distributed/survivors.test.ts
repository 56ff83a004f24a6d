/** Ranks that go on when others die, and groups that are made smaller, on real ranks. */
import { describe, expect, test } from "vitest";
import { cutNote } from "../helpers/cut";
import { launch, type Outcome, pairs, run, tolerant } from "./launch";

interface Line {
  first: number;
  lost: number[][];
  said: string;
  later: string;
  seconds: number;
  rank: number;
  size: number;
  bits: string;
  falls: boolean;
  sum: number;
  group: string;
  model: string;
}

const withNode = pairs.filter(([, runtime]) => runtime.name.startsWith("node"));

describe.each(withNode)("$name and $name", (mpi, runtime) => {
  test(`groups are made smaller while all ranks are there (${mpi.name})${cutNote}`, async () => {
    const { code, stdout, stderr } = await launch([mpi, runtime], 3, "shrinks");
    expect([stderr.split("\n").filter((line) => /\w*Error: /.test(line)), code]).toEqual([[], 0]);
    expect(stdout.match(/rank \d of 3 is done/g)?.sort()).toEqual([0, 1, 2].map((i) => `rank ${i} of 3 is done`));
  }, 90_000);
});

const isThere = tolerant !== undefined && withNode.length > 0;
const note = isThere ? "" : " (skipped: there is no Open MPI of version 5 or later)";

const linesOf = ({ stdout }: Outcome): Line[] =>
  [...stdout.matchAll(/\{"first.*\}/g)].map(([line]) => JSON.parse(line) as Line).sort((a, b) => a.first - b.first);

/** What happens, to how many ranks, which are left, and which ones each of them has lost, as it counted them then. */
const deaths: readonly (readonly [what: string, how: string, n: number, left: number[], lost: number[][]])[] = [
  ["a rank is killed between its forward and backward", "middle", 3, [0, 2], [[1]]],
  ["a rank is killed after its backward", "between", 3, [0, 1], [[2]]],
  ["a rank is killed while much data is under way", "large", 3, [0, 2], [[1]]],
  ["one rank after the other is killed", "two", 3, [1], [[0], [1]]],
  ["a rank is killed while others make their group", "during", 4, [0, 2], [[1]]],
];

describe.skipIf(!isThere)("ranks go on when others die", () => {
  const { mpirun } = tolerant ?? { mpirun: "" };
  const start = ["dist/cli.js", "run", "--survive", "--mpirun", mpirun];

  test.each(deaths)(
    `%s${note}`,
    async (_, how, n, left, lost) => {
      const program = "test/distributed/programs/survivors.mjs";
      const outcome = await run(process.execPath, [...start, "-n", String(n), program, how]);
      const lines = linesOf(outcome);
      expect([outcome.code, lines.map(({ first }) => first)]).toEqual([0, left]);
      for (const [i, line] of lines.entries()) {
        expect([line.rank, line.size, line.lost]).toEqual([i, left.length, lost]);
        expect([line.bits, line.falls, line.sum]).toEqual([lines[0]!.bits, true, 1]);
        expect(line.said).toMatch(/^(backward|DistributedDataParallel|allReduce).*: rank \d is lost/);
        expect(line.later).toMatch(/^RankLostError: barrier\(\): rank \d is lost/);
        expect(line.group).toMatch(/^ValueError: barrier: the group was destroyed, or shrinkGroup/);
        expect(line.model).toMatch(
          /^DistBackendError: DistributedDataParallel: shrinkGroup\(\) has made another group/,
        );
        expect(line.seconds).toBeLessThan(5);
      }
    },
    90_000,
  );

  test(`groups are made smaller while all ranks are there${note}`, async () => {
    const outcome = await run(process.execPath, [...start, "-n", "3", "test/distributed/programs/shrinks.mjs"]);
    expect([outcome.code, outcome.stdout.match(/is done/g)?.length]).toEqual([0, 3]);
  }, 90_000);

  test(`an error that nobody catches ends all${note}`, async () => {
    const outcome = await run(process.execPath, [
      ...start,
      "-n",
      "3",
      "test/distributed/programs/failures.mjs",
      "kill",
    ]);
    expect(outcome.code).not.toBe(0);
    expect(outcome.stderr).toMatch(/RankLostError: allReduce\(float32 \[3\], op: "sum"\): rank 1 is lost/);
  }, 90_000);
});
