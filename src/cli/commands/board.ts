/** `kindling board LOGDIR`. */
import type { Command } from "commander";
import { board } from "../board";
import { integer, option, text } from "../commandLine";
import { print, printJson } from "../console";

/** The options of the command. */
interface Options {
  readonly port: number;
  readonly host: string;
  readonly json?: boolean;
}

const examples = `
Examples:
  kindling board runs                 every run below runs/, at http://127.0.0.1:6006
  kindling board runs --port 0        at any free port
  kindling board runs --host ::       for other machines, too`;

/** Adds the command. */
export function addBoard(program: Command): void {
  program
    .command("board")
    .description("show scalars, histograms and pictures of a folder of runs, live, in a browser")
    .argument("<logdir>", "the folder that SummaryWriter writes to, or one above it")
    .addOption(option("--port <n>", "the port; 0 takes a free one", integer(0, 65535), 6006))
    .addOption(option("--host <address>", "the address to listen on", text, "127.0.0.1"))
    .option("--json", "write the address as a line of JSON")
    .addHelpText("after", examples)
    .action(async (folder: string, { port, host, json }: Options) => {
      const { url } = await board(folder, { port, host });
      if (json) printJson({ folder, url });
      else print(`Kindling shows ${folder} at ${url} (end with Ctrl+C)`);
    });
}
