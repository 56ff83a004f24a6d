/**
 * A checkpoint as the bytes of a safetensors file, which other programs can read: its tensors under the path at which they stand, plain
 * values as JSON in the header, and a checksum of everything before as the last tensor.
 */
import { FormatError, StateError } from "../core/errors";
import { load, metadata, save } from "../io/safetensors";
import { crc32 } from "../platform/archives/crc32";
import type { Tensor } from "../tensor/tensor";
import { decode, Encoder, tensorOfBytes } from "./values";

/** The entry of the header that holds the values. */
const VALUES = "kindling.checkpoint";
const CHECKSUM = "~crc32";
const CHECKSUM_BYTES = 4;
const VERSION = 1;

type Tensors = Readonly<Record<string, Tensor>>;

/**
 * The bytes of a file with these values as they are now. They are there when this returns, unless a tensor is on a device that cannot be read at once:
 * then a promise of them is.
 * @throws ArgumentError for what no file can hold.
 */
export function packFile(op: string, state: Readonly<Record<string, unknown>>): Uint8Array | Promise<Uint8Array> {
  const encoder = new Encoder(op);
  try {
    const values: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(state)) values[name] = encoder.encode(value, name);
    const text = JSON.stringify({ version: VERSION, state: values });
    const { tensors } = encoder;
    if (Object.values(tensors).every((x) => x.storage.backend.readsAtOnce)) return bytesOf(tensors, text);
    return bytesLater(tensors, text);
  } finally {
    encoder.close();
  }
}

function bytesOf(tensors: Tensors, text: string): Uint8Array {
  const room = tensorOfBytes(new Uint8Array(CHECKSUM_BYTES));
  try {
    const bytes = save({ ...tensors, [CHECKSUM]: room }, { [VALUES]: text });
    checksumOf(bytes).setUint32(0, crc32(bytes.subarray(0, -CHECKSUM_BYTES)), true);
    return bytes;
  } finally {
    room.dispose();
  }
}

/** Copies all tensors before it waits. */
async function bytesLater(tensors: Tensors, text: string): Promise<Uint8Array> {
  const copying = Object.entries(tensors).map(async ([name, x]) => {
    const own = x.detach();
    const copy = own.storage.backend.readsAtOnce ? own.clone() : own.cpu();
    own.dispose();
    return [name, await copy] as const;
  });
  const settled = await Promise.allSettled(copying);
  const copies = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  try {
    const failed = settled.find((one) => one.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return bytesOf(Object.fromEntries(copies), text);
  } finally {
    for (const [, x] of copies) x.dispose();
  }
}

const checksumOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset + bytes.length - CHECKSUM_BYTES, CHECKSUM_BYTES);

/** What a file holds. */
export interface Contents {
  readonly state: Readonly<Record<string, any>>;
  /** All tensors of the state. */
  readonly tensors: Readonly<Record<string, Tensor>>;
}

/**
 * What {@link packFile} made bytes of.
 * @throws FormatError for damaged bytes, StateError for those of a later version of the library.
 */
export function unpackFile(bytes: Uint8Array): Contents {
  // All of a header's sizes are within the file once this holds.
  if (
    bytes.length <= CHECKSUM_BYTES ||
    checksumOf(bytes).getUint32(0, true) !== crc32(bytes.subarray(0, -CHECKSUM_BYTES))
  )
    throw new FormatError("its checksum differs: it is truncated or damaged, or no checkpoint");
  const text = metadata(bytes)[VALUES];
  if (text === undefined) throw new FormatError("it has no values of a checkpoint");
  const { version, state } = parse(text);
  if (version !== VERSION)
    throw new StateError(
      `it was written by another version of the library (format ${version}, this one reads ${VERSION})`,
    );
  const { [CHECKSUM]: sum, ...tensors } = load(bytes);
  sum?.dispose();
  try {
    return { state: decode(state, tensors) as Record<string, unknown>, tensors };
  } catch (error) {
    for (const x of Object.values(tensors)) if (x.isAlive) x.dispose();
    throw error;
  }
}

function parse(text: string): { version: unknown; state: unknown } {
  try {
    const { version, state } = JSON.parse(text) as { version: unknown; state: unknown };
    if (version !== VERSION || (typeof state === "object" && state !== null && !Array.isArray(state)))
      return { version, state };
  } catch {
    // Said below.
  }
  throw new FormatError("its values are no JSON object");
}
