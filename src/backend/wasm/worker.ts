/**
 * The loop of a compute thread. The build makes a text of it and of the loader of AssemblyScript, which it is given
 * (`scripts/building/loader.mjs`).
 * It stays in JavaScript and enters WebAssembly once per chunk, because a running activation does not see memory that
 * another thread has grown in every engine.
 */

import type { instantiateSync as instantiate } from "@assemblyscript/loader";

/** How many jobs may be described at a time. A power of two. */
export const JOBS = 32;

/** Words of the control block, counted in i32 from its address. What one thread writes often has a cache line of its own. */
export const Control = {
  /**
   * The low 16 bits of the number of the job at hand, and below them, 8 bits each, how many of its chunks were claimed from the end and from the
   * front. The thread that jobs come from claims from the front, the others from the end, so that each mostly meets what it has written itself
   * in the job before, which its cache may still hold.
   */
  ticket: 0,
  /** How many jobs were ever added. */
  added: 16,
  sleepers: 32,
  failed: 33,
  started: 34,
  /** Threads that may be awake, besides the caller. */
  helpers: 35,
  /** Whether the caller sleeps until the job at hand is done. */
  waiting: 36,
  /** The first job of the ring. */
  jobs: 48,
  /** Words of a job, counted from its own first one. */
  job: {
    kernel: 0,
    /** Where the binary of a kernel lies that was made while the program runs. */
    code: 1,
    codeBytes: 2,
    argumentCount: 3,
    range: 4,
    /** Chunks begin at multiples of `unit`; there are `units` of them in the range, the last one perhaps in part. */
    unit: 5,
    units: 6,
    chunks: 7,
    usesScratch: 8,
    finished: 9,
    /** The arguments, as f64. */
    arguments: 16,
    size: 64,
  },
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
  /** How many jobs the ring has room for. */
  readonly jobs: number;
  /** Loads of the ticket before the thread goes to sleep. */
  readonly spins: number;
}

export function computeThread(setup: ComputeSetup, instantiateSync: typeof instantiate): void {
  const { module, memory, control, scratch, words, jobs, spins } = setup;
  const { job } = words;
  const { instance } = instantiateSync(module, { env: { memory } });
  const kernels = WebAssembly.Module.exports(module)
    .filter((entry) => entry.kind === "function")
    .map((entry) => instance.exports[entry.name] as (...args: (number | undefined)[]) => number);
  const i32 = new Int32Array(memory.buffer, control, words.jobs + jobs * job.size);
  const f64 = new Float64Array(memory.buffer, control, i32.length / 2);
  /** The arguments, laid out as in an `ArgumentList`. */
  const args: (number | undefined)[] = [...new Array<undefined>(job.size)];

  /** A kernel that was made while the program runs is compiled when it is first called. It may call those of the library. */
  const compiled = (at: number): ((...args: (number | undefined)[]) => number) => {
    const binary = new Uint8Array(memory.buffer, i32[at + job.code]! >>> 0, i32[at + job.codeBytes]!).slice();
    const made = new WebAssembly.Instance(new WebAssembly.Module(binary), { env: { memory }, lanes: instance.exports });
    return made.exports.run as (...args: (number | undefined)[]) => number;
  };

  const begins = (at: number, chunk: number): number => {
    const units = Math.ceil((chunk * i32[at + job.units]!) / i32[at + job.chunks]!);
    return Math.min(i32[at + job.range]!, units * i32[at + job.unit]!);
  };

  const run = (at: number, chunk: number): void => {
    let count = i32[at + job.argumentCount]!;
    const first = (at + job.arguments) / 2;
    for (let i = 0; i < count; i++) args[i] = f64[first + i]!;
    if (i32[at + job.usesScratch]) args[count++] = scratch;
    args[count] = begins(at, chunk);
    args[count + 1] = begins(at, chunk + 1);
    const index = i32[at + job.kernel]!;
    kernels[index] ??= compiled(at);
    // To spread a list may make another, as in JavaScriptCore, whose collector comes late to a thread that it thinks holds all the memory.
    kernels[index].apply(undefined, args);
  };

  /** Claims and runs one chunk of the job that `ticket` names; false if there is none. @param added How many jobs there were, read after the ticket. */
  const runChunk = (ticket: number, added: number): boolean => {
    const number = ticket >>> 16;
    if (number === (added & 0xffff)) return false;
    const at = words.jobs + (number & (jobs - 1)) * job.size;
    const fromEnd = (ticket >>> 8) & 0xff;
    const claimed = fromEnd + (ticket & 0xff);
    if (claimed >= Atomics.load(i32, at + job.chunks)) return false;
    if (Atomics.compareExchange(i32, words.ticket, ticket, ticket + 0x100) !== ticket) return true;
    // The claim keeps the job open, so its description cannot change until this chunk is counted as finished. A thread that lost its core between the look and
    // the claim may have slept while 2^16 jobs were done: then it has claimed a chunk of a later one, which is perhaps still to be added, or has fewer chunks.
    while (number === (Atomics.load(i32, words.added) & 0xffff));
    const chunks = i32[at + job.chunks]!;
    if (claimed >= chunks) return false;
    try {
      run(at, chunks - 1 - fromEnd);
    } catch {
      Atomics.store(i32, words.failed, 1);
    }
    if (Atomics.add(i32, at + job.finished, 1) + 1 < chunks) return true;
    // Who finishes the last chunk opens the next job.
    Atomics.store(i32, words.ticket, (number + 1) << 16);
    if (Atomics.load(i32, words.waiting) !== 0) Atomics.notify(i32, words.ticket);
    return true;
  };

  Atomics.add(i32, words.started, 1);
  for (let idle = 0; ; ) {
    const ticket = Atomics.load(i32, words.ticket);
    const added = Atomics.load(i32, words.added);
    const awake = Atomics.load(i32, words.started) - Atomics.load(i32, words.sleepers);
    const isSuperfluous = awake > Atomics.load(i32, words.helpers);
    if (!isSuperfluous && runChunk(ticket, added)) idle = 0;
    else if (isSuperfluous || ++idle > spins) {
      Atomics.add(i32, words.sleepers, 1);
      Atomics.wait(i32, words.added, added);
      Atomics.sub(i32, words.sleepers, 1);
      // Who comes too late for the job stays for a short time only.
      idle = spins * 0.9;
    }
  }
}
