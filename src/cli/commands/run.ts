/** `kindling run PROGRAM`. */
import type { Command } from "commander";
import { commandLine as processOf } from "../../platform/server";
import { Ended, integer, option } from "../commandLine";
import { type RunOptions, runRanks } from "../run";

const examples = `
Examples:
  kindling run -n 4 train.js                       four ranks on this machine
  kindling run -n 8 --hosts a,b train.js           on two machines that ssh reaches
  kindling run -n 4 --max-restarts 2 train.js      again from the last checkpoint after a failure
  kindling run -n 4 --survive train.js             ranks go on when others die, as far as train.js does (Open MPI 5)
  kindling run -n 4 --print train.js               what to type on a cluster`;

/** Adds the command. */
export function addRun(program: Command): void {
  program
    .command("run")
    .description("run a program on several processes that communicate through MPI (torch.distributed)")
    .argument("<program>", "the file of the program")
    .argument("[arguments...]", "what the program is given")
    .addOption(option("-n <number>", "ranks; one for each core if it is left out", integer()))
    .option("--hosts <names>", "machines, by commas; without it all ranks are here")
    .addOption(
      option(
        "--max-restarts <number>",
        "how often a job that fails is started again; it goes on from its checkpoint",
        integer(0),
        0,
      ),
    )
    .option(
      "--survive",
      "ranks that die do not end the others, which go on by shrinkGroup(); needs Open MPI 5 or later",
    )
    .option("--mpirun <command>", "the launcher; MPICH's or Open MPI's is found without it")
    .option("--print", "print the commands for mpirun and Slurm, and run nothing")
    .passThroughOptions()
    .addHelpText("after", examples)
    .action(async (file: string, given: string[], options: RunOptions) => {
      const code = await runRanks([file, ...given], options, processOf().error);
      if (code !== 0) throw new Ended(code);
    });
}
