/** Pictures that `write_expected.py` makes in the same way, and what torchvision made of them. */
import { readFileSync } from "node:fs";
import { crc32, gunzipSync } from "node:zlib";
import * as torch from "kindling";

const { Image } = torch.vision;
export type Picture = torch.vision.Image | torch.Tensor;

const [HEIGHT, WIDTH] = [13, 16];

/** The kind and size of a picture, a checksum of its bytes, and three weighted sums. */
export type Packed = [kind: string, size: number[], crc: number, sums: number[]];

export interface ClassCase {
  name: string;
  args: unknown[];
  kwargs: Record<string, unknown>;
  repr: string;
  results: Record<string, [parts: Packed[], then: number][]>;
}

export type FunctionCase = [name: string, args: unknown[], mode: torch.vision.ImageMode, result: Packed | null];

export type DrawCase = [crop: number[], resized: number[], affine: unknown, perspective: number[][][], angle: number];

export const expected: { classes: ClassCase[]; functions: FunctionCase[]; draws: DrawCase[] } = JSON.parse(
  gunzipSync(readFileSync(new URL("torchvision.json.gz", import.meta.url))).toString(),
);

export const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

function samples(seed: number, count: number): Uint8Array {
  let state = seed * 7919 + 17;
  return Uint8Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >> 16) & 255;
  });
}

export function imageOf(seed: number, mode: torch.vision.ImageMode): torch.vision.Image {
  const bands = { LA: 2, RGB: 3, RGBA: 4, CMYK: 4 }[mode as string] ?? 1;
  const values = samples(seed, HEIGHT * WIDTH * bands);
  const image = (data: torch.vision.ImageSamples, palette?: Uint8Array) =>
    new Image(mode, WIDTH, HEIGHT, data, palette);
  if (mode === "1") return image(values.map((value) => (value > 127 ? 255 : 0)));
  if (mode === "P")
    return image(
      values.map((value) => value >> 4),
      samples(99, 48),
    );
  if (mode === "I;16") return image(Uint16Array.from(values, (value) => value * 257));
  if (mode === "I") return image(Int32Array.from(values, (value) => value * 30000 - 2000000));
  if (mode === "F") return image(Float32Array.from(values, (value) => value * 1.5 - 40.25));
  return image(values);
}

export function tensorOf(seed: number, kind: string): torch.Tensor {
  const shape = [...(seed % 5 === 4 ? [2] : []), seed % 7 === 6 ? 1 : 3, HEIGHT, WIDTH];
  const count = shape.reduce((n, size) => n * size, 1);
  const values = torch.tensor(samples(seed, count)).reshape(shape);
  return kind === "float" ? values.div(255) : values;
}

/** A picture as `write_expected.py` packs it. */
export function packed(result: Picture): Packed {
  const isImage = result instanceof Image;
  const values = (isImage ? result.data : result.toTypedArray()) as Uint8Array;
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const sums = [0, 1, 2].map((which) =>
    [...values].reduce((sum, value, i) => sum + ((((i + 1) * (7919 + 104729 * which)) % 1009) / 1009) * value, 0),
  );
  const size = isImage ? [result.height, result.width] : [...result.shape];
  return [isImage ? result.mode : result.dtype, size, crc32(bytes), sums];
}

/** How far apart two pictures are at least: 0 if they are equal, NaN for another kind or size. */
export function distance([kind, size, crc, sums]: Packed, other: Packed): number {
  if (kind !== other[0] || size.join() !== other[1].join()) return Number.NaN;
  return crc === other[2] ? 0 : Math.max(1e-9, ...sums.map((sum, i) => Math.abs(sum - other[3][i]!)));
}
