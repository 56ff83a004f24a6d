/** The allocator by itself, on memories of its own. */
import { expect, test } from "vitest";
import { type WasmBlock as Block, Memory, reserveMemory } from "../../src/backend/wasm/memory";
import { CLASSES, classBytes, classOf, classWithin, SMALL_LIMIT } from "../../src/backend/wasm/sizeClasses";
import { OutOfMemoryError, ValueError } from "../../src/core/errors";
import { stream } from "../kernels/instance";

const KIB = 2 ** 10;
const MIB = 2 ** 20;
const GIB = 2 ** 30;
const END = 65535 * 65536;

/** An allocator whose memory may grow to `pages` in all. */
function create(pages = 65535): Memory {
  const memory =
    pages === 65535 ? reserveMemory(256) : new WebAssembly.Memory({ initial: 16, maximum: pages, shared: true });
  return new Memory(memory, { address: KIB, bytes: memory.buffer.byteLength - KIB });
}

function fill(memory: Memory, bytes: number, most = Number.POSITIVE_INFINITY): Block[] {
  const blocks: Block[] = [];
  try {
    while (blocks.length < most) blocks.push(memory.allocate(bytes));
  } catch (error) {
    expect(error).toBeInstanceOf(OutOfMemoryError);
  }
  return blocks;
}

const releaseAll = (memory: Memory, blocks: readonly Block[]) => {
  for (const block of blocks) memory.release(block, false);
};

/** Throws if blocks overlap, are not aligned or lie outside. */
function checkApart(blocks: readonly Block[]): void {
  const sorted = [...blocks].sort((a, b) => a.address - b.address);
  let end = KIB;
  for (const { address, bytes } of sorted) {
    if (address % 64 !== 0 || address < end) throw new Error(`the block at ${address} begins before ${end}`);
    end = address + bytes;
  }
  if (end > END) throw new Error(`a block ends at ${end}`);
}

test("size classes hold what they are for, with a quarter to spare at most", () => {
  const next = stream(1);
  for (let i = 0; i < 100_000; i++) {
    const bytes = Math.floor(2 ** (20 * (next() + 0.5)));
    const size = classBytes(classOf(bytes));
    if (size < bytes || size > Math.max(64, bytes * 1.25 + 64)) throw new Error(`${bytes} bytes get ${size}`);
    if (bytes >= 64 && classBytes(classWithin(bytes)) > bytes)
      throw new Error(`${bytes} bytes do not hold their class`);
  }
  for (let index = 0; index < CLASSES; index++) {
    expect(classOf(classBytes(index))).toBe(index);
    expect(classWithin(classBytes(index))).toBe(index);
  }
  expect(classBytes(CLASSES - 1)).toBe(SMALL_LIMIT);
});

test.each([1, 2, 3])("random blocks never overlap, and all memory comes back (seed %d)", (seed) => {
  const memory = create(4096);
  const next = stream(seed);
  const blocks: Block[] = [];
  for (let i = 0; i < 20_000; i++) {
    const bytes = Math.floor(2 ** (23 * (next() + 0.5)));
    try {
      if (next() < 0.1) blocks.push(memory.allocate(bytes));
    } catch (error) {
      expect(error).toBeInstanceOf(OutOfMemoryError);
    }
    if (next() > 0.05 && blocks.length > 0) {
      const at = Math.floor((next() + 0.5) * blocks.length);
      memory.release(blocks.splice(at, 1)[0]!, false);
    }
    if (i % 500 === 0) checkApart(blocks);
  }
  checkApart(blocks);
  releaseAll(memory, blocks);
  expect(memory.stats()).toMatchObject({ allocated: 0, blocks: 0 });
  const { reserved } = memory.stats();
  memory.allocate(4091 * 65536);
  expect(memory.stats().reserved).toBeGreaterThanOrEqual(reserved);
});

test("small blocks that were freed serve every other size", () => {
  const memory = create();
  for (const bytes of [MIB, 700 * KIB, 100 * KIB, MIB, 3 * GIB]) {
    const blocks = fill(memory, bytes);
    expect(blocks.length * bytes).toBeGreaterThan(bytes === 3 * GIB ? 2 * GIB : 3.1 * GIB);
    checkApart(blocks);
    releaseAll(memory, blocks);
  }
});

