/** Files that are read from any place, without the rest: on a disk, in a browser's Blob, behind a URL, or in memory. */
import { ArgumentError, describe, FormatError, KindlingError } from "../core/errors";
import { explain } from "./files";
import { nodeModule, runtime } from "./platform";

type FileSystem = typeof import("node:fs/promises");

/** What {@link openFile} opens: a path or a URL, or what holds the bytes already. */
export type FileSource = string | URL | Uint8Array | ArrayBuffer | Blob;

/** An open file. */
export interface RandomAccessFile {
  /** What errors call it. */
  readonly path: string;
  /** Bytes in all. */
  readonly size: number;
  /**
   * The bytes from `offset` on. They may be a view of what was given to {@link openFile}: they are not to be changed.
   * @param into Where they go, of at least `length` bytes; the result is its beginning then.
   * @throws FormatError beyond the end, before anything is allocated; KindlingError if the file cannot be read.
   */
  read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array>;
  /** Has to be called once, also after errors. */
  close(): Promise<void>;
}

/** Bytes of a file that is fetched whole where its server cannot give parts of it. */
const MOST_WHOLE = 2 ** 31;

/** @throws FormatError for a part that the file does not have. */
function checkPart(path: string, size: number, offset: number, length: number): void {
  if (offset >= 0 && length >= 0 && offset + length <= size) return;
  throw new FormatError(
    `"${path}" cannot be read: ${length} bytes at ${offset} lie beyond its ${size} bytes: it is truncated or damaged`,
  );
}

/** The place for `length` bytes. */
function placeFor(length: number, into: Uint8Array | undefined): Uint8Array {
  if (into === undefined) return new Uint8Array(length);
  if (into.length < length) throw new RangeError(`${length} bytes do not fit into ${into.length}`);
  return into.subarray(0, length);
}

function inMemory(path: string, bytes: Uint8Array): RandomAccessFile {
  const read = async (offset: number, length: number, into?: Uint8Array) => {
    checkPart(path, bytes.length, offset, length);
    const part = bytes.subarray(offset, offset + length);
    if (into === undefined) return part;
    const place = placeFor(length, into);
    place.set(part);
    return place;
  };
  return { path, size: bytes.length, read, close: async () => {} };
}

function ofBlob(op: string, path: string, blob: Blob): RandomAccessFile {
  const read = async (offset: number, length: number, into?: Uint8Array) => {
    checkPart(path, blob.size, offset, length);
    try {
      const part = new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
      if (into === undefined) return part;
      const place = placeFor(length, into);
      place.set(part);
      return place;
    } catch (error) {
      throw explain(op, "read", path, error);
    }
  };
  return { path, size: blob.size, read, close: async () => {} };
}

/** Memory that workers share cannot be read into on every engine. */
const isShared = (bytes: Uint8Array): boolean =>
  typeof SharedArrayBuffer === "function" && bytes.buffer instanceof SharedArrayBuffer;

/** Bytes that are read at a time into memory that the system does not fill itself. */
const PIECE = 4 << 20;

async function onDisk(op: string, files: FileSystem, path: string | URL): Promise<RandomAccessFile> {
  const name = String(path);
  let handle: import("node:fs/promises").FileHandle;
  try {
    handle = await files.open(path, "r");
  } catch (error) {
    throw explain(op, "read", name, error);
  }
  const stats = await handle.stat();
  // Pipes and devices have no places to read from.
  if (!stats.isFile()) {
    try {
      const bytes = await handle.readFile();
      return inMemory(name, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    } catch (error) {
      throw explain(op, "read", name, error);
    } finally {
      await handle.close();
    }
  }
  const fill = async (place: Uint8Array, offset: number) => {
    for (let at = 0; at < place.length; ) {
      const { bytesRead } = await handle.read(place, at, place.length - at, offset + at);
      if (bytesRead === 0) throw new FormatError(`"${name}" cannot be read: it became shorter while it was read`);
      at += bytesRead;
    }
  };
  let buffer: Uint8Array | undefined;
  const read = async (offset: number, length: number, into?: Uint8Array) => {
    checkPart(name, stats.size, offset, length);
    const place = placeFor(length, into);
    try {
      if (!isShared(place) || runtime === "node") await fill(place, offset);
      else
        for (let at = 0; at < length; at += PIECE) {
          buffer ??= new Uint8Array(PIECE);
          const piece = buffer.subarray(0, Math.min(PIECE, length - at));
          await fill(piece, offset + at);
          place.set(piece, at);
        }
    } catch (error) {
      throw error instanceof KindlingError ? error : explain(op, "read", name, error);
    }
    return place;
  };
  return { path: name, size: stats.size, read, close: () => handle.close() };
}

/** The size of what a range was taken of: `bytes 0-0/1234`. */
function sizeOfRange(response: Response): number | undefined {
  const size = /^bytes \d+-\d+\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
  return size === undefined ? undefined : Number(size);
}

/** The body of an answer in `place`, as far as it fits. @returns Its bytes, or -1 if they are more. */
async function pour(response: Response, place: Uint8Array): Promise<number> {
  let at = 0;
  const reader = response.body!.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return at;
    if (at + value.length > place.length) {
      await reader.cancel().catch(() => {});
      return -1;
    }
    place.set(value, at);
    at += value.length;
  }
}

