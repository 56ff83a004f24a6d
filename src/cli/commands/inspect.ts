/** `kindling inspect FILE`. */
import type { Command } from "commander";
import { jsonOf, textOf } from "../../inspect/table";
import { print, printJson } from "../console";
import { inspectFile } from "../inspect";

const examples = `
Examples:
  kindling inspect model.safetensors        names, dtypes and shapes, from the header alone
  kindling inspect checkpoint.pt --json     the same as JSON
  kindling inspect runs/mnist               the checkpoints of a run, and which is the best
  kindling inspect runs/events.out.tfevents.1700000000`;

/** Adds the command. */
export function addInspect(program: Command): void {
  program
    .command("inspect")
    .description("print what is in a file: weights, arrays, models, events, runs")
    .argument("<file>", "a file, or a folder of checkpoints or safetensors files")
    .option("--json", "write it as JSON")
    .addHelpText("after", examples)
    .action(async (path: string, { json }: { json?: boolean }) => {
      const findings = await inspectFile(path);
      if (json) printJson({ file: path, ...jsonOf(findings) });
      else print(textOf(findings));
    });
}
