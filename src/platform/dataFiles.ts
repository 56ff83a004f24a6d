/**
 * The files of data sets: on a disk, or at a URL. What is fetched from a URL is kept in the Cache API where there is one (browsers, Deno), under the
 * URL, so that the second visit makes no request; what a browser downloads or unpacks is kept there as well, under the URL that its path would have.
 */
import { FormatError, KindlingError } from "../core/errors";
import { readBytes, writeBytes } from "./files";
import { makeFolder as makeOnDisk } from "./folders";
import { nodeModule, runtime } from "./platform";

type FileSystem = typeof import("node:fs/promises");

const CACHE = "kindling-data";

const disk = (): FileSystem | undefined => nodeModule<FileSystem>("node:fs/promises");

/** Whether a path is a URL, as all are in browsers. */
export const isRemote = (path: string): boolean => runtime === "browser" || /^https?:/i.test(path);

/** A path that means the same in a worker: in browsers a URL. */
export function absolute(path: string): string {
  if (runtime !== "browser") return path;
  const { location, document } = globalThis as { location?: Location; document?: Document };
  return new URL(path, document?.baseURI ?? location?.href).href;
}

/** Parts of a path as one. */
export const joinPath = (...parts: readonly string[]): string =>
  parts
    .filter((part) => part !== "")
    .join("/")
    .replace(/(?<!:)\/{2,}/g, "/");

/** The cache, or undefined where there is none: Node, Bun, and pages that are not served securely. */
async function openCache(): Promise<Cache | undefined> {
  try {
    return await globalThis.caches?.open(CACHE);
  } catch {
    // A browser may refuse storage to a page in private mode.
    return undefined;
  }
}

/** What was fetched or kept, or undefined. */
async function cached(path: string): Promise<Uint8Array | undefined> {
  const found = await (await openCache())?.match(absolute(path));
  return found && new Uint8Array(await found.arrayBuffer());
}

/** What was fetched or kept, without its bytes in memory; undefined if there is nothing. */
export async function keptFile(path: string): Promise<Blob | undefined> {
  return (await (await openCache())?.match(absolute(path)))?.blob();
}

/** Keeps bytes under a path. A cache without room is no obstacle to using them. */
async function keep(path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    const cache = await openCache();
    await cache?.put(absolute(path), new Response(bytes as Uint8Array<ArrayBuffer>));
    return cache !== undefined;
  } catch {
    return false;
  }
}

/** Servers of single pages answer with their page where there is no file. */
const isPage = (response: Response): boolean => /^text\/html\b/i.test(response.headers.get("content-type") ?? "");

