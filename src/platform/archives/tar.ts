/** Tape archives (POSIX.1-1988 and -2001, and GNU's long names), read from beginning to end. */
import { damaged, type Sink, safeName } from "./unpacking";

const BLOCK = 512;
/** Bytes of a name or of its records; longer ones are damage. */
const MOST_NAME = 1 << 16;

/** Bytes that arrive in pieces of any size, handed out in those that are asked for. */
class Queue {
  private rest = new Uint8Array(0);

  constructor(
    private readonly path: string,
    private readonly pieces: AsyncIterator<Uint8Array>,
  ) {}

  /** Up to `most` of the next bytes; none at the end. */
  async some(most: number): Promise<Uint8Array> {
    while (this.rest.length === 0) {
      const { done, value } = await this.pieces.next();
      if (done) return this.rest;
      this.rest = value as Uint8Array<ArrayBuffer>;
    }
    const taken = this.rest.subarray(0, most);
    this.rest = this.rest.subarray(taken.length);
    return taken;
  }

  /** Exactly `count` bytes, in pieces. */
  async *take(count: number): AsyncGenerator<Uint8Array> {
    for (let left = count; left > 0; ) {
      const piece = await this.some(left);
      if (piece.length === 0) throw damaged(this.path, "it ends within a file");
      left -= piece.length;
      yield piece;
    }
  }

  /** Exactly `count` bytes, or undefined at the end. */
  async block(count: number): Promise<Uint8Array | undefined> {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; ) {
      const piece = await this.some(count - at);
      if (piece.length === 0 && at === 0) return undefined;
      if (piece.length === 0) throw damaged(this.path, "it ends within a block");
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }
}

const decode = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
};

/** A number in octal digits or, where the first bit says so, in base 256. */
function numberIn(path: string, field: Uint8Array): number {
  if (field[0]! & 0x80) {
    const value = field.reduce((n, byte, i) => n * 256 + (i === 0 ? byte & 0x7f : byte), 0);
    if (!Number.isSafeInteger(value)) throw damaged(path, "a file in it is of an absurd size");
    return value;
  }
  const text = decode(field).trim();
  if (!/^[0-7]*$/.test(text)) throw damaged(path, "a size in it is no number");
  return text === "" ? 0 : Number.parseInt(text, 8);
}

/** What a header says. */
interface Header {
  readonly name: string;
  readonly size: number;
  readonly kind: string;
}

function headerOf(path: string, block: Uint8Array): Header {
  const sum = block.reduce((n, byte, i) => n + (i >= 148 && i < 156 ? 32 : byte), 0);
  if (numberIn(path, block.subarray(148, 156)) !== sum) throw damaged(path, "the checksum of a header in it differs");
  const isPosix = decode(block.subarray(257, 262)) === "ustar";
  // GNU's older format has other things where POSIX has the beginning of a long name.
  const prefix = isPosix && block[262] === 0 ? decode(block.subarray(345, 500)) : "";
  const name = decode(block.subarray(0, 100));
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    size: numberIn(path, block.subarray(124, 136)),
    kind: String.fromCharCode(block[156] || 48),
  };
}

/** The records of an extended header: lines of a length, a key and a value. */
function recordsOf(path: string, bytes: Uint8Array): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(32, at);
    const length = Number(new TextDecoder().decode(bytes.subarray(at, space < 0 ? at : space)));
    if (!Number.isInteger(length) || length < 5 || at + length > bytes.length)
      throw damaged(path, "a record in it is none");
    const text = new TextDecoder().decode(bytes.subarray(space + 1, at + length - 1));
    const equals = text.indexOf("=");
    records.set(text.slice(0, equals), text.slice(equals + 1));
    at += length;
  }
  return records;
}

async function wholeText(queue: Queue, path: string, size: number): Promise<Uint8Array> {
  if (size > MOST_NAME) throw damaged(path, "a name in it is of an absurd length");
  const padded = Math.ceil(size / BLOCK) * BLOCK;
  const bytes = padded === 0 ? new Uint8Array(0) : await queue.block(padded);
  if (bytes === undefined) throw damaged(path, "it ends within a name");
  return bytes.subarray(0, size);
}

/** Gives the files of an archive to a sink, in their order. @throws FormatError if it is damaged, or holds links. */
export async function untar(path: string, pieces: AsyncIterable<Uint8Array>, sink: Sink): Promise<void> {
  const queue = new Queue(path, pieces[Symbol.asyncIterator]());
  let longName: string | undefined;
  let longSize: number | undefined;
  let isEmpty = true;
  for (;;) {
    const block = await queue.block(BLOCK);
    // Some writers leave the empty blocks at the end out.
    if (block === undefined && !isEmpty) return;
    if (block === undefined) throw damaged(path, "there is nothing in it");
    isEmpty = false;
    if (block.every((byte) => byte === 0)) return await drain(queue);
    const header = headerOf(path, block);
    if (header.kind === "L") longName = decode(await wholeText(queue, path, header.size));
    else if (header.kind === "x") {
      const records = recordsOf(path, await wholeText(queue, path, header.size));
      longName = records.get("path") ?? longName;
      const size = records.get("size");
      longSize = size === undefined ? undefined : Number(size);
    } else {
      const size = longSize ?? header.size;
      if (!Number.isSafeInteger(size) || size < 0) throw damaged(path, "a file in it is of an absurd size");
      await entry(path, queue, { ...header, name: longName ?? header.name, size }, sink);
      longName = undefined;
      longSize = undefined;
    }
  }
}

/** Reads the rest, which shows whether its compression is whole. */
async function drain(queue: Queue): Promise<void> {
  while ((await queue.some(1 << 20)).length > 0);
}

async function entry(path: string, queue: Queue, { name, size, kind }: Header, sink: Sink): Promise<void> {
  const padding = Math.ceil(size / BLOCK) * BLOCK - size;
  const skip = async (count: number) => {
    for await (const _ of queue.take(count));
  };
  if (kind === "g") return await skip(size + padding);
  const safe = safeName(path, name);
  if (kind === "5") {
    await sink.folder(safe);
    return await skip(size + padding);
  }
  if (kind !== "0" && kind !== "7")
    throw damaged(path, `${JSON.stringify(name.slice(0, 200))} in it is a link or a device, which is not unpacked`);
  if (safe === "") throw damaged(path, "a file in it has no name");
  await sink.file(safe, queue.take(size));
  await skip(padding);
}
