/**
 * Downloads: whole or not at all. On a disk the bytes go to `NAME.part` beside the file, which a later try goes on with, and take its name when all
 * of them are there and their checksum is right; a lock keeps other processes from the same file. In browsers they are kept in the cache.
 */
import { FormatError, KindlingError } from "../core/errors";
import { createMd5, md5Of } from "./archives/md5";
import { absolute, hasFile, isRemote, makeFolder, readData, writeData } from "./dataFiles";
import { explain } from "./files";
import { FileLock } from "./lock";
import { nodeModule, runtime } from "./platform";
import { Progress } from "./progress";

type FileSystem = typeof import("node:fs/promises");
type FileHandle = import("node:fs/promises").FileHandle;

/** What a download has to be. */
export interface DownloadOptions {
  /** The checksum (MD5) in hexadecimal digits. Default: none is checked. */
  readonly md5?: string | undefined;
  /** What the checksum by SHA-256 begins with, in hexadecimal digits. Default: none is checked. */
  readonly sha256?: string | undefined;
  /** Whether a line in the terminal says how far it is. Default: true. */
  readonly progress?: boolean | undefined;
  /** Whether a file that is there is fetched again. Default: false. */
  readonly replace?: boolean | undefined;
  /** Seconds without a byte after which a server is given up. Default: 60. */
  readonly timeout?: number | undefined;
}

/** Connections that are made one after the other, as long as each brings something. */
const MOST_TRIES = 20;
const TIMEOUT = 60;
const CHUNK = 1 << 20;

/** The checksum of a file. */
export async function md5OfFile(op: string, path: string): Promise<string> {
  const files = nodeModule<FileSystem>("node:fs/promises");
  if (isRemote(path) || files === undefined) return md5Of(await readData(op, path));
  const checksum = createMd5();
  try {
    const handle = await files.open(path, "r");
    try {
      const buffer = new Uint8Array(CHUNK);
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, CHUNK);
        if (bytesRead === 0) return checksum.digest();
        checksum.update(buffer.subarray(0, bytesRead));
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw explain(op, "read", path, error);
  }
}

/** SHA-256 of pieces; where the runtime has none that is fed piece by piece, of all at once. */
async function sha256OfFile(op: string, path: string): Promise<string> {
  const node = nodeModule<typeof import("node:crypto")>("node:crypto");
  const files = nodeModule<FileSystem>("node:fs/promises");
  if (isRemote(path) || files === undefined || node === undefined) return sha256Of(op, await readData(op, path));
  const hash = node.createHash("sha256");
  try {
    const handle = await files.open(path, "r");
    try {
      const buffer = new Uint8Array(CHUNK);
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, CHUNK);
        if (bytesRead === 0) return hash.digest("hex");
        hash.update(buffer.subarray(0, bytesRead));
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw explain(op, "read", path, error);
  }
}

