/** Whole files, where there are any; in browsers, reading fetches. */
import { ArgumentError, describe, FormatError, KindlingError } from "../core/errors";
import { nodeModule, runtime } from "./platform";

type FileSystem = typeof import("node:fs/promises");
type Stats = import("node:fs").Stats;

/** The cause of a failed file operation in words. */
export function explain(op: string, verb: string, path: string | URL, error: unknown): KindlingError {
  const code = (error as { code?: string }).code;
  const reasons: Record<string, string> = {
    ENOENT: "there is no such file or folder",
    EACCES: "permission denied",
    EEXIST: "it is a file",
    EISDIR: "it is a folder",
    ENOTDIR: "a part of the path is not a folder",
    ENOSPC: "the disk is full",
    EDQUOT: "the disk quota is used up",
    EFBIG: "the file would be larger than allowed",
    EROFS: "the disk is read-only",
    EMFILE: "too many files are open",
  };
  return new KindlingError(`${op}: cannot ${verb} "${path}": ${(code && reasons[code]) ?? (error as Error).message}`, {
    cause: error,
  });
}

/** @throws ArgumentError unless `path` is a text or a URL. */
function checkPath(op: string, path: unknown): void {
  if (typeof path !== "string" && !(path instanceof URL))
    throw new ArgumentError(`${op}: path must be a string or a URL, got ${describe(path)}`);
}

let readsAtOnce = false;

/** Lets this thread wait for its disk, which takes less time than to be told by others: for threads in which nothing else runs. */
export const readAtOnce = (): void => {
  readsAtOnce = true;
};

/**
 * The bytes of a file, or in a browser of a URL.
 * @throws KindlingError with the path and the cause.
 */
