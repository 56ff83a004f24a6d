/** Command-line programs: flags with their types and help, and errors of the user's as one line. */
import { parseArgs } from "node:util";
import { KindlingError } from "kindling";

/** A mistake of the user's: shown as one line, without a stack. */
export class UsageError extends Error {}

/** A flag that takes a value. */
export interface Flag<T> {
  /** What stands for the value in the help: `N`, `FILE`. */
  readonly placeholder: string;
  readonly help: string;
  readonly initial: T;
  /** @throws UsageError naming the flag and what it takes. */
  read(name: string, text: string): T;
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
  read(name, text) {
    if (/^\d+$/.test(text) && Number(text) >= least) return Number(text) as never;
    throw new UsageError(`--${name} takes an integer of at least ${least}, got "${text}"`);
  },
});

/** A flag for a number above zero. */
export const positive = (initial: number, help: string): Flag<number> => ({
  placeholder: "X",
  help,
  initial,
  read(name, text) {
    const value = Number(text);
    if (text.trim() !== "" && Number.isFinite(value) && value > 0) return value;
    throw new UsageError(`--${name} takes a positive number, got "${text}"`);
  },
});

/** A flag for one of several words, the first unless given. */
export const oneOf = <T extends string>(choices: readonly [T, ...T[]], help: string): Flag<T> => ({
  placeholder: "NAME",
  help,
  initial: choices[0],
  read(name, text) {
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    throw new UsageError(`--${name} takes ${choices.join(", ")}, got "${text}"`);
  },
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
  read: (_name, given) => given as never,
});

type Flags = Readonly<Record<string, Flag<any>>>;

/** The values of flags. */
export type Values<F extends Flags> = { readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never };

/** `batchSize` → `batch-size`. */
const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function helpOf(about: string, flags: Flags): string {
  const line = (head: string, help: string) => `  ${head.padEnd(18)} ${help}`;
  const lines = Object.entries(flags).map(([name, { placeholder, help, initial }]) =>
    line(`--${kebab(name)} ${placeholder}`, initial === undefined ? help : `${help} (default ${initial})`),
  );
  return [about, "", "Options", ...lines, line("--help ", "this text"), ""].join("\n");
}

function given(args: readonly string[], flags: Flags): Readonly<Record<string, string | boolean | undefined>> {
  const options = Object.fromEntries(Object.keys(flags).map((name) => [kebab(name), { type: "string" as const }]));
  try {
    return parseArgs({ args: [...args], options: { ...options, help: { type: "boolean" } }, strict: true }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split(". ")[0]}; --help lists the options`);
  }
}

function valuesOf<F extends Flags>(texts: Readonly<Record<string, string | boolean | undefined>>, flags: F): Values<F> {
  const entries = Object.entries(flags).map(([name, flag]) => {
    const value = texts[kebab(name)];
    return [name, typeof value === "string" ? flag.read(kebab(name), value) : flag.initial];
  });
  return Object.fromEntries(entries);
}

async function start<F extends Flags>(about: string, flags: F, run: (values: Values<F>) => unknown): Promise<void> {
  const texts = given(process.argv.slice(2), flags);
  if (texts.help) console.log(helpOf(about, flags));
  else await run(valuesOf(texts, flags));
}

/**
 * Runs a program with the flags of the command line, or prints its help. An expected error is one line on stderr and exit code 2.
 * @param about What the program does and how it is called.
 */
export function main<F extends Flags>(about: string, flags: F, run: (values: Values<F>) => unknown): void {
  start(about, flags, run).catch((error: unknown) => {
    const isExpected = error instanceof UsageError || error instanceof KindlingError;
    console.error(isExpected ? `error: ${error.message}` : error);
    process.exit(isExpected ? 2 : 1);
  });
}
