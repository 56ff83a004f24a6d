/** What stands behind `torch.hub.downloadUrlToFile` and `loadStateDictFromUrl`. */
import { checkFlag, checkString } from "../core/arguments";
import { ArgumentError, ValueError } from "../core/errors";
import { expandHome } from "../platform/dataFiles";
import { cachedFile, fetchFile } from "./cached";
import type { DownloadUrlToFileOptions, LoadStateDictFromUrlOptions } from "./index";
import { readWeights } from "./weights";

/** @throws ArgumentError unless it is the address of a file on a server. */
function checkUrl(op: string, url: unknown): string {
  const text = url instanceof URL ? url.href : checkString(op, "url", url);
  if (!/^https?:/i.test(text) || !URL.canParse(text))
    throw new ArgumentError(`${op}: url must begin with http:// or https://, got "${text}"`);
  return text;
}

/** Downloads a file. @throws ArgumentError, ValueError for wrong arguments, else as `downloadUrlToFile`. */
export async function downloadFile(
  op: string,
  url: string | URL,
  dst: string,
  options: DownloadUrlToFileOptions,
): Promise<void> {
  const { hashPrefix = null, progress = true } = options;
  const from = checkUrl(op, url);
  if (checkString(op, "dst", dst) === "")
    throw new ArgumentError(`${op}: dst must be the path of a file, got an empty text`);
  if (hashPrefix !== null && !/^[\da-f]{0,64}$/i.test(checkString(op, "hashPrefix", hashPrefix)))
    throw new ValueError(`${op}: hashPrefix must be hexadecimal digits of a SHA-256, got "${hashPrefix}"`);
  await fetchFile(op, from, expandHome(dst), hashPrefix ?? undefined, checkFlag(op, "progress", progress));
}

/** What a file at a URL holds. @throws ArgumentError, ValueError for wrong arguments, else as `loadStateDictFromUrl`. */
export async function readUrl(op: string, url: string | URL, options: LoadStateDictFromUrlOptions): Promise<any> {
  const { mapLocation = null, ...where } = options;
  const path = await cachedFile(op, checkUrl(op, url), where);
  return await readWeights(op, path, mapLocation);
}
