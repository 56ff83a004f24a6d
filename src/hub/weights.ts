/** Files of tensors by name, of whatever format. */

import { isPlainObject } from "../core/binding";
import { FormatError } from "../core/errors";
import { setOwn } from "../core/record";
import { loadFile } from "../io/lazySafetensors";
import type { MapLocation } from "../io/serialization";
import { openSafetensors, type TensorSource } from "../io/tensorSource";
import { load as loadCheckpoint } from "../io/torch/lazyLoad";
import { locator } from "../io/torch/location";
import { openState } from "../io/torch/openState";
import { isTar } from "../io/torch/readTar";
import { StorageRef } from "../io/torch/refs";
import type { StateDict } from "../nn/module/state";
import { isRemote, keptFile } from "../platform/dataFiles";
import { type FileSource, openFile } from "../platform/randomAccess";
import { Tensor } from "../tensor/tensor";

/** Bytes by which formats are told apart. */
const START = 512;

/** PyTorch's own files: zip archives, pickles that begin with their protocol, and tape archives. */
const isCheckpoint = (bytes: Uint8Array): boolean =>
  (bytes[0] === 0x50 && bytes[1] === 0x4b) || (bytes[0] === 0x80 && bytes[1]! <= 5) || isTar(bytes);

/** A file where it lies. What was downloaded in a browser is in its cache, under the path's URL; other addresses are read afresh. */
async function sourceOf(path: string | URL): Promise<FileSource> {
  return (typeof path === "string" && isRemote(path) ? await keptFile(path) : undefined) ?? path;
}

async function sourceAndFormat(op: string, path: string | URL) {
  const source = await sourceOf(path);
  const file = await openFile(op, source);
  try {
    return { source, isTorch: isCheckpoint(await file.read(0, Math.min(START, file.size))) };
  } finally {
    await file.close();
  }
}

/** Lets an error name the path, which a file that a browser keeps does not know. */
async function naming<T>(op: string, path: string | URL, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof FormatError) || error.message.includes(String(path))) throw error;
    throw new FormatError(`${op}: "${path}": ${error.message}`, { cause: error });
  }
}

/** What a file of PyTorch or of safetensors holds, whichever it is. @throws FormatError naming it if it is neither, or damaged. */
export async function readWeights(
  op: string,
  path: string | URL,
  mapLocation: MapLocation | null = null,
): Promise<any> {
  return naming(op, path, async () => {
    const locate = locator(op, mapLocation);
    const { source, isTorch } = await sourceAndFormat(op, path);
    if (isTorch) return await loadCheckpoint(op, source, { mapLocation, classes: {} });
    return moved(await loadFile(op, source), locate);
  });
}

/** Safetensors know no devices: tensors go where those of the CPU would. */
function moved(state: StateDict, locate: ReturnType<typeof locator>): StateDict {
  const placed: StateDict = {};
  for (const [key, x] of Object.entries(state)) {
    const { device } = locate(new StorageRef(key, x.dtype, x.numel(), "cpu"));
    const y = device === x.device ? x : x.to(device);
    if (y !== x) x.dispose();
    setOwn(placed, key, y);
  }
  return placed;
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

/** Like {@link readStateDict}, with tensors that are read one at a time. The result has to be closed. */
export async function openWeights(op: string, path: string): Promise<TensorSource> {
  return naming(op, path, async () => {
    const { source, isTorch } = await sourceAndFormat(op, path);
    return await (isTorch ? openState(op, source) : openSafetensors(op, source));
  });
}
