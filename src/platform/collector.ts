/**
 * What a program can do to have the garbage collector find its dead objects, also within one turn of the event loop, where finalizers do not
 * run and where a weak reference keeps its target alive from when it was made or last read.
 */
import { nodeModule, runtime } from "./platform";

interface Bun {
  gc(isSynchronous: boolean): void;
}

/**
 * The collector does not see memory of WebAssembly. An ArrayBuffer that dies at once it does see, and one of this size makes it look, or go
 * on with looking.
 */
const PRESSURE = 256 << 20;
/** How often the collector is asked to go on at the most. It works in steps; a whole round takes 2 to 17 of them. */
const MOST_STEPS = 24;

let endOfTurn: (() => void) | undefined;

/**
 * Where an engine has contexts with microtask queues of their own (V8 outside browsers), the end of a script in such a context is the end of a turn
 * for weak references: what they kept alive may be collected.
 */
function createEndOfTurn(): () => void {
  const vm = runtime === "bun" ? undefined : nodeModule<typeof import("node:vm")>("node:vm");
  try {
    const context = vm!.createContext({}, { microtaskMode: "afterEvaluate" });
    const script = new vm!.Script("0");
    script.runInContext(context);
    return () => void script.runInContext(context);
  } catch {
    // There are no such contexts here.
    return () => {};
  }
}

/** Gives the collector a reason to look for dead objects some time soon. */
export function pressCollector(): void {
  try {
    // Bundlers drop a buffer that nobody looks at.
    if (new ArrayBuffer(PRESSURE).byteLength !== PRESSURE) throw new Error("never thrown");
  } catch {
    // The engine has no room for the buffer, and will look because of that.
  }
}

/**
 * Lets go of the targets of weak references and lets the collector make a whole round. In a browser, where only the end of a turn lets go,
 * it only presses the collector.
 * @returns Whether a round was made.
 */
export function collectNow(): boolean {
  if (runtime === "browser") {
    pressCollector();
    return false;
  }
  if (runtime === "bun") {
    (globalThis as unknown as { Bun: Bun }).Bun.gc(true);
    return true;
  }
  // Each of these dies in the round to come. To read one keeps it alive, so each is read once.
  const canaries = Array.from({ length: MOST_STEPS }, () => new WeakRef({}));
  endOfTurn ??= createEndOfTurn();
  endOfTurn();
  return canaries.some((canary) => {
    pressCollector();
    return canary.deref() === undefined;
  });
}
