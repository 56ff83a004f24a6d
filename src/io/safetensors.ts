/**
 * The safetensors format: a JSON header that says where each tensor lies, then raw little-endian bytes.
 * @see https://github.com/huggingface/safetensors
 */

import { sizeOf } from "../core/dtype";
import { keptAs, keptBytes } from "../core/elements";
import { setOwn } from "../core/record";
import { named, namedAsync } from "../core/signature";
import type { FileSource } from "../platform/randomAccess";
import { allocate } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import type { SafeOpen } from "./safeOpen";
import { elementFailure, layOut, parse } from "./safetensorsHeader";

/** The bytes of a tensor in row-major order, little-endian. */
function bytesOf(x: Tensor): Uint8Array {
  const own = x.detach();
  const dense = own.contiguous();
  const bytes = sizeOf(x.dtype);
  const view = x.storage.backend.view(dense.storage.block, "uint8", dense.offset * bytes, x.numel() * bytes);
  const copy = new Uint8Array(view as Uint8Array);
  dense.dispose();
  own.dispose();
  return copy;
}

/**
 * The bytes of a safetensors file.
 * @param metadata Text entries for the header.
 * @see safetensors.torch.save
 * @throws ArgumentError for what is no tensor or no text.
 */
export const save = named(
  "safetensors.save",
  "tensors{}, metadata{}?",
  (tensors: Readonly<Record<string, Tensor>>, metadata?: Readonly<Record<string, string>>): Uint8Array => {
    const { header, entries, size } = layOut("safetensors.save", tensors, metadata);
    const file = new Uint8Array(size);
    file.set(header);
    let at = header.length;
    for (const [, x] of entries) {
      const bytes = bytesOf(x);
      file.set(bytes, at);
      at += bytes.length;
    }
    return file;
  },
);

/**
 * The tensors of a safetensors file, by name, in the order of the header. The file is read as the format's specification says: names
 * occur once, and the tensors cover all of the data, without holes, overlaps or bytes that follow.
 * @see safetensors.torch.load
 * @throws FormatError if the bytes are truncated, damaged, or no safetensors file; nothing is allocated then.
 */
export const load = named("safetensors.load", "file", (file: Uint8Array): Record<string, Tensor> => {
  const { entries, data } = parse("safetensors.load", file);
  const tensors: Record<string, Tensor> = {};
  let isWhole = false;
  try {
    for (const { name, type, shape, begin, end } of entries) {
      const x = allocate(shape, keptAs(type));
      setOwn(tensors, name, x);
      const bytes = data.subarray(begin, end);
      // What is widened is read as numbers, which have to lie at a multiple of their size.
      const own = keptAs(type) === type ? bytes : keptBytes(type, new Uint8Array(bytes), elementFailure(name));
      x.storage.backend.write(x.storage.block, "uint8", 0, own);
    }
    isWhole = true;
  } finally {
    // Where memory ends halfway, what was read before is given back.
    if (!isWhole) for (const x of Object.values(tensors)) x.dispose();
  }
  return tensors;
});

/** The text entries in the header of a safetensors file. @throws FormatError as {@link load} does. */
export const metadata = named("safetensors.metadata", "file", (file: Uint8Array): Record<string, string> => {
  const texts: Record<string, string> = {};
  for (const [name, value] of parse("safetensors.metadata", file).metadata) setOwn(texts, name, value);
  return texts;
});

const lazy = () => import("./lazySafetensors");

/** Options of {@link saveFile}. */
export interface SaveFileOptions {
  /** The most bytes of tensors in a file, as a number or as `"5GB"`, `"500MB"`. More are spread over several files, and an index. Default: no limit. */
  maxShardSize?: number | string;
}

/**
 * Writes tensors to a safetensors file as a stream, whole or not at all. The tensors are not to be changed before the promise is fulfilled.
 *
 * With `maxShardSize`, tensors that need more go to `model-00001-of-00003.safetensors` and so on, and the index to `model.safetensors.index.json`, which
 * is written last; a tensor is never divided.
 * @see safetensors.torch.save_file, huggingface_hub.save_torch_state_dict
 * @throws ArgumentError for what is no tensor or no text; KindlingError in browsers, which have no files: use {@link save}.
 * @example await safetensors.saveFile(model.stateDict(), "model.safetensors", { maxShardSize: "2GB" });
 */
export const saveFile = namedAsync(
  "safetensors.saveFile",
  "tensors{}, path, metadata{}?;; maxShardSize",
  async (
    tensors: Readonly<Record<string, Tensor>>,
    path: string | URL,
    metadata?: Readonly<Record<string, string>>,
    options: SaveFileOptions = {},
  ): Promise<void> => {
    // In the place of metadata, which are any texts by name, the option alone is meant as the option.
    const isOption = metadata !== undefined && metadata !== null && Object.keys(metadata).join() === "maxShardSize";
    const [texts, limit] = isOption ? [undefined, metadata.maxShardSize] : [metadata, options.maxShardSize];
    await (await lazy()).saveFile("safetensors.saveFile", tensors, path, texts, limit);
  },
);

/**
 * Reads the tensors of a safetensors file, or of all files of an index (`model.safetensors.index.json`), as a stream into the memory of the tensors.
 * @param path A path (in browsers a URL), a URL, a `Blob`, or the bytes. An index is known by its ending `.json`.
 * @see safetensors.torch.load_file
 * @throws FormatError with the path, as {@link load} does; also if an index names files outside of its folder or tensors that are not in them.
 */
export const loadFile = namedAsync(
  "safetensors.loadFile",
  "path",
  async (path: FileSource): Promise<Record<string, Tensor>> => (await lazy()).loadFile("safetensors.loadFile", path),
);

/**
 * Opens a safetensors file, or an index of several, to read single tensors or parts of them without the rest: by positioned reads, `Blob.slice`, or
 * range requests. Only the header is read at once.
 * @param filename As of {@link loadFile}.
 * @see safetensors.safe_open
 * @throws FormatError with the path if the header is damaged or does not fit the file.
 * @example
 * const file = await safetensors.safeOpen("model.safetensors");
 * const weight = await file.getTensor("lm_head.weight");
 * const rows = await file.getSlice("wte.weight").at("0:10");
 * await file.close();
 */
export const safeOpen = namedAsync(
  "safetensors.safeOpen",
  "filename",
  async (filename: FileSource): Promise<SafeOpen> => (await lazy()).safeOpen("safetensors.safeOpen", filename),
);

export type { SafeOpen, SafeSlice } from "./safeOpen";
