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
  /** Whether ranks may go on when others die. */
  readonly survive?: boolean;
  readonly print?: boolean;
}

type Kind = "Open MPI" | "MPICH";

interface Launcher {
  readonly command: string;
  readonly kind: Kind;
  /** What it says of its version, in one line. */
  readonly version: string;
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

/** Open MPI has fault tolerance (ULFM) from its version 5 on. */
const canSurvive = ({ kind, version }: Launcher): boolean =>
  kind === "Open MPI" && Number(/\b(\d+)\.\d+/.exec(version)?.[1] ?? 0) >= 5;

function* launchers(commands: readonly string[]): Generator<Launcher> {
  for (const command of commands) {
    const said = outputOf(command, ["--version"]);
    const kind = said === undefined ? undefined : kindOf(said);
    if (kind === undefined) continue;
    const lines = said!.split("\n").map((line) => line.trim());
    const version = lines.find((line) => /\d+\.\d+/.test(line)) ?? lines[0]!;
    yield { command, kind, version: version.replace(/\s+/g, " ") };
  }
}

/**
 * @param survive Whether ranks are to go on when others die.
 * @throws KindlingError saying how to install one.
 */
export function findLauncher(asked?: string, survive = false): Launcher {
  let found: Launcher | undefined;
  for (const launcher of launchers(asked === undefined ? CANDIDATES : [asked])) {
    if (!survive || canSurvive(launcher)) return launcher;
    found ??= launcher;
  }
  if (found !== undefined)
    throw new KindlingError(
      `run: --survive needs Open MPI 5 or later, whose ranks can go on when others die (Debian 13: sudo apt-get install openmpi-bin); ${found.command} is ` +
        `${found.kind === "MPICH" ? "MPICH's" : found.version}, and ${asked === undefined ? "no other is here" : "--mpirun names it"}`,
    );
  if (asked !== undefined) throw new KindlingError(`run: ${asked} is neither Open MPI's mpirun nor MPICH's`);
  throw new KindlingError(howToInstall);
}

/** Ranks that die do not end the others. */
const SURVIVE = ["--with-ft", "ulfm"];

/** Prefixes each line of a rank with its number, and binds no rank to a core: threads are divided here. */
function launcherArguments({ kind }: Launcher, ranks: number, { hosts, survive }: RunOptions): string[] {
  const count = ["-n", String(ranks)];
  if (kind === "MPICH") return [...(hosts === undefined ? [] : ["-hosts", hosts]), "-prepend-rank", ...count];
  const where = hosts === undefined ? [] : ["--host", hosts];
  return [...where, ...(survive ? SURVIVE : []), "--bind-to", "none", "--tag-output", ...count];
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
export function clusterLines(ranks: number, program: readonly string[], survive = false): string {
  const command = quoted(["node", ...program]);
  if (survive)
    return [
      "On this machine, with Open MPI 5 or later:",
      `  mpirun ${quoted(SURVIVE)} -n ${ranks} ${command}`,
      "On two machines that ssh reaches, with the same files:",
      `  mpirun ${quoted(SURVIVE)} --host a,b --bind-to none -n ${ranks} ${command}`,
    ].join("\n");
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
    console.log(clusterLines(ranks, program, options.survive));
    return 0;
  }
  const launcher = findLauncher(options.mpirun, options.survive);
  const command = [...launcherArguments(launcher, ranks, options), ...ownRuntime(), ...program];
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
