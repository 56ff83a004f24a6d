/** What the main thread and the workers of a DataLoader say to each other. */
import type { MemoryRange } from "../backend/capabilities";
import type { LoadModule, Packed, TensorLayout } from "./pack";

/** The first message to a worker. */
export interface Setup {
  /** What the device shares with it. */
  readonly engine: unknown;
  /** The memory that the worker allocates from. */
  readonly arena: MemoryRange;
  /** Its number as an owner of memory. */
  readonly owner: number;
  readonly id: number;
  readonly numWorkers: number;
  /** The seed of this worker's default generator. */
  readonly seed: bigint;
  /** The modules of the program that have the classes and functions that are named, each once. */
  readonly modules: readonly string[];
  readonly dataset: Packed;
  readonly isBatched: boolean;
  readonly dropLast: boolean;
  /** `"samples"`: batches are made by the main thread, which gets the samples. */
  readonly collate: "default" | "samples" | { readonly packed: Packed };
  readonly workerInitFn: Packed;
}

/** To a worker. */
export type Request =
  /** Read a batch. The memory of `slots` belongs to the main thread and is meant for the tensors of the batch. */
  | {
      readonly kind: "fetch";
      readonly id: number;
      /** The number of the batch in its pass. */
      readonly k: number;
      readonly what: Packed;
      readonly slots: readonly MemoryRange[];
    }
  /** The tensors of batch `id` that are in the worker's own memory were copied. */
  | { readonly kind: "taken"; readonly id: number }
  /** Begin a pass with this base seed; an iterable data set starts again. */
  | { readonly kind: "pass"; readonly base: bigint }
  /** Skip what is not begun, say so, and touch no memory any more. */
  | { readonly kind: "close" };

/** A tensor of a batch: on the memory of a slot, or of the worker's own. */
export interface Leaf {
  readonly slot: number | undefined;
  readonly layout: TensorLayout;
}

/** An error of a worker. */
export interface RemoteError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** The index at which the data set failed. */
  readonly index?: string | undefined;
}

/** The answer to a fetch. Tensors in `value` are numbers of leaves. */
export type BatchReply =
  | { readonly kind: "batch"; readonly id: number; readonly value: Packed; readonly leaves: readonly Leaf[] }
  /** The worker's iterable data set is at its end. */
  | { readonly kind: "end"; readonly id: number }
  | { readonly kind: "error"; readonly id: number; readonly error: RemoteError };

/** From a worker. */
export type Reply =
  | BatchReply
  /** The worker has everything that it was sent. */
  | { readonly kind: "ready" }
  /** The worker could not begin. With `isImport`, it cannot import a module of the program, or does not find there what it is sent for. */
  | { readonly kind: "failed"; readonly error: RemoteError; readonly isImport?: boolean }
  | { readonly kind: "closed" };

/** What the first lines of a worker leave for the library. */
export interface Port {
  readonly setup: Setup;
  send(reply: Reply): void;
  /** Imports a module of the user's. The library has no dynamic import of its own, through which bundlers and loaders could not see. */
  readonly load: LoadModule;
  /** Requests that came before the library was there. */
  readonly waiting: Request[];
  /** Takes the next requests. */
  deliver: (request: Request) => void;
}

/** The name under which the port waits in a worker's global scope. */
export const PORT_NAME = "kindling.dataWorker";

/**
 * What a worker runs: it keeps messages until the library is there. Modules of the program come first. The library that they import becomes the
 * worker's, so that its classes are theirs; where they import none, the worker's script runs, the text of the library itself. So no worker
 * needs the address of the library, which is that of the whole program in many bundles.
 */
export const workerSource = `
const key = Symbol.for(${JSON.stringify(PORT_NAME)});
// What has failed takes no more requests but that to end.
const end = ({ kind }) => kind === "close" && send({ kind: "closed" });
const fail = (error, isImport) => {
  send({ kind: "failed", error: { name: String(error?.name ?? "Error"), message: String(error?.message ?? error), stack: String(error?.stack) }, isImport });
  port.waiting.forEach(end);
  port.deliver = end;
};
const begin = async ({ modules }) => {
  try {
    if (modules.length > 0) await prepare();
    for (const module of modules) await import(module);
  } catch (error) {
    fail(error, true);
    return;
  }
  if (key in globalThis) runScript();
};
let port;
receive((message) => {
  if (port) return port.deliver(message);
  const waiting = [];
  port = globalThis[key] = { setup: message, send, load: (module) => import(module), waiting, deliver: (request) => waiting.push(request) };
  begin(message).catch((error) => fail(error, false));
});
`;

/** An error of a worker as the main thread tells it. */
export const remoteText = (worker: number, { name, message, stack, index }: RemoteError): string =>
  `Caught ${name} in DataLoader worker ${worker}${index === undefined ? "" : ` at index ${index}`}: ${message}\nIn the worker:\n${stack}`;

/** The error itself, with the worker's stack. */
export function causeOf({ name, message, stack }: RemoteError): Error {
  return Object.assign(new Error(message), { name, stack });
}