async function sha256Of(op: string, bytes: Uint8Array): Promise<string> {
  if (globalThis.crypto?.subtle === undefined)
    throw new KindlingError(
      `${op}: cannot check the SHA-256 of a file: pages have it only where they are served by https`,
    );
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @throws FormatError unless what was downloaded, in a file or as bytes, has the checksums that it should have. */
async function verify(
  op: string,
  url: string,
  { md5, sha256 }: DownloadOptions,
  md5Found: () => string | Promise<string>,
  sha256Found: () => Promise<string>,
): Promise<void> {
  const found = md5 === undefined ? undefined : await md5Found();
  if (found !== md5) throw wrongChecksum(op, url, found!, md5!);
  const long = sha256 === undefined ? "" : await sha256Found();
  if (sha256 !== undefined && !long.startsWith(sha256))
    throw new FormatError(
      `${op}: invalid hash value (expected "${sha256}", got "${long.slice(0, Math.max(8, sha256.length))}"): "${url}" was changed, or damaged on its way`,
    );
}

/** Whether there is a file, with the checksum if one is given. */
export const isWhole = async (op: string, path: string, md5: string | undefined): Promise<boolean> =>
  (await hasFile(path)) && (md5 === undefined || (await md5OfFile(op, path)) === md5);

const wrongChecksum = (op: string, path: string, found: string, md5: string): FormatError =>
  new FormatError(
    `${op}: File not found or corrupted. "${path}" has the MD5 checksum ${found} instead of ${md5}: it was changed, or damaged on its way`,
  );

/** What a server says of the file that it sends, kept beside a part so that the rest is asked of the same file. */
interface Origin {
  readonly url: string;
  /** Its version: an ETag or a date. */
  readonly version: string | null;
}

/** A server that answers with an error, or not at all. Others may do better. */
export class DownloadError extends KindlingError {
  override get name(): string {
    return "KindlingError";
  }
}

/** Where Google Drive has the bytes of a file that it shows a page for. */
function directUrl(url: string): string {
  const id = /^https:\/\/(?:drive|docs)\.google\.com\/file\/d\/([^/?]*)/.exec(url)?.[1];
  return id === undefined ? url : `https://drive.google.com/uc?export=download&confirm=t&id=${id}`;
}

/** The answer to a request for the bytes from `start` on, and what ends the wait for it. */
async function request(op: string, url: string, start: number, version: string | null, signal: AbortSignal) {
  const headers: Record<string, string> = {};
  if (start > 0) headers.Range = `bytes=${start}-`;
  if (start > 0 && version !== null) headers["If-Range"] = version;
  // Browsers decide on this themselves, and unpack what arrives.
  if (runtime !== "browser") headers["Accept-Encoding"] = "identity";
  const response = await fetch(directUrl(url), { headers, signal });
  if (!response.ok && response.status !== 416)
    throw new DownloadError(
      `${op}: cannot download ${url}: the server answered ${response.status} ${response.statusText}`,
    );
  if (directUrl(url) !== url && /^text\/html/i.test(response.headers.get("content-type") ?? ""))
    throw new DownloadError(
      `${op}: cannot download ${url}: Google Drive answered with a page; its daily quota may be used up: try again later`,
    );
  return response;
}

/** Bytes that a whole answer has, or undefined where the server does not say. */
function lengthOf(response: Response): number | undefined {
  const text = response.headers.get("content-length");
  if (text === null || response.headers.get("content-encoding") !== null) return undefined;
  return Number(text);
}

/** The pieces of an answer. It is given up where the server pauses for too long. */
async function* piecesOf(response: Response, controller: AbortController, seconds: number): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await patiently(controller, seconds, () => reader.read());
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function patiently<T>(controller: AbortController, seconds: number, wait: () => Promise<T>): Promise<T> {
  const timer = setTimeout(
    () => controller.abort(new Error(`the server sent nothing for ${seconds} seconds`)),
    seconds * 1000,
  );
  try {
    return await wait();
  } finally {
    clearTimeout(timer);
  }
}

const reasonOf = (error: unknown): string => {
  const { message, cause } = error as { message?: string; cause?: { message?: string; code?: string } };
  const why = cause?.message || cause?.code;
  return why ? `${message}: ${why}` : String(message ?? error);
};

const unreachable = (op: string, url: string, error: unknown): DownloadError =>
  error instanceof DownloadError
    ? error
    : new DownloadError(`${op}: cannot download ${url}: ${reasonOf(error)}. Is there a network?`, { cause: error });

/** A download to a disk: the part that is there, and the rest. */
class PartialFile {
  private readonly progress: Progress | undefined;
  private readonly part: string;
  private length = 0;
  /** Whether it began with a part from before. */
  wasResumed = false;
  private total: number | undefined;

  constructor(
    private readonly op: string,
    private readonly files: FileSystem,
    private readonly url: string,
    path: string,
    private readonly options: DownloadOptions,
  ) {
    this.part = `${path}.part`;
    if (options.progress !== false) this.progress = new Progress(path.split("/").at(-1)!);
  }

  /** Goes on until all bytes are there. @returns The path of the part. */
  async complete(): Promise<string> {
    let version = await this.resumable();
    for (let tries = 1; ; tries++) {
      const before = this.length;
      try {
        version = await this.fetchRest(version);
        if (this.total === undefined || this.length === this.total) break;
        throw new DownloadError(
          `${this.op}: cannot download ${this.url}: the connection broke off after ${this.length} of ${this.total} bytes: the file is truncated`,
        );
      } catch (error) {
        if (error instanceof KindlingError && !(error instanceof DownloadError)) throw error;
        if (tries === MOST_TRIES || this.length <= before) throw unreachable(this.op, this.url, error);
      }
    }
    this.progress?.end(this.length, this.total);
    return this.part;
  }

  /** Forgets the part. */
  async discard(): Promise<void> {
    await this.files.rm(this.part, { force: true });
    await this.files.rm(`${this.part}.json`, { force: true });
    this.length = 0;
  }

  /** The version of the file that the part is of, if the rest can be asked for. A checksum tells as well whether both fit. */
  private async resumable(): Promise<string | null> {
    try {
      const { size } = await this.files.stat(this.part);
      const origin = JSON.parse(await this.files.readFile(`${this.part}.json`, "utf8")) as Origin;
      const isSame = origin.url === this.url && origin.version !== null;
      if (isSame || (this.options.md5 ?? this.options.sha256) !== undefined) {
        this.length = size;
        return isSame ? origin.version : null;
      }
    } catch {
      // There is no part, or nothing is known of it.
    }
    await this.discard();
    return null;
  }

  /** Asks for what is missing. @returns The version of the file. */
  private async fetchRest(known: string | null): Promise<string | null> {
    const { op, url, options } = this;
    const controller = new AbortController();
    const seconds = options.timeout ?? TIMEOUT;
    this.wasResumed ||= this.length > 0;
    const response = await patiently(controller, seconds, () =>
      request(op, url, this.length, known, controller.signal),
    );
    if (response.status === 416) return this.refused(response, known);
    const range = `bytes ${this.length}-`;
    const isRest = response.status === 206 && (response.headers.get("content-range") ?? "").startsWith(range);
    if (!isRest && response.status === 206)
      throw new DownloadError(
        `${op}: cannot download ${url}: the server answered with another part than the one asked for`,
      );
    if (!isRest) this.length = 0;
    const length = lengthOf(response);
    this.total = length === undefined ? undefined : this.length + length;
    const etag = response.headers.get("etag");
    const version = etag !== null && !etag.startsWith("W/") ? etag : response.headers.get("last-modified");
    await this.append(piecesOf(response, controller, seconds), version);
    return version;
  }

  /** The server has nothing beyond the part: that is all, or of another file. */
  private async refused(response: Response, version: string | null): Promise<string | null> {
    await response.body?.cancel();
    const total = Number(/\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1] ?? Number.NaN);
    this.total = this.length;
    if (this.length === total) return version;
    await this.discard();
    return this.fetchRest(null);
  }

  private async append(pieces: AsyncGenerator<Uint8Array>, version: string | null): Promise<void> {
    let handle: FileHandle | undefined;
    try {
      await this.files.writeFile(`${this.part}.json`, JSON.stringify({ url: this.url, version } satisfies Origin));
      handle = await this.files.open(this.part, this.length > 0 ? "r+" : "w");
    } catch (error) {
      throw explain(this.op, "write", this.part, error);
    }
    try {
      for await (const piece of pieces) await this.write(handle, piece);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  private async write(handle: FileHandle, piece: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < piece.length; ) {
        const { bytesWritten } = await handle.write(piece, at, piece.length - at, this.length);
        at += bytesWritten;
        this.length += bytesWritten;
      }
    } catch (error) {
      // A full disk is of no more use with a part on it.
      await this.discard();
      throw explain(this.op, "write", this.part, error);
    }
    this.progress?.show(this.length, this.total);
  }
}

