/** What `kindling inspect` can print: one entry for each format. */
import { inspectEvents } from "./events";
import { inspectSafetensors } from "./safetensors";

/** A format that can be printed. */
export interface Inspector {
  readonly format: string;
  /** Whether a file is of the format, by its name and its first bytes. */
  knows(path: string, start: Uint8Array): boolean;
  /** What is in it. @throws FormatError naming the file. */
  inspect(path: string): Promise<string>;
}

export const inspectors: readonly Inspector[] = [
  { format: "event files", knows: (path) => /tfevents[^/\\]*$/.test(path), inspect: inspectEvents },
  { format: "safetensors", knows: (path) => path.endsWith(".safetensors"), inspect: inspectSafetensors },
];
