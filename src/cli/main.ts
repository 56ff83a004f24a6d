#!/usr/bin/env node
/** `npx kindling`. */
import { KindlingError } from "../core/errors";
import { readData } from "../platform/dataFiles";
import { endWithReader, commandLine as processOf } from "../platform/server";
import { commandLine, runCommandLine } from "./commandLine";
import { addBench } from "./commands/bench";
import { addBoard } from "./commands/board";
import { addCompletion } from "./commands/completion";
import { addConvert } from "./commands/convert";
import { addDoctor } from "./commands/doctor";
import { addExport } from "./commands/export";
import { addInspect } from "./commands/inspect";
import { addRun } from "./commands/run";
import { addTrain } from "./commands/train";

endWithReader();
const { args, exit, error: complain } = processOf();

const examples = `
Examples:
  kindling train                                  a first network, without a download
  kindling doctor                                 what this machine gives, and what is off
  kindling inspect model.safetensors              what is in a file
  kindling run -n 4 train.js                      a program on four processes, through MPI
  kindling <command> --help                       options and examples of a command`;

const program = commandLine("kindling", "PyTorch for TypeScript, on the command line")
  .addHelpText("after", examples)
  .enablePositionalOptions();
for (const add of [addTrain, addBench, addDoctor, addExport, addInspect, addConvert, addBoard, addRun, addCompletion])
  add(program);

/** The version in the package's description, which lies above this file. */
async function version(): Promise<string> {
  const path = decodeURIComponent(new URL("../package.json", import.meta.url).pathname).replace(/^\/(?=[A-Z]:)/, "");
  return JSON.parse(new TextDecoder().decode(await readData("kindling", path))).version;
}

if (args.includes("--version")) program.version(await version(), "--version", "print the version");
else program.option("--version", "print the version");

exit(await runCommandLine(program, args, (error) => error instanceof KindlingError, complain));
