/** What differs between Node, Deno, Bun and browsers. Nothing else in the library asks where it runs. */

export type Runtime = "node" | "deno" | "bun" | "browser";

interface NodeProcess {
  readonly versions?: { readonly node?: string };
  readonly env?: Record<string, string | undefined>;
  readonly execArgv?: readonly string[];
  readonly argv?: readonly string[];
  getBuiltinModule?(name: string): unknown;
}

interface DenoPermissions {
  readonly permissions?: { querySync?: (what: { name: "env"; variable: string }) => { state: string } };
}

const scope = globalThis as typeof globalThis & { Deno?: object; Bun?: object; process?: NodeProcess };

export const runtime: Runtime = scope.Deno
  ? "deno"
  : scope.Bun
    ? "bun"
    : scope.process?.versions?.node
      ? "node"
      : "browser";

/** A module of Node's standard library (Deno and Bun have them too), loaded without a static import that bundlers would follow. */
export function nodeModule<T>(name: string): T | undefined {
  if (runtime === "browser") return undefined;
  return scope.process?.getBuiltinModule?.(name) as T | undefined;
}

/** Threads that the machine runs at the same time. */
export const hardwareConcurrency = (): number => Math.max(1, scope.navigator?.hardwareConcurrency ?? nodeCores());

/** Browsers may name fewer cores than there are. */
const BROWSER_THREADS = 16;

/** Threads beyond which more would only take turns. */
export const mostThreads = (): number =>
  runtime === "browser" ? Math.max(hardwareConcurrency(), BROWSER_THREADS) : hardwareConcurrency();

function nodeCores(): number {
  return nodeModule<typeof import("node:os")>("node:os")?.availableParallelism() ?? 1;
}

/** Whether an environment variable may be read. Deno would ask the user, who has not asked for anything that needs it. */
function mayRead(variable: string): boolean {
  const query = (scope.Deno as DenoPermissions | undefined)?.permissions?.querySync;
  return query === undefined || query({ name: "env", variable }).state === "granted";
}

/** An environment variable; undefined where there are none, or where reading them is not permitted. */
export function environment(name: string): string | undefined {
  try {
    if (!mayRead(name)) return undefined;
    return scope.process?.env?.[name];
  } catch {
    return undefined;
  }
}

/** Whether memory may be shared with workers: always outside browsers, there only with cross-origin isolation. */
export const canShareMemory = (): boolean =>
  typeof SharedArrayBuffer === "function" && (runtime !== "browser" || scope.crossOriginIsolated === true);

/** Whether this is a browser's main thread, which may not block. */
export const isBrowserMain = (): boolean => runtime === "browser" && typeof document === "object";

/** Whether the module at an address is the program itself, or, in a page, one of its scripts: whoever imports it in a worker runs it there. */
export function isProgram(module: string): boolean {
  if (runtime === "browser")
    return typeof document === "object"
      ? [...document.scripts].some(({ src }) => src === module)
      : scope.location?.href === module;
  const [, program] = scope.process?.argv ?? [];
  const url = nodeModule<typeof import("node:url")>("node:url");
  const files = nodeModule<typeof import("node:fs")>("node:fs");
  if (program === undefined || url === undefined || files === undefined) return false;
  const isAt = (path: string): boolean => url.pathToFileURL(path).href === module;
  try {
    return isAt(program) || isAt(files.realpathSync(program));
  } catch {
    // The program is no file, as one that Bun has compiled, whose path exists in itself alone; or it may not be looked at.
    return false;
  }
}

/** Milliseconds from an arbitrary start. */
export const now = (): number => performance.now();

/** Whether {@link WorkerHandle.onError} is called whenever a worker ends. */
export const tellsEnd = runtime !== "browser";

