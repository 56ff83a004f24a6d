/** Damaged files of each format: valid ones are mutated from a seed, 2,000 times by `npm run test:all`. Each is a clear error or data of the right form, at once. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as torch from "kindling";
import { afterAll, expect, test } from "vitest";
import { CustomImageDataset } from "../../../examples/customDataset/dataset";
import { byteEdits, idxFile, pick, type Random, randomOf } from "../../../scripts/fuzz/files";
import { cutNote, runsAll } from "../../helpers/cut";

const { CIFAR10, parseIdx, SVHN, USPS } = torch.vision.datasets;
const files = JSON.parse(gunzipSync(readFileSync(join(import.meta.dirname, "files.json.gz"))).toString());
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));
const root = mkdtempSync(join(tmpdir(), "kindling-hostile-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const COUNT = runsAll ? 2000 : 250;
/** Milliseconds that a file may take. */
const LIMIT = 2000;
/** Bytes that the process may grow by. */
const MOST_GROWTH = 500 << 20;

/** Edits in places that matter more often than chance would have it: the beginning, where sizes stand. */
function mutated(file: Uint8Array, random: Random): Uint8Array {
  let bytes = file.slice();
  for (let i = random(3); i >= 0; i--) {
    const at = random(2) === 0 ? random(Math.min(bytes.length, 400) || 1) : random(bytes.length || 1);
    const kind = random(4);
    if (kind === 0) bytes = pick(random, byteEdits)(bytes, random).slice();
    else if (kind === 1) bytes = bytes.slice(0, random(bytes.length + 1));
    else if (bytes.length > 0) bytes[at] = pick(random, [0, 255, 127, 128, random(256), bytes[at]! ^ (1 << random(8))]);
  }
  return bytes;
}

/** One data set in a folder of its own. */
interface Format {
  valid(random: Random): Uint8Array;
  /** Reads a file; gives whether what it found has the right form. */
  read(file: Uint8Array): Promise<boolean>;
}

const cifarRecord = (random: Random) => {
  const file = new Uint8Array(3073 * 2);
  file[0] = random(10);
  file[3073] = random(10);
  return file;
};

async function cifar(name: string, file: Uint8Array): Promise<boolean> {
  writeFileSync(join(root, name), file);
  try {
    const { data, targets } = await new CIFAR10(root, { train: false });
    const isRight = data.shape.join() === `${targets.length},32,32,3` && targets.every((t) => t >= 0 && t < 10);
    data.dispose();
    return isRight;
  } finally {
    rmSync(join(root, name));
  }
}

const formats: Record<string, Format> = {
  IDX: {
    valid: idxFile,
    read: async (file) => {
      const x = parseIdx("file", file);
      const isRight =
        x.numel() * { uint8: 1, int8: 1, int16: 2, int32: 4, float32: 4, float64: 8 }[x.dtype as "uint8"] ===
        file.length - 4 - 4 * x.ndim;
      x.dispose();
      return isRight;
    },
  },
  "CIFAR, binary": { valid: cifarRecord, read: (file) => cifar("test_batch.bin", file) },
  "CIFAR, pickles": {
    valid: (random) => bytesOf(pick(random, [...files.cifar.batches, files.cifar.python2])),
    read: (file) => cifar("test_batch", file),
  },
  "MATLAB files": {
    valid: (random) => bytesOf(files.svhn.files[pick(random, ["plain", "packed"])]),
    read: async (file) => {
      writeFileSync(join(root, "test_32x32.mat"), file);
      const { data, labels } = await new SVHN(root, { split: "test" });
      const isRight = data.shape[0] === labels.length && labels.every((label) => label >= 0 && label < 10);
      data.dispose();
      return isRight;
    },
  },
  bzip2: {
    valid: () => bytesOf(files.usps.file),
    read: async (file) => {
      writeFileSync(join(root, "usps.bz2"), file);
      const { data, targets } = await new USPS(root);
      const isRight = data.shape.join() === `${(targets as number[]).length},16,16`;
      data.dispose();
      return isRight;
    },
  },
  CSV: {
    valid: (random) =>
      Buffer.from(
        `filename,label\n${Array.from({ length: random(6) }, (_, i) => `"${i}.png",cat ${i % 3}\n`).join("")}`,
      ),
    read: async (file) => {
      writeFileSync(join(root, "labels.csv"), file);
      const set = await CustomImageDataset.open(join(root, "labels.csv"), root);
      return set.imgLabels.every(([name, label]) => name !== "" && !name.includes("/") && set.classes.includes(label));
    },
  },
};

test.each(Object.entries(formats))(`%s, ${COUNT} files${cutNote}`, { timeout: 300_000 }, async (_, { valid, read }) => {
  torch.ones(1).dispose();
  let refused = 0;
  const { blocks } = torch.memoryStats();
  const before = process.memoryUsage().rss;
  for (let i = 0; i < COUNT; i++) {
    const random = randomOf(Math.imul(7, 0x9e3779b9) ^ Math.imul(i + 1, 0x85ebca6b));
    const file = mutated(valid(random), random);
    const begin = performance.now();
    let isRight: boolean | undefined;
    try {
      isRight = await read(file);
    } catch (error) {
      if (!(error instanceof torch.KindlingError)) throw new Error(`file ${i}: ${error}`, { cause: error });
      expect(error.message.length).toBeLessThan(1000);
      refused++;
    }
    expect(isRight, `file ${i}`).not.toBe(false);
    expect(performance.now() - begin, `file ${i}`).toBeLessThan(LIMIT);
  }
  expect(refused).toBeGreaterThan(COUNT / 10);
  expect(torch.memoryStats().blocks).toBe(blocks);
  expect(process.memoryUsage().rss - before).toBeLessThan(MOST_GROWTH);
});
