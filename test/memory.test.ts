/** Memory of programs that never dispose anything: `bench/memory.ts`, shortened, in a process of its own. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const MEBIBYTE = 2 ** 20;

test("2,000 LeNet steps at batch 64 without tidy or dispose stay in bounded memory", async () => {
  const args = ["--import", "tsx", "bench/memory.ts", "2000"];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const marks = [...stdout.matchAll(/^step \d+: memory (\d+) MiB/gm)].map((match) => Number(match[1]) * MEBIBYTE);
  expect(marks).toHaveLength(20);
  expect(marks.at(-1)).toBeLessThan(2 ** 30);
  // When the collector runs is chance, and memory grows by 16 MiB at a time.
  expect(marks.at(-1)! - marks[9]!, "growth over the last half").toBeLessThanOrEqual(3 * 16 * MEBIBYTE);
  expect(stdout).toMatch(/ms per step, with tidy .* times$/m);
}, 120_000);
