/** Bytes of pictures at other sizes and mirrored, and as floats, against plain JavaScript, bit by bit, on both targets; nothing is written beside the result. */
import { beforeAll, describe, expect, test } from "vitest";
import { Instance, inPieces, stream, TARGETS, unsupported } from "./instance";

/** What a position of the result is made of. */
interface Tap {
  readonly first: number;
  readonly weights: readonly number[];
}

/** Taps with `most` weights or fewer, among them negative ones, that add up to about 2^22. */
function randomTaps(input: number, output: number, most: number, seed: number): Tap[] {
  const next = stream(seed);
  return Array.from({ length: output }, () => {
    const count = Math.min(input, 1 + Math.floor((next() + 0.5) * most));
    const first = Math.floor((next() + 0.5) * (input - count + 1));
    return { first, weights: Array.from({ length: count }, () => Math.trunc(((next() + 0.3) * 2 ** 23) / count)) };
  });
}

const wordsFor = (most: number): number => Math.ceil(most / 8) * 4;

/** Taps in the layout of the kernels. */
function records(taps: readonly Tap[], words: number): number[] {
  const out = new Int32Array(taps.length * (2 + 2 * words));
  const halves = new Int16Array(out.buffer);
  taps.forEach(({ first, weights }, i) => {
    const at = i * (2 + 2 * words);
    out.set([first, weights.length], at);
    weights.forEach((weight, k) => {
      halves[2 * (at + 2) + k] = weight >> 11;
      halves[2 * (at + 2 + words) + k] = weight & 2047;
    });
  });
  return [...out];
}

/** PIL's sum of bytes: 32 bits, rounded, clamped. */
function mixed({ first, weights }: Tap, sample: (k: number) => number): number {
  const sum = weights.reduce((acc, weight, k) => (acc + Math.imul(sample(first + k), weight)) | 0, 1 << 21);
  return Math.min(255, Math.max(0, sum >> 22));
}

/** Bytes in the memory, with something behind them that is no part of them. */
function bytesIn(instance: Instance, length: number, seed: number): Uint8Array {
  const next = stream(seed);
  const { byteOffset } = instance.floats("float32", Math.ceil(length / 4) + 8, () => 0);
  const view = new Uint8Array(instance.memory.buffer, byteOffset, length + 16);
  for (let i = 0; i < view.length; i++) view[i] = Math.floor((next() + 0.5) * 256);
  return view;
}

/** [pixels of the input, of the result, weights at most] */
const SIZES = [
  [5, 11, 2],
  [20, 33, 3],
  [37, 8, 17],
  [64, 1, 64],
  [1, 9, 1],
] as const;

