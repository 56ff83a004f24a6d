/** The fuzzer of ops: it finds what is planted, and nothing in the library. */
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Fault } from "../../scripts/fuzz/fault";
import { fuzzOps, type OpsOptions } from "../../scripts/fuzz/ops";
import { allNote, cut, cutNote, runsAll } from "../helpers/cut";
import { noGpu, onGpu } from "../helpers/webgpu";
import { names } from "./planted.mjs";

async function fuzz(options: Partial<OpsOptions>) {
  const faults: Fault[] = [];
  const summary = await fuzzOps({
    seed: 1,
    calls: 100,
    seconds: 60,
    report: (fault) => faults.push(fault),
    ...options,
  });
  return { faults, summary };
}

test.skipIf(noGpu !== undefined || !runsAll)(`the cpu and the GPU agree ${onGpu}${allNote}`, async () => {
  const { faults, summary } = await fuzz({ mode: "webgpu", seed: 7, calls: 60, limit: 30 });
  expect(faults.map(({ kind, program, detail }) => `${kind}: ${detail}\n${program}`)).toEqual([]);
  expect(summary.accepted).toBeGreaterThan(10);
});

const planted = { path: join(import.meta.dirname, "planted.mjs"), names };

const plantedKinds = [
  ["overrun", "guard"],
  ["foreign", "foreign"],
  ["unwritten", "poison"],
  ["vague", "foreign"],
  ["deadly", "death"],
  ["trapping", "trap"],
  ["endless", "hang"],
] as const;

test.each(cut(plantedKinds, plantedKinds.length))(`a planted fault is found: %s${cutNote}`, async (name, kind) => {
  const { faults } = await fuzz({ planted, op: `planted.${name}`, calls: 2, limit: 1 });
  expect(faults.map((fault) => fault.kind)).toEqual([kind, kind]);
  expect(faults[0]!.program).toContain(`torch.planted.${name}(`);
});

test("a call depends on the seed and its number alone", async () => {
  const { faults } = await fuzz({ planted, op: "planted.foreign", calls: 3 });
  const { faults: third } = await fuzz({ planted, op: "planted.foreign", calls: 1, from: 2 });
  expect(third.map(({ program }) => program)).toEqual([faults[2]!.program]);
});

test(`nothing is wrong with a few thousand calls${cutNote}`, async () => {
  const calls = runsAll ? 3000 : 2000;
  const { faults, summary } = await fuzz({ calls });
  expect(faults.map(({ kind, program, detail }) => `${kind}: ${detail}\n${program}`)).toEqual([]);
  expect(summary.calls).toBe(calls);
  expect(summary.accepted).toBeGreaterThan(0.36 * calls);
  expect(summary.refused).toBeGreaterThan(0.2 * calls);
}, 300_000);
