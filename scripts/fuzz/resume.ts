/**
 * Runs of training that are killed at random moments, a tenth of them while a checkpoint is written, and started again until they end. The
 * loss of every step and everything at the end has the bits of the run that was never interrupted.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fault, FuzzOptions } from "./fault";

/** What is trained, see `training.mjs`. */
interface Settings {
  readonly workers?: number;
  readonly optimizer?: string;
  readonly iterable?: boolean;
  readonly accumulate?: number;
  readonly gradients?: boolean;
  readonly epochs: number;
  readonly every: number;
}

const sorts: readonly Omit<Settings, "epochs" | "every">[] = [
  { optimizer: "Adam" },
  { optimizer: "SGD", workers: 2 },
  { optimizer: "NAdam", accumulate: 2 },
  { optimizer: "Adam", iterable: true, workers: 2 },
  { optimizer: "LBFGS" },
  { optimizer: "ASGD", accumulate: 3, gradients: true },
  { optimizer: "SGD", iterable: true },
  { optimizer: "Adam", workers: 1 },
];

/** Milliseconds that a run may take: many are started on a busy machine. */
const LIMIT = 120_000;

/** Random numbers in [0, 1): mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** When a run is killed: milliseconds after a line of its output, or after its start. */
interface Moment {
  readonly after: "start" | "begun" | "saving";
  /** How many such lines. */
  readonly count: number;
  readonly delay: number;
}

interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly errors: string;
  /** Milliseconds between the first step and the end. */
  readonly duration: number;
  /** Whether it ended between the beginning and the end of the writing of a checkpoint. */
  readonly isInside: boolean;
}

const script = new URL("./training.mjs", import.meta.url).pathname;

/** Trains until the end, or the moment. */
function train(folder: string, settings: Settings, moment?: Moment): Promise<Ending> {
  const child = spawn(process.execPath, [script, folder, JSON.stringify(settings)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const limit = setTimeout(() => child.kill("SIGKILL"), LIMIT);
  if (moment !== undefined) arm(child, moment);
  let errors = "";
  let begun = performance.now();
  let output = "";
  child.stderr!.on("data", (text) => {
    errors += text;
  });
  child.stdout!.on("data", (text) => {
    output += text;
    if (String(text).includes("begun")) begun = performance.now();
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(limit);
      const isInside = output.lastIndexOf("saving\n") > output.lastIndexOf("saved\n");
      resolve({ code, signal, errors, duration: performance.now() - begun, isInside });
    });
  });
}

function arm(child: ChildProcess, { after, count, delay }: Moment): void {
  const kill = () => void setTimeout(() => child.kill("SIGKILL"), delay);
  if (after === "start") kill();
  let seen = 0;
  child.stdout!.on("data", (text) => {
    for (const line of String(text).split("\n")) if (line === after && ++seen === count) kill();
  });
}

/** How many runs were killed, and how many of them while a checkpoint was written. */
export interface Kills {
  killed: number;
  inside: number;
}

/** One of ten runs is killed while it starts. Whenever fewer than one of ten were killed inside of a write, it is aimed at one. */
function momentOf(random: () => number, { killed, inside }: Kills, duration: number): Moment {
  if (killed % 10 === 9) return { after: "start", count: 1, delay: random() * 400 };
  if (inside * 10 < killed + 1) return { after: "saving", count: 1 + Math.floor(random() * 6), delay: random() * 3 };
  return { after: "begun", count: 1, delay: random() * duration };
}

/** The outcome of a run: its last line, and the bits of the loss of each step. */
function outcomeOf(folder: string): { result: string; losses: ReadonlySet<string> } {
  const read = (file: string) => (existsSync(file) ? readFileSync(file, "utf8") : "");
  return { result: read(`${folder}.result`), losses: new Set(read(`${folder}.losses`).trim().split("\n")) };
}

/** What is wrong with an interrupted run, if anything is. */
function differenceOf(folder: string, whole: ReturnType<typeof outcomeOf>): string | undefined {
  const { result, losses } = outcomeOf(folder);
  const others = [...losses].filter((line) => !whole.losses.has(line));
  if (others.length > 0) return `the loss of a step has other bits: ${others.slice(0, 3).join("; ")}`;
  if (losses.size !== whole.losses.size) return `${losses.size} steps instead of ${whole.losses.size}`;
  if (result !== whole.result) return `the end is ${result} instead of ${whole.result}`;
  const left = readdirSync(folder).filter((name) => name.endsWith(".tmp"));
  return left.length > 0 ? `temporary files are left: ${left.join(", ")}` : undefined;
}

/**
 * Kills runs until `calls` were killed or the time is over.
 * @param runs Over how many runs, each with other settings, they are spread.
 */
export async function fuzzResume(
  { seed, calls, seconds, report }: FuzzOptions,
  runs: number = sorts.length,
): Promise<Kills> {
  const root = mkdtempSync(join(tmpdir(), "kindling-resume-"));
  const random = randomOf(seed);
  const end = performance.now() + seconds * 1000;
  const kills: Kills = { killed: 0, inside: 0 };
  try {
    for (let i = 0; kills.killed < calls && performance.now() < end; i++) {
      const settings: Settings = { ...sorts[i % sorts.length]!, epochs: 6, every: 1 + Math.floor(random() * 4) };
      const most = Math.min(calls, kills.killed + Math.ceil(calls / runs));
      const before = kills.killed;
      await tryOne(join(root, String(i)), settings, random, kills, most, (kind, detail) =>
        report({
          kind,
          detail,
          program: `// run ${i} of seed ${seed}: node scripts/fuzz/training.mjs FOLDER '${JSON.stringify(settings)}'`,
        }),
      );
      // A run that fails at once, or ends before it could be killed, counts as one.
      if (kills.killed === before) kills.killed++;
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  return kills;
}

/** One run that is killed until `most` kills were made in all. */
async function tryOne(
  folder: string,
  settings: Settings,
  random: () => number,
  kills: Kills,
  most: number,
  report: (kind: Fault["kind"], detail: string) => void,
): Promise<void> {
  const first = await train(`${folder}-whole`, settings);
  if (first.code !== 0) return report("foreign", first.errors);
  const whole = outcomeOf(`${folder}-whole`);
  for (;;) {
    const moment = kills.killed < most ? momentOf(random, kills, first.duration / 2) : undefined;
    const { code, signal, errors, isInside } = await train(folder, settings, moment);
    if (code !== 0 && (moment === undefined || signal !== "SIGKILL"))
      return report("foreign", `after ${kills.killed} kills: ${errors || signal}`);
    if (signal === "SIGKILL") {
      kills.killed++;
      if (isInside) kills.inside++;
    }
    if (code !== 0) continue;
    const difference = differenceOf(folder, whole);
    if (difference !== undefined) report("accepted", `after ${kills.killed} kills: ${difference}`);
    return;
  }
}
