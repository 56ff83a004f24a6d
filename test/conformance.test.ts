/** PyTorch's samples, of which those that passed must go on passing. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as torch from "kindling";
import { beforeAll, describe, expect, it } from "vitest";
import { count, kinds, type Report } from "./conformance/report";
import { runWatched } from "./conformance/watched";

const full = resolve("../shared/conformance");
const folder = existsSync(full) ? full : resolve("test/golden");
const passing: Record<string, string[]> = JSON.parse(readFileSync("test/conformance/passing.json", "utf8"));
/** On the edge of the tolerance: fused multiply-adds, which newer engines have, round a second derivative otherwise. */
const onTheEdge = torch.backends.wasm.simd === "relaxed" ? ["matrix_exp"] : [];
const families = Object.keys(passing).filter((family) => passing[family]!.length > 0);

describe(`samples in ${folder === full ? "the full collection" : "test/golden"}`, () => {
  const report: Report = { families: {} };
  const reasons = new Map<string, string>();

  beforeAll(async () => {
    await runWatched({ folder, families }, 20_000, ({ family, entry, id, result }) => {
      count(report, family, entry, result);
      for (const kind of kinds) {
        const one = result[kind];
        if (one && one.outcome !== "passed")
          reasons.set(`${family} ${entry}`, `${id} ${kind} ${one.outcome}: ${one.reason}`);
      }
    });
  }, 300_000);

  it.each(families)("%s: what is listed as passing passes", (family) => {
    const entries = report.families[family]?.entries ?? {};
    const listed = passing[family]!.filter((entry) => entry in entries);
    const sure = listed.filter((entry) => !onTheEdge.includes(entry));
    const broken = sure.flatMap((entry) => reasons.get(`${family} ${entry}`) ?? []);
    expect(broken).toEqual([]);
    expect(listed.length).toBe(passing[family]!.length);
  });
});
