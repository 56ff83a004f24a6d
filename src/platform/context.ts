/** What kind of place this code runs in, as far as threads and memory go, and what to do where they are missing. */
import { canShareMemory, environment, runtime } from "./platform";

/** A class of the global scope that only one kind of worker has. */
type ScopeClass = (abstract new (...args: never[]) => object) | undefined;

const scope = globalThis as typeof globalThis & {
  ServiceWorkerGlobalScope?: ScopeClass;
  SharedWorkerGlobalScope?: ScopeClass;
};

const isScope = (type: ScopeClass): boolean => type !== undefined && globalThis instanceof type;

/** Why a place of this kind has no threads whatever headers are sent; undefined where it may have them. */
function withoutThreads(): string | undefined {
  if (scope.navigator?.userAgent === "Cloudflare-Workers")
    return "this runtime gives a program one thread, and nothing turns others on";
  if (isScope(scope.ServiceWorkerGlobalScope))
    return "a service worker cannot start workers. Compute in the page or in a worker of its own, and send messages to it";
  if (isScope(scope.SharedWorkerGlobalScope))
    return "a SharedWorker cannot share memory with workers of its own in this browser. Compute in the page or in a dedicated worker (`new Worker`)";
  return undefined;
}

const isFramed = (): boolean => typeof window === "object" && window.parent !== window;

/** Why a page is not isolated, and what isolates it. */
function withoutIsolation(): string {
  const address = scope.location;
  if (address?.protocol === "file:")
    return "pages that are opened from a file cannot be cross-origin isolated. Serve the folder from http://localhost, with the headers below";
  if (scope.origin === "null")
    return 'a sandboxed frame has an origin of its own, which cannot be isolated. Give the frame `allow-same-origin` and `allow="cross-origin-isolated"`, and the page around it the headers below';
  if (scope.isSecureContext === false)
    return "pages from http:// cannot be cross-origin isolated, localhost excepted. Serve it from https://, with the headers below";
  if (isFramed())
    return 'a frame is isolated only if all pages around it are, and allow it: `<iframe allow="cross-origin-isolated">`. Frame and pages need the headers below';
  return "this page is not cross-origin isolated, so memory cannot be shared";
}

const HEADERS =
  "Headers: `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp` (or `credentialless`).";

/** What to do where memory cannot be shared. @returns Undefined where it can. */
export function sharingHint(): string | undefined {
  if (canShareMemory()) return undefined;
  const lead = "Kindling computes on one thread and loads data without workers: ";
  const final = withoutThreads();
  if (final !== undefined) return `${lead}${final}.`;
  if (runtime !== "browser") return `${lead}this engine has no SharedArrayBuffer, which an option may have turned off.`;
  return `${lead}${withoutIsolation()}. ${HEADERS}`;
}

/** What lets a page start workers. */
const POLICY =
  "A Content-Security-Policy must allow `worker-src blob:`, and, with trusted types, the policy `kindling`.";

/** What to do where compute threads cannot be started, or end. */
export function threadsHint(error: Error & { code?: string }): string {
  return `Kindling computes on one thread: others cannot run (${error.message}). ${workersFix(error)}`;
}

/** What lets this program start workers, after an attempt has failed. */
export function workersFix(error: Error & { code?: string }): string {
  const final = withoutThreads();
  if (final !== undefined) return `Here ${final}.`;
  if (runtime === "browser") return POLICY;
  if (error.code === "ERR_ACCESS_DENIED")
    return "With Node's permission model, threads need the option `--allow-worker`.";
  return environment("KINDLING_THREADS") === "1" ? "" : "Set KINDLING_THREADS=1 to do without.";
}
