/**
 * A cut of PyTorch's samples on the GPU: of the packed ones, those of every 72nd entry that is recorded to pass entirely, or of every 24th. All of them:
 * `npm run conformance -- DIR --family ops --device webgpu`.
 */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { openDevice } from "../../conformance/device";
import { type DeviceRecord, deviceFile } from "../../conformance/report";
import { steps } from "../../conformance/runner";
import { openSource } from "../../conformance/source";
import { runsAll } from "../../helpers/cut";
import { noGpu, onGpu } from "../../helpers/webgpu";

const CUT = runsAll ? 24 : 72;

const record: DeviceRecord = JSON.parse(readFileSync(deviceFile("webgpu"), "utf8"));
const whole = Object.entries(record.entries).flatMap(([name, marks]) =>
  Object.values(marks).every((mark) => mark === "✓") ? [name] : [],
);
const chosen = new Set(whole.filter((_, i) => i % CUT === 0));

describe.skipIf(noGpu !== undefined)(`${chosen.size} of ${whole.length} entries of the table ${onGpu}`, () => {
  beforeAll(() => openDevice("webgpu"));

  it("give what PyTorch gives, and their gradients", { timeout: 300_000 }, async () => {
    const wrong: string[] = [];
    const seen = new Set<string>();
    for (const { entry, id, run } of steps(openSource("test/golden"), ["ops"], (name) => chosen.has(name))) {
      for (const [kind, { outcome, reason }] of Object.entries(await run())) {
        if (outcome === "passed") seen.add(entry);
        else if (outcome !== "excluded") wrong.push(`${id} ${kind} ${outcome}: ${reason}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(seen.size).toBeGreaterThan(0.5 * chosen.size);
  });
});
