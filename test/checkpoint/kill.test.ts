/** Runs of training that are killed go on with the same bits. `npm run fuzz -- resume` kills many more. */
import { expect, test } from "vitest";
import type { Fault } from "../../scripts/fuzz/fault";
import { fuzzResume } from "../../scripts/fuzz/resume";

test("killed four times, runs of training go on with the same bits", { timeout: 180_000 }, async () => {
  const faults: Fault[] = [];
  const { killed } = await fuzzResume({ seed: 3, calls: 4, seconds: 120, report: (fault) => faults.push(fault) }, 2);
  expect(faults).toEqual([]);
  expect(killed).toBeGreaterThanOrEqual(4);
});
