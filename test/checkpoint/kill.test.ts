/** Runs of training that are killed go on with the same bits. `npm run fuzz -- resume` kills many more. */
import { expect, test } from "vitest";
import type { Fault } from "../../scripts/fuzz/fault";
import { fuzzResume } from "../../scripts/fuzz/resume";
import { cutNote, runsAll } from "../helpers/cut";

/** Half of them while a checkpoint is written, the others between steps that have workers; one alone is of the first kind. */
const calls = runsAll ? 4 : 1;

test(`killed ${calls} times, runs of training go on with the same bits${cutNote}`, { timeout: 180_000 }, async () => {
  const faults: Fault[] = [];
  const { killed } = await fuzzResume({ seed: 3, calls, seconds: 120, report: (fault) => faults.push(fault) }, 2);
  expect(faults).toEqual([]);
  expect(killed).toBeGreaterThanOrEqual(calls);
});
