/** The process that the program is. */
import { nodeModule, runtime } from "./platform";

/** What a file name may say of the machine and the process that write it. */
export function processNames(): { host: string; pid: number } {
  const host = nodeModule<typeof import("node:os")>("node:os")?.hostname() ?? globalThis.location?.hostname;
  return { host: host || "localhost", pid: nodeModule<typeof import("node:process")>("node:process")?.pid ?? 1 };
}

/**
 * Calls `listener` when the process is about to end by itself, by `exit()` or by an error: with the exit code, and with the error if nobody caught it,
 * which Node prints only afterwards. Signals end a process without.
 */
export function onExit(listener: (code: number, error: unknown) => void): void {
  const process = nodeModule<typeof import("node:process")>("node:process");
  let uncaught: unknown;
  process?.on("uncaughtExceptionMonitor", (error) => {
    uncaught = error;
  });
  process?.on("exit", (code) => listener(Number(code ?? process.exitCode ?? 0), uncaught));
  // `Deno.exit()` tells nobody else, and not its code.
  if (runtime === "deno")
    globalThis.addEventListener("unload", () => listener(Number(process?.exitCode ?? 0), uncaught));
}

/** Ends the process without waiting for its threads, one of which may be blocked in foreign code. Returns where that is not permitted. */
export function endAtOnce(): void {
  const process = nodeModule<typeof import("node:process")>("node:process");
  try {
    process?.kill(process.pid, "SIGKILL");
  } catch {
    // Deno asks for a permission. It does not wait for its threads anyway.
  }
}

/** Writes a line to the standard error at once, also while the process ends. */
export function complain(line: string): void {
  const fs = nodeModule<typeof import("node:fs")>("node:fs");
  try {
    fs?.writeSync(2, `${line}\n`);
  } catch {
    // There is nobody to read it.
  }
}

/** Whether the system lets this process use fewer cores than the machine has, as launchers do that bind ranks to cores. */
export function isBound(): boolean {
  const os = nodeModule<typeof import("node:os")>("node:os");
  return os !== undefined && os.availableParallelism() < os.cpus().length;
}
