/** Zip archives, by their central directory: files that are stored or deflated. */

import { Crc32, MOST_INFLATION } from "../files";
import { damaged, inflated, pieces, type Sink, type Source, safeName } from "./unpacking";

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
/** Bytes of the end of the directory without its comment, which has at most 65,535. */
const END_BYTES = 22;
/** Bytes of an entry of the directory without its name. */
const ENTRY_BYTES = 46;
/** What stands for a number that has a place of its own, of 8 bytes (zip64). */
const WIDE = 0xffffffff;
const LONG_END = 0x06064b50;
const LONG_END_BYTES = 56;
const LOCATOR = 0x07064b50;
const LOCATOR_BYTES = 20;
/** Bytes of a directory beyond which it is taken for damage. */
const MOST_DIRECTORY = 256 << 20;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Where the directory is. */
async function directoryOf(source: Source): Promise<{ count: number; size: number; start: number }> {
  const { path, size } = source;
  const length = Math.min(size, END_BYTES + 65535);
  const tail = await source.read(size - length, length);
  const view = viewOf(tail);
  for (let at = length - END_BYTES; at >= 0; at--) {
    if (view.getUint32(at, true) !== END || at + END_BYTES + view.getUint16(at + 20, true) !== length) continue;
    const short = {
      count: view.getUint16(at + 10, true),
      size: view.getUint32(at + 12, true),
      start: view.getUint32(at + 16, true),
    };
    const isLong = short.count === 0xffff || short.size === WIDE || short.start === WIDE;
    const found = isLong ? await longDirectoryOf(source, size - length + at) : short;
    if (found.start + found.size > size || found.size > MOST_DIRECTORY || found.count * ENTRY_BYTES > found.size)
      throw damaged(path, "its directory lies outside");
    return found;
  }
  throw damaged(path, "it has no directory at its end");
}

/** Where the directory of a large archive is, which is said before its end. */
async function longDirectoryOf(source: Source, end: number): Promise<{ count: number; size: number; start: number }> {
  const fail = () => damaged(source.path, "its directory lies outside");
  if (end < LOCATOR_BYTES) throw fail();
  const locator = viewOf(await source.read(end - LOCATOR_BYTES, LOCATOR_BYTES));
  const at = wide(source.path, locator, 8);
  if (locator.getUint32(0, true) !== LOCATOR || at + LONG_END_BYTES > end) throw fail();
  const view = viewOf(await source.read(at, LONG_END_BYTES));
  if (view.getUint32(0, true) !== LONG_END) throw fail();
  return {
    count: wide(source.path, view, 32),
    size: wide(source.path, view, 40),
    start: wide(source.path, view, 48),
  };
}

/** A number of 8 bytes. */
function wide(path: string, view: DataView, at: number): number {
  const value = Number(view.getBigUint64(at, true));
  if (!Number.isSafeInteger(value)) throw damaged(path, "a number in it is absurd");
  return value;
}

/** A file as the directory has it. */
export interface ZipEntry {
  readonly name: string;
  /** 0: stored, 8: deflated; others are not read. */
  readonly method: number;
  readonly crc: number;
  /** Bytes in the archive. */
  readonly packed: number;
  /** Bytes of the content. */
  readonly size: number;
  /** Where the header before the content is. */
  readonly start: number;
  readonly isLink: boolean;
  readonly isEncrypted: boolean;
}

function* entriesOf(path: string, directory: Uint8Array, count: number): Generator<ZipEntry> {
  const view = viewOf(directory);
  for (let i = 0, at = 0; i < count; i++) {
    if (at + ENTRY_BYTES > directory.length || view.getUint32(at, true) !== ENTRY)
      throw damaged(path, "its directory ends early");
    const [nameLength, extra, comment] = [28, 30, 32].map((k) => view.getUint16(at + k, true)) as [
      number,
      number,
      number,
    ];
    const end = at + ENTRY_BYTES + nameLength;
    if (end + extra > directory.length) throw damaged(path, "its directory ends early");
    yield {
      name: new TextDecoder().decode(directory.subarray(at + ENTRY_BYTES, end)),
      isEncrypted: (view.getUint16(at + 8, true) & 1) !== 0,
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      isLink: view.getUint32(at + 38, true) >>> 28 === 10,
      ...placesOf(path, view, at, directory.subarray(end, end + extra)),
    };
    at = end + extra + comment;
  }
}