describe.each(TARGETS)("%s", (target) => {
  const reason = unsupported(target);
  if (reason) {
    test.skip(reason, () => {});
    return;
  }
  let instance: Instance;
  beforeAll(() => {
    instance = new Instance(target);
  });

  describe.each([1, 2, 3, 4])("%i bands", (bands) => {
    test.each(SIZES)("rows of %i as %i pixels, of at most %i", (width, outWidth, most) => {
      instance.reset();
      const rows = 5;
      const words = wordsFor(most);
      const taps = randomTaps(width, outWidth, most, bands + width);
      const x = bytesIn(instance, rows * width * bands, 1);
      const y = bytesIn(instance, rows * outWidth * bands, 2);
      const behind = [...y.subarray(-16)];
      const list = instance.ints(records(taps, words));
      inPieces(rows, (begin, end) =>
        instance.call(
          "resampleRows",
          ...[y.byteOffset, x.byteOffset, list, words, width, outWidth, bands],
          ...[begin, end],
        ),
      );
      const expected = Array.from({ length: rows * outWidth * bands }, (_, at) => {
        const [row, band] = [Math.floor(at / bands / outWidth), at % bands];
        return mixed(taps[Math.floor(at / bands) % outWidth]!, (k) => x[(row * width + k) * bands + band]!);
      });
      expect([...y]).toEqual([...expected, ...behind]);
    });

    test.each([1, 3, 4, 7, 64])("%i pixels as floats", (pixels) => {
      instance.reset();
      const x = bytesIn(instance, pixels * bands, 3);
      const y = instance.floats("float32", pixels * bands + 4, () => -1) as Float32Array;
      inPieces(pixels, (begin, end) =>
        instance.call("unitPlanes", y.byteOffset, x.byteOffset, pixels, bands, begin, end),
      );
      const expected = Array.from({ length: pixels * bands }, (_, at) =>
        Math.fround(x[(at % pixels) * bands + Math.floor(at / pixels)]! / 255),
      );
      expect([...y]).toEqual([...expected, -1, -1, -1, -1]);
    });
  });

  describe.each([1, 2, 3, 4])("%i bands", (bands) => {
    test.each([1, 4, 5, 10, 16, 33])("rows of %i pixels from right to left", (width) => {
      instance.reset();
      const rows = 5;
      const x = bytesIn(instance, rows * width * bands, 7);
      const y = bytesIn(instance, rows * width * bands, 8);
      const behind = [...y.subarray(-16)];
      inPieces(rows, (begin, end) => instance.call("mirrorRows", y.byteOffset, x.byteOffset, width, bands, begin, end));
      const expected = Array.from({ length: rows * width * bands }, (_, at) => {
        const [row, pixel, band] = [Math.floor(at / bands / width), Math.floor(at / bands) % width, at % bands];
        return x[(row * width + width - 1 - pixel) * bands + band]!;
      });
      expect([...y]).toEqual([...expected, ...behind]);
    });
  });

  describe.each([1, 3, 4])("%i channels", (channels) => {
    test.each([1, 3, 4, 29])("planes of %i are normalized as in two steps", (plane) => {
      instance.reset();
      const next = stream(channels + plane);
      const length = 2 * channels * plane;
      const specials = [NaN, Infinity, -Infinity, 3e38, 1e-45, -0];
      const numbers = (count: number) => instance.floats("float32", count, () => 4 * next()) as Float32Array;
      const [x, mean, std, y] = [numbers(length), numbers(channels), numbers(channels), numbers(length + 4)];
      x.set(specials.slice(0, length));
      const behind = [...y.subarray(-4)];
      const expected = Array.from(x, (value, i) => {
        const channel = Math.floor(i / plane) % channels;
        return Math.fround(Math.fround(value - mean[channel]!) / std[channel]!);
      });
      const normalize = (to: Float32Array) =>
        inPieces(length, (begin, end) =>
          instance.call(
            "normalizePlanes",
            ...[to.byteOffset, x.byteOffset, mean.byteOffset, std.byteOffset, plane, channels],
            ...[begin, end],
          ),
        );
      normalize(y);
      expect([...y]).toEqual([...expected, ...behind]);
      normalize(x);
      expect([...x]).toEqual(expected);
    });
  });

  describe.each([1, 7, 8, 29])("columns of rows of %i", (width) => {
    test.each(SIZES)("%i as %i, of at most %i", (height, outHeight, most) => {
      instance.reset();
      const words = wordsFor(most);
      const taps = randomTaps(height, outHeight, most, width + height);
      const x = bytesIn(instance, height * width, 4);
      const y = bytesIn(instance, outHeight * width, 5);
      const behind = [...y.subarray(-16)];
      const list = instance.ints(records(taps, words));
      inPieces(outHeight, (begin, end) =>
        instance.call("resampleColumns", y.byteOffset, x.byteOffset, list, words, width, begin, end),
      );
      const expected = Array.from({ length: outHeight * width }, (_, at) =>
        mixed(taps[Math.floor(at / width)]!, (k) => x[k * width + (at % width)]!),
      );
      expect([...y]).toEqual([...expected, ...behind]);
    });
  });

  test("every byte is divided as PyTorch does it", () => {
    instance.reset();
    const x = bytesIn(instance, 256, 6);
    for (let i = 0; i < 256; i++) x[i] = i;
    const y = instance.floats("float32", 256, () => -1) as Float32Array;
    instance.call("unitPlanes", y.byteOffset, x.byteOffset, 256, 1, 0, 256);
    expect([...y]).toEqual(Array.from({ length: 256 }, (_, n) => Math.fround(n / 255)));
  });
});
