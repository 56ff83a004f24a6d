/** Starts programs on several ranks, with the MPIs that this machine has. */
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { runsAll } from "../helpers/cut";
import { findRuntimes, type RuntimeCommand } from "../runtimes/find";

/** An implementation of MPI. */
export interface Mpi {
  readonly name: "MPICH" | "Open MPI";
  readonly mpirun: string;
}

const versionOf = (command: string): string => spawnSync(command, ["--version"], { encoding: "utf8" }).stdout ?? "";

/** Debian's names tell the two apart; elsewhere `mpirun` says what it is. */
function find(name: Mpi["name"], own: string, pattern: RegExp): Mpi[] {
  const mpirun = [own, "mpirun"].find((command) => pattern.test(versionOf(command)));
  return mpirun === undefined ? [] : [{ name, mpirun }];
}

export const implementations: readonly Mpi[] = [
  ...find("MPICH", "mpirun.mpich", /HYDRA/),
  ...find("Open MPI", "mpirun.openmpi", /Open MPI|open-mpi/),
];

/** The first Open MPI whose ranks can go on when others die. */
export const tolerant: Mpi | undefined = implementations.find(
  ({ name, mpirun }) => name === "Open MPI" && Number(/\b(\d+)\.\d+/.exec(versionOf(mpirun))?.[1]) >= 5,
);

function hasKoffi(): boolean {
  try {
    createRequire(import.meta.url).resolve("koffi");
    return true;
  } catch {
    return false;
  }
}

const runtimes = findRuntimes().found;
/** This Node with every MPI, and one other runtime with the first; every runtime with every MPI where all tests are asked for. */
const isChosen = (mpi: number, runtime: number): boolean => {
  const other = runtimes.findIndex(({ name }) => name === "deno");
  return runsAll || runtime === 0 || (mpi === 0 && runtime === other);
};

/** The pairs that are tested, with the numbers of ranks. Node calls MPI through koffi. */
export const pairs: readonly (readonly [Mpi, RuntimeCommand, number[]])[] = implementations.flatMap((mpi, i) =>
  runtimes.flatMap((runtime, k) => {
    if (!isChosen(i, k) || (runtime.name.startsWith("node") && !hasKoffi())) return [];
    const most = i === 0 && k === 0 ? 4 : 2;
    return [[mpi, runtime, runsAll ? [2, 4] : [most]] as const];
  }),
);

/** Why some are skipped; empty if none are. */
export const skipped = [
  ...(implementations.some(({ name }) => name === "MPICH") ? [] : ["MPICH is not installed (apt-get install mpich)"]),
  ...(implementations.some(({ name }) => name === "Open MPI")
    ? []
    : ["Open MPI is not installed (apt-get install openmpi-bin)"]),
  ...(hasKoffi() ? [] : ["the package koffi is not installed, through which Node calls MPI"]),
].join("; ");

/** How a job ended. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From the last line of output of a rank, which is when it failed, to the end. */
  readonly seconds: number;
}

/** Open MPI refuses root and more ranks than cores unless it is told that this is meant. */
const allowed = {
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  OMPI_MCA_rmaps_base_oversubscribe: "1",
  PRTE_MCA_rmaps_default_mapping_policy: ":oversubscribe",
};

/** The variables that launchers set, which a program that is started alone must not see. */
export function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(OMPI|PMI|PMIX|HYDRA|MPI|SLURM)_/.test(name));
  return {
    ...Object.fromEntries(own),
    NO_COLOR: "1",
    FORCE_COLOR: undefined,
    KINDLING_THREADS: "1",
    ...allowed,
    ...more,
  };
}

/** Runs a command to its end; it and all that it started are killed after a minute. */
export function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  cwd?: string,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      env: environment(env),
      detached: true,
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = { stdout: "", stderr: "" };
    let last = performance.now();
    child.stdout.on("data", (text) => {
      output.stdout += text;
      last = performance.now();
    });
    child.stderr.on("data", (text) => {
      output.stderr += text;
    });
    const kill = setTimeout(() => process.kill(-child.pid!, "SIGKILL"), 60_000);
    child.on("close", (code) => {
      clearTimeout(kill);
      resolve({ code, ...output, seconds: (performance.now() - last) / 1000 });
    });
  });
}

/** Runs a program of `programs/` on `n` ranks. */
export const launch = (
  [mpi, runtime]: readonly [Mpi, RuntimeCommand, ...unknown[]],
  n: number,
  program: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Outcome> => {
  const path = `test/distributed/programs/${program}.mjs`;
  return run(mpi.mpirun, ["-n", String(n), runtime.command, ...runtime.args, path, ...args], env);
};

/** Whether a process runs. One that has ended, which nobody has asked for its exit code yet, does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== "linux" || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