/** A file behind a URL: by ranges where the server knows them, otherwise fetched whole once. */
async function atUrl(op: string, url: string): Promise<RandomAccessFile> {
  const request = async (first: number, last: number) => {
    const headers = { Range: `bytes=${first}-${last}`, "Accept-Encoding": "identity" };
    const response = await fetch(url, { headers });
    if (response.ok || response.status === 416) return response;
    await response.body?.cancel();
    throw new Error(`the server answered ${response.status} ${response.statusText}`);
  };
  try {
    const first = await request(0, 0);
    const size = first.status === 206 ? sizeOfRange(first) : undefined;
    if (first.status === 416) {
      await first.body?.cancel();
      return inMemory(url, new Uint8Array(0));
    }
    if (size === undefined) return inMemory(url, await wholeOf(first));
    await first.body?.cancel();
    const tag = first.headers.get("etag");
    const read = async (offset: number, length: number, into?: Uint8Array) => {
      checkPart(url, size, offset, length);
      const place = placeFor(length, into);
      if (length === 0) return place;
      try {
        const response = await request(offset, offset + length - 1);
        if (response.status !== 206 || response.headers.get("etag") !== tag || sizeOfRange(response) !== size) {
          await response.body?.cancel();
          throw new Error("the file on the server changed while it was read");
        }
        if ((await pour(response, place)) !== length) throw new Error("the server sent another number of bytes");
      } catch (error) {
        throw explain(op, "read", url, error);
      }
      return place;
    };
    return { path: url, size, read, close: async () => {} };
  } catch (error) {
    throw error instanceof KindlingError ? error : explain(op, "read", url, error);
  }
}

/** The whole of a file whose server sends no ranges, while that is a size that fits into memory. */
async function wholeOf(response: Response): Promise<Uint8Array> {
  const size = Number(response.headers.get("content-length") ?? Number.NaN);
  if (size <= MOST_WHOLE || Number.isNaN(size)) {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const reader = response.body!.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.length;
      if (length > MOST_WHOLE) break;
      chunks.push(value);
    }
    if (length <= MOST_WHOLE) return new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer());
    await reader.cancel().catch(() => {});
  } else await response.body?.cancel();
  throw new KindlingError(
    `its server sends no parts of files (HTTP ranges), and it is of more than ${MOST_WHOLE} bytes: use a server that knows ranges, or read a copy on a disk`,
  );
}

/**
 * Opens a file for reads from any place; nothing but its size is read before.
 * @param op What errors begin with.
 * @param source A path (in browsers a URL), a URL, or bytes; of those, and of a `Blob`, nothing is copied.
 * @throws ArgumentError for anything else; KindlingError with the path and the cause if it cannot be opened.
 */
export async function openFile(op: string, source: FileSource): Promise<RandomAccessFile> {
  if (source instanceof Uint8Array) return inMemory("the given bytes", source);
  if (source instanceof ArrayBuffer) return inMemory("the given bytes", new Uint8Array(source));
  if (typeof Blob === "function" && source instanceof Blob)
    return ofBlob(op, (source as Blob & { name?: string }).name ?? "the given Blob", source);
  if (typeof source !== "string" && !(source instanceof URL))
    throw new ArgumentError(
      `${op}: takes a path, a URL, a Blob or bytes (Uint8Array, ArrayBuffer), got ${describe(source)}`,
    );
  const files = nodeModule<FileSystem>("node:fs/promises");
  const isDisk = files !== undefined && !/^(https?|blob|data):/i.test(String(source));
  return isDisk ? await onDisk(op, files, source) : await atUrl(op, String(source));
}
