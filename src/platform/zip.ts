/** Zip archives, also of more than 4 GiB, by their central directory: files that are stored or deflated. */

import { Crc32 } from "./files";
import { damaged, inflated, pieces, type Sink, type Source, safeName } from "./unpacking";

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
/** Bytes of the end of the directory without its comment, which has at most 65,535. */
const END_BYTES = 22;
/** Bytes of the end of the directory in its wide form, and of the record that says where that is. */
const END64_BYTES = 56;
const LOCATOR64_BYTES = 20;
/** Fields that are too narrow have all bits set, and their values stand in the wide form. */
const WIDE = 0xffffffff;
const WIDE_COUNT = 0xffff;
/** Where an entry has its sizes and its place, if they are too wide for it. */
const EXTRA64 = 1;
/** Bytes of a directory beyond which it is taken for damage. */
const MOST_DIRECTORY = 256 << 20;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A number of 64 bits; what is beyond 2^53 is beyond any file as well. */
const wideAt = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));

interface Directory {
  readonly count: number;
  readonly size: number;
  readonly start: number;
}

/** Where the directory is. */
async function directoryOf(source: Source): Promise<Directory> {
  const { path, size } = source;
  const length = Math.min(size, END_BYTES + 65535);
  const tail = await source.read(size - length, length);
  const view = viewOf(tail);
  for (let at = length - END_BYTES; at >= 0; at--) {
    if (view.getUint32(at, true) !== END || at + END_BYTES + view.getUint16(at + 20, true) !== length) continue;
    const narrow = {
      count: view.getUint16(at + 10, true),
      size: view.getUint32(at + 12, true),
      start: view.getUint32(at + 16, true),
    };
    const isWide = narrow.count === WIDE_COUNT || narrow.size === WIDE || narrow.start === WIDE;
    const directory = (isWide && (await wideDirectory(source, size - length + at))) || narrow;
    if (directory.start + directory.size > size || directory.size > MOST_DIRECTORY)
      throw damaged(path, "its directory lies outside");
    return directory;
  }
  throw damaged(path, "it has no directory at its end");
}

/** What the wide form of the end says, whose place stands before the narrow one at `end`; undefined if there is none. */
async function wideDirectory(source: Source, end: number): Promise<Directory | undefined> {
  if (end < LOCATOR64_BYTES + END64_BYTES) return undefined;
  const locator = viewOf(await source.read(end - LOCATOR64_BYTES, LOCATOR64_BYTES));
  if (locator.getUint32(0, true) !== LOCATOR64) return undefined;
  const at = wideAt(locator, 8);
  if (at + END64_BYTES > end) throw damaged(source.path, "the end of its directory lies outside");
  const view = viewOf(await source.read(at, END64_BYTES));
  if (view.getUint32(0, true) !== END64) throw damaged(source.path, "the end of its directory is not where it says");
  return { count: wideAt(view, 32), size: wideAt(view, 40), start: wideAt(view, 48) };
}

/** A file as the directory has it. */
export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly start: number;
  readonly isLink: boolean;
  readonly isEncrypted: boolean;
}

function* entriesOf(path: string, directory: Uint8Array, count: number): Generator<ZipEntry> {
  const view = viewOf(directory);
  const endsEarly = () => damaged(path, "its directory ends early");
  for (let i = 0, at = 0; i < count; i++) {
    if (at + 46 > directory.length || view.getUint32(at, true) !== ENTRY) throw endsEarly();
    const [nameLength, extra, comment] = [28, 30, 32].map((k) => view.getUint16(at + k, true)) as [
      number,
      number,
      number,
    ];
    const nameEnd = at + 46 + nameLength;
    if (nameEnd + extra > directory.length) throw endsEarly();
    yield {
      name: new TextDecoder().decode(directory.subarray(at + 46, nameEnd)),
      isEncrypted: (view.getUint16(at + 8, true) & 1) !== 0,
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      isLink: view.getUint32(at + 38, true) >>> 28 === 10,
      ...placeOf(path, view, at, directory.subarray(nameEnd, nameEnd + extra)),
    };
    at = nameEnd + extra + comment;
  }
}

/** Sizes and place of the entry at `at`; those that are too wide for it stand, in this order, in its extra fields. */
function placeOf(path: string, view: DataView, at: number, extra: Uint8Array) {
  const [packed, size, start] = [20, 24, 42].map((k) => view.getUint32(at + k, true)) as [number, number, number];
  if (packed !== WIDE && size !== WIDE && start !== WIDE) return { packed, size, start };
  const fields = wideFields(extra);
  let next = 0;
  const wide = (narrow: number): number => {
    if (narrow !== WIDE || fields === undefined) return narrow;
    if (next + 8 > fields.length) throw damaged(path, "a size in its directory is missing");
    next += 8;
    return wideAt(viewOf(fields), next - 8);
  };
  const whole = wide(size);
  return { size: whole, packed: wide(packed), start: wide(start) };
}

/** The extra field of wide numbers, if there is one. */
function wideFields(extra: Uint8Array): Uint8Array | undefined {
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length; ) {
    const end = at + 4 + view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === EXTRA64 && end <= extra.length) return extra.subarray(at + 4, end);
    at = end;
  }
  return undefined;
}

/** The files of an archive, in the order of its directory. @throws FormatError if the directory is damaged. */
export async function readDirectory(source: Source): Promise<ZipEntry[]> {
  const { path } = source;
  const { count, size, start } = await directoryOf(source);
  return [...entriesOf(path, await source.read(start, size), count)];
}

/** The content of a file, whose size and checksum are looked at. */
export async function* contentOf(source: Source, entry: ZipEntry): AsyncGenerator<Uint8Array> {
  const { path } = source;
  const header = viewOf(await source.read(entry.start, 30));
  if (header.getUint32(0, true) !== LOCAL) throw damaged(path, `${JSON.stringify(entry.name)} in it has no header`);
  const start = entry.start + 30 + header.getUint16(26, true) + header.getUint16(28, true);
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

/** @throws FormatError unless the content of a file can be read. */
export function checkReadable(path: string, { name, isEncrypted, isLink, method }: ZipEntry): void {
  if (isEncrypted || isLink || (method !== 0 && method !== 8))
    throw damaged(path, `${JSON.stringify(name)} in it is encrypted, a link, or packed in a way that is not read`);
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
