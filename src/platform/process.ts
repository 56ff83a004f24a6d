/** The process that the program is. */
import { nodeModule } from "./platform";

/** What a file name may say of the machine and the process that write it. */
export function processNames(): { host: string; pid: number } {
  const host = nodeModule<typeof import("node:os")>("node:os")?.hostname() ?? globalThis.location?.hostname;
  return { host: host || "localhost", pid: nodeModule<typeof import("node:process")>("node:process")?.pid ?? 1 };
}
