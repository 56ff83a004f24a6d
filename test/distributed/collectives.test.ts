/** The collectives on real ranks: what they compute, and what they refuse. */
import { describe, expect, test } from "vitest";
import { cutNote, runsAll } from "../helpers/cut";
import { launch, pairs, skipped } from "./launch";

if (skipped !== "") console.info(`tests of torch.distributed are skipped in part: ${skipped}`);

describe.each(pairs)("$name and $name", (mpi, runtime, ranks) => {
  // Four ranks train, and so do two in Deno, in `training.ranks.test.ts`.
  test.runIf(runsAll || runtime.name !== "deno").each(runsAll ? ranks : [2])(
    `on %i ranks (${mpi.name}, ${runtime.name})${cutNote}`,
    async (n) => {
      const { code, stdout, stderr } = await launch([mpi, runtime], n, "collectives");
      const lines = stdout.trim().split(/\r?\n/).sort();
      expect(stderr.split("\n").filter((line) => /error|assert/i.test(line))).toEqual([]);
      expect(lines).toEqual(
        Array.from({ length: n }, (_, i) => expect.stringMatching(`rank ${i} of ${n}: \\d+ checks`)),
      );
      for (const line of lines) expect(Number(/(\d+) checks/.exec(line)![1])).toBeGreaterThan(500);
      expect(code).toBe(0);
    },
    90_000,
  );
});

test.skipIf(pairs.length > 0)("are tested where there is MPI (skipped: there is none)", () => {});
