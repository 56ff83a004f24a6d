/** `vision.io` against torchvision.io. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as torch from "kindling";
import { afterAll, describe, expect, test } from "vitest";
import { bytesOf, digest, expected } from "./expected";

const { io } = torch.vision;
const folder = mkdtempSync(join(tmpdir(), "kindling-io-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = (name: string): string => join(folder, name);

/** Writes a file. @returns Its path. */
function put(name: string, bytes: Uint8Array): string {
  writeFileSync(path(name), bytes);
  return path(name);
}

/** Where torchvision 0.14 reads memory that nobody wrote, or cannot do what later versions do. */
const isUndefinedThere = (name: string, mode: string): boolean =>
  (/type 3|transparent/.test(name) && /ALPHA/.test(mode)) ||
  (/type 3, [124] bits|transparent place/.test(name) && mode === "UNCHANGED") ||
  (/type 0, [124] bits/.test(name) && /ALPHA/.test(mode));

describe("decodeImage has torchvision's values", () => {
  test.each(expected.files.map((entry) => [entry.name, entry] as const))("%s", async (name, { file, tensors }) => {
    for (const [mode, found] of Object.entries(tensors)) {
      const read = io.decodeImage(torch.tensor(bytesOf(file)), { mode: mode as "RGB" });
      if (typeof found === "string") {
        if (/Unsupported color/.test(found)) expect((await read).shape[0]).toBe(mode === "GRAY" ? 1 : 3);
        else await expect(read).rejects.toThrow(`decodeImage: ${found.replace(/\.$/, "")}`);
        continue;
      }
      const x = await read;
      expect([mode, x.shape]).toEqual([mode, found[0]]);
      if (!isUndefinedThere(name, mode))
        expect([mode, digest(x.toTypedArray() as Uint8Array)]).toEqual([mode, found[1]]);
      else if (/ALPHA/.test(mode) && !name.includes("transparent"))
        expect(Math.min(...(x.at(-1).flatten().tolist() as number[]))).toBe(255);
    }
  });
});

test("16 bits as int32", async () => {
  const { file } = expected.files.find(({ name }) => name === "png of type 0, 16 bits")!;
  const x = await io.decodePng(bytesOf(file), { allow16Bits: true });
  const image = await torch.vision.Image.open(bytesOf(file));
  expect([x.dtype, x.shape]).toEqual(["int32", [1, image.height, image.width]]);
  expect(x.flatten().tolist()).toEqual([...image.data]);
});

test("files there and back", async () => {
  const x = torch.randint(0, 256, [3, 9, 7], { dtype: "uint8" });
  for (const compressionLevel of [0, 6, 9]) {
    await io.writePng(x, path("x.png"), { compressionLevel });
    expect(torch.equal(await io.readImage(path("x.png")), x)).toBe(true);
  }
  const gray = x.narrow(0, 0, 1);
  expect(torch.equal(await io.decodePng(await io.encodePng(gray)), gray)).toBe(true);
  const file = await io.readFile(path("x.png"));
  expect([file.dtype, file.shape.length]).toEqual(["uint8", 1]);
  await io.writeFile(path("y.png"), file);
  expect(torch.equal(await io.readImage(path("y.png"), io.ImageReadMode.RGB), x)).toBe(true);
});

test("JPEG files come back nearly as they were", async () => {
  const ramp = torch.linspace(0, 255, 48).outer(torch.ones(40)).to("uint8");
  const x = torch.stack([ramp, ramp.flip([0]), ramp.mul(0.5).to("uint8")]);
  for (const [quality, most] of [
    [75, 8],
    [100, 6],
  ] as const) {
    await io.writeJpeg(x, path("x.jpg"), quality);
    const y = await io.readImage(path("x.jpg"));
    expect(y.sub(x.to("int32")).abs().max().item()).toBeLessThanOrEqual(most);
  }
  const gray = await io.decodeJpeg(await io.encodeJpeg(ramp.unsqueeze(0), { quality: 100 }));
  expect(gray.shape).toEqual([1, 48, 40]);
  expect(gray.sub(ramp.to("int32")).abs().max().item()).toBeLessThanOrEqual(2);
});