test("a hole between small blocks serves blocks that fit, and the error says what is in one piece", () => {
  const memory = create(2048);
  const blocks = fill(memory, 100 * KIB);
  const odd = blocks.sort((a, b) => a.address - b.address).filter((_, i) => i % 2 === 1);
  releaseAll(memory, odd);
  const free = (128 * MIB - (blocks.length - odd.length) * 112 * KIB) / MIB;
  let message = "";
  try {
    memory.allocate(300 * KIB);
  } catch (error) {
    message = (error as Error).message;
  }
  const pattern =
    /^out of memory: 0\.3 MiB were asked for; of 128\.0 MiB, (\S+) MiB are held by (\d+) tensors and (\S+) MiB are free, at most 0\.1 MiB in one piece\. Free tensors/;
  const [, held, count, said] = message.match(pattern) ?? [];
  expect(Number(count)).toBe(blocks.length - odd.length);
  expect(Number(said)).toBeCloseTo(free, 0);
  expect(Number(held) + Number(said)).toBeCloseTo(128, 0);
  const smaller = fill(memory, 50 * KIB);
  expect(smaller.length).toBeGreaterThanOrEqual(odd.length);
  checkApart([...blocks.filter((block) => !block.freed), ...smaller]);
});

test("memory grows by what is missing behind a free end", () => {
  const memory = create();
  memory.release(memory.allocate(1.5 * GIB), false);
  const large = memory.allocate(2600 * MIB);
  expect(memory.stats().reserved).toBeLessThan(2900 * MIB);
  memory.release(large, false);
  memory.release(memory.allocate(3900 * MIB), false);
});

test("free small blocks are merged rather than memory grown by as much", () => {
  const memory = create();
  for (let round = 1; round <= 20; round++)
    releaseAll(memory, [...fill(memory, 1500, 30_000), ...fill(memory, round * 3 * MIB, 1)]);
  expect(memory.stats().reserved).toBeLessThan(160 * MIB);
});

test("no block reaches the end of the address space", () => {
  const memory = create();
  for (const bytes of [MIB, 64 * KIB, 64]) {
    const blocks = fill(memory, bytes, 100_000);
    const last = blocks.reduce((most, { address }) => Math.max(most, address + bytes), 0);
    expect(last).toBeLessThanOrEqual(END);
  }
  expect(memory.memory.buffer.byteLength).toBe(END);
});

test("what is no number of bytes is an error, and leaves everything as it was", () => {
  const memory = create(2048);
  const before = memory.stats();
  for (const bytes of [Number.NaN, -1, -(2 ** 40), 2 ** 30 + 0.5])
    expect(() => memory.allocate(bytes)).toThrow(ValueError);
  for (const bytes of [2 ** 32, 2 ** 53, 1e300]) expect(() => memory.allocate(bytes)).toThrow(OutOfMemoryError);
  expect(memory.stats()).toEqual(before);
  memory.allocate(0);
});

test("two allocators grow one memory, each by its own", () => {
  const shared = new WebAssembly.Memory({ initial: 512, maximum: 32768, shared: true });
  const grown: { address: number; bytes: number }[] = [];
  const first = new Memory(shared, { address: KIB, bytes: 16 * MIB - KIB });
  const second = new Memory(shared, { address: 16 * MIB, bytes: 16 * MIB });
  second.pages = { take: () => undefined, claim: (range) => void grown.push(range) };
  const blocks: Block[] = [];
  for (let i = 1; i < 20; i++) blocks.push(first.allocate(i * 3 * MIB), second.allocate(i * 2 * MIB));
  checkApart(blocks);
  const ofSecond = blocks.filter((_, i) => i % 2 === 1);
  const isIn = ({ address, bytes }: Block, range: { address: number; bytes: number }) =>
    address >= range.address && address + bytes <= range.address + range.bytes;
  const ranges = [{ address: 16 * MIB, bytes: 16 * MIB }, ...grown];
  for (const block of ofSecond) expect(ranges.some((range) => isIn(block, range))).toBe(true);
});
