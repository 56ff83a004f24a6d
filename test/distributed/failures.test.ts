/** Jobs that fail: every rank ends, soon, with an error that says what happened, and nothing is left. */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cut, cutNote, runsAll } from "../helpers/cut";
import { implementations, isRunning, launch, type Mpi, pairs, run } from "./launch";

/** Each MPI with a Node. */
const withNode = implementations.flatMap((mpi) =>
  pairs.filter((pair) => pair[0] === mpi && pair[1].name.startsWith("node")).slice(0, 1),
);

/** A way to fail, and what is said of it. */
interface Failure {
  readonly what: string;
  readonly how: string;
  readonly timeout?: number;
  readonly says: RegExp;
}

const failures: readonly Failure[] = [
  { what: "a rank that is killed ends all", how: "kill", says: /signal 9|SIGNAL: 9|KILLED/i },
  { what: "an error of one rank is told and ends all", how: "throw", says: /rank 1 has an error of its own/ },
  {
    what: "a rank that leaves with exit code 0 is named by those that wait for it",
    how: "exit0",
    says: /allReduce\(float32 \[3\], op: "sum"\): rank 1 has ended, with exit code 0, while rank 0 waits for it/,
  },
  {
    what: "a rank that is stopped is named after the timeout",
    how: "stop",
    timeout: 1,
    says: /allReduce\(float32 \[3\], op: "sum"\): not over after 1 s on rank 0 of 2\. rank 1 does not answer\./,
  },
  {
    what: "a rank that is elsewhere is named after the timeout",
    how: "late",
    timeout: 1,
    says: /rank 1 is in no call; the last was allReduce\(float32 \[3\], op: "sum"\), \d/,
  },
  {
    what: "shapes that differ are an error on every rank",
    how: "shape",
    says: /the ranks do not agree: rank 0 called allReduce\(float32 \[3\], op: "sum"\); rank 1 called allReduce\(float32 \[4\], op: "sum"\)/,
  },
];

describe.each(withNode)("$name", (mpi, runtime) => {
  const fail = async (how: string, timeout?: number) => {
    const folder = mkdtempSync(join(tmpdir(), "kindling-failures-"));
    // A file, for a launcher may lose what a rank has printed when it ends all.
    const PIDS = join(folder, "pids");
    const outcome = await launch([mpi, runtime], 2, "failures", [how, ...(timeout ? [String(timeout)] : [])], { PIDS });
    const pids = readFileSync(PIDS, "utf8").trim().split("\n").map(Number);
    rmSync(folder, { recursive: true });
    expect(pids.length).toBe(2);
    // The launcher may end a moment before the last of its processes is gone.
    for (let i = 0; i < 50 && pids.some(isRunning); i++) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(pids.filter(isRunning)).toEqual([]);
    expect(outcome.stdout).not.toContain("is done");
    expect(outcome.code).not.toBe(0);
    expect(outcome.seconds).toBeLessThan(10);
    return outcome.stderr + outcome.stdout;
  };

  /** Every second kind of failure is tested, with one MPI after the other; all with both where all tests are asked for. */
  const of = (kinds: readonly Failure[]) =>
    cut(kinds, 2).filter(
      (_, i) => runsAll || withNode.length < 2 || i % 2 === withNode.findIndex(([{ name }]) => name === mpi.name),
    );

  test.each(of(failures))(`$what (${mpi.name})${cutNote}`, { timeout: 60_000 }, async ({ how, timeout, says }) => {
    expect(await fail(how, timeout)).toMatch(says);
  });
});

const both = implementations.length === 2 && withNode.length > 0;

test.skipIf(!both)(
  `the launcher of another MPI is an error (skipped unless both are installed)${cutNote}`,
  async () => {
    const other: Record<Mpi["name"], string> = { MPICH: "libmpi.so.40", "Open MPI": "libmpich.so.12" };
    for (const pair of cut(withNode, 2)) {
      const env = { KINDLING_MPI: other[pair[0].name] };
      const { code, stderr } = await launch(pair, 2, "failures", ["none"], env);
      expect(stderr).toMatch(
        /initProcessGroup: .* started 2 ranks, but libmpi\S+ sees 1: it belongs to another launcher/,
      );
      expect(code).not.toBe(0);
    }
  },
  60_000,
);

test.skipIf(withNode.length === 0)(
  "a library that is not there is an error with what to install",
  async () => {
    const [pair] = withNode;
    const { code, stderr } = await launch(pair!, 1, "failures", ["none"], { KINDLING_MPI: "libnone.so" });
    expect(stderr).toMatch(
      /the library of that MPI cannot be loaded \(libnone\.so: cannot open.*KINDLING_MPI names the file/,
    );
    expect(code).not.toBe(0);
  },
  60_000,
);

test("processes that srun did not connect are told how to", async () => {
  const env = { SLURM_STEP_ID: "0", SLURM_NTASKS: "4", SLURM_PROCID: "1" };
  const { code, stderr } = await run(process.execPath, ["test/distributed/programs/failures.mjs", "none"], env);
  expect(stderr).toContain("srun started 4 processes without connecting them; start them with `srun --mpi=pmix");
  expect(code).toBe(1);
}, 60_000);

test("Node without koffi is told to install it", async () => {
  // A copy of the library where no package is found.
  const folder = mkdtempSync(join(tmpdir(), "kindling-koffi-"));
  try {
    for (const file of readdirSync("dist").filter((name) => name.endsWith(".js")))
      copyFileSync(join("dist", file), join(folder, file));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    const program = 'import("./kindling.js").then((torch) => torch.distributed.initProcessGroup())';
    writeFileSync(join(folder, "program.js"), program);
    const env = { OMPI_COMM_WORLD_SIZE: "2", NODE_PATH: "" };
    const { code, stderr } = await run(process.execPath, [join(folder, "program.js")], env, folder);
    expect(stderr).toContain(
      "initProcessGroup: in Node, MPI is called through the package koffi, which is not installed",
    );
    expect(code).toBe(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
