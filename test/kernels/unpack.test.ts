/** What unpacks the kernels gives what was packed, byte by byte. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { compress } from "lzma1";
import { expect, test } from "vitest";

interface Packed {
  readonly unpacker: string;
  readonly packed: string;
  readonly lengths: readonly [number, number];
}
const { unpacker, packed, lengths }: Packed = JSON.parse(readFileSync(resolve("build/kernels.packed.json"), "utf8"));
const module = new WebAssembly.Module(Buffer.from(unpacker, "base64"));

/** The first `length` bytes of a stream without its header. */
function unpacked(stream: Uint8Array, length: number): Buffer {
  const { exports } = new WebAssembly.Instance(module);
  const memory = exports.memory as WebAssembly.Memory;
  const begin = 16_384 + stream.length;
  memory.grow(Math.max(0, Math.ceil((begin + length - memory.buffer.byteLength) / 65_536)));
  new Uint8Array(memory.buffer, 16_384).set(stream);
  (exports.unpack as (stream: number, target: number, length: number) => void)(16_384, begin, length);
  return Buffer.from(memory.buffer.slice(begin, begin + length));
}

test("both binaries come out of one stream", () => {
  const [relaxed, baseline] = ["relaxed", "baseline"].map((level) =>
    readFileSync(resolve(`build/kernels.${level}.wasm`)),
  );
  expect(lengths).toEqual([relaxed!.length, baseline!.length]);
  const stream = Buffer.from(packed, "base64");
  expect(unpacked(stream, lengths[0]).equals(relaxed!)).toBe(true);
  expect(unpacked(stream, lengths[0] + lengths[1]).equals(Buffer.concat([relaxed!, baseline!]))).toBe(true);
  // The relaxed instructions cost little beside the rest, which both have.
  expect(packed.length * 0.75).toBeLessThan(85_000);
});

/** Whole numbers below `bound`, the same in every run. */
function numbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

/** Bytes with runs, and with matches at distances near and far, the same one several times. */
function sample(seed: number, length: number): Buffer {
  const below = numbers(seed);
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    const size = Math.min(length - at, 1 + below([3, 20, 400][below(3)]!));
    const distance = 1 + below(Math.max(1, Math.min(at, [4, 300, 100_000][below(3)]!)));
    const isMatch = at > 0 && below(3) > 0;
    for (const end = at + size; at < end; at++) bytes[at] = isMatch ? bytes[at - distance]! : below(256);
  }
  return bytes;
}

test.each([1, 2, 3, 4, 5, 6])("sample %i of bytes with matches of every kind", (seed) => {
  const bytes = sample(seed, [1, 2, 300, 5_000, 40_000, 120_000][seed - 1]!);
  const stream = Buffer.from(compress(bytes, 9)).subarray(13);
  expect(unpacked(stream, bytes.length).equals(bytes)).toBe(true);
  expect(unpacked(stream, Math.ceil(bytes.length / 2)).equals(bytes.subarray(0, Math.ceil(bytes.length / 2)))).toBe(
    true,
  );
});
