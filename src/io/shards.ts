/** Tensors over several safetensors files, with an index that says which of them has which: the form of large models on Hugging Face. */
import { checkInteger } from "../core/arguments";
import { ArgumentError, describe, FormatError } from "../core/errors";
import { setOwn } from "../core/record";
import { type FileSource, openFile } from "../platform/randomAccess";
import type { Tensor } from "../tensor/tensor";
import { type Json, parseJson } from "./json";
import { OpenShard, type TensorFiles } from "./safeOpen";
import { layOut, type Plan } from "./safetensorsHeader";

/** Bytes of an index, beyond which it is taken for damaged. */
const MOST_INDEX = 100_000_000;

/** Whether a source is the index of a set. */
export const isIndex = (source: FileSource): source is string | URL =>
  (typeof source === "string" && /\.json$/i.test(source)) ||
  (source instanceof URL && /\.json$/i.test(source.pathname));

/** What an index says, checked. */
export interface ShardIndex {
  /** The file of each tensor, relative to the folder of the index. */
  readonly files: ReadonlyMap<string, string>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** A path below the folder of the index. */
const isInside = (file: string): boolean =>
  !/^$|[\\\0:]/.test(file) && file.split("/").every((part) => part !== "" && part !== "." && part !== "..");

/**
 * The parts of an index.
 * @throws FormatError that names the file, if it is no index, or names files outside of its folder.
 */
export function parseIndex(path: string, text: string): ShardIndex {
  const fail = (why: string, cause?: unknown) =>
    new FormatError(`"${path}" cannot be read as an index of safetensors files: ${why}`, { cause });
  let index: Json;
  try {
    const { value, end } = parseJson(text.trim());
    if (end !== text.trim().length) throw new SyntaxError("something follows the object");
    index = value;
  } catch (error) {
    throw fail((error as Error).message, error);
  }
  const map = index instanceof Map ? index.get("weight_map") : undefined;
  if (!(map instanceof Map)) throw fail('it has no "weight_map", which says the file of each tensor');
  for (const [name, file] of map as ReadonlyMap<string, Json>) {
    const of = `the file of tensor ${JSON.stringify(name.slice(0, 200))}`;
    if (typeof file !== "string") throw fail(`${of} is ${describe(file)}, no text`);
    if (!isInside(file))
      throw fail(`${of}, ${JSON.stringify(file.slice(0, 200))}, is outside of the folder of the index`);
  }
  const texts = (index as ReadonlyMap<string, Json>).get("metadata");
  const entries = texts instanceof Map ? [...(texts as ReadonlyMap<string, Json>)] : [];
  const plain = entries.filter(([, value]) => typeof value !== "object" || value === null);
  return {
    files: map as ReadonlyMap<string, string>,
    metadata: new Map(plain.map(([name, value]) => [name, String(value)])),
  };
}

/** The path of a file beside the index. Of a URL each part is escaped: `%2e%2e` would lead out of the folder. */
function besideIndex(index: string | URL, file: string): string | URL {
  const isUrl = index instanceof URL || /^(https?|file|blob|data):/i.test(index);
  if (!isUrl) return index.replace(/[^/\\]*$/, "") + file;
  return new URL(file.split("/").map(encodeURIComponent).join("/"), index);
}

async function indexText(op: string, source: FileSource): Promise<{ path: string; text: string }> {
  const file = await openFile(op, source);
  try {
    if (file.size > MOST_INDEX) throw new FormatError(`"${file.path}" is too large for an index: ${file.size} bytes`);
    const bytes = await file.read(0, file.size, new Uint8Array(file.size));
    return { path: file.path, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (error) {
    if (error instanceof TypeError)
      throw new FormatError(`"${file.path}" is no text in UTF-8: it is damaged`, { cause: error });
    throw error;
  } finally {
    await file.close();
  }
}

/** The index at a source, checked. @throws FormatError as {@link parseIndex}. */
export async function readIndex(op: string, source: FileSource): Promise<ShardIndex & { readonly path: string }> {
  const { path, text } = await indexText(op, source);
  return { path, ...parseIndex(path, text) };
}

/** A set of files, each opened when a tensor in it is first asked for. */
export async function openSet(op: string, source: string | URL): Promise<TensorFiles> {
  const { path, files, metadata } = await readIndex(op, source);
  const open = new Map<string, Promise<OpenShard>>();
  const shardOf = (file: string): Promise<OpenShard> => {
    let shard = open.get(file);
    if (shard === undefined) {
      shard = OpenShard.open(op, besideIndex(source, file));
      open.set(file, shard);
      // A file that could not be opened may be there the next time.
      shard.catch(() => open.delete(file));
    }
    return shard;
  };
  return {
    path,
    names: [...files.keys()],
    metadata,
    async find(name) {
      const file = files.get(name)!;
      const shard = await shardOf(file);
      const entry = shard.entries.get(name);
      if (entry === undefined)
        throw new FormatError(
          `"${path}" says that tensor ${JSON.stringify(name.slice(0, 200))} is in "${file}", which does not have it`,
        );
      return { shard, entry };
    },
    async close() {
      for (const shard of await Promise.allSettled(open.values()))
        if (shard.status === "fulfilled") await shard.value.file.close();
    },
  };
}

const units: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
};

/** The bytes that `maxShardSize` allows. @throws ArgumentError or ValueError for what is no size. */
export function shardLimit(op: string, size: unknown): number {
  if (size === undefined) return Number.POSITIVE_INFINITY;
  if (typeof size !== "string") return checkInteger(op, "maxShardSize", size, 1);
  const [, digits, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]?i?B)\s*$/i.exec(size) ?? [];
  const scale = units[unit.toUpperCase()];
  if (digits === undefined || scale === undefined || !(Number(digits) * scale >= 1))
    throw new ArgumentError(
      `${op}: maxShardSize must be a number of bytes, or a text such as "5GB" or "500MB", got ${describe(size)}`,
    );
  return Math.floor(Number(digits) * scale);
}

/** A set that is to be written. */
interface ShardPlan {
  readonly shards: readonly { readonly path: string | URL; readonly plan: Plan }[];
  readonly indexPath: string | URL;
  readonly index: Uint8Array;
}

const bytesOf = (x: Tensor): number => x.numel() * x.elementSize();

/** Tensors in their order, in groups of at most `limit` bytes; one that is larger is alone. */
function grouped(entries: Plan["entries"], limit: number): [string, Tensor][][] {
  const groups: [string, Tensor][][] = [];
  let left = 0;
  for (const [name, x] of entries) {
    const bytes = bytesOf(x);
    if (groups.length === 0 || (bytes > left && groups.at(-1)!.length > 0)) {
      groups.push([]);
      left = limit;
    }
    groups.at(-1)!.push([name, x]);
    left -= bytes;
  }
  return groups;
}

/** The path with another end: `model.safetensors` with `-00001-of-00002`. */
function withEnd(path: string | URL, end: (stem: string) => string): string | URL {
  const change = (text: string) => end(text.replace(/\.safetensors$/, ""));
  if (!(path instanceof URL)) return change(path);
  const url = new URL(path);
  url.pathname = change(url.pathname);
  return url;
}

/** The name of a file in its folder. */
function nameOf(path: string | URL): string {
  const name = String(path).replace(/^.*[/\\]/, "");
  return path instanceof URL ? decodeURIComponent(name) : name;
}

/** How tensors are spread over files; undefined if one is enough. */
export function planShards(
  op: string,
  { entries, header, size }: Plan,
  path: string | URL,
  metadata: Readonly<Record<string, string>> | undefined,
  limit: number,
): ShardPlan | undefined {
  const total = size - header.length;
  if (total <= limit) return undefined;
  const groups = grouped(entries, limit);
  if (groups.length === 1) return undefined;
  const count = String(groups.length).padStart(5, "0");
  const files: Record<string, string> = {};
  const shards = groups.map((group, i) => {
    const own = withEnd(path, (stem) => `${stem}-${String(i + 1).padStart(5, "0")}-of-${count}.safetensors`);
    const tensors: Record<string, Tensor> = {};
    for (const [name, x] of group) {
      setOwn(tensors, name, x);
      setOwn(files, name, nameOf(own));
    }
    return { path: own, plan: layOut(op, tensors, metadata) };
  });
  const index = `${JSON.stringify({ metadata: { total_size: total }, weight_map: files }, null, 2)}\n`;
  return {
    shards,
    indexPath: withEnd(path, (stem) => `${stem}.safetensors.index.json`),
    index: new TextEncoder().encode(index),
  };
}
