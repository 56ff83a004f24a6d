/** Wrong values thrown at everything public: what is not accepted is an error of Kindling's that names what was called. */
import { expect, test } from "vitest";
import type { Fault } from "../../scripts/fuzz/fault";
import { fuzzOps } from "../../scripts/fuzz/ops";
import { cutNote, runsAll } from "../helpers/cut";

/** Faults by what they say, each with one program. */
function grouped(faults: readonly Fault[]): string[] {
  const groups = new Map<string, Fault[]>();
  for (const fault of faults) {
    const gist = `${fault.kind}: ${fault.detail.split("\n")[0]!.replace(/ \(call \d+\)$/, "")}`;
    groups.set(gist, [...(groups.get(gist) ?? []), fault]);
  }
  return [...groups].map(([gist, same]) => `${same.length} × ${gist}\n${same[0]!.program}`);
}

test(`wrong calls of everything public${cutNote}`, async () => {
  const faults: Fault[] = [];
  const options = { seed: 1, calls: Number.POSITIVE_INFINITY, seconds: 280, limit: 5, mode: "wrong" as const };
  const share = runsAll ? 1 : 3;
  const { calls, subjects, accepted, refused } = await fuzzOps({
    ...options,
    share,
    report: (fault) => faults.push(fault),
  });
  console.log(
    `${calls} calls of ${subjects} callables: ${accepted} accepted, ${refused} refused, ${faults.length} faults`,
  );
  expect(grouped(faults)).toEqual([]);
  expect(subjects).toBeGreaterThan(1500);
  expect(refused).toBeGreaterThan(15_000);
}, 300_000);
