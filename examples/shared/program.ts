/** Command-line programs: flags with their types and help, and errors of the user's as one line. */
import { KindlingError } from "kindling";
import * as commandLine from "../../src/cli/commandLine";

export { UsageError } from "../../src/cli/commandLine";

/** A flag that takes a value. */
export interface Flag<T> {
  /** What stands for the value in the help: `N`, `FILE`. */
  readonly placeholder: string;
  readonly help: string;
  readonly initial: T;
  /** @throws UsageError naming the flag and what it takes. */
  readonly read: commandLine.Reader<any>;
}

/** A flag for an integer of at least `least`. */
export const integer = <D extends number | undefined>(
  initial: D,
  help: string,
  least = 1,
): Flag<D extends undefined ? number | undefined : number> => ({
  placeholder: "N",
  help,
  initial: initial as never,
  read: commandLine.integer(least),
});

/** A flag for a number above zero. */
export const positive = (initial: number, help: string): Flag<number> => ({
  placeholder: "X",
  help,
  initial,
  read: commandLine.positive,
});

/** A flag for one of several words, the first unless given. */
export const oneOf = <T extends string>(choices: readonly [T, ...T[]], help: string): Flag<T> => ({
  placeholder: "NAME",
  help,
  initial: choices[0],
  read: commandLine.oneOf(choices),
});

/** A flag for any text. */
export const text = <D extends string | undefined>(
  initial: D,
  placeholder: string,
  help: string,
): Flag<D extends undefined ? string | undefined : string> => ({
  placeholder,
  help,
  initial: initial as never,
  read: commandLine.text,
});

type Flags = Readonly<Record<string, Flag<any>>>;

/** The values of flags. */
export type Values<F extends Flags> = { readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never };

/** `batchSize` → `batch-size`. */
const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/**
 * Runs a program with the flags of the command line, or prints its help. A wrong command line is one line on stderr and exit code 2.
 * @param about What the program does and how it is called.
 */
export async function main<F extends Flags>(
  about: string,
  flags: F,
  run: (values: Values<F>) => unknown,
): Promise<void> {
  const program = commandLine.commandLine("program", about).usage("[options]");
  program.configureHelp({ commandUsage: () => "[options]" });
  for (const [name, { placeholder, help, initial, read }] of Object.entries(flags))
    program.addOption(commandLine.option(`--${kebab(name)} <${placeholder}>`, help, read, initial));
  program.action(async () => void (await run(program.opts() as Values<F>)));
  const isExpected = (error: unknown) => error instanceof KindlingError;
  const code = await commandLine.runCommandLine(program, process.argv.slice(2), isExpected, console.error);
  if (code !== commandLine.exitCodes.done) process.exit(code);
}
