/** The checks by name; each gives a value that can be written as JSON. */
export const checks: Readonly<Record<string, (folder: string) => unknown>>;
/** What is left of the names that JavaScript knows. */
export function namesLeft(): string[];
/** Runs all checks. @param folder Where files are written. */
export function runAll(folder: string): Promise<Record<string, unknown>>;
