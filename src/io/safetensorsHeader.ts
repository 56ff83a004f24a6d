/** The beginning of a safetensors file: what it says of each tensor, written and checked. */

import { type DType, sizeOf } from "../core/dtype";
import { checkElements, type ElementFailure, type ElementType, widthOf } from "../core/elements";
import { ArgumentError, describe, FormatError } from "../core/errors";
import { setOwn } from "../core/record";
import { MAX_AXES, sizeOfShape } from "../core/shape";
import { within } from "../core/signature";
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
const typeOfCode = new Map<string, ElementType>([
  ...Object.entries(codes).map(([dtype, code]) => [code, dtype as DType] as const),
  ["U16", "uint16"],
  ["U32", "uint32"],
  ["U64", "uint64"],
]);
/** Types of the format that no tensor can hold. */
const foreign = /^(F8_\w+|F[46]_\w+|F4|C\d+)$/;

export const LENGTH_BYTES = 8;
/** The limit that the format sets. */
const MAX_HEADER = 100_000_000;
const METADATA = "__metadata__";

/** Where a tensor lies in the bytes after the header. */
export interface Entry {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** A file whose every part was checked. */
export interface Parsed {
  /** In the order of the header. */
  readonly entries: readonly Entry[];
  readonly metadata: ReadonlyMap<string, string>;
  readonly data: Uint8Array;
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

/** A file that is to be written: its beginning, up to the data, and the tensors whose bytes follow in this order. */
export interface Plan {
  readonly header: Uint8Array;
  readonly entries: readonly [name: string, x: Tensor][];
  readonly size: number;
}

/** Says what a file of tensors is made of. @throws ArgumentError for what is no tensor or no text. */
export function layOut(op: string, tensors: unknown, metadata: unknown): Plan {
  return within(op, () => {
    const entries = checkTensors(tensors);
    const texts: Record<string, unknown> = metadata === undefined ? {} : { [METADATA]: checkMetadata(metadata) };
    let end = 0;
    for (const [name, x] of entries) {
      const begin = end;
      end += x.numel() * sizeOf(x.dtype);
      setOwn<unknown>(texts, name, { dtype: codes[x.dtype], shape: x.shape, data_offsets: [begin, end] });
    }
    const header = headerBytes(new TextEncoder().encode(JSON.stringify(texts)));
    return { header, entries, size: header.length + end };
  });
}

/** A header with its length before it, padded to a multiple of 8 bytes. */
function headerBytes(text: Uint8Array): Uint8Array {
  const padded = Math.ceil(text.length / 8) * 8;
  if (padded > MAX_HEADER)
    throw new ArgumentError(
      `safetensors.save: the header takes ${padded} bytes; the format allows ${MAX_HEADER}: use fewer tensors or less metadata`,
    );
  const bytes = new Uint8Array(LENGTH_BYTES + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(text, LENGTH_BYTES);
  return bytes;
}

/** The bytes of the header, which stand at the beginning. @throws FormatError unless a file of `size` bytes can hold them. */
export function headerLength(start: Uint8Array, size: number): number {
  if (size < LENGTH_BYTES) throw new FormatError(`safetensors: the file ends after ${size} bytes, before its header`);
  const length = Number(new DataView(start.buffer, start.byteOffset).getBigUint64(0, true));
  if (length > MAX_HEADER || LENGTH_BYTES + length > size)
    throw new FormatError(
      `safetensors: the header claims ${length} bytes, but the file has ${size}: it is truncated, or no safetensors file`,
    );
  return length;
}

/** The text of a header. */
export function headerText(bytes: Uint8Array): string {
  try {
    // A byte order mark stays in the text, where it is no beginning of an object.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new FormatError("safetensors: the header is no UTF-8 text: the file is damaged, or no safetensors file", {
      cause: error,
    });
  }
}

/** The text of the header, and where the data begins. */
function readHeader(file: Uint8Array): { text: string; dataStart: number } {
  const dataStart = LENGTH_BYTES + headerLength(file, file.length);
  // Text cannot be decoded from memory that threads share.
  return { text: headerText(new Uint8Array(file.subarray(LENGTH_BYTES, dataStart))), dataStart };
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
  const type = typeof code === "string" ? typeOfCode.get(code) : undefined;
  if (typeof code === "string" && foreign.test(code))
    throw fail(`its dtype ${code} is one that no tensor has here; convert it, in Python by x.to(torch.float32)`);
  if (type === undefined) throw fail(`unknown dtype ${describe(code)}`);
  if (!Array.isArray(shape) || !shape.every(isSize)) throw fail(`invalid shape ${listText(shape)}`);
  if (shape.length > MAX_AXES) throw fail(`${shape.length} axes; a tensor has at most ${MAX_AXES}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize))
    throw fail(`invalid data_offsets ${listText(offsets)}`);
  // Sizes of 0 do not hide an overflow of the others: strides count them as 1.
  if (shape.reduce((n, size) => n * Math.max(size, 1), widthOf(type)) > Number.MAX_SAFE_INTEGER)
    throw fail(`the sizes of shape [${shape}] overflow`);
  const [begin, end] = offsets as [number, number];
  if (end > dataBytes) throw fail(`its data ends at byte ${end}, but the file has only ${dataBytes}: it is truncated`);
  if (end - begin !== sizeOfShape(shape) * widthOf(type))
    throw fail(`${end - begin} bytes do not hold ${type} elements of shape [${shape}]`);
  return { name, type, shape, begin, end };
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

/** What is wrong with an element of a tensor. */
export const elementFailure =
  (name: string): ElementFailure =>
  (index, why) =>
    new FormatError(`safetensors: tensor ${JSON.stringify(name.slice(0, 200))}: element ${index} ${why}`);

function checkTexts(entry: Json | undefined): ReadonlyMap<string, string> {
  if (entry === undefined) return new Map();
  const isText = entry instanceof Map && [...entry.values()].every((value) => typeof value === "string");
  if (!isText) throw new FormatError(`safetensors: ${METADATA} must map texts to texts, got ${describe(entry)}`);
  return entry as ReadonlyMap<string, string>;
}

/** What the text of a header says, which is followed by so many bytes of data. */
export function parseText(text: string, dataBytes: number): Omit<Parsed, "data"> {
  const header = parseHeader(text);
  const texts = checkTexts(header.get(METADATA));
  const entries = [...header]
    .filter(([name]) => name !== METADATA)
    .map(([name, entry]) => checkEntry(name, entry, dataBytes));
  checkCover(entries, dataBytes);
  return { entries, metadata: texts };
}

/** Checks all of a file. Nothing is allocated before. */
export function parse(op: string, file: unknown): Parsed {
  if (!(file instanceof Uint8Array))
    throw new ArgumentError(`${op}: takes the bytes of a file, a Uint8Array, got ${describe(file)}`);
  const { text, dataStart } = readHeader(file);
  const data = file.subarray(dataStart);
  const parsed = parseText(text, data.length);
  for (const { name, type, begin, end } of parsed.entries)
    checkElements(type, data.subarray(begin, end), elementFailure(name));
  return { ...parsed, data };
}
