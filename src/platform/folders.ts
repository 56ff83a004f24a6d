/** Folders on a disk. */
import { explain } from "./files";
import { nodeModule } from "./platform";

type FileSystem = typeof import("node:fs");

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;

/**
 * Makes a folder and those it stands in, one by one: Node's own `recursive` never ends where a system has no room for names, as below `/proc`.
 * @throws the error of the system, also if there is a file of that name.
 */
export function makeFoldersNow(files: FileSystem, path: string): void {
  try {
    files.mkdirSync(path);
  } catch (error) {
    if (files.statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
    const { dirname } = nodeModule<typeof import("node:path")>("node:path")!;
    const parent = dirname(path);
    if (codeOf(error) !== "ENOENT" || parent === path) throw error;
    makeFoldersNow(files, parent);
    makeLast(files, path);
  }
}

/** Makes a folder in one that is there; another process may have been faster. */
function makeLast(files: FileSystem, path: string): void {
  try {
    files.mkdirSync(path);
  } catch (error) {
    if (!files.statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}

/** Makes a folder and those it stands in, where there are disks. @throws KindlingError with the path and the cause. */
export async function makeFolder(op: string, path: string): Promise<void> {
  const files = nodeModule<FileSystem>("node:fs");
  if (files === undefined || path === "") return;
  try {
    makeFoldersNow(files, path);
  } catch (error) {
    throw explain(op, "make the folder", path, error);
  }
}
