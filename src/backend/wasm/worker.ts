/**
 * The loop of a compute thread. It travels as text (`Function.toString`), so it must not refer to anything outside itself.
 * It stays in JavaScript and enters WebAssembly once per chunk, because a running activation does not see memory that
 * another thread has grown in every engine.
 */

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
  chunkSize: 7,
  usesScratch: 8,
  failed: 9,
  started: 10,
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

export function computeThread(setup: ComputeSetup): void {
  const { module, memory, control, scratch, words, spins } = setup;
  const instance = new WebAssembly.Instance(module, { env: { memory, abort: () => {} } });
  const kernels = WebAssembly.Module.exports(module)
    .filter((entry) => entry.kind === "function")
    .map((entry) => instance.exports[entry.name] as (...args: number[]) => number);
  const i32 = new Int32Array(memory.buffer, control, 256);
  const f64 = new Float64Array(memory.buffer, control + words.arguments * 4, 64);
  const closed = 0xffff;

  /** Claims and runs one chunk of the job that `ticket` names; false if there is none left. */
  const runChunk = (ticket: number): boolean => {
    const chunk = ticket & 0xffff;
    if (chunk === closed || chunk >= Atomics.load(i32, words.chunks)) return false;
    if (Atomics.compareExchange(i32, words.ticket, ticket, ticket + 1) !== ticket) return true;
    // The claim holds the job open, so its description cannot change until this chunk is counted as finished.
    const args = Array.from(f64.subarray(0, i32[words.argumentCount]!));
    const begin = chunk * i32[words.chunkSize]!;
    if (i32[words.usesScratch]) args.push(scratch);
    try {
      kernels[i32[words.kernel]!]!(...args, begin, Math.min(begin + i32[words.chunkSize]!, i32[words.range]!));
    } catch {
      Atomics.store(i32, words.failed, 1);
    }
    Atomics.add(i32, words.finished, 1);
    return true;
  };

  Atomics.add(i32, words.started, 1);
  for (let idle = 0; ; ) {
    const ticket = Atomics.load(i32, words.ticket);
    if (runChunk(ticket)) idle = 0;
    else if (++idle > spins) {
      Atomics.add(i32, words.sleepers, 1);
      Atomics.wait(i32, words.ticket, ticket);
      Atomics.sub(i32, words.sleepers, 1);
      idle = 0;
    }
  }
}
