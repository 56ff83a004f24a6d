/** Random calls of everything public, over guarded memory, in a process that may hang or die. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { deserialize } from "node:v8";
import { buildSync } from "esbuild";
import type { Fault, FuzzOptions } from "./fault";
import { Generator } from "./ops/generate";
import { printCall } from "./ops/print";
import { type Counts, type Job, type Line, progressBytes, readProgress } from "./ops/protocol";
import { type Knowledge, knowledgeFile } from "./ops/templates";

/** Seconds that one call may take. */
const LIMIT = 10;
/** Seconds until the first call. */
const STARTUP_LIMIT = 120;
/** Megabytes of the child's own heap. */
const HEAP = 2048;

export interface OpsOptions extends FuzzOptions {
  /** Only calls of this op. */
  readonly op?: string | undefined;
  /** The first call; default 0. */
  readonly from?: number;
}

/** What became of the calls. */
export interface Summary extends Counts {
  readonly calls: number;
}

/** Why the child ended before its last call. */
type End = { readonly kind: "hang" | "death"; readonly detail: string } | undefined;

const here = dirname(fileURLToPath(import.meta.url));

/** The child as one file: it begins within a second. */
function bundleChild(): string {
  const outfile = join(here, "..", "..", "build", "fuzz", "child.mjs");
  const entry = join(here, "ops", "child.ts");
  buildSync({ entryPoints: [entry], outfile, bundle: true, platform: "node", format: "esm", external: ["kindling"] });
  return outfile;
}

class Run {
  private readonly knowledge = knowledgeFile();
  private readonly child = bundleChild();
  private readonly folder = mkdtempSync(join(tmpdir(), "kindling-fuzz-"));
  private readonly file = join(this.folder, "progress");
  private readonly deadline: number;

  constructor(private readonly options: OpsOptions) {
    this.deadline = performance.now() + options.seconds * 1000;
  }

  async go(): Promise<Summary> {
    const { seed, calls, op, from = 0 } = this.options;
    const total: Counts = { accepted: 0, refused: 0, invalid: 0 };
    const to = from + calls;
    let next = from;
    while (next < to && performance.now() < this.deadline) {
      writeFileSync(this.file, progressBytes(next, { accepted: 0, refused: 0, invalid: 0 }));
      const job: Job = {
        seed,
        from: next,
        to,
        knowledge: this.knowledge,
        progress: this.file,
        ...(op !== undefined && { op }),
      };
      const end = await this.runChild(job);
      const { k, counts } = readProgress(readFileSync(this.file));
      for (const key of ["accepted", "refused", "invalid"] as const) total[key] += counts[key];
      if (end) this.options.report({ ...end, program: this.programOf(k), detail: `${end.detail} (call ${k})` });
      next = end ? k + 1 : k;
      if (
        end === undefined &&
        k <= job.from &&
        k < to &&
        performance.now() < this.deadline &&
        counts.accepted + counts.refused === 0
      )
        throw new Error(`the process for the calls from ${k} on did not begin`);
    }
    rmSync(this.folder, { recursive: true });
    return { ...total, calls: next - from };
  }

  private programOf(k: number): string {
    const knowledge = deserialize(readFileSync(this.knowledge)) as Knowledge;
    const { setup, call } = printCall(new Generator(knowledge, this.options.seed, this.options.op).call(k));
    return setup === "" ? `${call};` : `${setup}\n${call};`;
  }

  /** Runs until the child ends by itself (undefined), or why it did not. */
  private runChild(job: Job): Promise<End> {
    const args = [`--max-old-space-size=${HEAP}`, "--enable-source-maps", this.child, JSON.stringify(job)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe", "pipe"] });
    let errors = "";
    let end: End;
    child.stderr!.on("data", (text) => {
      errors = (errors + text).slice(-2000);
    });
    const lines = createInterface({ input: child.stdio[3] as Readable });
    lines.on("line", (line) => this.report(line));
    const watch = this.watch(job.from, (reason) => {
      end = reason;
      child.kill("SIGKILL");
    });
    return new Promise((resolve) => {
      child.on("close", (code, signal) => {
        clearInterval(watch);
        const isOver = code === 0 || (signal === "SIGKILL" && performance.now() >= this.deadline);
        resolve(
          end ??
            (isOver
              ? undefined
              : { kind: "death", detail: `the process ended (${signal ?? code}) ${lastLines(errors)}` }),
        );
      });
    });
  }

  private report(line: string): void {
    const { k, fault } = JSON.parse(line) as Line;
    this.options.report({ ...fault, detail: `${fault.detail} (call ${k})` });
  }

  /** Looks whether calls go on; ends the child when one does not, or when time is up. */
  private watch(first: number, stop: (end: End) => void): NodeJS.Timeout {
    let [last, since] = [first, performance.now()];
    return setInterval(() => {
      const { k, counts } = readProgress(readFileSync(this.file));
      const now = performance.now();
      if (k !== last) [last, since] = [k, now];
      const hasBegun = counts.accepted + counts.refused + counts.invalid > 0;
      if (now - since > 1000 * (hasBegun ? LIMIT : STARTUP_LIMIT))
        stop({ kind: "hang", detail: `no end within ${LIMIT} s` });
      else if (now > this.deadline) stop(undefined);
    }, 100);
  }
}

const lastLines = (text: string): string =>
  text
    .split("\n")
    .filter((line) => /error|fatal|reason/i.test(line))
    .slice(0, 3)
    .join("; ");

/** Makes `calls` calls; reports each fault with a program that shows it. */
export const fuzzOps = (options: OpsOptions): Promise<Summary> => new Run(options).go();

export type { Fault };