/** Sizes and the place of an entry. Those that are too large for its fields are in its extra field, in this order. */
function placesOf(path: string, view: DataView, at: number, extra: Uint8Array) {
  const [packed, size, start] = [20, 24, 42].map((k) => view.getUint32(at + k, true)) as [number, number, number];
  if (packed !== WIDE && size !== WIDE && start !== WIDE) return { packed, size, start };
  const field = longField(path, extra);
  let next = 0;
  const of = (short: number): number => {
    if (short !== WIDE) return short;
    if (next + 8 > field.byteLength) throw damaged(path, "the size of a file in it is missing");
    next += 8;
    return wide(path, field, next - 8);
  };
  const wideSize = of(size);
  const widePacked = of(packed);
  return { packed: widePacked, size: wideSize, start: of(start) };
}

/** The numbers of 8 bytes among the extra fields of an entry; none if there are none. */
function longField(path: string, extra: Uint8Array): DataView {
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = view.getUint16(at + 2, true);
    if (at + 4 + length > extra.length) throw damaged(path, "its directory ends early");
    if (view.getUint16(at, true) === 1) return viewOf(extra.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return viewOf(new Uint8Array(0));
}

/** The files of an archive, by its directory. Nothing is said of their content. @throws FormatError if the directory is damaged. */
export async function readDirectory(source: Source): Promise<ZipEntry[]> {
  const { count, size, start } = await directoryOf(source);
  return [...entriesOf(source.path, await source.read(start, size), count)];
}

/** @throws FormatError for a file that is encrypted or packed in another way. */
export function checkReadable(path: string, entry: ZipEntry): void {
  if (entry.isEncrypted || entry.isLink || (entry.method !== 0 && entry.method !== 8))
    throw damaged(
      path,
      `${JSON.stringify(entry.name)} in it is encrypted, a link, or packed in a way that is not read`,
    );
  // Deflate packs nothing closer.
  if (entry.method === 0 ? entry.size !== entry.packed : entry.size > entry.packed * MOST_INFLATION)
    throw damaged(path, `the size of ${JSON.stringify(entry.name)} in it cannot be`);
}

/** Where the content of a file begins. */
export async function contentStart(source: Source, entry: ZipEntry): Promise<number> {
  const { path } = source;
  const header = viewOf(await source.read(entry.start, 30));
  if (header.getUint32(0, true) !== LOCAL) throw damaged(path, `${JSON.stringify(entry.name)} in it has no header`);
  const start = entry.start + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  if (start + entry.packed > source.size) throw damaged(path, `${JSON.stringify(entry.name)} in it ends early`);
  return start;
}

/** The content of a file, whose size and checksum are looked at. A piece is to be used before the next is asked for. */
export async function* contentOf(source: Source, entry: ZipEntry): AsyncGenerator<Uint8Array> {
  const { path } = source;
  const start = await contentStart(source, entry);
  const packed = pieces(source, start, start + entry.packed);
  const checksum = new Crc32();
  let size = 0;
  for await (const piece of entry.method === 0 ? packed : inflated(path, packed, "deflate-raw")) {
    size += piece.length;
    if (size > entry.size) break;
    checksum.update(piece);
    yield piece;
  }
  if (size !== entry.size || checksum.value !== entry.crc)
    throw damaged(path, `the size or the checksum of ${JSON.stringify(entry.name)} in it differs`);
}

/** Gives the files of an archive to a sink. @throws FormatError if it is damaged, encrypted, or packed in another way. */
export async function unzip(source: Source, sink: Sink): Promise<void> {
  const { path } = source;
  for (const entry of await readDirectory(source)) {
    const name = safeName(path, entry.name);
    const isFolder = /[/\\]$/.test(entry.name);
    checkReadable(path, entry);
    if (isFolder) await sink.folder(name);
    else await sink.file(name, contentOf(source, entry));
  }
}
