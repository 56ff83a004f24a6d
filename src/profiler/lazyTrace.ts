/** What writes traces, loaded with the first that is to be written. */
import { gzipSync } from "fflate";
import { writeBytes } from "../platform/files";
import type { ProfilerEvent } from "./recorder";
import { traceText } from "./trace";

/** Writes events as a trace, compressed if the name ends with `.gz`. @throws KindlingError if it cannot be written. */
export async function writeTrace(op: string, path: string | URL, events: readonly ProfilerEvent[]): Promise<void> {
  const bytes = new TextEncoder().encode(traceText(events));
  await writeBytes(op, path, /\.gz$/.test(String(path)) ? gzipSync(bytes) : bytes);
}
