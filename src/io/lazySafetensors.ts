/** Safetensors files and sets of them as streams: a chunk that is loaded when the first one is. */
import { setOwn } from "../core/record";
import { type Write, writeBytes, writeStream } from "../platform/files";
import type { FileSource } from "../platform/randomAccess";
import type { Tensor } from "../tensor/tensor";
import { piecesOf } from "./elements";
import { OpenShard, SafeOpen, type TensorFiles } from "./safeOpen";
import { layOut, type Plan } from "./safetensorsHeader";
import { isIndex, openSet, planShards, shardLimit } from "./shards";

/** Opens a file, or all files of an index. */
export async function openFiles(op: string, source: FileSource): Promise<TensorFiles> {
  if (isIndex(source)) return openSet(op, source);
  const shard = await OpenShard.open(op, source);
  return {
    path: shard.file.path,
    names: [...shard.entries.keys()],
    metadata: shard.metadata,
    find: async (name) => ({ shard, entry: shard.entries.get(name)! }),
    close: () => shard.file.close(),
  };
}

export const safeOpen = async (op: string, source: FileSource): Promise<SafeOpen> =>
  new SafeOpen(await openFiles(op, source));

/** All tensors of a file or a set; nothing is kept if one of them cannot be read. */
export async function loadFile(op: string, source: FileSource): Promise<Record<string, Tensor>> {
  const files = await openFiles(op, source);
  const tensors: Record<string, Tensor> = {};
  let isWhole = false;
  try {
    for (const name of files.names) {
      const { shard, entry } = await files.find(name);
      setOwn(tensors, name, await shard.read(entry));
    }
    isWhole = true;
    return tensors;
  } finally {
    if (!isWhole) for (const x of Object.values(tensors)) x.dispose();
    await files.close();
  }
}

async function writePlan({ header, entries }: Plan, write: Write): Promise<void> {
  await write(header);
  for (const [, x] of entries) {
    x.assertAlive("safetensors.saveFile");
    const own = x.detach();
    const here = await own.cpu();
    const dense = here.contiguous();
    try {
      for (const piece of piecesOf(dense)) await write(piece);
    } finally {
      for (const made of new Set([dense, here, own])) made.dispose();
    }
  }
}

export async function saveFile(
  op: string,
  tensors: Readonly<Record<string, Tensor>>,
  path: string | URL,
  metadata: Readonly<Record<string, string>> | undefined,
  maxShardSize: number | string | undefined,
): Promise<void> {
  const limit = shardLimit(op, maxShardSize);
  const whole = layOut(op, tensors, metadata);
  const set = planShards(op, whole, path, metadata, limit);
  if (set === undefined) return writeStream(op, path, (write) => writePlan(whole, write));
  for (const shard of set.shards) await writeStream(op, shard.path, (write) => writePlan(shard.plan, write));
  // What names the files is written when they are there.
  await writeBytes(op, set.indexPath, set.index);
}
