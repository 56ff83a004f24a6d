/** Damaged PNG and JPEG files: each is refused, or is a picture. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, gunzipSync } from "node:zlib";
import * as torch from "kindling";

/** A whole number from 0 to below `n`. */
type Random = (n: number) => number;

const fixtures = join(import.meta.dirname, "../../test/vision/io/images.json.gz");

let files: Readonly<Record<"png" | "jpeg", readonly Uint8Array<ArrayBuffer>[]>> | undefined;

/** Files of every kind of each format. */
function sound(): NonNullable<typeof files> {
  if (files !== undefined) return files;
  const { files: all } = JSON.parse(gunzipSync(readFileSync(fixtures)).toString()) as {
    files: { name: string; file: string }[];
  };
  const of = (format: string) =>
    all.filter(({ name }) => name.startsWith(format)).map(({ file }) => Uint8Array.from(Buffer.from(file, "base64")));
  files = { png: of("png"), jpeg: of("jpeg") };
  return files;
}

const extremes = [0, 1, 255, 256, 32767, 60_000, 65_535, 0x7fffffff, 0xffffffff];

type Bytes = Uint8Array<ArrayBuffer>;
type Edit = (file: Bytes, random: Random) => Bytes;

const edits: readonly Edit[] = [
  (file, random) => {
    if (file.length > 0) file[random(file.length)]! ^= 1 << random(8);
    return file;
  },
  (file, random) => {
    if (file.length > 0) file[random(Math.min(file.length, 200))] = random(256);
    return file;
  },
  (file, random) => file.slice(0, random(file.length + 1)),
  (file, random) => {
    const at = random(file.length + 1);
    return Uint8Array.of(...file.subarray(0, at), ...file.subarray(at + 1 + random(12)));
  },
  (file, random) => {
    const [at, from] = [random(file.length + 1), random(file.length + 1)];
    return Uint8Array.of(...file.subarray(0, at), ...file.subarray(from, from + random(64)), ...file.subarray(at));
  },
  // A length, a size or a count that is out of proportion.
  (file, random) => {
    const at = random(Math.max(1, Math.min(file.length, 260) - 4));
    if (file.length < at + 4) return file;
    const value = extremes[random(extremes.length)]!;
    const view = new DataView(file.buffer, file.byteOffset);
    if (random(2) === 0) view.setUint32(at, value);
    else view.setUint16(at, value & 65535);
    return file;
  },
];

/** Makes the checksums of a PNG file right again, so that what was damaged is read. */
function repaired(file: Bytes): Bytes {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  for (let at = 8; at + 12 <= file.length; ) {
    const end = at + 12 + view.getUint32(at);
    if (end > file.length) break;
    view.setUint32(end - 4, crc32(file.subarray(at + 4, end - 4)));
    at = end;
  }
  return file;
}

/** A damaged file of a format. */
export function damagedPicture(format: "png" | "jpeg", random: Random): Bytes {
  const all = sound()[format];
  let file = all[random(all.length)]!.slice();
  for (let i = 1 + random(3); i > 0; i--) file = edits[random(edits.length)]!(file, random);
  return format === "png" && random(4) > 0 ? repaired(file) : file;
}

/** What is read of a damaged file, by one of the ways to read. */
export function pictureTrial(random: Random) {
  const file = damagedPicture(random(2) === 0 ? "png" : "jpeg", random);
  const isImage = random(2) === 0;
  const call = isImage ? "await torch.vision.Image.open(file);" : "await torch.vision.io.decodeImage(file);";
  const read = async (): Promise<Record<string, torch.Tensor>> => {
    if (!isImage) return { "": await torch.vision.io.decodeImage(file) };
    const { data, width, height, bands } = await torch.vision.Image.open(file);
    if (data.length !== width * height * bands)
      throw new Error(`${data.length} samples of ${width}×${height}×${bands}`);
    return {};
  };
  return { call, file, read, expected: undefined, isOpen: true };
}
