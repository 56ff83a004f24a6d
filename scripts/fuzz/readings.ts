/** What files hold by the letter of their formats, read in another way than the library does: by its rules one after the other. */
import { gunzipSync } from "node:zlib";

/** Tensors by name. */
export type Reading = Map<
  string,
  { readonly dtype: string; readonly shape: readonly number[]; readonly data: Uint8Array }
>;

const dtypes: Record<string, [name: string, bytes: number]> = {
  F64: ["float64", 8],
  F32: ["float32", 4],
  F16: ["float16", 2],
  BF16: ["bfloat16", 2],
  I64: ["int64", 8],
  I32: ["int32", 4],
  I16: ["int16", 2],
  I8: ["int8", 1],
  U8: ["uint8", 1],
  BOOL: ["bool", 1],
  U16: ["int32", 2],
  U32: ["int64", 4],
  U64: ["int64", 8],
};

/** Elements in the dtype that they are kept in: of those without a sign, zeros are added at their end. Undefined if the largest bit says otherwise there. */
export function widened(data: Uint8Array, from: number, to: number): Uint8Array | undefined {
  const out = new Uint8Array((data.length / from) * to);
  data.forEach((byte, i) => {
    out[Math.floor(i / from) * to + (i % from)] = byte;
  });
  return out.every((byte, i) => i % to < to - 1 || byte < 128) ? out : undefined;
}

const tokenPattern = /\s*("(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+)/gy;

/** Whether a JSON text that is known to be valid names a thing twice, or has a number that is no plain integer. */
function isOdd(text: string): boolean {
  const scopes: (Set<string> | null)[] = [];
  const tokens = [...text.matchAll(tokenPattern)].map((match) => match[1]!);
  return tokens.some((token, i) => {
    if (token === "{" || token === "[") scopes.push(token === "{" ? new Set() : null);
    else if (token === "}" || token === "]") scopes.pop();
    else if (token.startsWith('"')) {
      const value = JSON.parse(token) as string;
      if (/\p{Surrogate}/u.test(value)) return true;
      const scope = scopes.at(-1);
      if (tokens[i + 1] !== ":" || !scope) return false;
      if (scope.has(value)) return true;
      scope.add(value);
    }
    return false;
  });
}

/** Numbers keep their spelling: as texts with a mark in front. */
const marked = (text: string): string =>
  [...text.matchAll(tokenPattern)]
    .map(([, token]) =>
      /^-?\d/.test(token!) ? `"#${token}"` : token!.startsWith('"') ? `"${"$"}${token!.slice(1)}` : token,
    )
    .join("");

function count(value: unknown): number {
  if (typeof value !== "string" || !/^#(0|[1-9]\d*)$/.test(value)) throw new Error("no count");
  const number = Number(value.slice(1));
  if (!Number.isSafeInteger(number)) throw new Error("too large");
  return number;
}

function need(condition: boolean): asserts condition {
  if (!condition) throw new Error("not valid");
}

/** The tensors of a valid safetensors file, else undefined. */
export function safetensorsContent(file: Uint8Array): Reading | undefined {
  try {
    return readSafetensors(Buffer.from(file));
  } catch {
    return undefined;
  }
}

function readSafetensors(file: Buffer): Reading {
  const length = Number(file.readBigUInt64LE(0));
  need(length <= 1e8 && length + 8 <= file.length);
  const raw = file.subarray(8, 8 + length);
  const text = raw.toString("utf8");
  need(Buffer.from(text, "utf8").equals(raw) && text[0] === "{");
  const json = text.replace(/ *$/, "");
  need(json.endsWith("}"));
  JSON.parse(json);
  need(!isOdd(json));
  const header = Object.entries(JSON.parse(marked(json)) as Record<string, any>).map(
    ([k, v]) => [k.slice(1), v] as const,
  );
  const data = file.subarray(8 + length);
  const reading: Reading = new Map();
  const spans: [number, number][] = [];
  for (const [name, entry] of header) {
    need(typeof entry === "object" && entry !== null && !Array.isArray(entry));
    if (name === "__metadata__") {
      need(Object.values(entry).every((value) => typeof value === "string" && value.startsWith("$")));
      continue;
    }
    const [dtype, width] = dtypes[String(entry.$dtype).slice(1)] ?? [];
    need(dtype !== undefined && width !== undefined && String(entry.$dtype).startsWith("$"));
    need(Array.isArray(entry.$shape) && Array.isArray(entry.$data_offsets) && entry.$data_offsets.length === 2);
    const shape: number[] = entry.$shape.map(count);
    const [begin, end]: number[] = entry.$data_offsets.map(count);
    need(
      shape.length <= 64 &&
        shape.reduce((n, s) => n * BigInt(s || 1), BigInt(width)) <= BigInt(Number.MAX_SAFE_INTEGER),
    );
    need(shape.reduce((n, s) => n * s, width) === end! - begin! && end! <= data.length);
    need(dtype !== "bool" || data.subarray(begin, end).every((byte) => byte <= 1));
    spans.push([begin!, end!]);
    const bytes = new Uint8Array(data.subarray(begin, end));
    const isUnsigned = /^\$U(16|32|64)$/.test(String(entry.$dtype));
    const own = isUnsigned ? widened(bytes, width, dtype === "int32" ? 4 : 8) : bytes;
    need(own !== undefined);
    reading.set(name, { dtype, shape, data: own! });
  }
  spans.sort(([a, b], [c, d]) => a - c || b - d);
  need(spans.every(([begin], i) => begin === (spans[i - 1]?.[1] ?? 0)) && (spans.at(-1)?.[1] ?? 0) === data.length);
  return reading;
}

/** Types by their codes in IDX files, which are big-endian. */
const idxTypes: Record<number, [name: string, bytes: number]> = {
  8: ["uint8", 1],
  9: ["int8", 1],
  11: ["int16", 2],
  12: ["int32", 4],
  13: ["float32", 4],
  14: ["float64", 8],
};

/** The bytes of a valid IDX file, else undefined. */
export function idxContent(bytes: Uint8Array): Reading | undefined {
  const file = Buffer.from(bytes);
  const [dtype, width] = idxTypes[file[2] ?? 0] ?? [];
  if (file.length < 4 || file.readUInt16BE(0) !== 0 || dtype === undefined || width === undefined) return undefined;
  const ndim = file[3]!;
  if (ndim === 0 || ndim > 64 || file.length < 4 + 4 * ndim) return undefined;
  const shape = Array.from({ length: ndim }, (_, i) => file.readUInt32BE(4 + 4 * i));
  if (shape.reduce((n, s) => n * (s || 1), 1) >= 2 ** 31) return undefined;
  const data = file.subarray(4 + 4 * ndim);
  if (data.length !== shape.reduce((n, s) => n * s, width)) return undefined;
  const little = new Uint8Array(data);
  for (let at = 0; at < little.length; at += width) little.subarray(at, at + width).reverse();
  return new Map([["", { dtype, shape, data: little }]]);
}

/** The content of a gzip file of one member and nothing else, else undefined. */
export function gunzipStrictly(file: Uint8Array): Uint8Array | undefined {
  try {
    const { buffer, engine } = gunzipSync(file, { info: true, maxOutputLength: 1 << 24 } as object) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    const end = Buffer.from(file).subarray(-8);
    const isOne = engine.bytesWritten === file.length && end.readUInt32LE(4) === buffer.length;
    return isOne ? new Uint8Array(buffer) : undefined;
  } catch {
    return undefined;
  }
}
