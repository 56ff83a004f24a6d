/**
 * The safetensors format: a JSON header that says where each tensor lies, then raw little-endian bytes.
 * @see https://github.com/huggingface/safetensors
 */
import { type DType, sizeOf } from "../core/dtype";
import { ArgumentError, describe, FormatError } from "../core/errors";
import { sizeOfShape } from "../core/shape";
import { readBytes, writeBytes } from "../platform/files";
import { allocate } from "../tensor/create";
import { Tensor } from "../tensor/tensor";

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
/** The limit that the reference implementation sets. */
const MAX_HEADER = 100_000_000;

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** The bytes of a tensor in row-major order, little-endian. */
function bytesOf(x: Tensor): Uint8Array {
  const dense = x.detach().contiguous();
  const view = x.storage.backend.view(
    dense.storage.block,
    "uint8",
    dense.offset * sizeOf(x.dtype),
    x.numel() * sizeOf(x.dtype),
  );
  return new Uint8Array(view as Uint8Array);
}

/**
 * The bytes of a safetensors file.
 * @param metadata Text entries for the header.
 * @see safetensors.torch.save
 */
export function save(
  tensors: Readonly<Record<string, Tensor>>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const header: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata };
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const [name, x] of Object.entries(tensors)) {
    if (!(x instanceof Tensor))
      throw new ArgumentError(`safetensors.save: "${name}" must be a Tensor, got ${describe(x)}`);
    if (name === "__metadata__") throw new ArgumentError('safetensors.save: a tensor cannot be named "__metadata__"');
    const bytes = bytesOf(x);
    header[name] = { dtype: codes[x.dtype], shape: x.shape, data_offsets: [end, end + bytes.length] };
    end += bytes.length;
    parts.push(bytes);
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(LENGTH_BYTES + padded + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(padded), true);
  file.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + padded);
  file.set(text, LENGTH_BYTES);
  let at = LENGTH_BYTES + padded;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

function parseHeader(file: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (file.length < LENGTH_BYTES)
    throw new FormatError(`safetensors: the file ends after ${file.length} bytes, before its header`);
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  if (length > MAX_HEADER || LENGTH_BYTES + length > file.length)
    throw new FormatError(
      `safetensors: the header claims ${length} bytes, but the file has ${file.length}: it is truncated, or no safetensors file`,
    );
  const text = new TextDecoder().decode(file.slice(LENGTH_BYTES, LENGTH_BYTES + length));
  try {
    const header: unknown = JSON.parse(text);
    if (typeof header === "object" && header !== null && !Array.isArray(header))
      return { header: header as Record<string, unknown>, dataStart: LENGTH_BYTES + length };
  } catch {
    // Reported below, together with a header of another kind.
  }
  throw new FormatError("safetensors: the header is not a JSON object: the file is damaged, or no safetensors file");
}

/** @throws FormatError saying what is wrong with the entry of `name`. */
function checkEntry(
  name: string,
  entry: unknown,
  dataBytes: number,
): { dtype: DType; shape: number[]; begin: number; end: number } {
  const { dtype: code, shape, data_offsets: offsets } = (entry ?? {}) as Partial<Entry>;
  const fail = (why: string) => new FormatError(`safetensors: tensor "${name}": ${why}`);
  const dtype = dtypeOfCode.get(String(code));
  if (dtype === undefined) throw fail(`unknown dtype ${describe(code)}`);
  if (!Array.isArray(shape) || !shape.every((n) => Number.isSafeInteger(n) && n >= 0))
    throw fail(`invalid shape ${describe(shape)}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every((n) => Number.isSafeInteger(n) && n >= 0))
    throw fail(`invalid data_offsets ${describe(offsets)}`);
  const [begin, end] = offsets;
  if (end > dataBytes) throw fail(`its data ends at byte ${end}, but the file has only ${dataBytes}: it is truncated`);
  if (end - begin !== sizeOfShape(shape) * sizeOf(dtype))
    throw fail(`${end - begin} bytes do not hold ${dtype} elements of shape [${shape}]`);
  return { dtype, shape, begin, end };
}

/**
 * The tensors of a safetensors file, by name, in the order of the header.
 * @see safetensors.torch.load
 * @throws FormatError if the bytes are truncated, damaged, or no safetensors file.
 */
export function load(file: Uint8Array): Record<string, Tensor> {
  const { header, dataStart } = parseHeader(file);
  const tensors: Record<string, Tensor> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const { dtype, shape, begin, end } = checkEntry(name, entry, file.length - dataStart);
    const x = allocate(shape, dtype);
    x.storage.backend.write(x.storage.block, "uint8", 0, file.subarray(dataStart + begin, dataStart + end));
    tensors[name] = x;
  }
  return tensors;
}

/** The text entries in the header of a safetensors file. */
export function metadata(file: Uint8Array): Record<string, string> {
  return (parseHeader(file).header.__metadata__ as Record<string, string> | undefined) ?? {};
}

/** Writes tensors to a safetensors file. @see safetensors.torch.save_file @example await safetensors.saveFile(model.stateDict(), "model.safetensors"); */
export async function saveFile(
  tensors: Readonly<Record<string, Tensor>>,
  path: string | URL,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  await writeBytes(path, save(tensors, metadata));
}

/** Reads the tensors of a safetensors file. @see safetensors.torch.load_file */
export async function loadFile(path: string | URL): Promise<Record<string, Tensor>> {
  return load(await readBytes(path));
}
