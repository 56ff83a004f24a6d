#!/usr/bin/env node
/** `npx kindling`. */
import { Command } from "commander";
import { commandLine } from "../platform/server";
import { board } from "./board";
import { inspectFile } from "./inspect";
import { type RunOptions, runRanks } from "./run";

const { args, exit, error: complain } = commandLine();

const program = new Command("kindling")
  .description("Tools for what Kindling writes and reads, and for running programs on several processes")
  .enablePositionalOptions();

program
  .command("board")
  .description("show scalars, histograms and pictures of a folder of runs, live, in a browser")
  .argument("<logdir>", "the folder that SummaryWriter writes to, or one above it")
  .option("--port <number>", "the port; 0 takes a free one", "6006")
  .option("--host <address>", "the address to listen on", "127.0.0.1")
  .action(async (folder: string, options: { port: string; host: string }) => {
    const { url } = await board(folder, { port: Number(options.port), host: options.host });
    console.log(`Kindling shows ${folder} at ${url} (end with Ctrl+C)`);
  });

program
  .command("inspect")
  .description("print what is in a file: weights, arrays, models, events")
  .argument("<file>")
  .action(async (path: string) => console.log(await inspectFile(path)));

program
  .command("run")
  .description("run a program on several processes that communicate through MPI (torch.distributed)")
  .argument("<program>", "the file of the program")
  .argument("[arguments...]", "what the program is given")
  .option("-n <number>", "ranks; one for each core if it is left out")
  .option("--hosts <names>", "machines, by commas; without it all ranks are here")
  .option("--max-restarts <number>", "how often a job that fails is started again; it goes on from its checkpoint", "0")
  .option("--mpirun <command>", "the launcher; MPICH's or Open MPI's is found without it")
  .option("--print", "print the commands for mpirun and Slurm, and run nothing")
  .passThroughOptions()
  .action(async (file: string, given: string[], options: RunOptions) => {
    exit(await runRanks([file, ...given], options, complain));
  });

program.parseAsync(args, { from: "user" }).catch((error: Error) => {
  complain(error.message);
  exit(1);
});
