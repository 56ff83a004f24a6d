/** What the command lines of this repository share. */
import { type ParseArgsConfig, parseArgs } from "node:util";

/** A mistake of the user's: shown as one line, without a stack. */
export class UsageError extends Error {}

/** The flags and words of a command line. @throws UsageError for what is not known. */
export function parseFlags<const T extends NonNullable<ParseArgsConfig["options"]>>(
  args: readonly string[],
  options: T,
) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** The integer of at least `least` that an option was given. */
export function wholeNumber(option: string, text: string, least: number): number {
  const n = Number(text);
  if (Number.isInteger(n) && n >= least) return n;
  const wanted = least === 1 ? "a positive integer" : `an integer of at least ${least}`;
  throw new UsageError(`--${option}: expected ${wanted}, got "${text}"`);
}
