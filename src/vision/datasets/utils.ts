/** What torchvision has in `datasets.utils`. */
export type DownloadResource = readonly [file: string, md5: string | undefined];
export async function checkIntegrity(_path: string, _md5?: string): Promise<boolean> {
  return false;
}
export async function downloadAndExtractArchive(_url: string, _root: string, _o: object): Promise<void> {}
export async function downloadFromMirrors(
  _name: string,
  _mirrors: readonly string[],
  _file: string,
  _o: object,
): Promise<void> {}
