/** Pictures that `write_expected.py` makes in the same way, and what torchvision made of them. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import * as torch from "kindling";

const { Image } = torch.vision;
export type Picture = torch.vision.Image | torch.Tensor;

const [HEIGHT, WIDTH] = [7, 8];

export interface ClassCase {
  name: string;
  args: unknown[];
  kwargs: Record<string, unknown>;
  repr: string;
  results: Record<string, [kind: string, data: string, then: number][]>;
}

export type FunctionCase = [
  name: string,
  args: unknown[],
  mode: torch.vision.ImageMode,
  kind: string | null,
  data: string,
];

const path = new URL("torchvision.json.gz", import.meta.url);

export const expected: { classes: ClassCase[]; functions: FunctionCase[] } = JSON.parse(
  gunzipSync(readFileSync(path)).toString(),
);

export const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

function samples(seed: number, count: number, low: number, high: number): Uint8Array {
  let state = seed * 7919 + 17;
  return Uint8Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return low + Math.floor((((state >> 16) & 255) * (high - low)) / 255);
  });
}

export function imageOf(seed: number, mode: torch.vision.ImageMode): torch.vision.Image {
  const bands = { LA: 2, RGB: 3, RGBA: 4, CMYK: 4 }[mode as string] ?? 1;
  const values = samples(seed, HEIGHT * WIDTH * bands, 20, 230);
  const image = (data: torch.vision.ImageSamples, palette?: Uint8Array) =>
    new Image(mode, WIDTH, HEIGHT, data, palette);
  if (mode === "1") return image(values.map((value) => (value > 127 ? 255 : 0)));
  if (mode === "P")
    return image(
      values.map((value) => value >> 4),
      samples(99, 48, 0, 255),
    );
  if (mode === "I") return image(Int32Array.from(values, (value) => value * 3 - 200));
  if (mode === "F") return image(Float32Array.from(values, (value) => value * 1.5 - 40.25));
  return image(values);
}

export function tensorOf(seed: number, kind: string): torch.Tensor {
  const shape = [...(seed % 5 === 4 ? [2] : []), seed % 7 === 6 ? 1 : 3, HEIGHT, WIDTH];
  const count = shape.reduce((n, size) => n * size, 1);
  const values = torch.tensor(samples(seed, count, 20, 230)).reshape(shape);
  return kind === "float" ? values.div(255) : values;
}

/** Bytes in one order for all: as the file has them. */
export function bytesOf(result: Picture): [kind: string, bytes: Uint8Array] {
  const raw = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => new Uint8Array(buffer, byteOffset, byteLength);
  if (!(result instanceof Image)) return [result.dtype, raw(result.toTypedArray())];
  if (result.mode === "1") return [result.mode, Uint8Array.from(result.data, (value) => (value === 0 ? 0 : 1))];
  return [result.mode, raw(result.data)];
}

/** How far a result is from torchvision's: NaN for another kind or size. */
export function distance(result: Picture, kind: string, data: string): number {
  const [ownKind, own] = bytesOf(result);
  const bytes = new Uint8Array(Buffer.from(data, "base64"));
  if (ownKind !== kind) return Number.NaN;
  if (kind === "F") return farthest(new Float32Array(own.buffer), new Float32Array(bytes.buffer)) * 1e4;
  if (kind !== "float32") return own.length === bytes.length ? farthest(own, bytes) : Number.NaN;
  // Fractions are kept in steps of 1/4096.
  const fractions = new Int16Array(bytes.buffer);
  const floats = new Float32Array(own.buffer, own.byteOffset, own.length / 4);
  if (floats.length !== fractions.length) return Number.NaN;
  return Math.max(0, ...floats.map((value, i) => Math.abs(value * 4096 - fractions[i]!) - 0.5));
}

const farthest = (a: Uint8Array | Float32Array, b: Uint8Array | Float32Array): number =>
  [...a].reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
