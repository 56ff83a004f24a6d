/** `kindling completion SHELL`. */
import { Argument, type Command } from "commander";
import { UsageError } from "../commandLine";
import { completionOf, shellNames } from "../completion";
import { print } from "../console";

const examples = `
Examples:
  source <(kindling completion bash)           for this shell; in ~/.bashrc for all
  source <(kindling completion zsh)            in ~/.zshrc, after compinit
  kindling completion fish | source            in ~/.config/fish/config.fish`;

/** Adds the command. */
export function addCompletion(program: Command): void {
  const shell = new Argument("<shell>", `one of ${shellNames.join(", ")}`);
  shell.argChoices = [...shellNames];
  program
    .command("completion")
    .description("print a script that lets a shell complete this command line")
    .addArgument(shell)
    .addHelpText("after", examples)
    .action((given: string) => {
      const known = shellNames.find((name) => name === given);
      if (known === undefined) throw new UsageError(`completion: there are ${shellNames.join(", ")}, got "${given}"`);
      print(completionOf(known, program).trimEnd());
    });
}
