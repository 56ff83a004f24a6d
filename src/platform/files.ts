/** Whole files, where there are any; in browsers, reading fetches. */
import { KindlingError } from "../core/errors";
import { nodeModule, runtime } from "./platform";

type FileSystem = typeof import("node:fs/promises");

/** The cause of a failed file operation in words. */
function explain(verb: string, path: string | URL, error: unknown): KindlingError {
  const code = (error as { code?: string }).code;
  const reasons: Record<string, string> = {
    ENOENT: "there is no such file or folder",
    EACCES: "permission denied",
    EISDIR: "it is a folder",
    ENOTDIR: "a part of the path is not a folder",
    ENOSPC: "the disk is full",
  };
  return new KindlingError(`cannot ${verb} "${path}": ${(code && reasons[code]) ?? (error as Error).message}`, {
    cause: error,
  });
}

/**
 * The bytes of a file, or in a browser of a URL.
 * @throws KindlingError with the path and the cause.
 */
export async function readBytes(path: string | URL): Promise<Uint8Array> {
  const files = nodeModule<FileSystem>("node:fs/promises");
  try {
    if (files !== undefined && !/^https?:/.test(String(path))) {
      const bytes = await files.readFile(path);
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const response = await fetch(path);
    if (!response.ok) throw new Error(`the server answered ${response.status} ${response.statusText}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw explain("read", path, error);
  }
}

/**
 * Writes a whole file.
 * @throws KindlingError with the path and the cause; always in browsers, which have no files: keep the bytes instead.
 */
export async function writeBytes(path: string | URL, bytes: Uint8Array): Promise<void> {
  const files = nodeModule<FileSystem>("node:fs/promises");
  if (files === undefined)
    throw new KindlingError(`cannot write "${path}": a ${runtime} has no files; offer the bytes as a download instead`);
  try {
    await files.writeFile(path, bytes);
  } catch (error) {
    throw explain("write", path, error);
  }
}

/** The names in a folder, sorted. @throws KindlingError with the path and the cause. */
export async function listFolder(path: string): Promise<string[]> {
  const files = nodeModule<FileSystem>("node:fs/promises");
  if (files === undefined) throw new KindlingError(`cannot list "${path}": a ${runtime} has no files`);
  try {
    return (await files.readdir(path)).sort();
  } catch (error) {
    throw explain("open the folder", path, error);
  }
}

/** gzip undone. @throws an error if the data is damaged. */
export async function gunzip(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
