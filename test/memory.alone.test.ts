/** Memory of programs that never dispose anything: the loops of `bench/memory.ts`, shortened, each in a process of its own. */
import { beforeAll, describe, expect, test } from "vitest";
import { bundleMemory, ownRuntime, runMemory } from "../bench/runtimes";
import { cut, cutNote, runsAll } from "./helpers/cut";

/** MiB of the whole process. */
const BOUND = 1024;

beforeAll(bundleMemory);

async function train(loop: string, steps: number) {
  const lines: string[] = [];
  for await (const line of runMemory(ownRuntime, loop, steps, 1)) lines.push(line);
  const marks = lines.flatMap(
    (line) => /^step \d+: memory (\d+) MiB.*process (\d+) MiB/.exec(line)?.slice(1).map(Number) ?? [],
  );
  return { lines, reserved: marks.filter((_, i) => i % 2 === 0), process: marks.filter((_, i) => i % 2 === 1) };
}

describe("without tidy or dispose memory stays bounded", () => {
  // Each of them makes more than the bound, and would hold all of it.
  const loops: [string, string, number][] = [
    ["LeNet steps at batch 64 in a plain loop", "lenet-plain", runsAll ? 400 : 240],
    ["LeNet steps at batch 64 from a DataLoader", "lenet-loader", 400],
    ["steps of an LSTM in a plain loop", "lstm-plain", 120],
  ];

  test.each(cut(loops, 3))(
    `%s${cutNote}`,
    async (_, loop, steps) => {
      const { lines, reserved, process } = await train(loop, steps);
      expect(reserved).toHaveLength(20);
      expect(Math.max(...process)).toBeLessThan(BOUND);
      // When the collector runs is chance, and memory grows by 16 MiB at a time.
      expect(reserved.at(-1)! - reserved[9]!, "growth over the last half").toBeLessThanOrEqual(160);
      expect(lines.at(-1)).toMatch(/ms per step, with tidy .* times$/);
    },
    200_000,
  );
});
