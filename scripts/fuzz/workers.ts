/**
 * Workers of a DataLoader that die at a random sample in every way there is. Nothing hangs, the error says which worker and why, and
 * all memory comes back.
 */
import { existsSync, readdirSync } from "node:fs";
import threads from "node:worker_threads";
import * as torch from "kindling";
import type { Fault, FuzzOptions } from "./fault";
// @ts-expect-error It has no types: workers import it as it is.
import { exitAtStart, hangAtStart, Mortal, throwAtStart } from "./mortal.mjs";

/** Seconds that a loader waits for a batch: of a worker that hangs, and of others, which a busy machine starts slowly. */
const [SHORT, LONG] = [5, 60];
/** Milliseconds that a pass and its cleaning up may take: workers are started, time out, and have some seconds to end. */
const LIMIT = 90_000;

/** Fates of a worker, and what the error must say; undefined where there is none. */
const fates: Record<string, RegExp | undefined> = {
  none: undefined,
  throw: /Caught RangeError in DataLoader worker \d at index \d+: sample \d+/,
  reject: /Caught RangeError in DataLoader worker \d at index \d+: sample \d+/,
  exit: /worker \d died: .*exit code 3/,
  throwLater: /worker \d died: later/,
  rejectLater: /worker \d died: later/,
  hang: /timed out after 5 seconds/,
  spin: /timed out after 5 seconds/,
  unsendable: /DataLoader worker \d.*(found|has) (a )?function/s,
  ragged: /DataLoader worker \d.*stack expects each tensor to be equal size/s,
  outOfMemory: /Caught OutOfMemoryError in DataLoader worker \d at index \d+/,
  exhaust: /worker \d died: .*memory/,
  kill: /worker \d died: the worker ended with exit code [01]/,
  exitAtStart: /worker \d died: .*exit code 4/,
  throwAtStart: /Caught RangeError in DataLoader worker \d: at start/,
  hangAtStart: /timed out after 5 seconds/,
  // What a worker cannot import is read in this thread, with one warning.
  missing: undefined,
};

/** Fates that come with a worker's first function. */
const starts: Record<string, () => void> = { exitAtStart, hangAtStart, throwAtStart };

/** How a program reads: to the end, not to the end, or one batch that it forgets to finish. */
const readers = ["whole", "early", "forgotten"] as const;

interface Trial {
  readonly fate: string;
  /** Milliseconds after which the fate `kill` ends a worker, whatever it is doing: it starts, reads, writes or has ended. */
  readonly moment: number;
  readonly when: number;
  readonly size: number;
  readonly numWorkers: number;
  readonly batchSize: number;
  readonly persistentWorkers: boolean;
  readonly reader: (typeof readers)[number];
}

const LENGTH = 24;
/** Workers take some 100 ms to start, and few more to read everything. */
const MOST_MOMENT = 600;

function trialOf(seed: number, call: number): Trial {
  const draws = torch.randint(0, 1 << 20, [9], {
    generator: new torch.Generator().manualSeed(seed * 1_000_003 + call),
  });
  const values = draws.tolist() as number[];
  draws.dispose();
  const pick = <T>(i: number, items: readonly T[]): T => items[values[i]! % items.length]!;
  const fate = values[0]! % 2 === 0 ? "kill" : pick(0, Object.keys(fates));
  return {
    fate,
    moment: (values[7]! / (1 << 20)) * MOST_MOMENT,
    when: values[1]! % LENGTH,
    size: pick(2, [1, 1000, 1 << 18]),
    numWorkers: 1 + (values[3]! % 3),
    // One sample by itself fits into any batch.
    batchSize: fate === "ragged" ? 2 + (values[4]! % 4) : 1 + (values[4]! % 5),
    persistentWorkers: pick(5, [false, false, true]),
    reader: pick(6, ["whole", "whole", "early", "forgotten"] as const),
  };
}

/** The data set of a module that is not there. */
class Missing extends Mortal {
  static module = new URL("nowhere.mjs", import.meta.url).href;
}

async function read({
  fate,
  when,
  size,
  numWorkers,
  batchSize,
  persistentWorkers,
  reader,
  moment,
}: Trial): Promise<number> {
  SmallWorker.running.length = 0;
  const killer = fate === "kill" && setTimeout(() => void SmallWorker.running[when % numWorkers]?.terminate(), moment);
  const options = {
    numWorkers,
    batchSize,
    persistentWorkers,
    timeout: fates[fate]?.source.startsWith("timed out") ? SHORT : LONG,
    workerInitFn: starts[fate],
  };
  const Data = fate === "missing" ? Missing : Mortal;
  const loader = new torch.utils.data.DataLoader<any, torch.Tensor>(new Data(fate, when, LENGTH, size), options);
  let next = 0;
  try {
    next = await readAll(loader, reader);
  } finally {
    if (killer) clearTimeout(killer);
  }
  return next;
}

