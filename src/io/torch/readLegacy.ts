/** The format of PyTorch before version 1.6: pickles one after the other, then the bytes of each storage after their number. */
import { describe, FormatError } from "../../core/errors";
import type { RandomAccessFile } from "../../platform/randomAccess";
import { Reader } from "../pickle/machine";
import type { TorchBuilder } from "./builder";
import type { Opened } from "./readZip";
import type { StorageRef } from "./refs";

const PIECE = 4 << 20;
/** Bytes that are tried first for a pickle, whose length is written nowhere. */
const FIRST_GUESS = 1 << 16;
const MOST_PICKLE = 256 << 20;
const MAGIC = BigInt("0x1950a86a20f9469cfc6c");
const PROTOCOL = 1001;
/** A number of 8 bytes before the elements of a storage. */
const COUNT_BYTES = 8;

/** Runs the pickle at `start`. @returns Its value and the place after it. */
export async function pickleAt(file: RandomAccessFile, start: number, builder: TorchBuilder) {
  for (let length = FIRST_GUESS; ; length *= 8) {
    const rest = file.size - start;
    const bytes = await file.read(start, Math.min(length, rest));
    // What an attempt names before it ends early, the next names again.
    const reader = new Reader(file.path, bytes, builder, start);
    try {
      const value = reader.run();
      return { reader, value, end: start + reader.at };
    } catch (error) {
      // Too little was read of it.
      if (!(error instanceof FormatError) || !reader.isShort || length >= Math.min(rest, MOST_PICKLE)) throw error;
    }
  }
}

/** Whether a file begins as this format does: with a pickle of its magic number. */
export const isLegacy = (start: Uint8Array): boolean =>
  start[0] === 0x80 && start[1]! <= 5 && start[2] === 0x8a && start[3] === 10;

/** Reads all but the storages. @throws FormatError naming the file if it is damaged or holds what is not read. */
export async function openLegacy(file: RandomAccessFile, builder: TorchBuilder): Promise<Opened> {
  const magic = await pickleAt(file, 0, builder);
  if (magic.value !== MAGIC)
    throw new FormatError(`"${file.path}" is no checkpoint of PyTorch: its magic number differs`);
  const protocol = await pickleAt(file, magic.end, builder);
  if (protocol.value !== PROTOCOL)
    throw new FormatError(`"${file.path}": invalid protocol version ${describe(protocol.value)}`);
  const system = await pickleAt(file, protocol.end, builder);
  const isBigEndian = system.value instanceof Map && system.value.get("little_endian") === false;
  const { reader, value, end } = await pickleAt(file, system.end, builder);
  const keys = await pickleAt(file, end, builder);
  const places = await placesOf(file, keys.end, keys.value, builder);
  const contents = places.map(([ref, start]) => [ref, () => piecesOf(file, start, ref.bytes)] as const);
  return { reader, value, contents, isBigEndian };
}

/** Where the bytes of each storage are. */
async function placesOf(
  file: RandomAccessFile,
  start: number,
  keys: unknown,
  { storages }: TorchBuilder,
): Promise<[StorageRef, number][]> {
  const fail = (why: string): never => {
    throw new FormatError(`"${file.path}" cannot be read: ${why}: it is truncated or damaged`);
  };
  if (!Array.isArray(keys) || new Set(keys).size !== storages.size) return fail("its storages are not those it uses");
  const places: [StorageRef, number][] = [];
  let at = start;
  for (const key of new Set(keys)) {
    const name = typeof key === "string" ? key : describe(key);
    const ref = storages.get(name) ?? fail("its storages are not those it uses");
    const header = await file.read(at, COUNT_BYTES);
    const count = new DataView(header.buffer, header.byteOffset).getBigInt64(0, true);
    if (count !== BigInt(ref.count)) fail(`storage ${name} has ${count} elements instead of ${ref.count}`);
    at += COUNT_BYTES;
    if (at + ref.bytes > file.size) fail(`storage ${name} ends early`);
    places.push([ref, at]);
    at += ref.bytes;
  }
  return places;
}

async function* piecesOf(file: RandomAccessFile, start: number, count: number): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(Math.min(PIECE, count));
  for (let at = 0; at < count; at += PIECE) yield await file.read(start + at, Math.min(PIECE, count - at), buffer);
}
