/** Zip archives, by their central directory: files that are stored or deflated. */

import { Crc32 } from "./files";
import { damaged, inflated, pieces, type Sink, type Source, safeName } from "./unpacking";

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
/** Bytes of the end of the directory without its comment, which has at most 65,535. */
const END_BYTES = 22;
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
    const [count, bytes, start] = [
      view.getUint16(at + 10, true),
      view.getUint32(at + 12, true),
      view.getUint32(at + 16, true),
    ];
    if (count === 0xffff || start === 0xffffffff)
      throw damaged(path, "it is of more than 4 GiB or 65,534 files, which is not read");
    if (start + bytes > size || bytes > MOST_DIRECTORY) throw damaged(path, "its directory lies outside");
    return { count, size: bytes, start };
  }
  throw damaged(path, "it has no directory at its end");
}

/** A file as the directory has it. */
interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly start: number;
  readonly isLink: boolean;
  readonly isEncrypted: boolean;
}

function* entriesOf(path: string, directory: Uint8Array, count: number): Generator<Entry> {
  const view = viewOf(directory);
  for (let i = 0, at = 0; i < count; i++) {
    if (at + 46 > directory.length || view.getUint32(at, true) !== ENTRY)
      throw damaged(path, "its directory ends early");
    const [nameLength, extra, comment] = [28, 30, 32].map((k) => view.getUint16(at + k, true)) as [
      number,
      number,
      number,
    ];
    if (at + 46 + nameLength > directory.length) throw damaged(path, "its directory ends early");
    yield {
      name: new TextDecoder().decode(directory.subarray(at + 46, at + 46 + nameLength)),
      isEncrypted: (view.getUint16(at + 8, true) & 1) !== 0,
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      isLink: view.getUint32(at + 38, true) >>> 28 === 10,
      start: view.getUint32(at + 42, true),
    };
    at += 46 + nameLength + extra + comment;
  }
}

/** The content of a file, whose size and checksum are looked at. */
async function* contentOf(source: Source, entry: Entry): AsyncGenerator<Uint8Array> {
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

/** Gives the files of an archive to a sink. @throws FormatError if it is damaged, encrypted, or packed in another way. */
export async function unzip(source: Source, sink: Sink): Promise<void> {
  const { path } = source;
  const { count, size, start } = await directoryOf(source);
  for (const entry of entriesOf(path, await source.read(start, size), count)) {
    const name = safeName(path, entry.name);
    const isFolder = /[/\\]$/.test(entry.name);
    if (entry.isEncrypted || entry.isLink || (entry.method !== 0 && entry.method !== 8))
      throw damaged(
        path,
        `${JSON.stringify(entry.name)} in it is encrypted, a link, or packed in a way that is not read`,
      );
    if (isFolder) await sink.folder(name);
    else await sink.file(name, contentOf(source, entry));
  }
}
