#!/usr/bin/env node
/** `npx kindling`. */
import { Command } from "commander";
import { commandLine } from "../platform/server";
import { board } from "./board";
import { inspectFile } from "./inspect";

const { args, exit, error: complain } = commandLine();

const program = new Command("kindling").description("Tools for what Kindling writes and reads");

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

program.parseAsync(args, { from: "user" }).catch((error: Error) => {
  complain(error.message);
  exit(1);
});
