/** Files of trained weights. */

import { FormatError } from "../../core/errors";
import { load as loadCheckpoint } from "../../io/serialization";
import { load } from "../../io/safetensors";
import type { StateDict } from "../../nn/state";
import { readBytes } from "../../platform/files";
import { Tensor } from "../../tensor/tensor";

/** PyTorch's own files: zip archives, and before version 1.6 pickles that begin with their protocol. */
const isCheckpoint = (bytes: Uint8Array): boolean =>
  (bytes[0] === 0x50 && bytes[1] === 0x4b) || (bytes[0] === 0x80 && bytes[1]! <= 5 && bytes[2] === 0x8a);

/** The tensors of a checkpoint, which may be all of it or its `state_dict` or `model`, as training scripts save them. */
async function checkpointState(path: string | URL, source: string | URL | Uint8Array): Promise<StateDict> {
  const value = await loadCheckpoint(source);
  const isState = (dict: unknown) =>
    typeof dict === "object" && dict !== null && Object.values(dict).every((x) => x instanceof Tensor);
  const found = [value, value?.state_dict, value?.model].find(isState);
  if (found === undefined) throw new FormatError(`"${path}" holds no state dict: tensors by name`);
  return found;
}

/**
 * The tensors of a file by name.
 * @throws FormatError for a file that is damaged or of another format; KindlingError if it cannot be read.
 */
export async function readState(op: string, path: string | URL): Promise<StateDict> {
  // PyTorch's own files are known by their names, and are read without a copy of the whole in memory.
  if (/\.(pth|pt)$/.test(new URL(path, "file:///").pathname)) return await checkpointState(path, path);
  const bytes = await readBytes(op, path);
  return isCheckpoint(bytes) ? await checkpointState(path, bytes) : load(bytes);
}
