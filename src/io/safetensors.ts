/**
 * The safetensors format: a JSON header that says where each tensor lies, then raw little-endian bytes.
 * @see https://github.com/huggingface/safetensors
 */

import { type DType, sizeOf } from "../core/dtype";
import { ArgumentError, describe, FormatError } from "../core/errors";
import { setOwn } from "../core/record";
import { MAX_AXES, sizeOfShape } from "../core/shape";
import { named, namedAsync } from "../core/signature";
import { readBytes, writeBytes } from "../platform/files";
import { allocate } from "../tensor/create";
import { Tensor } from "../tensor/tensor";
import { isWellFormed, type Json, parseJson } from "./json";

const codes: Record<DType, string> = {
  float32: "F32",
  float64: "F64",
  float16: "F16",
  bfloat16: "BF16",
  int64: "I64",
  int32: "I32",
  int16: "I16",
  int8: "I8",
  uint8: "U8",
  bool: "BOOL",
};
const dtypeOfCode = new Map(Object.entries(codes).map(([dtype, code]) => [code, dtype as DType]));

const LENGTH_BYTES = 8;
/** The limit that the format sets. */
const MAX_HEADER = 100_000_000;
const METADATA = "__metadata__";

/** Where a tensor lies in the bytes after the header. */
interface Entry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** A file whose every part was checked. */
interface Parsed {
  /** In the order of the header. */
  readonly entries: readonly Entry[];
  readonly metadata: ReadonlyMap<string, string>;
  readonly data: Uint8Array;
}

/** The bytes of a tensor in row-major order, little-endian. */
function bytesOf(x: Tensor): Uint8Array {
  const own = x.detach();
  const dense = own.contiguous();
  const bytes = sizeOf(x.dtype);
  const view = x.storage.backend.view(dense.storage.block, "uint8", dense.offset * bytes, x.numel() * bytes);
  const copy = new Uint8Array(view as Uint8Array);
  dense.dispose();
  own.dispose();
  return copy;
}

function checkName(what: string, name: string): void {
  if (!isWellFormed(name))
    throw new ArgumentError(
      `safetensors.save: ${what} ${JSON.stringify(name)} has half of a surrogate pair, which is no text`,
    );
}

/** @throws ArgumentError unless every value is a text. */
function checkMetadata(metadata: unknown): Record<string, string> {
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata) || metadata instanceof Map)
    throw new ArgumentError(`safetensors.save: metadata must be an object of texts, got ${describe(metadata)}`);
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value !== "string")
      throw new ArgumentError(`safetensors.save: metadata "${name}" must be a text, got ${describe(value)}`);
    checkName("the metadata name", name);
    checkName(`the metadata "${name}"`, value);
  }
  return metadata as Record<string, string>;
}

/** @throws ArgumentError unless every value is a tensor under a name that a file can hold. */
function checkTensors(tensors: unknown): [name: string, x: Tensor][] {
  if (typeof tensors !== "object" || tensors === null || tensors instanceof Tensor || Symbol.iterator in tensors)
    throw new ArgumentError(`safetensors.save: takes an object of tensors by name, got ${describe(tensors)}`);
  const entries = Object.entries(tensors);
  for (const [name, x] of entries) {
    if (!(x instanceof Tensor))
      throw new ArgumentError(`safetensors.save: "${name}" must be a Tensor, got ${describe(x)}`);
    if (name === METADATA) throw new ArgumentError(`safetensors.save: a tensor cannot be named "${METADATA}"`);
    checkName("the name", name);
    x.assertAlive("safetensors.save");
  }
  return entries;
}

/**
 * The bytes of a safetensors file.
 * @param metadata Text entries for the header.
 * @see safetensors.torch.save
 * @throws ArgumentError for what is no tensor or no text.
 */
export const save = named(
  "safetensors.save",
  "tensors{}, metadata{}?",
  (tensors: Readonly<Record<string, Tensor>>, metadata?: Readonly<Record<string, string>>): Uint8Array => {
    const entries = checkTensors(tensors);
    const header: Record<string, unknown> = metadata === undefined ? {} : { [METADATA]: checkMetadata(metadata) };
    const parts: Uint8Array[] = [];
    let end = 0;
    for (const [name, x] of entries) {
      const bytes = bytesOf(x);
      setOwn<unknown>(header, name, {
        dtype: codes[x.dtype],
        shape: x.shape,
        data_offsets: [end, end + bytes.length],
      });
      end += bytes.length;
      parts.push(bytes);
    }
    return joined(new TextEncoder().encode(JSON.stringify(header)), parts, end);
  },
);

