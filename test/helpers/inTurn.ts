/** Programs that end soon, one after the other in one process: starting one for each would take longer than what they do. */
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";

/** What came of a program. */
export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs programs in turn; they share the modules that they import, and what these remember.
 * @param lines The path of each program and its arguments.
 * @param flags Flags of Node.
 */
export async function inTurn(
  lines: readonly (readonly string[])[],
  { cwd, flags = [] }: { cwd?: string; flags?: readonly string[] } = {},
): Promise<Result[]> {
  const args = [...flags, resolve("test/helpers/programs.mjs"), JSON.stringify(lines)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, maxBuffer: 1 << 24 });
  return JSON.parse(stdout);
}
