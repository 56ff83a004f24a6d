/** `Image` against PIL: files, conversions, moves. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import * as torch from "kindling";
import { afterAll, describe, expect, test } from "vitest";
import { bytesOf, digest, expected } from "./expected";

const { Image } = torch.vision;
const folder = mkdtempSync(join(tmpdir(), "kindling-image-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("files have PIL's modes and values", () => {
  test.each(expected.files.map((entry) => [entry.name, entry] as const))("%s", async (_, entry) => {
    const image = await Image.open(bytesOf(entry.file));
    expect([image.mode, image.size]).toEqual([entry.mode, entry.size]);
    expect(digest(image.tobytes())).toBe(entry.bytes);
    expect(digest(image.convert("RGB").tobytes())).toBe(entry.rgb);
    expect(digest(image.convert("RGBA").tobytes())).toBe(entry.rgba);
    const upright = await Image.open(bytesOf(entry.file), { applyExifOrientation: true });
    expect(digest(upright.tobytes())).toBe(entry.upright);
  });
});

const samples = { "I;16": Uint16Array, I: Int32Array, F: Float32Array } as const;
const arrayOf = (mode: string, bytes: Uint8Array<ArrayBuffer>) =>
  mode in samples ? new samples[mode as keyof typeof samples](bytes.buffer) : bytes;

describe("conversions have PIL's values", () => {
  const [width, height] = expected.size;
  test.each(
    expected.conversions.map((c) => [`${c.from} to ${c.to}${c.dither ? "" : " without dithering"}`, c] as const),
  )("%s", (_, { from, to, dither, bytes, palette, result, resultPalette, error }) => {
    const image = new Image(
      from,
      width,
      height,
      arrayOf(from, bytesOf(bytes)),
      palette === null ? undefined : bytesOf(palette),
    );
    const convert = () => image.convert(to, { dither: dither === 0 ? "none" : "floydsteinberg" });
    if (error !== undefined) {
      expect(convert).toThrow(`convert: ${error}`);
      return;
    }
    const { data, mode, palette: found } = convert();
    expect(mode).toBe(to);
    expect([...data]).toEqual([...arrayOf(to, bytesOf(result!))]);
    if (resultPalette) expect([...found!]).toEqual([...bytesOf(resultPalette)]);
  });
});

describe("moves", () => {
  const [width, height] = expected.size;
  const { bytes, crop, transpose, pixel } = expected.moves;
  const image = new Image("RGBA", width, height, bytesOf(bytes));

  test.each(crop)("crop to %j", (box, result) => {
    expect([...image.crop(box).data]).toEqual([...bytesOf(result)]);
  });

  test.each(transpose)("transpose by %s", (name, result) => {
    const method = name.toLowerCase().replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
    expect([...image.transpose(method as "transpose").data]).toEqual([...bytesOf(result)]);
  });

  test.each(pixel)("pixel at %j", (xy, result) => {
    expect(image.getpixel(xy)).toEqual(result);
  });

  test("bands apart and together again", () => {
    const bands = image.split();
    expect(bands.map(({ mode }) => mode)).toEqual(["L", "L", "L", "L"]);
    expect(Image.merge("RGBA", bands).data).toEqual(image.data);
    expect(image.getbands()).toEqual(["R", "G", "B", "A"]);
    const copy = image.copy();
    expect(copy.data).toEqual(image.data);
    expect(copy.data).not.toBe(image.data);
  });
});

test("what a picture is", () => {
  const image = new Image(
    "1",
    9,
    2,
    Uint8Array.from({ length: 18 }, (_, i) => (i % 3 === 0 ? 255 : 0)),
  );
  expect(inspect(image)).toBe("<Image mode=1 size=9x2>");
  expect([...image.tobytes()]).toEqual([0b10010010, 0, 0b10010010, 0]);
  const pixels = image.toImageData();
  expect([pixels.width, pixels.height, pixels.data.length]).toEqual([9, 2, 72]);
  expect(Image.fromImageData(pixels).convert("1", { dither: "none" }).data).toEqual(image.data);
});

test("a picture saved is the picture opened", async () => {
  for (const mode of ["1", "L", "LA", "RGB", "RGBA", "P", "I"] as const) {
    const image = new Image("RGB", 2, 2, Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9)).convert(
      mode === "I" ? "L" : mode,
    );
    const path = join(folder, `${mode}.png`);
    await (mode === "I" ? image.convert("I") : image).save(path);
    const again = await Image.open(path);
    expect([again.mode, ...again.data]).toEqual([mode, ...image.data]);
    expect(again.palette).toEqual(image.palette);
  }
  const flat = new Image("RGB", 16, 16, new Uint8Array(768).fill(120));
  await flat.save(join(folder, "flat.bin"), { format: "jpeg", quality: 90 });
  expect((await Image.open(join(folder, "flat.bin"))).data).toEqual(flat.data);
});

describe("errors", () => {
  const image = new Image("RGB", 2, 1, new Uint8Array(6));
  test.each<[what: string, act: () => unknown, words: RegExp]>([
    ["a pixel outside", () => image.getpixel([2, 0]), /^getpixel: image index out of range: \[2, 0\] of 2×1/],
    [
      "a box that ends before it begins",
      () => image.crop([1, 0, 0, 1]),
      /^crop: Coordinate 'right' is less than 'left'/,
    ],
    ["too large a box", () => image.crop([0, 0, 1e5, 1e5]), /^crop: 100000×100000 pixels are more/],
    ["another mode", () => image.convert("HSV" as "L"), /^convert: mode must be one of/],
    ["another turn", () => image.transpose("rotate45" as "rotate90"), /^transpose: method must be one of/],
    ["a band too few", () => Image.merge("RGB", image.split().slice(1)), /^merge: wrong number of bands/],
    ["bands that are none", () => Image.merge("RGB", [image, image, image]), /^merge: mode mismatch/],
    [
      "samples that do not fit",
      () => new Image("RGB", 2, 1, new Uint8Array(5)),
      /^Image: 2×1 pixels of mode RGB have 6/,
    ],
    [
      "samples of another type",
      () => new Image("F", 1, 1, new Uint8Array(1)),
      /^Image: the samples of mode F are a Float32Array/,
    ],
  ])("%s", (_, act, words) => {
    expect(act).toThrow(torch.KindlingError);
    expect(act).toThrow(words);
  });

  test.each<[what: string, act: () => Promise<unknown>, words: RegExp]>([
    [
      "no such file",
      () => Image.open(join(folder, "none.png")),
      /^open: cannot read ".*none.png": there is no such file/,
    ],
    ["no path", () => Image.open(3 as never), /^open: path must be a string or a URL, got 3/],
    ["another format", () => Image.open(Uint8Array.of(1, 2, 3)), /^open: Unsupported image file/],
    ["a format to write", () => image.save(join(folder, "x.gif")), /^save: unknown file extension or format/],
    [
      "a mode that PNG has not",
      () => image.convert("CMYK").save(join(folder, "x.png")),
      /^save: cannot write mode CMYK as PNG/,
    ],
    [
      "a mode that JPEG has not",
      () => image.convert("RGBA").save(join(folder, "x.jpg")),
      /^save: cannot write mode RGBA as JPEG/,
    ],
  ])("%s", async (_, act, words) => {
    const error = (await act().catch((caught) => caught)) as Error;
    expect(error).toBeInstanceOf(torch.KindlingError);
    expect(error.message).toMatch(words);
    expect(existsSync(join(folder, "x.png"))).toBe(false);
  });
});
