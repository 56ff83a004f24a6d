/** Damaged files from a seed, and what must hold when they are read. */
import * as torch from "kindling";
import { expect } from "vitest";

/** Numbers below a bound that depend on the seed only (mulberry32). */
export function randomOf(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) % below;
  };
}

type Random = ReturnType<typeof randomOf>;

/** Bytes that mean something to formats. */
const loaded = [
  0, 1, 2, 0x7f, 0x80, 0xfe, 0xff, 0x22, 0x2c, 0x5b, 0x5d, 0x7b, 0x7d, 0x0a, 0x0d, 0x20, 0x30, 0x39, 0x2d,
];

const edits: ((file: Uint8Array, random: Random) => Uint8Array)[] = [
  (file, random) => {
    const copy = Uint8Array.from(file);
    if (copy.length > 0) copy[random(copy.length)]! ^= 1 << random(8);
    return copy;
  },
  (file, random) => {
    const copy = Uint8Array.from(file);
    if (copy.length > 0) copy[random(Math.min(copy.length, 64))] = loaded[random(loaded.length)]!;
    return copy;
  },
  (file, random) => {
    const copy = Uint8Array.from(file);
    if (copy.length > 0) copy[random(copy.length)] = loaded[random(loaded.length)]!;
    return copy;
  },
  (file, random) => file.slice(0, random(file.length + 1)),
  (file, random) => Uint8Array.of(...file, ...Array.from({ length: 1 + random(9) }, () => random(256))),
  (file, random) => {
    const [at, from] = [random(file.length + 1), random(file.length + 1)];
    return Uint8Array.of(...file.subarray(0, at), ...file.subarray(from, from + random(40)), ...file.subarray(at));
  },
  (file, random) => {
    const at = random(file.length + 1);
    return Uint8Array.of(...file.subarray(0, at), ...file.subarray(at + 1 + random(20)));
  },
  (file, random) => {
    const copy = Uint8Array.from(file);
    if (copy.length >= 4)
      new DataView(copy.buffer).setUint32(
        random(copy.length - 3),
        [0, 1, 0xffffffff, 0x7fffffff, 65536][random(5)]!,
        true,
      );
    return copy;
  },
];

/** A file with one to three damages. */
export function mutated(file: Uint8Array, random: Random): Uint8Array {
  let result = file;
  for (let i = 1 + random(3); i > 0; i--) result = edits[random(edits.length)]!(result, random);
  return result;
}

/** Milliseconds that one file may take. */
const LIMIT = 2000;

/**
 * Reads `count` damaged files: each gives an error of the library's own or a result that `check` accepts, in time, and holds no memory afterwards.
 * @param read Gives the tensors to dispose.
 * @returns How many were accepted.
 */
export async function readDamaged(
  files: readonly Uint8Array[],
  count: number,
  read: (file: Uint8Array) => Promise<readonly torch.Tensor[]>,
): Promise<number> {
  torch.ones(1).dispose();
  let accepted = 0;
  for (let i = 0; i < count; i++) {
    const random = randomOf(Math.imul(i + 1, 0x85ebca6b));
    const file = mutated(files[random(files.length)]!, random);
    const { blocks } = torch.memoryStats();
    const begin = performance.now();
    let tensors: readonly torch.Tensor[] = [];
    try {
      tensors = await read(file);
      accepted++;
    } catch (error) {
      if (!(error instanceof torch.KindlingError)) throw new Error(`file ${i}: ${String(error)}`, { cause: error });
    }
    expect(performance.now() - begin, `milliseconds of file ${i}`).toBeLessThan(LIMIT);
    for (const x of tensors) x.dispose();
    expect(torch.memoryStats().blocks - blocks, `blocks held by file ${i}`).toBeLessThanOrEqual(0);
  }
  return accepted;
}