describe("errors", () => {
  const bytes = (name: string) => bytesOf(expected.files.find((entry) => entry.name === name)!.file);
  const jpeg = bytes("jpeg 4:2:0");
  const png = bytes("png of type 2, 8 bits");
  const huge = (file: Uint8Array, at: number, size: number) => {
    const copy = file.slice();
    const view = new DataView(copy.buffer);
    for (const i of [0, 1])
      if (size > 65535) view.setUint32(at + 4 * i, size);
      else view.setUint16(at + 2 * i, size);
    return copy;
  };
  const frame = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xc0);
  const floats = torch.zeros(2);

  test.each<[what: string, act: () => Promise<unknown>, type: new () => Error, words: RegExp]>([
    [
      "no picture",
      () => io.decodeImage(new Uint8Array(20)),
      torch.FormatError,
      /^decodeImage: Unsupported image file. Only jpeg and png/,
    ],
    ["no PNG", () => io.decodePng(new Uint8Array(20)), torch.FormatError, /^decodePng: Content is not png!/],
    [
      "no JPEG",
      () => io.decodeJpeg(new Uint8Array(20)),
      torch.FormatError,
      /^decodeJpeg: Not a JPEG file: starts with 0x00 0x00/,
    ],
    [
      "truncated JPEG",
      () => io.decodeJpeg(jpeg.subarray(0, -40)),
      torch.FormatError,
      /^decodeJpeg: .*incomplete or truncated/,
    ],
    ["JPEG without its end", () => io.decodeJpeg(jpeg.subarray(0, -2)), torch.FormatError, /incomplete or truncated/],
    [
      "truncated PNG",
      () => io.decodePng(png.subarray(0, 60)),
      torch.FormatError,
      /^decodePng: the PNG file is truncated/,
    ],
    [
      "damaged PNG",
      () => io.decodePng(Object.assign(png.slice(), { 45: 0 })),
      torch.FormatError,
      /the checksum of its IDAT chunk differs/,
    ],
    [
      "huge JPEG",
      () => io.decodeJpeg(huge(jpeg, frame + 5, 60_000)),
      torch.FormatError,
      /claims 60000×60000 pixels; pictures of more/,
    ],
    [
      "large JPEG of few bytes",
      () => io.decodeJpeg(huge(jpeg, frame + 5, 9000)),
      torch.FormatError,
      /claims 9000×9000 pixels, more than/,
    ],
    ["huge PNG", () => io.decodePng(hugePng(60_000)), torch.FormatError, /claims 60000×60000 pixels; pictures of more/],
    [
      "large PNG of few bytes",
      () => io.decodePng(hugePng(9000)),
      torch.FormatError,
      /too little data for 9000×9000 pixels/,
    ],
    [
      "another dtype",
      () => io.decodeImage(floats),
      torch.DTypeError,
      /^decodeImage: Expected a torch.uint8 tensor, got float32/,
    ],
    [
      "another shape",
      () => io.decodeImage(torch.zeros([2, 2], { dtype: "uint8" })),
      torch.ShapeError,
      /^decodeImage: Expected a non empty 1-dimensional/,
    ],
    [
      "another device",
      () => io.decodeJpeg(jpeg, { device: "cuda" as "cpu" }),
      torch.DeviceError,
      /^decodeJpeg: pictures are decoded on the cpu/,
    ],
    [
      "another mode",
      () => io.decodeJpeg(jpeg, "BGR" as "RGB"),
      torch.ArgumentError,
      /^decodeJpeg: mode must be one of/,
    ],
    [
      "channels",
      () => io.encodePng(torch.zeros([2, 2, 2], { dtype: "uint8" })),
      torch.ShapeError,
      /^encodePng: The number of channels should be 1 or 3, got: 2/,
    ],
    [
      "axes",
      () => io.encodeJpeg(torch.zeros([2, 2], { dtype: "uint8" })),
      torch.ShapeError,
      /^encodeJpeg: Input data should be a 3-dimensional/,
    ],
    [
      "floats",
      () => io.writePng(torch.zeros([3, 2, 2]), path("z")),
      torch.DTypeError,
      /^writePng: Input tensor dtype should be uint8/,
    ],
    [
      "level",
      () => io.encodePng(torch.zeros([3, 2, 2], { dtype: "uint8" }), 12),
      torch.ValueError,
      /^encodePng: Compression level should be between 0 and 9/,
    ],
    [
      "quality",
      () => io.encodeJpeg(torch.zeros([3, 2, 2], { dtype: "uint8" }), 101),
      torch.ValueError,
      /^encodeJpeg: Image quality should be a positive number between 1 and 100/,
    ],
    [
      "no pixels",
      () => io.encodeJpeg(torch.zeros([3, 0, 2], { dtype: "uint8" })),
      torch.ValueError,
      /^encodeJpeg: Empty JPEG image/,
    ],
    [
      "no file",
      () => io.readImage(path("none")),
      torch.KindlingError,
      /^readImage: cannot read ".*none": there is no such file/,
    ],
    [
      "empty file",
      () => io.readFile(put("empty", new Uint8Array(0))),
      torch.FormatError,
      /^readFile: ".*empty": Expected a non empty file/,
    ],
    [
      "damaged file",
      () => io.readImage(put("bad.png", png.subarray(0, 60))),
      torch.FormatError,
      /^readImage: ".*bad.png": the PNG file is truncated/,
    ],
    [
      "bytes of floats",
      () => io.writeFile(path("z"), floats),
      torch.DTypeError,
      /^writeFile: Input tensor dtype should be uint8/,
    ],
  ])("%s", async (_, act, type, words) => {
    const error = (await act().catch((caught) => caught)) as Error;
    expect(error).toBeInstanceOf(type);
    expect(error.message).toMatch(words);
  });

  /** The header of a picture of that size, with its checksum, before the data of a small one. */
  function hugePng(size: number): Uint8Array {
    const copy = png.slice();
    const view = new DataView(copy.buffer);
    view.setUint32(16, size);
    view.setUint32(20, size);
    view.setUint32(29, torchCrc(copy.subarray(12, 29)));
    return copy;
  }
});

function torchCrc(bytes: Uint8Array): number {
  let c = -1;
  for (const byte of bytes) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  }
  return ~c >>> 0;
}
