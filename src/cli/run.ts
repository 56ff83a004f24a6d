/** `kindling run -n 4 train.js`: starts a program on several ranks through the `mpirun` that is there. */
import { KindlingError } from "../core/errors";
import { environment, hardwareConcurrency } from "../platform/platform";
import { isRoot, onSignal, outputOf, ownRuntime, type RunningProgram, startProgram } from "../platform/programs";
import { isTerminal, terminalColumns, writeTo } from "../platform/terminal";
import { RankOutput } from "./rankOutput";

/** What the command takes. */
export interface RunOptions {
  /** Ranks; one for each core if it is left out. */
  readonly n?: number;
  /** Machines, by commas. */
  readonly hosts?: string;
  readonly mpirun?: string;
  readonly maxRestarts: number;
  readonly print?: boolean;
}

type Kind = "Open MPI" | "MPICH";

interface Launcher {
  readonly command: string;
  readonly kind: Kind;
}

/** MPICH first: it starts sooner, and needs no options for root or for more ranks than cores. */
const CANDIDATES = ["mpirun.mpich", "mpiexec.hydra", "mpirun", "mpiexec", "mpirun.openmpi"];

const kindOf = (version: string): Kind | undefined =>
  /Open MPI|open-mpi|PRRTE/i.test(version)
    ? "Open MPI"
    : /HYDRA|MPICH|Intel\(R\) MPI/i.test(version)
      ? "MPICH"
      : undefined;

const howToInstall = [
  "kindling run needs MPI's mpirun, which is not here. Install it with one of",
  "  sudo apt-get install mpich        (Debian, Ubuntu; openmpi-bin is the other one)",
  "  sudo dnf install mpich            (Fedora; then `module load mpi/mpich-x86_64`)",
  "  sudo pacman -S openmpi            (Arch)",
  "  brew install mpich                (macOS)",
  "  conda install -c conda-forge mpich",
].join("\n");

/** @throws KindlingError saying how to install one. */
export function findLauncher(asked?: string): Launcher {
  for (const command of asked === undefined ? CANDIDATES : [asked]) {
    const version = outputOf(command, ["--version"]);
    const kind = version === undefined ? undefined : kindOf(version);
    if (kind !== undefined) return { command, kind };
  }
  if (asked !== undefined) throw new KindlingError(`run: ${asked} is neither Open MPI's mpirun nor MPICH's`);
  throw new KindlingError(howToInstall);
}

/** Prefixes each line of a rank with its number, and binds no rank to a core: threads are divided here. */
function launcherArguments({ kind }: Launcher, ranks: number, hosts: string | undefined): string[] {
  const count = ["-n", String(ranks)];
  if (kind === "MPICH") return [...(hosts === undefined ? [] : ["-hosts", hosts]), "-prepend-rank", ...count];
  const where = hosts === undefined ? [] : ["--host", hosts];
  return [...where, "--bind-to", "none", "--tag-output", ...count];
}

/** Variables of the ranks. */
function variablesFor(launcher: Launcher, ranks: number, hosts: string | undefined): Record<string, string> {
  const machines = hosts === undefined ? 1 : hosts.split(",").length;
  const local = Math.max(1, Math.ceil(ranks / machines));
  const variables: Record<string, string> = {};
  if (environment("KINDLING_THREADS") === undefined && hosts === undefined)
    variables.KINDLING_THREADS = String(Math.max(1, Math.floor(hardwareConcurrency() / local)));
  if (launcher.kind === "Open MPI") {
    variables.OMPI_MCA_rmaps_base_oversubscribe = "1";
    variables.PRTE_MCA_rmaps_default_mapping_policy = ":oversubscribe";
    if (isRoot()) {
      variables.OMPI_ALLOW_RUN_AS_ROOT = "1";
      variables.OMPI_ALLOW_RUN_AS_ROOT_CONFIRM = "1";
    }
  }
  return variables;
}

const quoted = (words: readonly string[]): string =>
  words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");

/** What to type on a cluster. */
export function clusterLines(ranks: number, program: readonly string[]): string {
  const command = quoted(["node", ...program]);
  return [
    "On this machine:",
    `  mpirun -n ${ranks} ${command}`,
    "On two machines that ssh reaches, with the same files:",
    `  mpirun -hosts a,b -n ${ranks} ${command}        (MPICH)`,
    `  mpirun --host a,b --bind-to none -n ${ranks} ${command}        (Open MPI)`,
    "With Slurm:",
    `  srun -n ${ranks} --mpi=pmi2 ${command}        (MPICH)`,
    `  srun -n ${ranks} --mpi=pmix ${command}        (Open MPI)`,
  ].join("\n");
}

/**
 * Runs the program, again after a failure as often as it may be. Programs go on from their last checkpoint by themselves
 * (`checkpoint.resume()`); `KINDLING_RESTARTS` tells them how often they were started before, `KINDLING_PROGRESS` that a progress bar will be seen.
 * @returns The exit code.
 */
export async function runRanks(
  program: readonly string[],
  options: RunOptions,
  say: (line: string) => void,
): Promise<number> {
  const { n: ranks = hardwareConcurrency(), maxRestarts: restarts } = options;
  if (options.print) {
    console.log(clusterLines(ranks, program));
    return 0;
  }
  const launcher = findLauncher(options.mpirun);
  const command = [...launcherArguments(launcher, ranks, options.hosts), ...ownRuntime(), ...program];
  const variables = variablesFor(launcher, ranks, options.hosts);
  if (isTerminal()) variables.KINDLING_PROGRESS = "1";
  let running: RunningProgram | undefined;
  let isAsked = false;
  onSignal((signal) => {
    isAsked = true;
    running?.kill(signal);
  });
  for (let attempt = 0; ; attempt++) {
    const output = isTerminal() ? new RankOutput(writeTo, terminalColumns) : undefined;
    const take = output === undefined ? undefined : output.take.bind(output);
    running = startProgram(launcher.command, command, { ...variables, KINDLING_RESTARTS: String(attempt) }, take);
    const { code, signal } = await running.ended;
    output?.end();
    if (code === 0) return 0;
    const what = signal === null ? `exit code ${code}` : `signal ${signal}`;
    if (isAsked || attempt === restarts) {
      if (!isAsked) say(`kindling run: the job failed (${what})`);
      return code ?? 1;
    }
    say(`kindling run: the job failed (${what}); restart ${attempt + 1} of ${restarts}`);
  }
}