/** The bytes at a URL, or undefined where the server has none. @throws KindlingError if it cannot be reached. */
async function fetched(op: string, path: string): Promise<Uint8Array | undefined> {
  try {
    const response = await fetch(absolute(path));
    if (response.status === 404 || response.status === 410 || (response.ok && isPage(response))) {
      await response.body?.cancel();
      return undefined;
    }
    if (!response.ok) throw new Error(`the server answered ${response.status} ${response.statusText}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    await keep(path, bytes);
    return bytes;
  } catch (error) {
    throw new KindlingError(`${op}: cannot read "${path}": ${(error as Error).message}`, { cause: error });
  }
}

/** A file that was found. */
export interface Found {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Whether there is a file on the disk, or in the cache. */
export async function hasFile(path: string): Promise<boolean> {
  if (isRemote(path)) return (await (await openCache())?.match(absolute(path))) !== undefined;
  try {
    return (await disk()!.stat(path)).isFile();
  } catch {
    return false;
  }
}

/** Whether there is a folder on the disk, or a file below such a path in the cache. */
export async function hasFolder(path: string): Promise<boolean> {
  if (isRemote(path)) return (await keptBelow(path)).length > 0;
  try {
    return (await disk()!.stat(path)).isDirectory();
  } catch {
    return false;
  }
}

/** The paths in the cache below a folder, from there on. */
async function keptBelow(folder: string): Promise<string[]> {
  const start = `${absolute(folder).replace(/\/$/, "")}/`;
  const keys = (await (await openCache())?.keys()) ?? [];
  return keys
    .map(({ url }) => url)
    .filter((url) => url.startsWith(start))
    .map((url) => decodeURI(url.slice(start.length)));
}

/** The first of several files that is there, those that need no request first; undefined if there is none. */
export async function findFile(op: string, paths: readonly string[]): Promise<Found | undefined> {
  for (const path of paths) {
    if (!isRemote(path)) {
      if (await hasFile(path)) return { path, bytes: await readBytes(op, path) };
      continue;
    }
    const bytes = await cached(path);
    if (bytes !== undefined) return { path, bytes };
  }
  for (const path of paths.filter(isRemote)) {
    const bytes = await fetched(op, path);
    if (bytes !== undefined) return { path, bytes };
  }
  return undefined;
}

/** The bytes of a file of a data set. @throws KindlingError with the path and the cause. */
export async function readData(op: string, path: string): Promise<Uint8Array> {
  if (!isRemote(path)) return readBytes(op, path);
  const found = await findFile(op, [path]);
  if (found === undefined) throw new KindlingError(`${op}: cannot read "${path}": there is no such file`);
  return found.bytes;
}

/** The text of a file of a data set, which is UTF-8. @throws FormatError if it is not; KindlingError if there is none. */
export async function readText(op: string, path: string): Promise<string> {
  const bytes = await readData(op, path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new FormatError(`"${path}" is no text in UTF-8: it is damaged`, { cause: error });
  }
}

/** Writes a file whole or not at all, with the folders that it needs; in browsers to the cache. */
export async function writeData(op: string, path: string, bytes: Uint8Array): Promise<void> {
  if (!isRemote(path)) {
    await makeFolder(op, path.replace(/[^/\\]*$/, ""));
    return writeBytes(op, path, bytes);
  }
  if (!(await keep(path, bytes)))
    throw new KindlingError(`${op}: cannot keep "${path}": this page has no room or permission to store it`);
}

/** Removes a file or, where that is wanted, a folder with what is in it, if there is one. */
export async function removeData(op: string, path: string, recursive = false): Promise<void> {
  if (isRemote(path)) return void (await (await openCache())?.delete(absolute(path)));
  try {
    await disk()!.rm(path, { force: true, recursive });
  } catch (error) {
    throw new KindlingError(`${op}: cannot remove "${path}": ${(error as Error).message}`, { cause: error });
  }
}

/** Makes a folder and those it stands in; the cache needs none. @throws KindlingError with the path and the cause. */
export async function makeFolder(op: string, path: string): Promise<void> {
  if (!isRemote(path)) await makeOnDisk(op, path);
}

/** What stands in a folder. */
export interface Entry {
  readonly name: string;
  readonly isFolder: boolean;
}

/** What stands in a folder, sorted by the code points of its names; links are followed. @throws KindlingError with the path and the cause. */
export async function listEntries(op: string, path: string): Promise<Entry[]> {
  const entries = isRemote(path) ? await keptEntries(op, path) : await diskEntries(op, path);
  return entries.sort((a, b) => compareText(a.name, b.name));
}

/** The order of Python's texts: by code points. */
export function compareText(a: string, b: string): number {
  const [x, y] = [[...a], [...b]];
  for (let i = 0; i < Math.min(x.length, y.length); i++)
    if (x[i] !== y[i]) return x[i]!.codePointAt(0)! - y[i]!.codePointAt(0)!;
  return x.length - y.length;
}

async function keptEntries(op: string, path: string): Promise<Entry[]> {
  const below = await keptBelow(path);
  if (below.length === 0)
    throw new KindlingError(
      `${op}: cannot open the folder "${path}": folders cannot be listed over a network, and none of its files is kept here`,
    );
  const entries = new Map<string, Entry>();
  for (const rest of below) {
    const [name = "", ...more] = rest.split("/");
    entries.set(name, { name, isFolder: more.length > 0 });
  }
  return [...entries.values()];
}

async function diskEntries(op: string, path: string): Promise<Entry[]> {
  const files = disk()!;
  try {
    const found = await files.readdir(path, { withFileTypes: true });
    return await Promise.all(
      found.map(async (entry) => {
        const isLink = entry.isSymbolicLink();
        const stats = isLink ? await files.stat(`${path}/${entry.name}`).catch(() => entry) : entry;
        return { name: entry.name, isFolder: stats.isDirectory() };
      }),
    );
  } catch (error) {
    const isMissing = (error as { code?: string }).code === "ENOENT";
    const why = isMissing ? "there is no such file or folder" : (error as Error).message;
    throw new KindlingError(`${op}: cannot open the folder "${path}": ${why}`, { cause: error });
  }
}

/** A path whose `~` at the beginning is the home of the user. */
export function expandHome(path: string): string {
  if (!/^~(?=\/|\\|$)/.test(path)) return path;
  const home = nodeModule<typeof import("node:os")>("node:os")?.homedir();
  return home === undefined ? path : home + path.slice(1);
}