async function readAll(loader: AsyncIterable<torch.Tensor>, reader: Trial["reader"]): Promise<number> {
  let next = 0;
  for await (const batch of loader) {
    const first = batch.select(1, 0);
    for (const value of first.tolist() as number[]) if (value !== next++) throw new Error(`${value} at ${next - 1}`);
    first.dispose();
    batch.dispose();
    if (reader === "early") break;
    if (reader !== "forgotten") continue;
    // The iterator of this loop is finished; that of another is not.
    await loader[Symbol.asyncIterator]().next();
    break;
  }
  return next;
}

const Worker = threads.Worker;

/**
 * Workers have little room for objects, so that one that fills it ends soon; but enough for the loader of TypeScript that this program is
 * started with: in each worker it reads the library's source map, which takes 100 MB.
 */
class SmallWorker extends Worker {
  /** Those of the pass that is read. */
  static readonly running: SmallWorker[] = [];

  constructor(source: string | URL, options: threads.WorkerOptions = {}) {
    super(source, { ...options, resourceLimits: { maxOldGenerationSizeMb: 256 } });
    SmallWorker.running.push(this);
  }
}

/** Threads of this process, where the system tells. */
const countThreads = (): number => (existsSync("/proc/self/task") ? readdirSync("/proc/self/task").length : 0);

const timer = (milliseconds: number): Promise<"late"> =>
  new Promise((resolve) => setTimeout(() => resolve("late"), milliseconds));

/** Whether an error is the one that the fate must give. */
function judge(trial: Trial, outcome: unknown): Pick<Fault, "kind" | "detail"> | undefined {
  const wanted = fates[trial.fate];
  if (outcome === "late") return { kind: "hang", detail: `no end within ${LIMIT / 1000} seconds` };
  if (outcome instanceof Error) {
    if (!(outcome instanceof torch.KindlingError)) return { kind: "foreign", detail: String(outcome) };
    if (wanted === undefined || !wanted.test(outcome.message))
      return { kind: "foreign", detail: `the error says: ${outcome.message.slice(0, 300)}` };
    return undefined;
  }
  if (wanted !== undefined && trial.reader === "whole" && trial.fate !== "kill")
    return { kind: "accepted", detail: "there was no error" };
  const isWhole = wanted === undefined || trial.fate === "kill";
  return isWhole && trial.reader === "whole" && outcome !== LENGTH
    ? { kind: "accepted", detail: `${outcome} samples instead of ${LENGTH}` }
    : undefined;
}

/** Blocks that are still held when the workers had time to end. Forgotten iterators are found by the collector, when there are more. */
async function blocksLeft(before: number): Promise<number> {
  for (let waited = 0; waited < 12_000 && torch.memoryStats().blocks > before; waited += 50) await timer(50);
  return torch.memoryStats().blocks - before;
}

/**
 * Lets workers die until `calls` did or the time is over.
 * @returns How many loaders were read.
 */
export async function fuzzWorkers(options: FuzzOptions): Promise<number> {
  torch.ones(1).dispose();
  const before = { bytes: torch.memoryStats().allocated, threads: countThreads() };
  threads.Worker = SmallWorker;
  let made: number;
  try {
    made = await runTrials(options);
  } finally {
    threads.Worker = Worker;
  }
  const program = `// seed ${options.seed}`;
  for (const detail of leftBehind(before)) options.report({ kind: "leak", program, detail });
  return made;
}

async function runTrials({ seed, calls, seconds, report }: FuzzOptions): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let call = 0;
  for (; call < calls && performance.now() < end; call++) {
    const trial = trialOf(seed, call);
    const { blocks } = torch.memoryStats();
    const outcome = await Promise.race([read(trial).catch((error: unknown) => error), timer(LIMIT)]);
    let fault = judge(trial, outcome);
    // Iterators that nobody finishes, workers that stay, and samples that this thread reads itself are left to the collector.
    const isCollected = trial.reader === "forgotten" || trial.persistentWorkers || trial.fate === "missing";
    if (!isCollected && fault === undefined && (await blocksLeft(blocks)) > 0)
      fault = { kind: "leak", detail: `${torch.memoryStats().blocks - blocks} blocks are held` };
    if (fault !== undefined) report({ ...fault, program: `// pass ${call} of seed ${seed}\n${JSON.stringify(trial)}` });
  }
  return call;
}

/** The last few iterators and loaders that were forgotten may be left: some pools of up to three workers with 16 MiB each. */
const MOST_LEFT = 12;
/** The runtime and the library have threads of their own, which start when they are needed. */
const OTHER_THREADS = 8;
/** Memory of workers that are gone is used again. */
const MOST_RESERVED = 2 ** 30;

function leftBehind(before: { bytes: number; threads: number }): string[] {
  const { allocated, reserved } = torch.memoryStats();
  const [held, started] = [allocated - before.bytes, countThreads() - before.threads];
  return [
    ...(held > MOST_LEFT * (17 << 20) ? [`${held} bytes are held at the end`] : []),
    ...(reserved > MOST_RESERVED ? [`memory has grown to ${reserved} bytes`] : []),
    ...(started > MOST_LEFT + OTHER_THREADS ? [`${started} threads more than at the beginning`] : []),
  ];
}
