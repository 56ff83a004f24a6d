/** Files of tensors by name, of whatever format. */

import { isPlainObject } from "../core/binding";
import { FormatError } from "../core/errors";
import { load as loadSafetensors } from "../io/safetensors";
import { type LoadOptions, load as loadCheckpoint } from "../io/serialization";
import type { StateDict } from "../nn/module/state";
import { absolute, hasFile, isRemote, readData } from "../platform/dataFiles";
import { readBytes } from "../platform/files";
import { Tensor } from "../tensor/tensor";

/** PyTorch's own files: zip archives, tar archives, and pickles that begin with their protocol. */
const isCheckpoint = (bytes: Uint8Array): boolean =>
  (bytes[0] === 0x50 && bytes[1] === 0x4b) || (bytes[0] === 0x80 && bytes[1]! <= 5);

/** What a file of PyTorch or of safetensors holds, whichever it is. @throws FormatError naming it if it is neither, or damaged. */
export async function readWeights(op: string, path: string | URL, options: LoadOptions = {}): Promise<any> {
  // What was downloaded in a browser is in its cache, under the path's URL; other addresses are read afresh.
  const isKept = typeof path === "string" && isRemote(path) && (await hasFile(absolute(path)));
  const bytes = isKept ? await readData(op, path) : await readBytes(op, path);
  try {
    if (isCheckpoint(bytes)) return await loadCheckpoint(bytes, options);
    const state = loadSafetensors(bytes);
    return await moved(state, options);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(`${op}: "${path}": ${error.message}`, { cause: error });
  }
}

/** Safetensors know no devices: all tensors go where the CPU's would. */
async function moved(state: StateDict, { mapLocation }: LoadOptions): Promise<StateDict> {
  if (mapLocation == null) return state;
  const device =
    typeof mapLocation === "function"
      ? mapLocation("cpu")
      : isPlainObject(mapLocation)
        ? (mapLocation as Record<string, never>).cpu
        : mapLocation;
  if (device == null) return state;
  return Object.fromEntries(Object.entries(state).map(([key, value]) => [key, value.to(device as "cpu")]));
}

type Entries = readonly (readonly [key: unknown, value: unknown])[];

const entriesOf = (content: unknown): Entries | undefined =>
  content instanceof Map ? [...content] : isPlainObject(content) ? Object.entries(content as object) : undefined;

const isState = (entries: Entries | undefined): entries is readonly (readonly [string, Tensor])[] =>
  entries?.every(([key, value]) => typeof key === "string" && value instanceof Tensor) ?? false;

/** The tensors of a file by name; those of a whole training run are under `state_dict` or `model`. @throws FormatError if there are others. */
export async function readStateDict(op: string, path: string | URL): Promise<StateDict> {
  const content = entriesOf(await readWeights(op, path));
  const named = new Map(content);
  const entries = isState(content) ? content : entriesOf(named.get("state_dict") ?? named.get("model"));
  if (!isState(entries))
    throw new FormatError(
      `${op}: "${path}" holds no state dict, an object of tensors by name: read it by torch.load, and take the part that is one`,
    );
  return Object.fromEntries(entries) as StateDict;
}
