/** Runs of training that are killed go on with the same bits. `npm run fuzz -- resume` kills many more. */
import { expect, test } from "vitest";
import type { Fault } from "../../scripts/fuzz/fault";
import { fuzzResume } from "../../scripts/fuzz/resume";
import { cutNote, runsAll } from "../helpers/cut";

/** One while it writes a checkpoint, one between steps that have workers; or twice as many. */
const calls = runsAll ? 4 : 2;

test(`killed ${calls} times, runs of training go on with the same bits${cutNote}`, { timeout: 180_000 }, async () => {
  const faults: Fault[] = [];
  const { killed } = await fuzzResume({ seed: 3, calls, seconds: 120, report: (fault) => faults.push(fault) }, 2);
  expect(faults).toEqual([]);
  expect(killed).toBeGreaterThanOrEqual(calls);
});
