/** Tensors by name in one file or several, read one at a time, whatever the format: a model is filled without a second copy of it. */
import { FormatError } from "../core/errors";
import type { FileSource } from "../platform/randomAccess";
import type { Tensor } from "../tensor/tensor";
import { openFiles } from "./lazySafetensors";
import { readIndex, type ShardIndex } from "./shards";

/** Open files of tensors; to be closed. */
export interface TensorSource {
  /** What errors call it. */
  readonly path: string;
  /** The shape of each tensor, in the order of the file. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Reads one of the tensors of `shapes`. @throws FormatError naming the file if it is damaged. */
  read(name: string): Promise<Tensor>;
  close(): Promise<void>;
}

/** The tensors of a safetensors file. @throws FormatError naming it if its header is damaged. */
export async function openSafetensors(op: string, source: FileSource): Promise<TensorSource> {
  const { path, names, find, close } = await openFiles(op, source);
  const shapes = new Map<string, readonly number[]>();
  for (const name of names) shapes.set(name, (await find(name)).entry.shape);
  const read = async (name: string) => {
    const { shard, entry } = await find(name);
    return shard.read(entry);
  };
  return { path, shapes, read, close };
}

/**
 * The tensors of all files that an index names.
 * @param open Opens one of the files by its name in the index.
 * @throws FormatError if the index is damaged, names files outside of its folder, or tensors that are not in them.
 */
export async function openIndexed(
  op: string,
  index: FileSource,
  open: (file: string) => Promise<TensorSource>,
): Promise<TensorSource> {
  const { path, files } = await readIndex(op, index);
  const sources = new Map<string, TensorSource>();
  const close = async () => {
    for (const source of sources.values()) await source.close();
  };
  let isOpen = false;
  try {
    for (const file of new Set(files.values())) sources.set(file, await open(file));
    const shapes = shapesOf(path, files, sources);
    isOpen = true;
    return { path, shapes, read: (name) => sources.get(files.get(name)!)!.read(name), close };
  } finally {
    if (!isOpen) await close();
  }
}

function shapesOf(path: string, files: ShardIndex["files"], sources: ReadonlyMap<string, TensorSource>) {
  const shapes = new Map<string, readonly number[]>();
  for (const [name, file] of files) {
    const shape = sources.get(file)!.shapes.get(name);
    if (shape === undefined)
      throw new FormatError(
        `"${path}" says that tensor ${JSON.stringify(name.slice(0, 200))} is in "${file}", which does not have it`,
      );
    shapes.set(name, shape);
  }
  return shapes;
}
