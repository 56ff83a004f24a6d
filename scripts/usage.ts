/** What the command lines of this repository share. */
export { readFlags as parseFlags, UsageError } from "../src/cli/commandLine";

import { integer } from "../src/cli/commandLine";

/** The integer of at least `least` that an option was given. @throws UsageError naming the option. */
export const wholeNumber = (option: string, text: string, least: number): number => integer(least)(option, text);
