/** Downloads and archives of data sets. @see torchvision.datasets.utils */
import { checkFlag, checkString } from "../../../core/arguments";
import { namedAsync } from "../../../core/signature";
import { absolute, expandHome, joinPath, removeData } from "../../../platform/dataFiles";
import { type DownloadUrlOptions, downloaded, nameOf, optionalText } from "./downloads";

const lazy = () => import("../../../platform/archives/lazyArchives");

const folderOf = (path: string): string => path.replace(/[/\\][^/\\]*$/, "") || ".";
/**
 * The MD5 checksum of a file, in hexadecimal digits.
 * @see torchvision.datasets.utils.calculate_md5
 * @throws KindlingError if it cannot be read.
 * @example await calculateMd5("data/cifar-10-python.tar.gz") // "c58f30108f718f92721af3b95e74349a"
 */
export const calculateMd5 = namedAsync("calculateMd5", "fpath", async (fpath: string): Promise<string> => {
  const path = absolute(expandHome(checkString("calculateMd5", "fpath", fpath)));
  return (await lazy()).md5OfFile("calculateMd5", path);
});

/**
 * Whether there is a file and, where `md5` is given, whether it has that checksum.
 * @see torchvision.datasets.utils.check_integrity
 */
export const checkIntegrity = namedAsync(
  "checkIntegrity",
  "fpath, md5?",
  async (fpath: string, md5?: string | null): Promise<boolean> => {
    const path = absolute(expandHome(checkString("checkIntegrity", "fpath", fpath)));
    const sum = optionalText("checkIntegrity", "md5", md5)?.toLowerCase();
    return (await lazy()).isWhole("checkIntegrity", path, sum);
  },
);

/**
 * Downloads a file to a folder, unless it is there with the right checksum. A download that broke off goes on where it was, a damaged one is made
 * again, and the file appears under its name only when it is whole; other processes that want it wait. In browsers the file is kept in the Cache
 * API, under the URL that the path has in the page.
 * @see torchvision.datasets.utils.download_url
 * @throws KindlingError if the server cannot be reached or refuses, or the file cannot be written; FormatError for a wrong checksum.
 * @example await downloadUrl("https://example.org/pictures.zip", "data", { md5: "9e107d9d372bb6826bd81d3542a419d6" });
 */
export const downloadUrl = namedAsync(
  "downloadUrl",
  "url, root; filename, md5; timeout",
  async (url: string, root: string, options: DownloadUrlOptions = {}): Promise<void> => {
    await downloaded("downloadUrl", url, root, options);
  },
);

/** Options of {@link extractArchive}. */
export interface ExtractOptions {
  /** The folder that the files go to. Default: that of the archive. */
  toPath?: string | null | undefined;
  /** Remove the archive when all is unpacked. Default: false. */
  removeFinished?: boolean | undefined;
}

async function extracted(
  op: string,
  fromPath: string,
  { toPath, removeFinished = false }: ExtractOptions,
): Promise<string> {
  const from = expandHome(checkString(op, "fromPath", fromPath));
  const to = expandHome(optionalText(op, "toPath", toPath) ?? folderOf(from));
  checkFlag(op, "removeFinished", removeFinished);
  const { extract, packingOf } = await lazy();
  const { packing, suffix } = packingOf(op, from);
  await extract(op, absolute(from), absolute(to));
  if (removeFinished) await removeData(op, absolute(from));
  return packing === "gz" ? joinPath(to, nameOf(from).slice(0, -suffix.length)) : to;
}

/**
 * Unpacks an archive: `.tar`, `.tar.gz`, `.tgz`, `.zip`, or a single file that is compressed as `.gz`. All of its files appear, or none; names that
 * lead out of the folder are refused; memory stays small whatever it holds.
 * @returns The folder, or of `.gz` the file.
 * @see torchvision.datasets.utils.extract_archive
 * @throws FormatError if the archive is damaged or hostile, KindlingError for one of another kind or if there is no room.
 */
export const extractArchive = namedAsync(
  "extractArchive",
  "fromPath; toPath, removeFinished",
  (fromPath: string, options: ExtractOptions = {}): Promise<string> => extracted("extractArchive", fromPath, options),
);

/** Options of {@link downloadAndExtractArchive}. */
export interface DownloadAndExtractOptions extends DownloadUrlOptions {
  /** The folder that the files go to. Default: that of the archive. */
  extractRoot?: string | null | undefined;
  /** Remove the archive when all is unpacked. Default: false. */
  removeFinished?: boolean | undefined;
}

/**
 * {@link downloadUrl}, then {@link extractArchive}.
 * @see torchvision.datasets.utils.download_and_extract_archive
 * @throws As the two.
 */
export const downloadAndExtractArchive = namedAsync(
  "downloadAndExtractArchive",
  "url, downloadRoot; extractRoot, filename, md5, removeFinished; timeout",
  async (url: string, downloadRoot: string, options: DownloadAndExtractOptions = {}): Promise<void> => {
    const { extractRoot, removeFinished, ...rest } = options;
    const op = "downloadAndExtractArchive";
    const path = await downloaded(op, url, downloadRoot, rest);
    const toPath = extractRoot ?? downloadRoot;
    console.log(`Extracting ${path} to ${toPath}`);
    await extracted(op, path, { toPath, removeFinished });
  },
);
