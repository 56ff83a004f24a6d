/**
 * Runs samples in a child process, so that one that never ends can be stopped: it counts as failed, and a new child goes on
 * with the next.
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { loadApi } from "./api";
import { openDevice } from "./device";
import { failed, type Kind, type SampleResult } from "./report";
import { steps } from "./runner";
import { openSource } from "./source";

/** What the child is asked to run. */
export interface Job {
  readonly folder: string;
  readonly families: readonly string[];
  /** One entry only. */
  readonly entry?: string | undefined;
  /** Where the samples run; the cpu by default. */
  readonly device?: string;
}

/** A result with the sample that it belongs to. */
export interface Judged {
  readonly family: string;
  readonly entry: string;
  readonly id: string;
  readonly result: SampleResult;
}

/** A sample that is about to run. */
type Started = Omit<Judged, "result"> & { readonly kinds: readonly Kind[] };

type Message =
  | { readonly adapter: string }
  | { readonly started: Started }
  | { readonly judged: Judged }
  | { readonly done: true };

/** Milliseconds until the first sample: the child reads the declarations of the library before. */
const STARTUP_LIMIT = 600_000;

const isChild = process.argv[1] === fileURLToPath(import.meta.url);

async function runChild(job: Job, skip: number): Promise<void> {
  const send = (message: Message) => process.send!(message);
  let index = 0;
  loadApi();
  send({ adapter: await openDevice(job.device ?? "cpu") });
  const wanted = job.entry === undefined ? undefined : (entry: string) => entry === job.entry;
  for (const { family, entry, id, kinds, run } of steps(openSource(job.folder), job.families, wanted)) {
    if (index++ < skip) continue;
    send({ started: { family, entry, id, kinds } });
    send({ judged: { family, entry, id, result: await run() } });
    if (index % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  process.send!({ done: true } satisfies Message, () => process.exit(0));
}

/**
 * Runs every sample of the job.
 * @param limit Milliseconds that one sample may take.
 * @param onAdapter Is told how the device calls itself, whenever one is opened.
 */
export async function runWatched(
  job: Job,
  limit: number,
  onResult: (judged: Judged) => void,
  onAdapter: (name: string) => void = () => {},
): Promise<void> {
  let count = 0;
  for (let done = false; !done; ) {
    const counting = (judged: Judged): void => {
      count++;
      onResult(judged);
    };
    done = await runOnce(job, count, limit, counting, onAdapter);
  }
}

const allFailed = (kinds: readonly Kind[], reason: string): SampleResult =>
  Object.fromEntries(kinds.map((kind) => [kind, failed(reason)]));

/** Runs until the end (true), or until a sample stopped the child (false). */
function runOnce(
  job: Job,
  skip: number,
  limit: number,
  onResult: (judged: Judged) => void,
  onAdapter: (name: string) => void,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(job), String(skip)], {
      stdio: "inherit",
      execArgv: ["--import", "tsx"],
    });
    let current: Started | undefined;
    let timer: NodeJS.Timeout | undefined;
    let ended = false;
    let hasBegun = false;
    const stop = (reason: string) => {
      clearTimeout(timer);
      if (ended) return;
      ended = true;
      child.kill("SIGKILL");
      if (!hasBegun) {
        reject(new Error(`no sample was run: ${reason}`));
        return;
      }
      if (current) onResult({ ...current, result: allFailed(current.kinds, reason) });
      resolve(current === undefined);
    };
    const watch = (time: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => stop(`did not end within ${time / 1000} s`), time);
    };
    child.on("message", (message: Message) => {
      watch(limit);
      if ("adapter" in message) onAdapter(message.adapter);
      else if ("started" in message) {
        hasBegun = true;
        current = message.started;
      } else if ("judged" in message) {
        current = undefined;
        onResult(message.judged);
      } else {
        ended = true;
        clearTimeout(timer);
        resolve(true);
      }
    });
    child.on("exit", (code, signal) => stop(`the process ended (${signal ?? code})`));
    watch(STARTUP_LIMIT);
  });
}

if (isChild) await runChild(JSON.parse(process.argv[2]!), Number(process.argv[3]));
