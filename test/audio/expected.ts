/** What PyTorch, scipy and Python computed; see `write_expected.py`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

export const expected = JSON.parse(
  gunzipSync(readFileSync(join(import.meta.dirname, "expected.json.gz"))).toString(),
) as Record<string, any>;

export const bytesFrom = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, "base64"));
