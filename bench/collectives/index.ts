/** `npm run bench -- collectives`: all-reduces between ranks on this machine, through each MPI that is here, next to PyTorch's gloo, by turns. */
import { spawn, spawnSync } from "node:child_process";

const SIZES = [4, 1 << 20, 10 << 20, 45 << 20];
const RANKS = 2;

type Times = Record<string, number[]>;

interface Contender {
  readonly name: string;
  /** Starts all ranks; the first to print is rank 0. */
  readonly commands: (slice: number) => readonly (readonly string[])[];
}

const allowed = {
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  OMPI_MCA_rmaps_base_oversubscribe: "1",
  PRTE_MCA_rmaps_default_mapping_policy: ":oversubscribe",
  NO_COLOR: "1",
};

const works = (command: string, args: readonly string[]): boolean => spawnSync(command, [...args]).status === 0;

function contenders(): Contender[] {
  const sizes = SIZES.map(String);
  const found = ["mpirun.mpich", "mpirun.openmpi"].filter((command) => works(command, ["--version"]));
  const own = found.map((command) => {
    const job = (slice: number) => [
      command,
      "-n",
      String(RANKS),
      process.execPath,
      "bench/collectives/allReduce.mjs",
      String(slice),
      ...sizes,
    ];
    return { name: command.slice("mpirun.".length), commands: (slice: number) => [job(slice)] };
  });
  if (!works("/usr/bin/python3", ["-c", "import torch.distributed"])) return own;
  let port = 29_500 + (process.pid % 1000);
  const gloo: Contender = {
    name: "gloo",
    commands: (slice) => {
      port++;
      return Array.from({ length: RANKS }, (_, rank) => {
        const numbers = [rank, RANKS, port, slice].map(String);
        return ["/usr/bin/python3", "bench/collectives/gloo.py", ...numbers, ...sizes];
      });
    },
  };
  return [...own, gloo];
}

/** Runs a job once. */
async function time({ commands }: Contender, slice: number): Promise<Times> {
  const outputs = await Promise.all(
    commands(slice).map(
      ([command, ...args]) =>
        new Promise<string>((resolve, reject) => {
          const child = spawn(command!, args, {
            env: { ...process.env, ...allowed },
            stdio: ["ignore", "pipe", "inherit"],
          });
          let text = "";
          child.stdout.on("data", (part) => {
            text += part;
          });
          child.on("close", (code) =>
            code === 0 ? resolve(text) : reject(new Error(`${command} ended with exit code ${code}`)),
          );
        }),
    ),
  );
  return JSON.parse(outputs.join("").trim());
}

const quantile = (xs: readonly number[], q: number): number => xs.toSorted((a, b) => a - b)[Math.floor(q * xs.length)]!;
const shown = (us: number): string => (us < 1000 ? `${us.toFixed(1)} µs` : `${(us / 1000).toFixed(2)} ms`);
const size = (bytes: number): string => (bytes < 1 << 20 ? `${bytes} B` : `${bytes / 2 ** 20} MiB`);

/** Prints a table: medians over the rounds of the medians of each, and, in brackets, of each one's fastest tenth. */
export async function reportCollectives(rounds: number, slice: number): Promise<void> {
  const all = contenders();
  console.log(`\ncollectives · all-reduce of float32, ${RANKS} ranks on this machine`);
  if (all.length === 0) console.log("note: neither MPI nor PyTorch is here");
  const runs = new Map<string, Times[]>(all.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const contender of all) runs.get(contender.name)!.push(await time(contender, slice));
  const over = (name: string, bytes: number, q: number) =>
    quantile(
      runs.get(name)!.map((times) => quantile(times[bytes]!, q)),
      0.5,
    );
  for (const bytes of SIZES) {
    const cells = all.map(({ name }) => {
      const [median, fast] = [over(name, bytes, 0.5), over(name, bytes, 0.1)];
      const ratio =
        runs.has("gloo") && name !== "gloo" ? `, ${(over("gloo", bytes, 0.5) / median).toFixed(2)}× gloo` : "";
      return `${name} ${shown(median)} (${shown(fast)}${ratio})`;
    });
    console.log(`${size(bytes).padEnd(8)} ${cells.join("   ")}`);
  }
}