/** Header and data as one file; the header is padded to a multiple of 8 bytes. */
function joined(header: Uint8Array, parts: readonly Uint8Array[], dataBytes: number): Uint8Array {
  const padded = Math.ceil(header.length / 8) * 8;
  if (padded > MAX_HEADER)
    throw new ArgumentError(
      `safetensors.save: the header takes ${padded} bytes; the format allows ${MAX_HEADER}: use fewer tensors or less metadata`,
    );
  const file = new Uint8Array(LENGTH_BYTES + padded + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(padded), true);
  file.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + padded);
  file.set(header, LENGTH_BYTES);
  let at = LENGTH_BYTES + padded;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

/** The text of the header, and where the data begins. */
function readHeader(file: Uint8Array): { text: string; dataStart: number } {
  if (file.length < LENGTH_BYTES)
    throw new FormatError(`safetensors: the file ends after ${file.length} bytes, before its header`);
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  if (length > MAX_HEADER || LENGTH_BYTES + length > file.length)
    throw new FormatError(
      `safetensors: the header claims ${length} bytes, but the file has ${file.length}: it is truncated, or no safetensors file`,
    );
  const dataStart = LENGTH_BYTES + length;
  try {
    // A byte order mark stays in the text, where it is no beginning of an object.
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return { text: decoder.decode(file.slice(LENGTH_BYTES, dataStart)), dataStart };
  } catch (error) {
    throw new FormatError("safetensors: the header is no UTF-8 text: the file is damaged, or no safetensors file", {
      cause: error,
    });
  }
}

/** The entries of the header. @throws FormatError unless it is one JSON object, padded with spaces only. */
function parseHeader(text: string): ReadonlyMap<string, Json> {
  const fail = (why: string, cause?: unknown) =>
    new FormatError(
      `safetensors: the header is not a JSON object: ${why}: the file is damaged, or no safetensors file`,
      { cause },
    );
  if (!text.startsWith("{")) throw fail('it does not begin with "{"');
  let parsed: ReturnType<typeof parseJson>;
  try {
    parsed = parseJson(text);
  } catch (error) {
    throw fail((error as Error).message, error);
  }
  if (!/^ *$/.test(text.slice(parsed.end))) throw fail("something other than spaces follows it");
  return parsed.value as ReadonlyMap<string, Json>;
}

const isSize = (value: Json): value is number => typeof value === "number";