export async function readBytes(op: string, path: string | URL): Promise<Uint8Array> {
  checkPath(op, path);
  const files = nodeModule<FileSystem>("node:fs/promises");
  try {
    if (files !== undefined && !/^https?:/.test(String(path))) {
      const bytes = readsAtOnce
        ? nodeModule<typeof import("node:fs")>("node:fs")!.readFileSync(path)
        : await files.readFile(path);
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const response = await fetch(path);
    if (!response.ok) throw new Error(`the server answered ${response.status} ${response.statusText}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw explain(op, "read", path, error);
  }
}

/** Takes the bytes of a file one after the other; they may be changed once the promise is fulfilled. */
export type Write = (bytes: Uint8Array) => Promise<void>;

/**
 * Writes a file whole or not at all: the bytes go to a temporary file in the same folder, which takes the place of the old file once
 * they are on the disk. Whatever happens before, a full disk or the end of the process, leaves the old file as it was.
 * @throws KindlingError with the path and the cause; always in browsers, which have no files: keep the bytes instead.
 */
export async function writeBytes(op: string, path: string | URL, bytes: Uint8Array): Promise<void> {
  await writeStream(op, path, (write) => write(bytes));
}

/**
 * Like {@link writeBytes}, for files that need not fit into memory.
 * @param produce Hands the bytes over, in order. Where it throws, the old file stays as it was.
 * @throws KindlingError as {@link writeBytes} and as `produce`; another error of `produce` is given as the cause.
 */
export async function writeStream(
  op: string,
  path: string | URL,
  produce: (write: Write) => Promise<void>,
): Promise<void> {
  checkPath(op, path);
  const files = nodeModule<FileSystem>("node:fs/promises");
  if (files === undefined)
    throw new KindlingError(
      `${op}: cannot write "${path}": a ${runtime} has no files; offer the bytes as a download instead`,
    );
  try {
    const target = await resolveTarget(files, path);
    // Devices and pipes have no old content, and cannot be replaced.
    if (target.stats !== undefined && !target.stats.isFile()) await writeInPlace(files, target.path, produce);
    else await replaceFile(files, target.path, target.stats, produce);
  } catch (error) {
    throw error instanceof KindlingError ? error : explain(op, "write", path, error);
  }
}

async function writeInPlace(files: FileSystem, path: string, produce: (write: Write) => Promise<void>): Promise<void> {
  const handle = await files.open(path, "w");
  try {
    await produce((bytes) => writeAll(handle, bytes));
  } finally {
    await handle.close();
  }
}

/** Appends all of some bytes: a system may take them in parts. */
async function writeAll(handle: import("node:fs/promises").FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at, bytes.length - at, null)).bytesWritten;
}

const isMissing = (error: unknown): boolean => (error as { code?: string }).code === "ENOENT";

/** The file that a path means, through links, and what is there now. */
async function resolveTarget(files: FileSystem, path: string | URL): Promise<{ path: string; stats?: Stats }> {
  const { fileURLToPath } = nodeModule<typeof import("node:url")>("node:url")!;
  const text = path instanceof URL ? fileURLToPath(path) : path;
  try {
    const real = await files.realpath(text);
    return { path: real, stats: await files.stat(real) };
  } catch (error) {
    if (!isMissing(error)) throw error;
    return { path: text };
  }
}

/** The temporary file has the permissions of the old one. It is removed where it does not become the file. */
async function replaceFile(
  files: FileSystem,
  path: string,
  old: Stats | undefined,
  produce: (write: Write) => Promise<void>,
): Promise<void> {
  const { basename, dirname, join } = nodeModule<typeof import("node:path")>("node:path")!;
  // A name may have 255 bytes.
  const temporary = join(dirname(path), `.${basename(path).slice(0, 40)}.${crypto.randomUUID()}.tmp`);
  let isPlaced = false;
  try {
    const handle = await files.open(temporary, "wx", old === undefined ? 0o666 : old.mode & 0o777);
    try {
      await produce((bytes) => writeAll(handle, bytes));
      await handle.sync();
    } finally {
      await handle.close();
    }
    // The mask of the process may have taken permissions away that the old file had.
    if (old !== undefined) await files.chmod(temporary, old.mode & 0o777);
    await files.rename(temporary, path);
    isPlaced = true;
  } finally {
    if (!isPlaced) await files.rm(temporary, { force: true });
  }
  await syncFolder(files, dirname(path));
}

/** Makes the new name outlive a loss of power, on systems that can. */
async function syncFolder(files: FileSystem, folder: string): Promise<void> {
  let handle: import("node:fs/promises").FileHandle | undefined;
  try {
    handle = await files.open(folder, "r");
    await handle.sync();
  } catch {
    // Some systems cannot open folders, or not sync them. The file is whole there too.
  } finally {
    await handle?.close();
  }
}

/** The names in a folder, sorted. @throws KindlingError with the path and the cause. */
export async function listFolder(op: string, path: string): Promise<string[]> {
  const files = nodeModule<FileSystem>("node:fs/promises");
  if (files === undefined) throw new KindlingError(`${op}: cannot list "${path}": a ${runtime} has no files`);
  try {
    return (await files.readdir(path)).sort();
  } catch (error) {
    throw explain(op, "open the folder", path, error);
  }
}

/** What a gzip file ends with: the checksum and the size of its content. */
const GZIP_FOOTER = 8;
/** No gzip file holds more than this many times its own size. */
export const MOST_INFLATION = 1032;

/**
 * gzip undone, as far as the content says itself how large it is: the rest of a file that unfolds to more is never unfolded.
 * @param sizeOf The size of the content from its beginning, or undefined if it takes more of it to know.
 * @throws FormatError naming `path` if the data is damaged, truncated, or of another size; and whatever `sizeOf` throws.
 */
export async function gunzip(path: string, bytes: Uint8Array, sizeOf: SizeOf): Promise<Uint8Array> {
  const whole = await inflate(path, bytes, "gzip", sizeOf);
  const footer = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - GZIP_FOOTER, GZIP_FOOTER);
  // Engines differ in what they make of bytes after the end.
  if (footer.getUint32(4, true) !== whole.length || footer.getUint32(0, true) !== crc32(whole))
    throw new FormatError(`"${path}" cannot be decompressed: its checksum differs: it is truncated or damaged`);
  return whole;
}

/** The size of what is packed from its beginning, or undefined if it takes more of it to know. */
export type SizeOf = (start: Uint8Array) => number | undefined;

/** Like {@link gunzip}, for both wrappings of deflate; what follows the end is not looked at. */
export async function inflate(
  path: string,
  bytes: Uint8Array,
  format: "gzip" | "deflate",
  sizeOf: SizeOf,
): Promise<Uint8Array> {
  const fail = (why: string, cause?: unknown) =>
    new FormatError(`"${path}" cannot be decompressed: ${why}: it is truncated or damaged`, { cause });
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream(format));
  const reader = stream.getReader();
  const content = new Content(bytes.length * MOST_INFLATION, sizeOf);
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw fail((error as Error).message, error);
    });
    if (done) break;
    const excess = content.take(value);
    if (excess === undefined) continue;
    reader.cancel().catch(() => {});
    throw fail(excess);
  }
  const whole = content.whole();
  if (whole === undefined) throw fail("it ends early");
  return whole;
}

/** Content of a size that its first bytes tell. */
class Content {
  private size: number | undefined;
  private bytes = new Uint8Array(0);
  private length = 0;

  constructor(
    private readonly most: number,
    private readonly sizeOf: (start: Uint8Array) => number | undefined,
  ) {}

  /** Appends a piece. @returns What is wrong with the size, if anything. @throws What `sizeOf` throws. */
  take(piece: Uint8Array): string | undefined {
    const end = this.length + piece.length;
    if (this.size !== undefined && end > this.size) return `it holds more than the ${this.size} bytes of its header`;
    if (end > this.bytes.length) this.reserve(this.size ?? end);
    this.bytes.set(piece, this.length);
    this.length = end;
    if (this.size !== undefined) return undefined;
    this.size = this.sizeOf(this.bytes.subarray(0, end));
    if (this.size === undefined) return undefined;
    if (this.size > this.most) return `its header asks for ${this.size} bytes, more than it can hold`;
    return end > this.size ? `it holds more than the ${this.size} bytes of its header` : undefined;
  }

  private reserve(size: number): void {
    const larger = new Uint8Array(size);
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  /** All of it, or undefined if some is missing. */
  whole(): Uint8Array | undefined {
    return this.length === this.size ? this.bytes.subarray(0, this.length) : undefined;
  }
}

let crcTables: Int32Array | undefined;
/** Bytes for which a call into the runtime takes less time than to do it here. */
const LEAST_FOR_NATIVE = 256;

/** The remainders of each byte, alone and followed by one, two and three zeros. */
function makeTables(): Int32Array {
  const tables = new Int32Array(1024);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    tables[n] = c;
  }
  for (let n = 256; n < 1024; n++) tables[n] = (tables[n - 256]! >>> 8) ^ tables[tables[n - 256]! & 255]!;
  return tables;
}

/** The checksum of gzip and zip (ISO 3309), fed piece by piece. */
export class Crc32 {
  private state = -1;

  update(bytes: Uint8Array): void {
    const native = nodeModule<{ crc32?(bytes: Uint8Array, value: number): number }>("node:zlib")?.crc32;
    if (native !== undefined && bytes.length >= LEAST_FOR_NATIVE) {
      this.state = ~native(bytes, this.value);
      return;
    }
    crcTables ??= makeTables();
    const tables = crcTables;
    let c = this.state;
    let i = 0;
    // Four bytes at a time, by one table for each of their places.
    for (const end = bytes.length - 3; i < end; i += 4) {
      c ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
      c =
        tables[768 + (c & 255)]! ^
        tables[512 + ((c >>> 8) & 255)]! ^
        tables[256 + ((c >>> 16) & 255)]! ^
        tables[c >>> 24]!;
    }
    for (; i < bytes.length; i++) c = tables[(c ^ bytes[i]!) & 255]! ^ (c >>> 8);
    this.state = c;
  }

  get value(): number {
    return ~this.state >>> 0;
  }
}

/** The checksum of bytes. */
export function crc32(bytes: Uint8Array): number {
  const checksum = new Crc32();
  checksum.update(bytes);
  return checksum.value;
}
