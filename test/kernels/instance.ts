/** Kernels without the library around them: a binary of `build/`, with a small memory of its own. */
import { readFileSync } from "node:fs";

export type Kernel = (...args: number[]) => number;
export type FloatArray = Float32Array | Float64Array;

export const TARGETS = ["baseline", "relaxed"] as const;
export type Target = (typeof TARGETS)[number];

/** Type codes of the kernel ABI. */
export const CODES = { float32: 0, float64: 1 } as const;
export type FloatType = keyof typeof CODES;

const bytesOf = (target: Target) => readFileSync(new URL(`../../build/kernels.${target}.wasm`, import.meta.url));

/** Why this runtime cannot run a target, or undefined if it can. */
export function unsupported(target: Target): string | undefined {
  return WebAssembly.validate(bytesOf(target)) ? undefined : `${process.version} has no relaxed SIMD`;
}

const PAGES = 512;
const SCRATCH_BYTES = 4 << 20;

/** One instance, its scratch memory, and an allocator that is emptied by `reset`. */
export class Instance {
  readonly memory = new WebAssembly.Memory({ initial: PAGES, maximum: 65536, shared: true });
  readonly scratch: number;
  private readonly kernels: Record<string, Kernel>;
  private readonly start: number;
  private top: number;

  constructor(target: Target) {
    const module = new WebAssembly.Module(bytesOf(target));
    const env = {
      memory: this.memory,
      abort: () => {
        throw new Error("abort");
      },
    };
    this.kernels = new WebAssembly.Instance(module, { env }).exports as Record<string, Kernel>;
    this.scratch = 1 << 20;
    this.start = this.scratch + SCRATCH_BYTES;
    this.top = this.start;
  }

  call(name: string, ...args: number[]): number {
    const kernel = this.kernels[name];
    if (kernel === undefined) throw new Error(`no kernel ${name}`);
    return kernel(...args);
  }

  /** Frees everything, and fills the scratch memory with NaN, so that a kernel that reads what it has not written shows. */
  reset(): void {
    this.top = this.start;
    new Uint8Array(this.memory.buffer, this.scratch, SCRATCH_BYTES).fill(0xff);
  }

  /** `length` elements in the memory, the next ones of a stream. */
  floats(type: FloatType, length: number, next: () => number): FloatArray {
    const View = type === "float32" ? Float32Array : Float64Array;
    const view = new View(this.memory.buffer, this.top, length);
    for (let i = 0; i < length; i++) view[i] = next();
    this.top = (this.top + view.byteLength + 63) & -64;
    return view;
  }

  ints(values: readonly number[]): number {
    const view = new Int32Array(this.memory.buffer, this.top, values.length);
    view.set(values);
    this.top = (this.top + view.byteLength + 63) & -64;
    return view.byteOffset;
  }
}

/** A reproducible stream of numbers in [-0.5, 0.5). */
export function stream(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
}

/** Runs tasks [0, count) in uneven pieces, out of order. */
export function inPieces(count: number, run: (begin: number, end: number) => void): void {
  const pieces: [number, number][] = [];
  for (let at = 0, size = 1; at < count; at += size, size = (size % 3) + 1)
    pieces.unshift([at, Math.min(at + size, count)]);
  for (const [begin, end] of pieces) run(begin, end);
}
