/** Files of trained weights. */

import { FormatError } from "../../core/errors";
import { load } from "../../io/safetensors";
import type { StateDict } from "../../nn/state";
import { readBytes } from "../../platform/files";

/** PyTorch's own files: zip archives, and before version 1.6 pickles that begin with their protocol. */
const isCheckpoint = (bytes: Uint8Array): boolean =>
  (bytes[0] === 0x50 && bytes[1] === 0x4b) || (bytes[0] === 0x80 && bytes[1]! <= 5 && bytes[2] === 0x8a);

/**
 * The tensors of a file by name.
 * @throws FormatError for a file that is damaged or of another format; KindlingError if it cannot be read.
 */
export async function readState(op: string, path: string | URL): Promise<StateDict> {
  // PyTorch's own files are known by their names too: they would be large to fetch for nothing.
  const isNamedCheckpoint = /\.(pth|pt)$/.test(new URL(path, "file:///").pathname);
  const bytes = isNamedCheckpoint ? undefined : await readBytes(op, path);
  if (bytes === undefined || isCheckpoint(bytes))
    throw new FormatError(
      `${op}: "${path}" is a file of PyTorch's pickle format, which cannot be read yet; save it in Python by safetensors.torch.save_file(model.state_dict(), "weights.safetensors") and pass that file as weights`,
    );
  return load(bytes);
}
