/** What PIL and torchvision found (`write_expected.py`). */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

type Mode = "1" | "L" | "LA" | "P" | "RGB" | "RGBA" | "CMYK" | "I;16" | "I" | "F";

export interface FileCase {
  readonly name: string;
  readonly file: string;
  readonly mode: Mode;
  readonly size: [number, number];
  /** Digests of samples. */
  readonly bytes: string;
  readonly rgba: string;
  readonly rgb: string;
  readonly upright: string;
  /** By read mode: shape and digest, or torchvision's error. */
  readonly tensors: Readonly<Record<string, string | [number[], string]>>;
}

export interface Conversion {
  readonly from: Mode;
  readonly to: Mode;
  readonly dither: 0 | 3;
  readonly bytes: string;
  readonly palette: string | null;
  readonly result?: string;
  readonly resultPalette?: string;
  readonly error?: string;
}

export const expected = JSON.parse(
  gunzipSync(readFileSync(join(import.meta.dirname, "images.json.gz"))).toString(),
) as {
  readonly files: FileCase[];
  readonly size: [number, number];
  readonly conversions: Conversion[];
  readonly moves: {
    readonly bytes: string;
    readonly crop: [[number, number, number, number], string][];
    readonly transpose: [string, string][];
    readonly pixel: [[number, number], number[]][];
  };
};

export const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text, "base64"));
export const digest = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex").slice(0, 16);