/** Downloads to a disk, under a lock. */
async function toDisk(
  op: string,
  files: FileSystem,
  url: string,
  path: string,
  options: DownloadOptions,
): Promise<void> {
  const file = new PartialFile(op, files, url, path, options);
  for (const isLast of [false, true]) {
    const part = await file.complete();
    try {
      const [md5Found, sha256Found] = [() => md5OfFile(op, part), () => sha256OfFile(op, part)];
      await verify(op, url, options, md5Found, sha256Found);
    } catch (error) {
      await file.discard();
      // A part from before may have been of another file: once more from the beginning.
      if (isLast || !file.wasResumed || !(error instanceof FormatError)) throw error;
      continue;
    }
    await files.rename(part, path).catch((error) => {
      throw explain(op, "write", path, error);
    });
    return file.discard();
  }
}

async function toCache(op: string, url: string, path: string, options: DownloadOptions): Promise<void> {
  const { timeout = TIMEOUT } = options;
  const controller = new AbortController();
  const pieces: Uint8Array[] = [];
  try {
    const response = await patiently(controller, timeout, () => request(op, url, 0, null, controller.signal));
    for await (const piece of piecesOf(response, controller, timeout)) pieces.push(piece);
  } catch (error) {
    throw unreachable(op, url, error);
  }
  const bytes = new Uint8Array(await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  await verify(
    op,
    url,
    options,
    () => md5Of(bytes),
    () => sha256Of(op, bytes),
  );
  await writeData(op, path, bytes);
}

/**
 * Downloads a file, unless it is there with the right checksum.
 * @returns Whether it was there.
 * @throws DownloadError if the server cannot be reached or answers with an error, FormatError if the checksum differs, KindlingError if the file
 * cannot be written.
 */
export async function download(op: string, url: string, path: string, options: DownloadOptions): Promise<boolean> {
  const target = absolute(path);
  const isDone = async () => options.replace !== true && (await isWhole(op, target, options.md5));
  if (await isDone()) return true;
  const files = nodeModule<FileSystem>("node:fs/promises");
  if (files === undefined || isRemote(target)) {
    await toCache(op, url, target, options);
    return false;
  }
  await makeFolder(op, target.replace(/[^/\\]*$/, ""));
  const lock = await FileLock.take(op, files, `${target}.lock`);
  try {
    // Another process may have done it in the meantime.
    if (await isDone()) return true;
    await toDisk(op, files, url, target, options);
    return false;
  } finally {
    await lock.release();
  }
}
