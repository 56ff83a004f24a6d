/** A folder of files that are replaced whole: on disk, or in what a browser keeps for a page. */
import { KindlingError } from "../core/errors";
import { explain, listFolder, readBytes, writeBytes } from "./files";
import { makeFolder } from "./folders";
import { FileLock } from "./lock";
import { nodeModule } from "./platform";

type FileSystem = typeof import("node:fs/promises");

/** What only one program may have. */
export interface Lock {
  release(): Promise<void>;
}

/** Files by name. Each is written whole or not at all, whatever ends the program meanwhile. */
export interface Store {
  /** The folder, for messages. */
  readonly place: string;
  /** Makes the folder, and keeps others from it. @throws KindlingError if another program has it. */
  lock(): Promise<Lock>;
  /** Names, sorted; none where there is no folder. */
  names(): Promise<string[]>;
  read(name: string): Promise<Uint8Array>;
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Removes what is there, if anything is. */
  remove(name: string): Promise<void>;
}

const LOCK = ".lock";
/** What an ended program left of a file that it was writing. */
const orphan = /\.[0-9a-f]{8}-[0-9a-f-]{27}(?:\.tmp)?$/;

/** A folder on disk, where there are disks. */
export function diskStore(op: string, folder: string): Store | undefined {
  const files = nodeModule<FileSystem>("node:fs/promises");
  return files && new DiskStore(op, folder, files);
}

class DiskStore implements Store {
  private readonly join = nodeModule<typeof import("node:path")>("node:path")!.join;

  constructor(
    private readonly op: string,
    readonly place: string,
    private readonly files: FileSystem,
  ) {}

  async lock(): Promise<Lock> {
    const { op, place, files } = this;
    await makeFolder(op, place);
    const lock = await FileLock.tryTake(op, files, this.join(place, LOCK));
    if (lock instanceof FileLock) return lock;
    const { pid, host } = lock;
    throw new KindlingError(
      `${op}: the folder "${place}" is in use by process ${pid} on ${host}: a folder belongs to one run at a time; ` +
        `let the other end, call its close(), or use another folder (if there is no such process, remove "${this.join(place, LOCK)}")`,
    );
  }

  async names(): Promise<string[]> {
    try {
      return await listFolder(this.op, this.place);
    } catch (error) {
      if (((error as Error).cause as { code?: string } | undefined)?.code === "ENOENT") return [];
      throw error;
    }
  }

  read(name: string): Promise<Uint8Array> {
    return readBytes(this.op, this.join(this.place, name));
  }

  write(name: string, bytes: Uint8Array): Promise<void> {
    return writeBytes(this.op, this.join(this.place, name), bytes);
  }

  async remove(name: string): Promise<void> {
    const path = this.join(this.place, name);
    try {
      await this.files.rm(path, { force: true });
    } catch (error) {
      throw explain(this.op, "remove", path, error);
    }
  }
}

/** The temporary files of ended programs among `names`, for files whose names `isOwn` knows. To be asked for while the lock is held. */
export const orphansOf = (names: readonly string[], isOwn: (name: string) => boolean): string[] =>
  names.filter((name) => {
    const file = name.replace(orphan, "");
    return file !== name && (file === LOCK || (file.startsWith(".") && isOwn(file.slice(1))));
  });