/** @throws FormatError saying what is wrong with the entry of `name`. */
function checkEntry(name: string, entry: Json, dataBytes: number): Entry {
  const fail = (why: string) => new FormatError(`safetensors: tensor ${JSON.stringify(name.slice(0, 200))}: ${why}`);
  if (!(entry instanceof Map)) throw fail(`expected { dtype, shape, data_offsets }, got ${describe(entry)}`);
  const [code, shape, offsets] = ["dtype", "shape", "data_offsets"].map((key) => entry.get(key));
  const dtype = typeof code === "string" ? dtypeOfCode.get(code) : undefined;
  if (dtype === undefined) throw fail(`unknown dtype ${describe(code)}`);
  if (!Array.isArray(shape) || !shape.every(isSize)) throw fail(`invalid shape ${listText(shape)}`);
  if (shape.length > MAX_AXES) throw fail(`${shape.length} axes; a tensor has at most ${MAX_AXES}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize))
    throw fail(`invalid data_offsets ${listText(offsets)}`);
  // Sizes of 0 do not hide an overflow of the others: strides count them as 1.
  if (shape.reduce((n, size) => n * Math.max(size, 1), sizeOf(dtype)) > Number.MAX_SAFE_INTEGER)
    throw fail(`the sizes of shape [${shape}] overflow`);
  const [begin, end] = offsets as [number, number];
  if (end > dataBytes) throw fail(`its data ends at byte ${end}, but the file has only ${dataBytes}: it is truncated`);
  if (end - begin !== sizeOfShape(shape) * sizeOf(dtype))
    throw fail(`${end - begin} bytes do not hold ${dtype} elements of shape [${shape}]`);
  return { name, dtype, shape, begin, end };
}

const listText = (value: Json | undefined): string =>
  Array.isArray(value) && value.length <= 8 ? `[${value.map(String).join(", ")}]` : describe(value);

/** @throws FormatError unless the entries cover all of the data, without holes and without overlaps. */
function checkCover(entries: readonly Entry[], dataBytes: number): void {
  const sorted = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  for (const entry of sorted) {
    if (entry.begin !== end)
      throw new FormatError(
        `safetensors: tensor "${entry.name}" begins at byte ${entry.begin}, but the tensor before it ends at byte ${end}: ` +
          `data must have no ${entry.begin > end ? "holes" : "overlaps"}`,
      );
    end = entry.end;
  }
  if (end !== dataBytes)
    throw new FormatError(
      `safetensors: the tensors end at byte ${end}, but ${dataBytes} bytes follow the header: data must belong to tensors`,
    );
}

/** @throws FormatError unless every byte of a bool tensor is 0 or 1: kernels rely on it. */
function checkBools({ name, dtype, begin, end }: Entry, data: Uint8Array): void {
  if (dtype !== "bool") return;
  const at = data.subarray(begin, end).findIndex((byte) => byte > 1);
  if (at >= 0)
    throw new FormatError(`safetensors: tensor "${name}": element ${at} is ${data[begin + at]}; a bool is 0 or 1`);
}

function checkTexts(entry: Json | undefined): ReadonlyMap<string, string> {
  if (entry === undefined) return new Map();
  const isText = entry instanceof Map && [...entry.values()].every((value) => typeof value === "string");
  if (!isText) throw new FormatError(`safetensors: ${METADATA} must map texts to texts, got ${describe(entry)}`);
  return entry as ReadonlyMap<string, string>;
}

/** Checks all of a file. Nothing is allocated before. */
function parse(op: string, file: unknown): Parsed {
  if (!(file instanceof Uint8Array))
    throw new ArgumentError(`${op}: takes the bytes of a file, a Uint8Array, got ${describe(file)}`);
  const { text, dataStart } = readHeader(file);
  const header = parseHeader(text);
  const data = file.subarray(dataStart);
  const texts = checkTexts(header.get(METADATA));
  const entries = [...header]
    .filter(([name]) => name !== METADATA)
    .map(([name, entry]) => checkEntry(name, entry, data.length));
  checkCover(entries, data.length);
  for (const entry of entries) checkBools(entry, data);
  return { entries, metadata: texts, data };
}

/**
 * The tensors of a safetensors file, by name, in the order of the header. The file is read as the format's specification says: names
 * occur once, and the tensors cover all of the data, without holes, overlaps or bytes that follow.
 * @see safetensors.torch.load
 * @throws FormatError if the bytes are truncated, damaged, or no safetensors file; nothing is allocated then.
 */
export const load = named("safetensors.load", "file", (file: Uint8Array): Record<string, Tensor> => {
  const { entries, data } = parse("safetensors.load", file);
  const tensors: Record<string, Tensor> = {};
  let isWhole = false;
  try {
    for (const { name, dtype, shape, begin, end } of entries) {
      const x = allocate(shape, dtype);
      x.storage.backend.write(x.storage.block, "uint8", 0, data.subarray(begin, end));
      setOwn(tensors, name, x);
    }
    isWhole = true;
  } finally {
    // Where memory ends halfway, what was read before is given back.
    if (!isWhole) for (const x of Object.values(tensors)) x.dispose();
  }
  return tensors;
});

/** The text entries in the header of a safetensors file. @throws FormatError as {@link load} does. */
export const metadata = named("safetensors.metadata", "file", (file: Uint8Array): Record<string, string> => {
  const texts: Record<string, string> = {};
  for (const [name, value] of parse("safetensors.metadata", file).metadata) setOwn(texts, name, value);
  return texts;
});

/** Writes tensors to a safetensors file, whole or not at all. @see safetensors.torch.save_file @example await safetensors.saveFile(model.stateDict(), "model.safetensors"); */
export const saveFile = namedAsync(
  "safetensors.saveFile",
  "tensors{}, path, metadata{}?",
  async (
    tensors: Readonly<Record<string, Tensor>>,
    path: string | URL,
    metadata?: Readonly<Record<string, string>>,
  ): Promise<void> => {
    await writeBytes("safetensors.saveFile", path, save(tensors, metadata));
  },
);

/** Reads the tensors of a safetensors file. @see safetensors.torch.load_file @throws FormatError with the path, as {@link load} does. */
export const loadFile = namedAsync(
  "safetensors.loadFile",
  "path",
  async (path: string | URL): Promise<Record<string, Tensor>> => {
    const bytes = await readBytes("safetensors.loadFile", path);
    try {
      return load(bytes);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      throw new FormatError(`${error.message} (in "${path}")`, { cause: error });
    }
  },
);
