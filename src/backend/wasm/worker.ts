/**
 * The loop of a compute thread. The build makes a text of it and of the loader of AssemblyScript, which it is given
 * (`scripts/building/loader.mjs`).
 * It stays in JavaScript and enters WebAssembly once per chunk, because a running activation does not see memory that
 * another thread has grown in every engine.
 */

import type { instantiateSync as instantiate } from "@assemblyscript/loader";

/** Words of the control block, counted in i32 from its address. */
export const Control = {
  /** Epoch (high 16 bits) and the next chunk to claim (low 16 bits). */
  ticket: 0,
  chunks: 1,
  finished: 2,
  sleepers: 3,
  kernel: 4,
  argumentCount: 5,
  range: 6,
  /** Chunks begin at multiples of `unit`; there are `units` of them in the range, the last one perhaps in part. */
  unit: 7,
  units: 8,
  usesScratch: 9,
  failed: 10,
  started: 11,
  /** Threads that may be awake, besides the caller. */
  helpers: 12,
  /** Whether the caller sleeps until a chunk is finished. */
  waiting: 13,
  /** Where the binary of a kernel lies that was made while the program runs. */
  code: 14,
  codeBytes: 15,
  /** The arguments, as f64. */
  arguments: 16,
} as const;

/** What a thread is told when it starts. */
export interface ComputeSetup {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Address of the control block. */
  readonly control: number;
  /** Address of the scratch memory of this thread. */
  readonly scratch: number;
  readonly words: typeof Control;
  /** Loads of the ticket before the thread goes to sleep. */
  readonly spins: number;
}

export function computeThread(setup: ComputeSetup, instantiateSync: typeof instantiate): void {
  const { module, memory, control, scratch, words, spins } = setup;
  const { instance } = instantiateSync(module, { env: { memory } });
  const kernels = WebAssembly.Module.exports(module)
    .filter((entry) => entry.kind === "function")
    .map((entry) => instance.exports[entry.name] as (...args: (number | undefined)[]) => number);
  const i32 = new Int32Array(memory.buffer, control, 256);
  const f64 = new Float64Array(memory.buffer, control + words.arguments * 4, 64);
  /** The arguments, laid out as in an `ArgumentList`. */
  const args: (number | undefined)[] = [...new Array<undefined>(64)];
  const closed = 0xffff;

  /** A kernel that was made while the program runs is compiled when it is first called. It may call those of the library. */
  const compiled = (): ((...args: (number | undefined)[]) => number) => {
    const binary = new Uint8Array(memory.buffer, i32[words.code]! >>> 0, i32[words.codeBytes]!).slice();
    const made = new WebAssembly.Instance(new WebAssembly.Module(binary), { env: { memory }, lanes: instance.exports });
    return made.exports.run as (...args: (number | undefined)[]) => number;
  };

  const begins = (chunk: number, chunks: number): number =>
    Math.min(i32[words.range]!, Math.ceil((chunk * i32[words.units]!) / chunks) * i32[words.unit]!);

  /** Claims and runs one chunk of the job that `ticket` names; false if there is none left. */
  const runChunk = (ticket: number): boolean => {
    const chunk = ticket & 0xffff;
    if (chunk === closed || chunk >= Atomics.load(i32, words.chunks)) return false;
    if (Atomics.compareExchange(i32, words.ticket, ticket, ticket + 1) !== ticket) return true;
    // The claim holds the job open, so its description cannot change until this chunk is counted as finished.
    let count = i32[words.argumentCount]!;
    for (let i = 0; i < count; i++) args[i] = f64[i]!;
    if (i32[words.usesScratch]) args[count++] = scratch;
    const chunks = i32[words.chunks]!;
    args[count] = begins(chunk, chunks);
    args[count + 1] = begins(chunk + 1, chunks);
    try {
      const index = i32[words.kernel]!;
      kernels[index] ??= compiled();
      // To spread a list may make another, as in JavaScriptCore, whose collector comes late to a thread that it thinks holds all the memory.
      kernels[index].apply(undefined, args);
    } catch {
      Atomics.store(i32, words.failed, 1);
    }
    Atomics.add(i32, words.finished, 1);
    if (Atomics.load(i32, words.waiting) !== 0) Atomics.notify(i32, words.finished);
    return true;
  };

  Atomics.add(i32, words.started, 1);
  for (let idle = 0; ; ) {
    const ticket = Atomics.load(i32, words.ticket);
    const awake = Atomics.load(i32, words.started) - Atomics.load(i32, words.sleepers);
    const isSuperfluous = awake > Atomics.load(i32, words.helpers);
    if (!isSuperfluous && runChunk(ticket)) idle = 0;
    else if (isSuperfluous || ++idle > spins) {
      Atomics.add(i32, words.sleepers, 1);
      Atomics.wait(i32, words.ticket, ticket);
      Atomics.sub(i32, words.sleepers, 1);
      // Who comes too late for the job stays for a short time only.
      idle = spins * 0.9;
    }
  }
}
