/** How the distributions write into the memory of a tensor. */
import type { TypedArray } from "../dtype";
import type { Generator } from "../generator";

// Constants by name: engines compute a power that is written in a function at every call.
const TWO32 = 2 ** 32;
const UNIT24 = 2 ** -24;
const UNIT53 = 2 ** -53;

/** A contiguous range of a float tensor's memory. */
export type FloatArray = Float32Array | Float64Array;

/** A contiguous range of any tensor's memory, except of the 16-bit floats. */
export type FillableArray = Exclude<TypedArray, Uint16Array>;

/**
 * Elements are computed in stretches, so that one loop over doubles serves every type and the call per element is gone. Both
 * buffers are free again when a function below returns; no `compute` or `draw` may fill another array.
 */
const STRETCH = 1024;
const valueBuffer = new Float64Array(STRETCH);
const wordBuffer = new Uint32Array(2 * STRETCH);

/** Computes `values[i]` from the random words at `i` (or `2i` and `2i + 1`); `values[0]` is element `start` of the whole. */
export type Compute = (values: Float64Array, words: Uint32Array, start: number) => void;

/** Fills `out` with what `compute` makes of `wordsEach` random words per element. Integers must be below 2^53 in magnitude. */
export function transform(out: FillableArray, wordsEach: 1 | 2, generator: Generator, compute: Compute): void {
  for (let start = 0; start < out.length; start += STRETCH) {
    const count = Math.min(STRETCH, out.length - start);
    const words = wordBuffer.subarray(0, wordsEach * count);
    const values = valueBuffer.subarray(0, count);
    generator.fillWords(words);
    compute(values, words, start);
    store(out, start, values);
  }
}

/** Fills `out` with the results of `draw(i)`, i being the index of the element. Integers must be below 2^53 in magnitude. */
export function fill(out: FillableArray, draw: (i: number) => number): void {
  for (let start = 0; start < out.length; start += STRETCH) {
    const values = valueBuffer.subarray(0, Math.min(STRETCH, out.length - start));
    for (let i = 0; i < values.length; i++) values[i] = draw(start + i);
    store(out, start, values);
  }
}

/** Fills `out` with 64-bit integers; smaller integer types keep the low bits. */
export function fillBig(out: FillableArray, draw: () => bigint): void {
  if (out instanceof BigInt64Array) for (let i = 0; i < out.length; i++) out[i] = draw();
  else for (let i = 0; i < out.length; i++) out[i] = Number(draw());
}

function store(out: FillableArray, start: number, values: Float64Array): void {
  if (!(out instanceof BigInt64Array)) {
    out.set(values, start);
    return;
  }
  // The halves are written apart, since a bigint per element costs an allocation. Wasm memory is little-endian.
  const halves = new Int32Array(out.buffer, out.byteOffset + 8 * start, 2 * values.length);
  for (let i = 0; i < values.length; i++) {
    halves[2 * i] = values[i]!;
    halves[2 * i + 1] = Math.floor(values[i]! / TWO32);
  }
}

/** The float of 24 random bits in [0, 1) from word `i`. PyTorch's `uniform_real_distribution<float>`. */
export function unit24(words: Uint32Array, i: number): number {
  return (words[i]! & 0xffffff) * UNIT24;
}

/** The double of 53 random bits in [0, 1) from words `2i` and `2i + 1`. PyTorch's `uniform_real_distribution<double>`. */
export function unit53(words: Uint32Array, i: number): number {
  return ((words[2 * i]! & 0x1fffff) * TWO32 + words[2 * i + 1]!) * UNIT53;
}
