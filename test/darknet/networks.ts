/** The networks of this folder, with weights that `write_expected.py` computes as well. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as torch from "kindling";

interface Expected {
  /** Counts and ranges of the numbers of the file. */
  readonly runs: readonly (readonly [count: number, low: number, high: number])[];
  readonly batch: number;
  readonly shapes: readonly (readonly number[])[];
  readonly outputs: readonly string[];
  readonly boxes: string;
}

export const expected: Readonly<Record<string, Expected>> = JSON.parse(
  gunzipSync(readFileSync(join(import.meta.dirname, "expected.json.gz"))).toString(),
);

/** Numbers in a range by position: the finalizer of MurmurHash3. */
function fillUniform(into: Float32Array, seed: number, low: number, high: number): void {
  const start = Math.imul(seed, 0x9e3779b1);
  for (let i = 0; i < into.length; i++) {
    let x = (i + start) | 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    x ^= x >>> 16;
    into[i] = low + (high - low) * ((x >>> 8) / 2 ** 24);
  }
}

export const configOf = (name: string): string => readFileSync(join(import.meta.dirname, `${name}.cfg`), "utf8");

/** A file of version 0.2 with 64 bits for the count of pictures, or of 0.1 with 32. */
export function weightsFile(name: string, minor: 1 | 2 = 2, seen = 32013312): Uint8Array {
  const { runs } = expected[name]!;
  const start = minor === 2 ? 20 : 16;
  const file = new Uint8Array(start + 4 * runs.reduce((sum, [count]) => sum + count, 0));
  const view = new DataView(file.buffer);
  view.setInt32(4, minor, true);
  if (minor === 2) view.setBigUint64(12, BigInt(seen), true);
  else view.setUint32(12, seen, true);
  const numbers = new Float32Array(file.buffer, start);
  let at = 0;
  runs.forEach(([count, low, high], i) => {
    fillUniform(numbers.subarray(at, at + count), i + 1, low, high);
    at += count;
  });
  return file;
}

export function pictures(name: string, [channels, height, width]: readonly [number, number, number]): torch.Tensor {
  const shape = [expected[name]!.batch, channels, height, width];
  const count = shape.reduce((a, b) => a * b, 1);
  const values = new Float32Array(count);
  fillUniform(values, 1000, 0, 1);
  return torch.tensor(values).reshape(shape);
}

export const floats = (base64: string): torch.Tensor =>
  torch.tensor(new Float32Array(Uint8Array.from(Buffer.from(base64, "base64")).buffer));
