/** A library in a process of its own, timed there, so that peers cannot disturb each other's globals, memory or threads. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Library } from "../library";
import type { Contender } from "../measure";
import type { Workload } from "../workloads";

const PYTHON = "/usr/bin/python3";

/** What a peer's process is asked, one line of JSON each. */
export type Request = { readonly workload: Workload } | { readonly id: number; readonly iterations: number };

/** What it answers: first its version, then per workload its number (null if it cannot), and per run its milliseconds. */
export type Answer = { readonly version: string } | { readonly id: number | null } | { readonly ms: number };

/** PyTorch runs in Python, the others in the runtime that asks. */
function commandOf(name: string, threads: number): [command: string, ...args: string[]] {
  if (name === "torch") return [PYTHON, "bench/peers/native.py", `${threads}`];
  const flags = "Deno" in globalThis ? ["run", "--allow-all", "--quiet"] : [];
  return [process.execPath, ...flags, "build/bench/peer.js", name, `${threads}`];
}

/** The line that names the error, or the last one. */
function lastWords(text: string): string {
  const lines = text.trim().split("\n");
  return lines.findLast((line) => /^\w*Error\b/.test(line)) ?? (lines.at(-1) || "without a word");
}

/** @throws Error with the process's last words if it does not start. */
export async function startLibrary(name: string, threads: number): Promise<Library> {
  const pinned = {
    OMP_NUM_THREADS: `${threads}`,
    OPENBLAS_NUM_THREADS: `${threads}`,
    MKL_NUM_THREADS: `${threads}`,
    // Idle threads look out for work for 2^22 cycles, not for the 0.1 s in which the next contender already runs.
    OPENBLAS_THREAD_TIMEOUT: "22",
  };
  const [command, ...args] = commandOf(name, threads);
  const child = spawn(command, args, { env: { ...process.env, ...pinned }, stdio: "pipe" });
  let words = "";
  child.stderr.on("data", (text) => {
    words = `${words}${text}`.slice(-2000);
  });
  child.stdin.on("error", () => {});
  const failed = new Promise<never>((_, reject) => child.on("error", reject));
  failed.catch(() => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  async function answer(): Promise<any> {
    const { value, done } = await Promise.race([lines.next(), failed]);
    if (done) throw new Error(`its process ended: ${lastWords(words)}`);
    return value.startsWith("{") ? JSON.parse(value) : answer();
  }

  async function ask(request: Request): Promise<any> {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    return answer();
  }

  const { version } = await answer();
  return {
    name,
    version,
    async create(workload: Workload): Promise<Contender | undefined> {
      const { id } = await ask({ workload });
      return id === null ? undefined : { time: async (iterations) => (await ask({ id, iterations })).ms };
    },
    close: () => child.kill(),
  };
}
