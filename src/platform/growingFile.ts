/** Files that grow while a program runs: on a disk, in a page's private file system (OPFS), or in memory where there is neither. */
import { explain } from "./files";
import { makeFoldersNow } from "./folders";
import { nodeModule } from "./platform";

type FileSystem = typeof import("node:fs");

/** A file that is written to at its end. Positions are its own, so that what failed can be written again. */
export interface GrowingFile {
  /** Appends all of `bytes`, or fails and stands where it stood. Calls must not overlap. */
  write(bytes: Uint8Array): Promise<void>;
  /** The same before it returns; undefined where that is not possible. */
  writeNow?(bytes: Uint8Array): void;
  /** Waits until what was written outlives a loss of power. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

class DiskFile implements GrowingFile {
  private position = 0;

  constructor(
    private readonly op: string,
    private readonly path: string,
    private readonly files: FileSystem,
    private readonly descriptor: number,
  ) {}

  async write(bytes: Uint8Array): Promise<void> {
    const { files, descriptor } = this;
    const start = this.position;
    for (let at = 0; at < bytes.length; )
      at += await this.tell<number>("write", (done) =>
        files.write(descriptor, bytes, at, bytes.length - at, start + at, done as never),
      );
    // The same bytes may have been written at once meanwhile, and others after them.
    this.position = Math.max(this.position, start + bytes.length);
  }

  writeNow(bytes: Uint8Array): void {
    const start = this.position;
    try {
      for (let at = 0; at < bytes.length; )
        at += this.files.writeSync(this.descriptor, bytes, at, bytes.length - at, start + at);
    } catch (error) {
      throw explain(this.op, "write", this.path, error);
    }
    this.position = start + bytes.length;
  }

  sync(): Promise<void> {
    return this.tell("write", (done) => this.files.fsync(this.descriptor, done as never));
  }

  close(): Promise<void> {
    return this.tell("close", (done) => this.files.close(this.descriptor, done as never));
  }

  private tell<T>(verb: string, start: (done: (error: unknown, value: T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) =>
      start((error, value) => (error ? reject(explain(this.op, verb, this.path, error)) : resolve(value))),
    );
  }
}

/** Pages see what was written to such a file when a stream is closed, so each write has a stream of its own. */
class PrivateFile implements GrowingFile {
  private position = 0;

  constructor(
    private readonly op: string,
    private readonly path: string,
    private readonly handle: FileSystemFileHandle,
  ) {}

  async write(bytes: Uint8Array): Promise<void> {
    try {
      const stream = await this.handle.createWritable({ keepExistingData: true });
      await stream.write({ type: "write", position: this.position, data: bytes as Uint8Array<ArrayBuffer> });
      await stream.close();
    } catch (error) {
      throw explain(this.op, "write", this.path, error);
    }
    this.position += bytes.length;
  }

  async sync(): Promise<void> {}

  async close(): Promise<void> {}
}

/** What stands in for files in pages that are not served safely. */
const inMemory = new Map<string, Uint8Array<ArrayBuffer>[]>();

class MemoryFile implements GrowingFile {
  constructor(private readonly parts: Uint8Array<ArrayBuffer>[]) {}

  async write(bytes: Uint8Array): Promise<void> {
    this.parts.push(bytes.slice());
  }

  async sync(): Promise<void> {}

  async close(): Promise<void> {}
}

const partsOf = (path: string): string[] => path.split("/").filter((part) => part !== "" && part !== ".");

async function privateFolder(parts: readonly string[], create: boolean): Promise<FileSystemDirectoryHandle> {
  let folder = await navigator.storage.getDirectory();
  for (const part of parts) folder = await folder.getDirectoryHandle(part, { create });
  return folder;
}

const hasPrivateFiles = (): boolean =>
  typeof navigator === "object" &&
  typeof navigator.storage?.getDirectory === "function" &&
  typeof FileSystemFileHandle === "function" &&
  "createWritable" in FileSystemFileHandle.prototype;

function createOnDisk(op: string, path: string, files: FileSystem): GrowingFile {
  try {
    const { dirname } = nodeModule<typeof import("node:path")>("node:path")!;
    makeFoldersNow(files, dirname(path));
    return new DiskFile(op, path, files, files.openSync(path, "w"));
  } catch (error) {
    throw explain(op, "create", path, error);
  }
}

async function createInPage(op: string, path: string): Promise<GrowingFile> {
  if (!hasPrivateFiles()) {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    inMemory.set(path, parts);
    return new MemoryFile(parts);
  }
  try {
    const parts = partsOf(path);
    const folder = await privateFolder(parts.slice(0, -1), true);
    const handle = await folder.getFileHandle(parts.at(-1)!, { create: true });
    await (await handle.createWritable()).close();
    return new PrivateFile(op, path, handle);
  } catch (error) {
    throw explain(op, "create", path, error);
  }
}

/**
 * Creates a file and the folders it stands in: at once on a disk; in pages in OPFS, else in memory.
 * @throws KindlingError with the path and the cause.
 */
export function createGrowingFile(op: string, path: string): GrowingFile | Promise<GrowingFile> {
  const files = nodeModule<FileSystem>("node:fs");
  return files === undefined ? createInPage(op, path) : createOnDisk(op, path, files);
}

/** The content of a file that {@link createGrowingFile} made, to be offered as a download. @throws KindlingError with the path and the cause. */
export async function growingFileBlob(op: string, path: string): Promise<Blob> {
  try {
    const files = nodeModule<FileSystem>("node:fs");
    if (files !== undefined) return new Blob([(await files.promises.readFile(path)) as Uint8Array<ArrayBuffer>]);
    const held = inMemory.get(path);
    if (held !== undefined) return new Blob(held);
    const parts = partsOf(path);
    return await (await (await privateFolder(parts.slice(0, -1), false)).getFileHandle(parts.at(-1)!)).getFile();
  } catch (error) {
    throw explain(op, "read", path, error);
  }
}

/** Calls `last` when the process ends of itself, which may then wait for nothing. @returns What undoes it. */
export function atExit(last: () => void): () => void {
  const process = nodeModule<typeof import("node:process")>("node:process");
  process?.on("exit", last);
  return () => void process?.off("exit", last);
}

/** Lets a process end though a timer runs. */
export function unrefTimer<T>(timer: T): T {
  (timer as { unref?: () => void }).unref?.();
  return timer;
}
