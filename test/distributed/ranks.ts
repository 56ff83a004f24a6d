/** Runs scenarios on several ranks, which are worker threads. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
// @ts-expect-error Plain JavaScript, which workers load as it is.
import { sharedFor } from "./double.mjs";

const urlOf = (path: string): string => pathToFileURL(resolve(path)).href;

interface Outcome<T> {
  value?: T;
  error?: { name: string; message: string; stack: string };
}

function runRank<T>(data: Record<string, unknown>): Promise<Outcome<T>> {
  return new Promise((done, fail) => {
    const worker = new Worker(new URL("./rank.mjs", import.meta.url), { workerData: data });
    worker.once("message", (outcome: Outcome<T>) => {
      done(outcome);
      void worker.terminate();
    });
    worker.once("error", fail);
  });
}

/** What a scenario, by its name in a file beside this one, gives or throws on each of `size` ranks. */
export async function outcomesOf<T>(
  file: string,
  name: string,
  size: number,
  argument?: unknown,
): Promise<Outcome<T>[]> {
  const shared = sharedFor(size);
  const data = {
    bundle: urlOf("dist/kindling.js"),
    scenarios: urlOf(`test/distributed/${file}`),
    name,
    size,
    shared,
    argument,
  };
  return Promise.all(Array.from({ length: size }, (_, rank) => runRank<T>({ ...data, rank })));
}

/** What a scenario gives on each rank. */
export async function valuesOf<T = any>(file: string, name: string, size: number, argument?: unknown): Promise<T[]> {
  return (await outcomesOf<T>(file, name, size, argument)).map(({ value, error }) => {
    if (error !== undefined) throw new Error(error.stack);
    return value!;
  });
}

/** The message of the error that a scenario throws on each rank. */
export async function errorsOf(
  file: string,
  name: string,
  size: number,
  argument?: unknown,
): Promise<(string | undefined)[]> {
  return (await outcomesOf(file, name, size, argument)).map(({ error }) => error && `${error.name}: ${error.message}`);
}
