/** The format of PyTorch before version 0.1.10: a tape archive. */
import { FormatError } from "../../core/errors";
import type { RandomAccessFile } from "../../platform/randomAccess";
import type { TorchBuilder } from "./builder";
import type { Opened } from "./readZip";

export const isTar = (start: Uint8Array): boolean => String.fromCharCode(...start.subarray(257, 262)) === "ustar";

export async function openTar(file: RandomAccessFile, _builder: TorchBuilder): Promise<Opened> {
  throw new FormatError(`"${file.path}": not yet`);
}
