/** What every command line of the repository shares, on commander: typed options, errors of one line, and exit codes. */
import { Command, CommanderError, Option } from "commander";
import { UsageError } from "./usageError";

export { UsageError } from "./usageError";

/** Ends a command with an exit code of its own, after all has been said. */
export class Ended extends Error {
  constructor(readonly code: number) {
    super(`exit code ${code}`);
  }
}

/** What the process says when it ends: all is well; the work failed; the command line is wrong. */
export const exitCodes = { done: 0, failed: 1, usage: 2 } as const;

/** Reads the value of an option, whose name has its hyphens. @throws UsageError naming the option and what it takes. */
export type Reader<T> = (name: string, text: string) => T;

/** Reads integers of at least `least` and at most `most`. */
export const integer =
  (least = 1, most = Number.MAX_SAFE_INTEGER): Reader<number> =>
  (name, text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    const range =
      most === Number.MAX_SAFE_INTEGER ? `an integer of at least ${least}` : `an integer from ${least} to ${most}`;
    throw new UsageError(`${name} takes ${range}, got "${text}"`);
  };

/** Reads numbers above zero. */
export const positive: Reader<number> = (name, text) => {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value > 0) return value;
  throw new UsageError(`${name} takes a positive number, got "${text}"`);
};

/** Reads one of several words. */
export const oneOf =
  <T extends string>(choices: readonly T[]): Reader<T> =>
  (name, text) => {
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    throw new UsageError(`${name} takes ${choices.join(", ")}, got "${text}"`);
  };

/** Reads integers of at least `least` between commas, such as shapes. */
export const integers =
  (least = 1): Reader<readonly number[]> =>
  (name, text) =>
    text.split(",").map((part) => {
      if (/^\d+$/.test(part.trim()) && Number(part) >= least) return Number(part);
      throw new UsageError(`${name} takes integers of at least ${least} between commas, got "${text}"`);
    });

/** Reads any text. */
export const text: Reader<string> = (_name, given) => given;

/** An option that takes a value, such as `option("--epochs <n>", "passes over the data", integer(), 5)`. */
export function option<T>(flags: string, help: string, read: Reader<T>, initial?: T): Option {
  const made = new Option(flags, help);
  const name = flags.split(/[ ,]/, 1)[0]!;
  made.argParser((given: string) => read(name, given));
  return initial === undefined ? made : made.default(initial);
}

/** An option for one of several words, which shells complete. */
export function choice<T extends string>(flags: string, help: string, choices: readonly T[], initial?: T): Option {
  const made = option(flags, help, oneOf(choices), initial);
  made.argChoices = [...choices];
  return made;
}

/** Columns of the help. */
const HELP_WIDTH = 120;

/** A command line that throws where commander would end the process. Its subcommands do so too. */
export function commandLine(name: string, description: string): Command {
  return (
    new Command(name)
      .description(description)
      .helpOption("-h, --help", "this text")
      .exitOverride()
      // Lines that are longer than a terminal is wide are cut by it.
      .configureOutput({ outputError: () => {}, getOutHelpWidth: () => HELP_WIDTH })
  );
}

/** What commander says, as one line that says where to find help. */
function usageText({ code, message }: CommanderError): string {
  if (code === "commander.help") return "which command? --help lists them";
  const line = message
    .replace(/^error: /, "")
    .replaceAll("\n", " ")
    .trim();
  return `${line}${/[.?)]$/.test(line) ? "" : ";"} --help lists the options`;
}

/** The exit code for an error, after it was shown. */
function codeOf(error: unknown, isExpected: (error: unknown) => boolean, complain: (text: string) => void): number {
  if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done;
  if (error instanceof Ended) return error.code;
  if (error instanceof CommanderError || error instanceof UsageError) {
    complain(`error: ${error instanceof UsageError ? error.message : usageText(error)}`);
    return exitCodes.usage;
  }
  if (isExpected(error)) complain(`error: ${(error as Error).message}`);
  else complain(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return exitCodes.failed;
}

/**
 * Runs a command line.
 * @param isExpected Whether an error is one that the user can mend, and is shown without its stack.
 * @returns The exit code.
 */
export async function runCommandLine(
  program: Command,
  args: readonly string[],
  isExpected: (error: unknown) => boolean,
  complain: (text: string) => void,
): Promise<number> {
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCodes.done;
  } catch (error) {
    return codeOf(error, isExpected, complain);
  }
}

/** What {@link readFlags} knows of a flag. */
export interface FlagKind {
  readonly type: "string" | "boolean";
  /** Whether it may be given several times. Default: false. */
  readonly multiple?: boolean;
}

type FlagValue<K extends FlagKind> = K["type"] extends "boolean"
  ? boolean
  : K["multiple"] extends true
    ? string[]
    : string;

/** The values of flags; undefined for those that were not given. */
export type FlagValues<F extends Readonly<Record<string, FlagKind>>> = {
  readonly [K in keyof F]: FlagValue<F[K]> | undefined;
};

const camelCase = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/**
 * The flags and words of a command line without commands.
 * @throws UsageError for what is not known.
 * @example const { values, positionals } = readFlags(["ops", "--seed", "1"], { seed: { type: "string" } });
 */
export function readFlags<const F extends Readonly<Record<string, FlagKind>>>(
  args: readonly string[],
  flags: F,
): { values: FlagValues<F>; positionals: string[] } {
  const program = commandLine("program", "")
    .helpOption(false)
    .argument("[words...]")
    .action(() => {});
  for (const [name, { type, multiple }] of Object.entries(flags)) {
    const made = new Option(type === "boolean" ? `--${name}` : `--${name} <value>`);
    if (multiple === true) made.argParser((value: string, before: string[] = []) => [...before, value]);
    program.addOption(made);
  }
  try {
    program.parse([...args], { from: "user" });
  } catch (error) {
    throw error instanceof CommanderError ? new UsageError(usageText(error)) : error;
  }
  const given = program.opts() as Record<string, never>;
  const values = Object.fromEntries(Object.keys(flags).map((name) => [name, given[camelCase(name)]]));
  return { values: values as FlagValues<F>, positionals: program.args };
}
