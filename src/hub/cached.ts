/** Files that are downloaded once. */
import { checkFlag, checkString } from "../core/arguments";
import { ValueError } from "../core/errors";
import { absolute, expandHome, hasFile, joinPath } from "../platform/dataFiles";
import { download } from "../platform/download";
import { getDir } from "./directory";

/** Where a download is kept, and how it is checked. */
export interface CacheOptions {
  readonly modelDir?: string | null;
  readonly progress?: boolean;
  readonly checkHash?: boolean;
  readonly fileName?: string | null;
}

/** Downloads a file in place of what is there. `hashPrefix` is the beginning of its SHA-256. */
export const fetchFile = (op: string, url: string, path: string, hashPrefix: string | undefined, progress: boolean) =>
  download(op, url, path, { sha256: hashPrefix?.toLowerCase(), progress, replace: true });

/** The last part of a URL's path, which cannot lead to another folder. */
function fileNameOf(op: string, url: string): string {
  const name = decodeURIComponent(new URL(url).pathname.split("/").at(-1)!);
  return checkFileName(op, name, "the file of the url");
}

function checkFileName(op: string, name: string, what: string): string {
  if (name === "" || name === "." || name === ".." || /[/\\\0]/.test(name))
    throw new ValueError(`${op}: ${what} has no name that a file could have, "${name}": give fileName`);
  return name;
}

/** Downloads a file, unless it is there. @returns Its path. */
export async function cachedFile(op: string, url: string, options: CacheOptions): Promise<string> {
  const { modelDir = null, progress = true, checkHash = false, fileName = null } = options;
  const folder =
    modelDir === null ? joinPath(getDir(), "checkpoints") : expandHome(checkString(op, "modelDir", modelDir));
  const name =
    fileName === null ? fileNameOf(op, url) : checkFileName(op, checkString(op, "fileName", fileName), "fileName");
  checkFlag(op, "progress", progress);
  const digits = checkFlag(op, "checkHash", checkHash) ? /-([a-f0-9]*)\./.exec(name)?.[1] : undefined;
  const path = joinPath(folder, name);
  if (!(await hasFile(absolute(path)))) await fetchFile(op, url, path, digits, progress);
  return path;
}