/** A running worker, whatever the runtime calls it. */
export interface WorkerHandle {
  post(message: unknown, transfer?: readonly Transferable[]): void;
  onMessage(listener: (message: any) => void): void;
  /** Called if the worker fails to start or dies of an error; outside browsers whenever it ends, and not before its thread is gone. */
  onError(listener: (error: Error) => void): void;
  terminate(): void;
  /** Lets the process end while the worker lives (`false`), or not (`true`). */
  keepAlive(alive: boolean): void;
}

/**
 * Starts a worker from the text of a module. The text sees `receive(listener)`, `send(message)`, `prepare()`, after which it can import what this thread
 * can, and `runScript()`, which runs `script`; it needs no file, so there is no path to configure. Undefined where no worker can be started, and
 * `onRefused` is told why: the permissions of a process and the policies of a page may forbid it, which nothing but the attempt shows.
 * @param script A large script, which is compiled once for all workers where the engine lets it.
 */
export function startWorker(
  source: string,
  name: string,
  onRefused?: (error: Error) => void,
  script = "",
): WorkerHandle | undefined {
  const threads = nodeModule<typeof import("node:worker_threads")>("node:worker_threads");
  try {
    return threads ? startNodeWorker(threads, source, name, script) : startWebWorker(source, name, script);
  } catch (error) {
    onRefused?.(error instanceof Error ? error : new Error(String(error)));
    return undefined;
  }
}

/** A script travels beside the text of a worker, which Node compiles twice before it runs, once to learn whether it is a module. */
const nodePrelude = `
const builtin = (name) => (globalThis.process ?? {}).getBuiltinModule?.(name) ?? require(name);
const { parentPort, workerData } = builtin("node:worker_threads");
const receive = (listener) => parentPort.on("message", listener);
const send = (message, transfer) => parentPort.postMessage(message, transfer);
const runScript = () => {
  const { script, cachedData, port } = workerData;
  const compiled = new (builtin("node:vm").Script)(script, { filename: "kindling.js", cachedData });
  compiled.runInThisContext();
  if (!port) return;
  const data = compiled.createCachedData();
  const shared = new Uint8Array(new SharedArrayBuffer(data.length));
  shared.set(data);
  port.postMessage(shared);
  port.close();
};
`;

/**
 * Hooks of Node that compile TypeScript are inherited by workers, but those of tsx do nothing there until somebody asks.
 * @returns Text that defines `prepare()`.
 */
function prepareText(): string {
  const nothing = "const prepare = async () => {};\n";
  if (runtime !== "node") return nothing;
  const { execArgv = [], env } = scope.process ?? {};
  const flags = [...execArgv, ...(env?.NODE_OPTIONS ?? "").split(/\s+/)];
  const hook = flags
    .flatMap((flag) => flag.split("="))
    .find((flag) => /^tsx(\/|$)|\/tsx\/dist\/(loader|esm\/index)\.mjs$/.test(flag));
  if (hook === undefined) return nothing;
  return `
const prepare = async () => {
  const hook = ${JSON.stringify(hook)};
  const { createRequire } = process.getBuiltinModule("node:module");
  const { pathToFileURL } = process.getBuiltinModule("node:url");
  const load = createRequire(hook.startsWith("tsx") ? process.cwd() + "/" : hook);
  const manifest = load.resolve("tsx/package.json");
  for (const kind of ["esm", "cjs"]) {
    const entry = load(manifest).exports["./" + kind + "/api"].import.default;
    (await import(new URL(entry, pathToFileURL(manifest)))).register();
  }
};
`;
}

const webPrelude = `
const receive = (listener) => { self.addEventListener("message", (event) => listener(event.data)); };
const send = (message, transfer) => self.postMessage(message, transfer ?? []);
const prepare = async () => {};
`;

/** What V8 has made of the scripts of workers, by their texts: a worker begins in half the time with it. */
const compiledScripts = new Map<string, Uint8Array>();

