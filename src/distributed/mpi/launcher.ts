/** Which program started this process as one of several ranks, and which MPI belongs to it. */
import { environment } from "../../platform/platform";
import { DistBackendError } from "../engine";

/** What the launcher says. */
export interface Launch {
  /** Its name, for errors. */
  readonly name: string;
  /** Files of the library, in the order in which they are tried. */
  readonly libraries: readonly string[];
  readonly rank: number | undefined;
  readonly size: number | undefined;
  /** Ranks on this machine. */
  readonly localSize: number;
  readonly localRank: number;
  /** Whether ranks may go on when others die: Open MPI's `mpirun --with-ft ulfm` says so. */
  readonly survives: boolean;
}

const OPEN_MPI = ["libmpi.so.40", "libmpi.40.dylib", "libmpi_abi.so.1", "libmpi_abi.so.0", "libmpi_abi.dylib"];
const MPICH = [
  "libmpich.so.12",
  "libmpi.so.12",
  "libmpi_abi.so.1",
  "libmpi_abi.so.0",
  "libmpi.12.dylib",
  "libmpich.12.dylib",
  "libmpi_abi.dylib",
];

const number = (name: string): number | undefined => {
  const text = environment(name);
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
};
const isSet = (name: string): boolean => environment(name) !== undefined;

/** The variables of one launcher. */
function launch(name: string, libraries: readonly string[], variables: readonly string[]): Launch {
  const [rank, size, localRank, localSize] = variables.map(number);
  const own = environment("KINDLING_MPI");
  return {
    name,
    libraries: own === undefined || own === "" ? libraries : [own],
    rank,
    size,
    localRank: localRank ?? 0,
    localSize: localSize ?? 1,
    survives: number("OMPI_MCA_mpi_ft_enable") === 1,
  };
}

/**
 * What started this process; undefined if it stands alone.
 * @throws DistBackendError if `srun` started several processes and did not connect them.
 */
export function findLaunch(op: string): Launch | undefined {
  const openMpi = ["RANK", "SIZE", "LOCAL_RANK", "LOCAL_SIZE"].map((end) => `OMPI_COMM_WORLD_${end}`);
  if (isSet("OMPI_COMM_WORLD_SIZE")) return launch("Open MPI's mpirun", OPEN_MPI, openMpi);
  const mpich = ["PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"];
  if (isSet("PMI_SIZE") || isSet("PMI_FD")) return launch("MPICH's mpirun", MPICH, mpich);
  const slurm = ["SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", "SLURM_TASKS_PER_NODE"];
  if (isSet("PMIX_RANK")) return launch("srun --mpi=pmix", [...OPEN_MPI, ...MPICH], slurm);
  if (isSet("SLURM_STEP_ID") && (number("SLURM_NTASKS") ?? 1) > 1)
    throw new DistBackendError(
      `${op}: srun started ${number("SLURM_NTASKS")} processes without connecting them; start them with ` +
        "`srun --mpi=pmix …` (Open MPI) or `srun --mpi=pmi2 …` (MPICH); `srun --mpi=list` says what there is",
    );
  return undefined;
}

/** How to install the library that a launcher belongs to. */
export const installHint = (libraries: readonly string[]): string =>
  libraries.includes("libmpi.so.40")
    ? "install Open MPI (Debian, Ubuntu: `sudo apt-get install openmpi-bin`; Fedora: `sudo dnf install openmpi`; macOS: `brew install open-mpi`)"
    : "install MPICH (Debian, Ubuntu: `sudo apt-get install mpich`; Fedora: `sudo dnf install mpich`; macOS: `brew install mpich`)";
