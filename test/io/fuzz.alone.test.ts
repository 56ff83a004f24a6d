/** Damaged files and deaths of workers, the same in each run, as many as some seconds have room for; `npm run fuzz` makes more. */
import { expect, test } from "vitest";
import type { Fault } from "../../scripts/fuzz/fault";
import { fuzzFiles } from "../../scripts/fuzz/files";
import { fuzzWorkers } from "../../scripts/fuzz/workers";
import { allNote, cutNote, runsAll } from "../helpers/cut";

test(`damaged files give errors, or the right tensors${cutNote}`, { timeout: 120_000 }, async () => {
  const faults: Fault[] = [];
  await fuzzFiles({ seed: 11, calls: runsAll ? 2000 : 500, seconds: 6, report: (fault) => faults.push(fault) });
  expect(faults).toEqual([]);
});

// Some deaths of each kind are in `test/data/workers.alone.test.ts`.
test.runIf(runsAll)(`workers that die leave nothing hanging${allNote}`, { timeout: 180_000 }, async () => {
  const faults: Fault[] = [];
  await fuzzWorkers({ seed: 11, calls: 12, seconds: 8, report: (fault) => faults.push(fault) });
  expect(faults).toEqual([]);
});
