/** Other programs: found, started, watched. For the command line. */
import { nodeModule, runtime } from "./platform";

/** How a program ended. */
export interface ProgramEnd {
  /** Null if a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
}

/** A program that runs. */
export interface RunningProgram {
  /** Hands signals on. */
  kill(signal: "SIGINT" | "SIGTERM"): void;
  readonly ended: Promise<ProgramEnd>;
}

/** How long output of a program is read after its end (ms). */
const DRAIN = 1000;

const children = () => nodeModule<typeof import("node:child_process")>("node:child_process")!;

/** What a program prints when it is run with some arguments; undefined if there is no such program. */
export function outputOf(command: string, args: readonly string[]): string | undefined {
  const { stdout, error } = children().spawnSync(command, [...args], { encoding: "utf8" });
  return error === undefined ? stdout : undefined;
}

/** Starts a program. @param take Gets its output, which goes where that of this one goes if it is left out. */
export function startProgram(
  command: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
  take?: (stream: "stdout" | "stderr", text: string) => void,
): RunningProgram {
  const { env } = nodeModule<typeof import("node:process")>("node:process")!;
  const output = take === undefined ? "inherit" : "pipe";
  const stdio = ["inherit", output, output] as const;
  const child = children().spawn(command, [...args], { env: { ...env, ...variables }, stdio: [...stdio] });
  for (const stream of ["stdout", "stderr"] as const)
    child[stream]?.setEncoding("utf8").on("data", (text: string) => take!(stream, text));
  const ended = new Promise<ProgramEnd>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal }));
    // What it has left behind may hold its output open.
    const close = (): void => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    };
    child.on("exit", () => setTimeout(close, DRAIN).unref());
  });
  return { kill: (signal) => void child.kill(signal), ended };
}

/** The program that runs this one, with the options that it was started with. */
export function ownRuntime(): string[] {
  const process = nodeModule<typeof import("node:process")>("node:process")!;
  const more = runtime === "deno" ? ["run", "--allow-all"] : process.execArgv;
  return [process.execPath, ...more];
}

/** Whether the user is root. */
export const isRoot = (): boolean => nodeModule<typeof import("node:process")>("node:process")?.getuid?.() === 0;

/** Calls `listener` when the user or the system asks this process to end. */
export function onSignal(listener: (signal: "SIGINT" | "SIGTERM") => void): void {
  const process = nodeModule<typeof import("node:process")>("node:process")!;
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => listener(signal));
}
