/** `kindling run`: starts ranks, says how one would on a cluster, and starts a job that failed again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { inTurn } from "../helpers/inTurn";
import { pairs, run, tolerant } from "./launch";

const root = mkdtempSync(join(tmpdir(), "kindling-run-"));
afterAll(() => rmSync(root, { recursive: true }));

const kindling = (...args: string[]) => run(process.execPath, ["dist/cli.js", "run", ...args]);
const program = "test/distributed/programs/restarts.mjs";
const [pair] = pairs.filter(([, runtime]) => runtime.name.startsWith("node"));

test.skipIf(pair === undefined)(
  "a job that is killed goes on from its checkpoint with the same bits (skipped without MPI)",
  async () => {
    const { mpirun } = pair![0];
    const whole = await kindling("-n", "2", "--mpirun", mpirun, program, join(root, "whole"));
    const again = await kindling(
      "-n",
      "2",
      "--mpirun",
      mpirun,
      "--max-restarts",
      "1",
      program,
      join(root, "again"),
      "kill",
    );
    expect([whole.code, again.code]).toEqual([0, 0]);
    expect(again.stderr).toMatch(/kindling run: the job failed \(exit code \d+\); restart 1 of 1/);
    const [, bits] = /from step 0: (.*)/.exec(whole.stdout)!;
    expect(bits!.split(" ")).toHaveLength(15);
    expect(/from step 3: (.*)/.exec(again.stdout)?.[1]).toBe(bits);
    // Every line begins with the rank.
    expect(whole.stdout).toMatch(/^\[[^\]]*0\]\S* ?from step 0/);
    const failed = await kindling("-n", "1", "--mpirun", mpirun, join(root, "none.mjs"));
    expect(failed.code).not.toBe(0);
    expect(failed.stderr).toMatch(/kindling run: the job failed \(exit code \d+\)\n$/);
  },
  120_000,
);

test("prints the commands for other machines, and says what is wrong with its options", async () => {
  const lines = [
    ["-n", "3", "--print", "train.js", "--lr", "it's"],
    ["-n", "none", "train.js"],
    ["--mpirun", "node", "train.js"],
    ["-n", "3", "--survive", "--print", "train.js"],
  ];
  const [printed, wrong, other, survive] = await inTurn(lines.map((args) => ["dist/cli.js", "run", ...args]));
  const { code, stdout } = printed!;
  expect(code).toBe(0);
  expect(stdout).toContain("  mpirun -n 3 node train.js --lr 'it'\\''s'\n");
  expect(stdout).toContain("  srun -n 3 --mpi=pmi2 node train.js");
  expect([wrong!.code, wrong!.stderr]).toEqual([2, 'error: -n takes an integer of at least 1, got "none"\n']);
  expect(survive!.stdout).toContain("  mpirun --with-ft ulfm -n 3 node train.js\n");
  expect(other!.stderr).toBe("error: run: node is neither Open MPI's mpirun nor MPICH's\n");
});

test.skipIf(pair === undefined || pair[0] === tolerant)(
  "says which MPI lets ranks survive (skipped without one that does not)",
  async () => {
    const { code, stderr } = await kindling("--survive", "--mpirun", pair![0].mpirun, "train.js");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: run: --survive needs Open MPI 5 or later, .*; mpirun\S* is .*, and --mpirun names it\n$/,
    );
  },
);

test("says how to install MPI", async () => {
  const none = await run(process.execPath, ["dist/cli.js", "run", "train.js"], { PATH: root });
  expect(none.code).toBe(1);
  expect(none.stderr).toContain("sudo apt-get install mpich");
});
