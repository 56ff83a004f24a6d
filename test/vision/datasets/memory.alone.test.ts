import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGzip, gzipSync } from "node:zlib";
import * as torch from "kindling";
import { afterAll, beforeEach, describe, expect, test } from "vitest";

const { CIFAR10, digits, FashionMNIST, MNIST, parseIdx } = torch.vision.datasets;
const root = mkdtempSync(join(tmpdir(), "kindling-datasets-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder = root;
beforeEach(() => {
  folder = mkdtempSync(join(root, "case-"));
});

/** An IDX file of bytes 0, 1, 2, …, below `below`. */
function idx(shape: readonly number[], below = 256, type = 8): Buffer {
  const size = shape.reduce((n, s) => n * s, 1);
  const file = Buffer.alloc(4 + 4 * shape.length + size);
  file.writeUInt8(type, 2);
  file.writeUInt8(shape.length, 3);
  shape.forEach((n, i) => void file.writeUInt32BE(n, 4 + 4 * i));
  for (let i = 0; i < size; i++) file[4 + 4 * shape.length + i] = i % below;
  return file;
}

const put = (name: string, bytes: Uint8Array): void => writeFileSync(join(folder, name), bytes);

const IMAGES = "train-images-idx3-ubyte";
const LABELS = "train-labels-idx1-ubyte";

describe("MNIST", () => {
  test("reads plain and compressed files", async () => {
    for (const [pack, suffix] of [
      [(x: Buffer) => x, ""],
      [gzipSync, ".gz"],
    ] as const) {
      put(IMAGES + suffix, pack(idx([7, 28, 28])));
      put(LABELS + suffix, pack(idx([7], 10)));
      const data = await new MNIST(folder);
      expect([data.length, data.data.shape, (data.targets as torch.Tensor).tolist()]).toEqual([
        7,
        [7, 28, 28],
        [0, 1, 2, 3, 4, 5, 6],
      ]);
      expect(data.data.flatten().tolist()).toEqual(Array.from({ length: 7 * 784 }, (_, i) => i % 256));
      rmSync(join(folder, IMAGES + suffix));
      rmSync(join(folder, LABELS + suffix));
    }
  });

  const gz = gzipSync(idx([7, 28, 28]));
  const damaged = (at: number) => Object.assign(Buffer.from(gz), { [at < 0 ? gz.length + at : at]: 0x5a });
  test.each<[what: string, images: Uint8Array, labels: Uint8Array, words: RegExp]>([
    ["labels that are no class", idx([7, 2, 2]), idx([7], 11).fill(10, 14), /label 6 is 10; labels are 0 to 9/],
    ["other counts", idx([7, 2, 2]), idx([6], 10), /do not go with/],
    ["images as labels", idx([7, 2, 2]), idx([7, 1, 1], 10), /do not go with/],
    ["truncated images", idx([7, 2, 2]).subarray(0, -1), idx([7], 10), /truncated/],
    ["bytes that follow", Buffer.concat([idx([7, 2, 2]), Buffer.alloc(1)]), idx([7], 10), /damaged/],
    ["another type", idx([7, 2, 2], 256, 13), idx([7], 10), /truncated or damaged/],
    ["no axes", idx([]), idx([7], 10), /0 axes/],
    ["255 axes", Buffer.concat([Buffer.from([0, 0, 8, 255]), Buffer.alloc(1020)]), idx([7], 10), /255 axes/],
    ["an empty file", new Uint8Array(0), idx([7], 10), /truncated/],
    ["sizes that overflow", Buffer.from([0, 0, 8, 3, ...new Array(12).fill(255)]), idx([7], 10), /more than/],
    [
      "a compressed file that is truncated",
      gz.subarray(0, -20),
      idx([7], 10),
      /idx3-ubyte\.gz" cannot be decompressed/,
    ],
    ["a compressed file without its checksum", gz.subarray(0, -8), idx([7], 10), /cannot be decompressed/],
    ["a compressed file of no bytes", Buffer.from([31, 139]), idx([7], 10), /cannot be decompressed/],
    ["a wrong checksum", damaged(-6), idx([7], 10), /cannot be decompressed/],
    ["a wrong size", damaged(-3), idx([7], 10), /cannot be decompressed/],
    ["bytes after the end", Buffer.concat([gz, Buffer.alloc(100, 1)]), idx([7], 10), /cannot be decompressed/],
    ["no compressed file at all", Buffer.from([31, 139, ...idx([7, 2, 2])]), idx([7], 10), /cannot be decompressed/],
    [
      "a compressed file that holds more",
      gzipSync(Buffer.concat([idx([7, 2, 2]), Buffer.alloc(9)])),
      idx([7], 10),
      /more than the 44 bytes/,
    ],
    ["a compressed file that holds less", gzipSync(idx([7, 2, 2]).subarray(0, 30)), idx([7], 10), /ends early/],
    ["a compressed header of another kind", gzipSync(Buffer.alloc(1000, 1)), idx([7], 10), /no IDX file/],
    [
      "a header that no file of its size fills",
      gzipSync(idx([7, 2, 2]).fill(255, 5, 8)),
      idx([7], 10),
      /more than it can hold/,
    ],
  ])("refuses %s", async (_, images, labels, words) => {
    put(images[0] === 31 ? `${IMAGES}.gz` : IMAGES, images);
    put(LABELS, labels);
    const { blocks } = torch.memoryStats();
    const error = await new FashionMNIST(folder).then(
      () => undefined,
      (caught) => caught,
    );
    expect(error).toBeInstanceOf(torch.FormatError);
    expect(error.message).toMatch(words);
    expect(error.message).toContain(folder);
    // The collector may find blocks of other tests meanwhile.
    expect(torch.memoryStats().blocks).toBeLessThanOrEqual(blocks);
  });

  test("a file that unfolds to gigabytes is left folded", { timeout: 30_000 }, async () => {
    const gzip = createGzip({ level: 9 });
    const pieces: Buffer[] = [];
    gzip.on("data", (piece) => pieces.push(piece));
    gzip.write(idx([10, 28, 28]));
    const zeros = Buffer.alloc(16 << 20);
    for (let i = 0; i < 8; i++) if (!gzip.write(zeros)) await new Promise((done) => gzip.once("drain", done));
    await new Promise<void>((done) => void gzip.end().once("end", done));
    put(`${IMAGES}.gz`, Buffer.concat(pieces));
    put(LABELS, idx([10], 10));
    const before = performance.now();
    await expect(new MNIST(folder)).rejects.toThrow(/more than the 7856 bytes/);
    expect(performance.now() - before).toBeLessThan(1000);
  });

  test("options are checked", async () => {
    await expect(new MNIST(folder, { training: true } as never)).rejects.toThrow(/unknown argument "training"/);
    await expect(new MNIST(folder, { train: 1 } as never)).rejects.toThrow(/train must be true or false/);
    await expect(new MNIST(folder, { transform: "x" } as never)).rejects.toThrow(/transform must be a function/);
    expect(() => digits({ count: 1.5 })).toThrow(/count must be an integer/);
    expect(() => digits({ count: 1e12 })).toThrow(/count must be an integer/);
    expect(() => parseIdx("x", "x" as never)).toThrow(torch.ArgumentError);
  });
});

describe("CIFAR10", () => {
  const record = (label: number) => Buffer.concat([Buffer.from([label]), Buffer.alloc(3072, label)]);

  test("reads records, and refuses labels and sizes that are none", async () => {
    put("data_batch_1.bin", Buffer.concat([record(9), record(0)]));
    put("data_batch_2.bin", record(5));
    put("test_batch.bin", record(1));
    const data = await new CIFAR10(folder);
    expect([data.data.shape, data.targets]).toEqual([
      [3, 32, 32, 3],
      [9, 0, 5],
    ]);
    expect((await new CIFAR10(folder, { train: false })).at(0)[1]).toBe(1);
    put("data_batch_2.bin", record(10));
    await expect(new CIFAR10(folder)).rejects.toThrow(/data_batch_2\.bin": record 0 has the label 10/);
    put("data_batch_2.bin", record(5).subarray(0, 3000));
    await expect(new CIFAR10(folder)).rejects.toThrow(/truncated or damaged/);
    put("data_batch_2.bin", Buffer.alloc(0));
    await expect(new CIFAR10(folder)).rejects.toThrow(torch.FormatError);
  });
});
