/** Runs scenarios on several ranks, which are worker threads. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { afterAll } from "vitest";
import { sharedFor } from "./double.mjs";

const urlOf = (path: string): string => pathToFileURL(resolve(path)).href;

interface Outcome<T> {
  value?: T;
  error?: { name: string; message: string; stack: string };
}

/** Ranks that stay until the tests of a file are over. */
class Job {
  private readonly workers: readonly Worker[];
  private last: Promise<unknown> = Promise.resolve();

  constructor(size: number) {
    const shared = sharedFor(size);
    this.workers = Array.from({ length: size }, (_, rank) => {
      const workerData = { bundle: urlOf("dist/kindling.js"), size, shared, rank };
      return new Worker(new URL("./rank.mjs", import.meta.url), { workerData });
    });
  }

  /** Scenarios run one after the other. */
  run<T>(file: string, name: string, argument: unknown): Promise<Outcome<T>[]> {
    const task = { scenarios: urlOf(`test/distributed/${file}`), name, argument };
    const begin = (): Promise<Outcome<T>[]> =>
      Promise.all(
        this.workers.map(
          (worker) =>
            new Promise<Outcome<T>>((done, fail) => {
              worker.once("error", fail);
              worker.once("message", (outcome: Outcome<T>) => {
                worker.off("error", fail);
                done(outcome);
              });
              worker.postMessage(task);
            }),
        ),
      );
    const result = this.last.then(begin);
    this.last = result.catch(() => {});
    return result;
  }

  async end(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}

const jobs = new Map<number, Job>();

afterAll(async () => {
  await Promise.all([...jobs.values()].map((job) => job.end()));
});

/** What a scenario, by its name in a file beside this one, gives or throws on each of `size` ranks. */
export function outcomesOf<T>(file: string, name: string, size: number, argument?: unknown): Promise<Outcome<T>[]> {
  const job = jobs.get(size) ?? new Job(size);
  jobs.set(size, job);
  return job.run(file, name, argument);
}

/** What a scenario gives on each rank. */
export async function valuesOf<T = any>(file: string, name: string, size: number, argument?: unknown): Promise<T[]> {
  return (await outcomesOf<T>(file, name, size, argument)).map(({ value, error }) => {
    if (error !== undefined) throw new Error(error.stack);
    return value!;
  });
}

/** The error that a scenario throws on each rank, as text. */
export async function errorsOf(file: string, name: string, size: number, argument?: unknown): Promise<string[]> {
  return (await outcomesOf(file, name, size, argument)).map(({ error, value }) =>
    error === undefined ? `no error but ${JSON.stringify(value)}` : `${error.name}: ${error.message}`,
  );
}
