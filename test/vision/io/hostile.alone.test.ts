/** Damaged and hostile files: each is a clear error within two seconds, or a picture. */
import { deflateSync } from "node:zlib";
import * as torch from "kindling";
import { describe, expect, test } from "vitest";
import { damagedPicture } from "../../../scripts/fuzz/pictures";
import { cutNote, runsAll } from "../../helpers/cut";

const COUNT = runsAll ? 2000 : 250;
/** What a file may take. */
const MOST_MILLISECONDS = 2000;
/** What reading all of them may leave or take: most is the collector's, which comes when it likes. */
const MOST_BYTES = 2 ** 29;

/** Numbers that a seed fixes (Marsaglia's xorshift). */
function randomOf(seed: number): (n: number) => number {
  let state = Math.imul(seed + 1, 0x9e3779b9) | 1;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
}

describe.each(["png", "jpeg"] as const)("%s", (format) => {
  test(`${COUNT} damaged files${cutNote}`, async () => {
    const counts = { picture: 0, refused: 0 };
    const before = process.memoryUsage().rss;
    for (let seed = 0; seed < COUNT; seed++) {
      const file = damagedPicture(format, randomOf(seed));
      const begin = performance.now();
      const found = await torch.vision.Image.open(file).catch((error) => error);
      expect(performance.now() - begin, `seed ${seed}`).toBeLessThan(MOST_MILLISECONDS);
      if (found instanceof torch.vision.Image) {
        counts.picture++;
        expect(found.data.length, `seed ${seed}`).toBe(found.width * found.height * found.bands);
      } else {
        counts.refused++;
        expect(found, `seed ${seed}: ${found.stack}`).toBeInstanceOf(torch.FormatError);
        expect(found.message, `seed ${seed}`).toMatch(/^open: /);
      }
    }
    expect(counts.picture).toBeGreaterThan(COUNT / 20);
    expect(counts.refused).toBeGreaterThan(COUNT / 4);
    expect(process.memoryUsage().rss - before).toBeLessThan(MOST_BYTES);
  }, 120_000);
});

/** A PNG file of gray pixels whose data is `data`. */
function pngOf(width: number, height: number, data: Uint8Array): Uint8Array {
  const chunk = (type: string, body: Uint8Array): Buffer => {
    const out = Buffer.alloc(12 + body.length);
    out.writeUInt32BE(body.length);
    out.write(type, 4, "latin1");
    out.set(body, 8);
    out.writeUInt32BE(crc(out.subarray(4, 8 + body.length)), 8 + body.length);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  return Buffer.concat([
    Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10),
    ...[chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", new Uint8Array(0))],
  ]);
}

function crc(bytes: Uint8Array): number {
  let c = -1;
  for (const byte of bytes) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  }
  return ~c >>> 0;
}

test("data that unfolds to much more than the picture is left folded", async () => {
  const bomb = deflateSync(Buffer.alloc(2 ** 28), { level: 1 });
  const file = pngOf(4, 4, bomb);
  const before = process.memoryUsage().arrayBuffers;
  const begin = performance.now();
  const image = await torch.vision.Image.open(file);
  expect([...image.data]).toEqual(new Array(16).fill(0));
  expect(performance.now() - begin).toBeLessThan(MOST_MILLISECONDS);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 28);
});

test("a palette is read to its end and no further", async () => {
  const image = new torch.vision.Image("P", 2, 1, Uint8Array.of(0, 200), Uint8Array.of(9, 8, 7));
  expect([...image.convert("RGB").data]).toEqual([9, 8, 7, 200, 200, 200]);
});
