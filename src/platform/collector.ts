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
 * on with looking. No page of it is ever touched.
 */
const PRESSURE = 2 ** 28;
/**
 * The buffers that bring a whole round of the collector about. One that exceeds what V8 lets a program have outside its heap makes it do the round
 * at once, in Node. Elsewhere, as in Deno, it works in steps, in the background, and each buffer makes it go on. Last comes one that no
 * machine has room for: before V8 refuses it, it collects what it can, which takes several rounds.
 */
const ROUND: readonly number[] = [2 ** 32, ...new Array<number>(12).fill(PRESSURE), 2 ** 45];

/**
 * More than any browser gives a page, and not so much that Chromium refuses it by its number alone: it makes whole rounds first. Others
 * refuse it at once.
 */
const BEYOND_BROWSERS = 3 * 2 ** 33;

/** What V8 gives outside browsers. */
interface Context {
  /** Lets go of the targets of weak references. */
  endTurn(): void;
  /** Makes a whole round of the collector, and nothing else: under pressure, V8 also makes its heap small, and then looks more often than it must. */
  readonly collect: (() => void) | undefined;
}

let context: Context | undefined;

/**
 * Where an engine has contexts with microtask queues of their own (V8 outside browsers), the end of a script in such a context is the end of a turn
 * for weak references: what they kept alive may be collected. In Node a context that is made while a flag is set has a function that
 * runs the collector.
 */
function createContext(): Context {
  const vm = nodeModule<typeof import("node:vm")>("node:vm");
  try {
    const script = new vm!.Script("globalThis.gc");
    const open = (): import("node:vm").Context => vm!.createContext({}, { microtaskMode: "afterEvaluate" });
    let inner = open();
    let collect: unknown = script.runInContext(inner);
    if (collect === undefined && runtime === "node") {
      // The flag is not set, and stays so for everybody else.
      const v8 = nodeModule<typeof import("node:v8")>("node:v8")!;
      v8.setFlagsFromString("--expose-gc");
      inner = open();
      v8.setFlagsFromString("--no-expose-gc");
      collect = script.runInContext(inner);
    }
    return {
      endTurn: () => void script.runInContext(inner),
      collect: typeof collect === "function" ? () => void collect() : undefined,
    };
  } catch {
    // There are no such contexts here.
    return { endTurn: () => {}, collect: undefined };
  }
}

/** Gives the collector a reason to look for dead objects some time soon. */
export function pressCollector(bytes = PRESSURE): void {
  try {
    // Bundlers drop a buffer that nobody looks at.
    if (new ArrayBuffer(bytes).byteLength !== bytes) throw new Error("never thrown");
  } catch {
    // There is no room for the buffer; the collector has looked for some before it said so.
  }
}

/** For a page whose collector goes on in the background, too slowly for it: what it finds is told in the turns to come. */
export function hurryCollector(): void {
  pressCollector(runtime === "browser" ? BEYOND_BROWSERS : PRESSURE);
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
  const canaries = ROUND.map(() => new WeakRef({}));
  const last = new WeakRef({});
  context ??= createContext();
  context.endTurn();
  if (context.collect !== undefined) {
    context.collect();
    if (last.deref() === undefined) return true;
  }
  return ROUND.some((bytes, i) => {
    pressCollector(bytes);
    return canaries[i]!.deref() === undefined;
  });
}
