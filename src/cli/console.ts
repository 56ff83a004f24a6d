/** What commands write: lines for people, or JSON for programs. */
import { writeText } from "../platform/terminal";

/** Writes a line. */
export const print = (line: string): void => writeText(`${line}\n`);

/** Writes a value as one line of JSON. */
export const printJson = (value: unknown): void => print(JSON.stringify(value));
