/** Workers that run a module of the program's, and the port by which such a module speaks with who started it. */
import { nodeModule } from "./platform";

/** One end of a connection between two threads. */
export interface Port {
  post(message: unknown, transfer?: readonly Transferable[]): void;
  /** @param listener Called with each message. */
  onMessage(listener: (message: any) => void): void;
  /** @param listener Called if the other thread dies. */
  onError(listener: (error: Error) => void): void;
  close(): void;
}

/** A `Worker` of the web, or one of `node:worker_threads`, which Deno and Bun have too. */
export interface AnyWorker {
  postMessage(message: any, transfer?: any): void;
  terminate(): unknown;
  on?: (type: string, listener: (value: any) => void) => unknown;
  addEventListener?: (type: string, listener: (event: any) => void) => unknown;
}

/** Whether a value is a worker. */
export const isWorker = (value: unknown): value is AnyWorker => {
  const { postMessage, terminate } = (value ?? {}) as Partial<AnyWorker>;
  return typeof postMessage === "function" && typeof terminate === "function";
};

const asError = (value: unknown, otherwise: string): Error =>
  value instanceof Error ? value : new Error(typeof value === "string" && value !== "" ? value : otherwise);

/** Keeps what arrives before there is a listener. */
class Inbox<T> {
  private readonly kept: T[] = [];
  private listener: ((value: T) => void) | undefined;

  readonly put = (value: T): void => {
    if (this.listener === undefined) this.kept.push(value);
    else this.listener(value);
  };

  listen(listener: (value: T) => void): void {
    this.listener = listener;
    for (const value of this.kept.splice(0)) listener(value);
  }
}

/** The port to a worker that exists. What the worker says before somebody listens is kept. */
export function portTo(worker: AnyWorker): Port {
  const listen = (type: string, listener: (value: any) => void): void => {
    if (worker.on !== undefined) worker.on(type, listener);
    else worker.addEventListener!(type, listener);
  };
  const isNode = worker.on !== undefined;
  const [messages, errors] = [new Inbox<any>(), new Inbox<Error>()];
  listen("message", (event) => messages.put(isNode ? event : event.data));
  listen("error", (event) => {
    event?.preventDefault?.();
    errors.put(asError(isNode ? event : (event.error ?? event.message), "the worker could not start"));
  });
  listen("messageerror", () => errors.put(new Error("a message of the worker cannot be read")));
  if (isNode) listen("exit", (code) => errors.put(new Error(`the worker ended with exit code ${code}`)));
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    onMessage: (listener) => messages.listen(listener),
    onError: (listener) => errors.listen(listener),
    close: () => void worker.terminate(),
  };
}

/** Starts a worker that runs the module at an address. @throws Error where there are no workers, or the address is none. */
export function startModule(url: string | URL, name: string): Port {
  const threads = nodeModule<typeof import("node:worker_threads")>("node:worker_threads");
  const address = new URL(url, globalThis.location?.href);
  if (threads !== undefined) return portTo(new threads.Worker(address, { name }) as unknown as AnyWorker);
  return portTo(new Worker(address, { type: "module", name }));
}

/** The port to the thread that started this one. Undefined in a thread that nobody started. */
export function portToParent(): Port | undefined {
  const parent = nodeModule<typeof import("node:worker_threads")>("node:worker_threads")?.parentPort;
  const scope = globalThis as unknown as AnyWorker & { document?: unknown; close?: () => void };
  if (parent) {
    return {
      post: (message, transfer = []) => parent.postMessage(message, [...transfer] as never),
      onMessage: (listener) => void parent.on("message", listener),
      onError: () => {},
      close: () => parent.close(),
    };
  }
  if (scope.document !== undefined || typeof scope.postMessage !== "function") return undefined;
  return {
    post: (message, transfer = []) => scope.postMessage(message, [...transfer]),
    onMessage: (listener) => void scope.addEventListener!("message", ({ data }) => listener(data)),
    onError: () => {},
    close: () => scope.close?.(),
  };
}
