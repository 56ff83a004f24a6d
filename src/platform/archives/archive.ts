/**
 * Unpacks archives piece by piece, so that memory stays small whatever they hold. Files go to a folder of their own first and are moved when all are
 * there: an archive that is damaged, or a process that ends, leaves nothing half unpacked.
 */
import { KindlingError } from "../../core/errors";
import { isRemote, joinPath, makeFolder, readData, writeData } from "../dataFiles";
import { explain } from "../files";
import { makeFoldersNow } from "../folders";
import { nodeModule } from "../platform";
import { untar } from "./tar";
import { damaged, inflated, pieces, type Sink, type Source } from "./unpacking";
import { unzip } from "./zip";

type FileSystem = typeof import("node:fs/promises");

/** Keeps files in the cache of a browser, each whole. */
class CacheSink implements Sink {
  constructor(
    private readonly op: string,
    private readonly root: string,
  ) {}

  async folder(): Promise<void> {}

  async file(name: string, parts: AsyncIterable<Uint8Array>): Promise<void> {
    const list: Uint8Array[] = [];
    for await (const part of parts) list.push(part.slice());
    const bytes = new Uint8Array(await new Blob(list as Uint8Array<ArrayBuffer>[]).arrayBuffer());
    await writeData(this.op, joinPath(this.root, name), bytes);
  }
}

class DiskSink implements Sink {
  private readonly made = new Set<string>();

  constructor(
    private readonly op: string,
    private readonly files: FileSystem,
    private readonly root: string,
  ) {}

  async folder(name: string): Promise<void> {
    if (this.made.has(name)) return;
    await makeFolder(this.op, joinPath(this.root, name));
    this.made.add(name);
  }

  async file(name: string, parts: AsyncIterable<Uint8Array>): Promise<void> {
    const slash = name.lastIndexOf("/");
    await this.folder(slash < 0 ? "" : name.slice(0, slash));
    const path = joinPath(this.root, name);
    const write = async <T>(work: () => Promise<T>): Promise<T> => {
      try {
        return await work();
      } catch (error) {
        throw explain(this.op, "write", path, error);
      }
    };
    const handle = await write(() => this.files.open(path, "w"));
    try {
      for await (const part of parts) await write(() => handle.writeFile(part));
    } finally {
      await handle.close();
    }
  }
}

/** Moves what is in one folder to another, where it takes the place of files of the same name. */
async function moveInto(files: FileSystem, from: string, to: string): Promise<void> {
  makeFoldersNow(nodeModule<typeof import("node:fs")>("node:fs")!, to);
  for (const entry of await files.readdir(from, { withFileTypes: true })) {
    const [source, target] = [`${from}/${entry.name}`, `${to}/${entry.name}`];
    const isThere = await files.stat(target).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    if (entry.isDirectory() && isThere) await moveInto(files, source, target);
    else await files.rename(source, target);
  }
}

/** How a file is packed, by its name. */
type Packing = "tar" | "tar.gz" | "zip" | "gz";

/** @throws KindlingError for names of other kinds. */
export function packingOf(op: string, path: string): { packing: Packing; suffix: string } {
  const name = path.split(/[/\\]/).at(-1)!.toLowerCase();
  const kinds: readonly [suffix: string, packing: Packing][] = [
    [".tar.gz", "tar.gz"],
    [".tgz", "tar.gz"],
    [".tar", "tar"],
    [".zip", "zip"],
    [".gz", "gz"],
  ];
  const found = kinds.find(([suffix]) => name.endsWith(suffix));
  if (found !== undefined) return { suffix: found[0], packing: found[1] };
  const known = kinds.map(([suffix]) => suffix).join(", ");
  throw new KindlingError(`${op}: Unknown compression or archive type of "${path}". Known suffixes are: ${known}`);
}

/** A file to read from, on a disk or from a URL; it has to be closed. @throws KindlingError if it cannot be read. */
export async function openSource(op: string, path: string): Promise<Source & { close(): Promise<void> }> {
  const files = nodeModule<FileSystem>("node:fs/promises");
  const check = (size: number, start: number, length: number) => {
    if (start < 0 || length < 0 || start + length > size) throw damaged(path, "it ends early");
  };
  if (isRemote(path) || files === undefined) {
    const bytes = await readData(op, path);
    const read = async (start: number, length: number) => {
      check(bytes.length, start, length);
      return bytes.subarray(start, start + length);
    };
    return { path, size: bytes.length, read, close: async () => {} };
  }
  try {
    const handle = await files.open(path, "r");
    const { size } = await handle.stat();
    const read = async (start: number, length: number) => {
      check(size, start, length);
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; ) {
        const { bytesRead } = await handle.read(bytes, at, length - at, start + at);
        if (bytesRead === 0) throw damaged(path, "it ends early");
        at += bytesRead;
      }
      return bytes;
    };
    return { path, size, read, close: () => handle.close() };
  } catch (error) {
    throw explain(op, "read", path, error);
  }
}

async function unpack(source: Source, packing: Packing, plainName: string, sink: Sink): Promise<void> {
  if (packing === "zip") return await unzip(source, sink);
  if (packing === "tar") return await untar(source.path, pieces(source), sink);
  const content = inflated(source.path, pieces(source), "gzip");
  if (packing === "tar.gz") return await untar(source.path, content, sink);
  return await sink.file(plainName, content);
}

/**
 * Unpacks a file to a folder.
 * @throws FormatError if it is damaged or a name in it leads out of the folder; KindlingError for a file of another kind, or that cannot be written.
 */
export async function extract(op: string, from: string, to: string): Promise<void> {
  const { packing, suffix } = packingOf(op, from);
  const name = from.split(/[/\\]/).at(-1)!;
  const plainName = name.slice(0, name.length - suffix.length) || name;
  const files = nodeModule<FileSystem>("node:fs/promises");
  const source = await openSource(op, from);
  try {
    if (isRemote(to) || files === undefined) return await unpack(source, packing, plainName, new CacheSink(op, to));
    const folder = joinPath(to, `.${crypto.randomUUID()}.unpacking`);
    try {
      await makeFolder(op, folder);
      await unpack(source, packing, plainName, new DiskSink(op, files, folder));
      await moveInto(files, folder, to).catch((error) => {
        throw explain(op, "write", to, error);
      });
    } finally {
      await files.rm(folder, { recursive: true, force: true });
    }
  } finally {
    await source.close();
  }
}
