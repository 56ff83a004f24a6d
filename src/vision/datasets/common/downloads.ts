/** What downloads of data sets share: where files go, what is said of them, and mirrors. */
import { checkNumber, checkString } from "../../../core/arguments";
import { KindlingError } from "../../../core/errors";
import { absolute, expandHome, joinPath } from "../../../platform/dataFiles";

/** A file to download, and its checksum (MD5) in hexadecimal digits, or undefined where none is checked. */
export type DownloadResource = readonly [file: string, md5?: string | undefined];

/** Options of {@link downloaded}. */
export interface DownloadUrlOptions {
  /** The name of the file. Default: the last part of the URL. */
  filename?: string | null | undefined;
  /** The MD5 checksum that the file has to have, in hexadecimal digits. Default: none is checked. */
  md5?: string | null | undefined;
  /** Seconds without a byte after which a server is given up. Default: 60. */
  timeout?: number | undefined;
}

/** A text, or undefined where none is given. */
export const optionalText = (op: string, name: string, value: unknown): string | undefined =>
  value === undefined || value === null ? undefined : checkString(op, name, value);

/** The last part of a URL or path. */
export function nameOf(url: string): string {
  const name = url
    .replace(/[?#].*$/, "")
    .split(/[/\\]/)
    .at(-1)!;
  try {
    return decodeURIComponent(name);
  } catch {
    // A per cent sign of its own.
    return name;
  }
}

const lazy = () => import("../../../platform/archives/lazyArchives");

/** Downloads a file to a folder, unless it is there. @returns Its path. */
export async function downloaded(op: string, url: string, root: string, options: DownloadUrlOptions): Promise<string> {
  const filename = optionalText(op, "filename", options.filename) || nameOf(checkString(op, "url", url));
  const md5 = optionalText(op, "md5", options.md5)?.toLowerCase();
  const timeout = options.timeout === undefined ? undefined : checkNumber(op, "timeout", options.timeout);
  const path = joinPath(expandHome(checkString(op, "root", root)), filename);
  const { download, isWhole } = await lazy();
  if (await isWhole(op, absolute(path), md5)) {
    console.log(`Using downloaded and verified file: ${path}`);
    return path;
  }
  console.log(`Downloading ${url} to ${path}`);
  await download(op, url, path, { md5, timeout });
  return path;
}

/** Downloads a file from the first of several mirrors that has it. @throws KindlingError that tells what each answered. */
export async function downloadFromMirrors(
  op: string,
  mirrors: readonly string[],
  file: string,
  { root, md5 }: { root: string; md5?: string | undefined },
): Promise<string> {
  const failures: string[] = [];
  for (const mirror of mirrors)
    try {
      return await downloaded(op, mirror + file, root, { md5, filename: nameOf(file) });
    } catch (error) {
      if (!(error instanceof (await lazy()).DownloadError)) throw error;
      failures.push(error.message.replace(`${op}: `, ""));
      console.log(`Failed to download (trying next):\n${error.message}`);
    }
  throw new KindlingError(`${op}: Error downloading ${file}: ${failures.join("; ")}`);
}
