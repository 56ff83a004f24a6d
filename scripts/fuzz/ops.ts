/** Random calls of everything public, over guarded memory, in a process that may hang or die. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { deserialize } from "node:v8";
import { buildSync } from "esbuild";
import type { FuzzOptions } from "./fault";
import { type Calls, callsOf } from "./ops/calls";
import { faultOf } from "./ops/judge";
import {
  type Counts,
  type Extent,
  type Job,
  type Line,
  type Mode,
  noCounts,
  type Planted,
  type Progress,
  readProgress,
  writeProgress,
} from "./ops/protocol";
import { knowledgeFile } from "./ops/templates";
import type { Call } from "./ops/value";

/** Seconds that one call may take. */
const LIMIT = 10;
/** Seconds until the first call. */
const STARTUP_LIMIT = 120;
/** Megabytes of the child's own heap. */
const HEAP = 2048;

export interface OpsOptions extends FuzzOptions {
  /** Only calls of this op. */
  readonly op?: string | undefined;
  /** An error that does not name the op that was called is a fault, too. */
  readonly strict?: boolean;
  /** What is judged; default `ops`. Of `wrong` calls, `calls` is their number at most. */
  readonly mode?: Mode;
  /** Of `wrong` calls, only every `share`th; default 1. */
  readonly share?: number;
  /** The first call; default 0. */
  readonly from?: number;
  readonly planted?: Planted;
  /** Seconds that one call may take; default 10. */
  readonly limit?: number;
}

/** What became of the calls. */
export interface Summary extends Counts {
  readonly calls: number;
  /** How many functions, constructors, methods and modules the wrong calls are of. */
  readonly subjects?: number | undefined;
}

/** How a child ended: by itself, by a call that hung or killed it, or because time was up. */
type End = "over" | "late" | { readonly kind: "hang" | "death"; readonly detail: string };

const here = dirname(fileURLToPath(import.meta.url));

/** The child as one file: it begins within a second. Runs at the same time have their own, below the package that it imports. */
function bundleChild(): string {
  const outfile = join(here, "..", "..", "build", "fuzz", `child.${process.pid}.mjs`);
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
  private readonly skip: number[] = [];
  private extent: Extent = {};
  private generator?: Calls;

  constructor(private readonly options: OpsOptions) {
    this.deadline = performance.now() + options.seconds * 1000;
  }

  async go(): Promise<Summary> {
    const { from = 0, calls } = this.options;
    const to = Math.min(from + calls, Number.MAX_SAFE_INTEGER);
    const total = noCounts();
    let next = from;
    for (let end: End = "over"; next < Math.min(to, this.extent.length ?? to) && end !== "late"; ) {
      end = await this.runChild(this.job(next, to));
      const progress = this.progress();
      for (const key of ["accepted", "refused", "invalid"] as const) total[key] += progress.counts[key];
      next = progress.next;
      if (typeof end === "object") this.lose(progress, end);
    }
    rmSync(this.folder, { recursive: true });
    rmSync(this.child);
    return { ...total, calls: next - from, subjects: this.extent.subjects };
  }

  /** A call that ended its process is reported and left out; the others of its batch are made again. */
  private lose({ k, beats }: Progress, end: End & object): void {
    if (beats === 0) throw new Error(`the process that makes the calls did not begin: ${end.detail}`);
    this.skip.push(k);
    this.options.report(faultOf(this.call(k), end.kind, `${end.detail} (call ${k})`));
  }

  /** The call of a number. The child finds out what can be called, which takes seconds; here that is worth it for a call that ended its process alone. */
  private call(k: number): Call {
    if (this.generator === undefined) {
      // Wrong calls are derived from plausible ones, which are tried: what these write by chance is gone with the folder.
      const home = process.cwd();
      process.chdir(this.folder);
      this.generator = callsOf(deserialize(readFileSync(this.knowledge)), this.making);
      process.chdir(home);
    }
    return this.generator.call(k);
  }

  private job(from: number, to: number): Job {
    const { making, knowledge, skip, file: progress } = this;
    const strict = making.mode === "wrong" || (this.options.strict ?? false);
    writeFileSync(progress, writeProgress({ k: from, next: from, beats: 0, counts: noCounts() }));
    return { ...making, from, to, skip, knowledge, progress, strict };
  }

  /** What decides which calls are made. */
  private get making(): Pick<Job, "seed" | "mode" | "op" | "share" | "planted"> {
    const { seed, op, planted, share = 1, mode = "ops" } = this.options;
    return { seed, mode, share, ...(op !== undefined && { op }), ...(planted && { planted }) };
  }

  private progress(): Progress {
    return readProgress(readFileSync(this.file));
  }

  /** Runs until the child ends by itself, or has to be ended. */
  private runChild(job: Job): Promise<End> {
    const args = [`--max-old-space-size=${HEAP}`, "--enable-source-maps", this.child, JSON.stringify(job)];
    const env = { ...process.env, KINDLING_GUARD: "1" };
    // What calls write by chance is gone with the folder.
    const stdio = ["ignore", "ignore", "pipe", "pipe"] as const;
    const child = spawn(process.execPath, args, { stdio: [...stdio], env, cwd: this.folder });
    let errors = "";
    let end: End | undefined;
    child.stderr!.on("data", (text) => {
      errors = (errors + text).slice(-2000);
    });
    createInterface({ input: child.stdio[3] as Readable }).on("line", (line) => this.report(line));
    const watch = this.watch(child, (reason) => {
      end = reason;
    });
    return new Promise((resolve) => {
      child.on("close", (code, signal) => {
        clearInterval(watch);
        const death = { kind: "death", detail: `the process ended (${signal ?? code}) ${reasonIn(errors)}` } as const;
        resolve(end ?? (code === 0 && this.hasEnded(job) ? "over" : death));
      });
    });
  }

  /** Whether a child that ended by itself had reason to: a call may end the process too. */
  private hasEnded({ from }: Job): boolean {
    const { k, next } = this.progress();
    return k === next && next > from;
  }

  private report(line: string): void {
    const said = JSON.parse(line) as Line;
    if ("extent" in said) this.extent = said.extent;
    else this.options.report({ ...said.fault, detail: `${said.fault.detail} (call ${said.k})` });
  }

  /** Looks whether calls go on; ends the child when one does not, or when time is up. */
  private watch(child: ChildProcess, onEnd: (end: End) => void): NodeJS.Timeout {
    const { limit = LIMIT } = this.options;
    let [last, since] = [0, performance.now()];
    const stop = (end: End): void => {
      onEnd(end);
      child.kill("SIGKILL");
    };
    return setInterval(() => {
      const { beats } = this.progress();
      const now = performance.now();
      if (beats !== last) [last, since] = [beats, now];
      if (now - since > 1000 * (beats === 0 ? STARTUP_LIMIT : limit))
        stop({ kind: "hang", detail: `no end within ${limit} s` });
      else if (now > this.deadline) stop("late");
    }, 100);
  }
}

/** What a process says when it dies. */
const reasonIn = (text: string): string =>
  text
    .split("\n")
    .filter((line) => /error|fatal|reason/i.test(line))
    .slice(0, 3)
    .join("; ");

/** Makes `calls` calls; reports each fault with a program that shows it. */
export const fuzzOps = (options: OpsOptions): Promise<Summary> => new Run(options).go();