/** A script for a worker, with what an earlier one compiled, or a port through which this one is to send it. Bun gains nothing by it, and Deno loses. */
function scriptFor(
  { MessageChannel }: typeof import("node:worker_threads"),
  script: string,
): import("node:worker_threads").WorkerOptions {
  const cachedData = compiledScripts.get(script);
  if (script === "" || cachedData !== undefined || runtime !== "node") return { workerData: { script, cachedData } };
  const { port1, port2 } = new MessageChannel();
  port1.once("message", (data: Uint8Array) => compiledScripts.set(script, data));
  port1.unref();
  return { workerData: { script, port: port2 }, transferList: [port2] };
}

function startNodeWorker(
  threads: typeof import("node:worker_threads"),
  source: string,
  name: string,
  script: string,
): WorkerHandle {
  const { Worker, SHARE_ENV } = threads;
  // A copy of all variables, which is the default, would make Deno ask the user whether it may read them.
  const env = runtime === "deno" ? { env: SHARE_ENV as typeof import("node:worker_threads").SHARE_ENV } : {};
  const options = { eval: true, name, ...env, ...scriptFor(threads, script) };
  const worker = new Worker(nodePrelude + prepareText() + source, options);
  worker.unref();
  return {
    post: (message, transfer) => worker.postMessage(message, transfer as never),
    onMessage: (listener) => void worker.on("message", listener),
    onError: (listener) => {
      let cause: Error | undefined;
      // After an error the thread still runs what waits for its end. All runtimes tell the end as well.
      worker.on("error", (error: unknown) => {
        cause = error instanceof Error ? error : new Error(String(error));
      });
      worker.on("messageerror", (error) => {
        cause = error;
        void worker.terminate();
      });
      worker.on("exit", (code) => listener(cause ?? new Error(`the worker ended with exit code ${code}`)));
    },
    terminate: () => void worker.terminate(),
    keepAlive: (alive) => (alive ? worker.ref() : worker.unref()),
  };
}

/** What a page with trusted types (a policy against injected scripts) wants in place of a script's address. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

let createScriptURL: ((url: string) => string) | undefined;

function trustedURL(url: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  if (trustedTypes === undefined) return url;
  const policy = createScriptURL === undefined && trustedTypes.createPolicy("kindling", { createScriptURL: (x) => x });
  if (policy) createScriptURL = (x) => policy.createScriptURL(x);
  return createScriptURL!(url);
}

/** The addresses of what workers run, by its text: there are a few large ones, for as long as the page lives. */
const addresses = new Map<string, string>();

function addressOf(source: string): string {
  const address =
    addresses.get(source) ?? URL.createObjectURL(new Blob([webPrelude + source], { type: "text/javascript" }));
  addresses.set(source, address);
  return address;
}

/** In a page, whose policy may forbid to run strings, parentheses make V8 compile the function at once, which it otherwise does when it is called, after it has looked for its end. */
const scriptText = (script: string): string => `const runScript = (() => {\n${script}\n});\n`;

function startWebWorker(source: string, name: string, script: string): WorkerHandle {
  if (typeof Worker !== "function") throw new Error("there is no Worker here");
  const text = script === "" ? source : scriptText(script) + source;
  const worker = new Worker(trustedURL(addressOf(text)), { type: "module", name });
  return {
    post: (message, transfer) => worker.postMessage(message, (transfer ?? []) as Transferable[]),
    onMessage: (listener) => worker.addEventListener("message", (event) => listener(event.data)),
    onError: (listener) => {
      worker.addEventListener("error", (event) => listener(new Error(event.message || "the worker could not start")));
      worker.addEventListener("messageerror", () => listener(new Error("a message of the worker cannot be read")));
    },
    terminate: () => worker.terminate(),
    keepAlive: () => {},
  };
}

/**
 * Waits one turn of the event loop, in which finalizers and messages get to run and a page can paint. A long loop in a page needs one now
 * and then, so that the memory of forgotten tensors comes back; `await null` is none.
 * @example
 * for (let step = 0; step < 10_000; step++) {
 *   trainStep();
 *   if (step % 20 === 0) await torch.nextTurn();
 * }
 */
export function nextTurn(): Promise<void> {
  if (typeof setImmediate === "function") return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
