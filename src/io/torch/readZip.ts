/** The format of PyTorch since version 1.6: a zip archive of a pickle and of the bytes of each storage. */
import { FormatError } from "../../core/errors";
import { checkReadable, contentOf, contentStart, readDirectory, type ZipEntry } from "../../platform/archives/zip";
import { Crc32 } from "../../platform/files";
import type { RandomAccessFile } from "../../platform/randomAccess";
import { Reader } from "../pickle/machine";
import type { TorchBuilder } from "./builder";
import type { StorageRef } from "./refs";

/** Bytes of a file that are read at a time. */
const PIECE = 4 << 20;
/** Bytes of a pickle beyond which a file is taken for damaged. */
const MOST_PICKLE = 256 << 20;
/** What all deflated parts may unfold to: this much, or so many times the size of the file. */
const MOST_UNPACKED = 2 ** 30;
const MOST_RATIO = 100;

/** A checkpoint whose pickle was run, and how to get its storages. */
export interface Opened {
  readonly reader: Reader;
  /** What the pickle has made. */
  readonly value: unknown;
  /** The storages in the order in which they are best read, and the bytes of each. */
  readonly contents: readonly (readonly [ref: StorageRef, pieces: () => AsyncIterable<Uint8Array>])[];
  readonly isBigEndian: boolean;
}

/** The parts of an archive by their names in its one folder. */
class Archive {
  private readonly parts = new Map<string, ZipEntry>();
  private unpacked = 0;
  private buffer: Uint8Array | undefined;

  private constructor(
    private readonly file: RandomAccessFile,
    entries: readonly ZipEntry[],
  ) {
    const folder = entries.map(({ name }) => /^([^/]+)\/data\.pkl$/.exec(name)?.[1]).find((name) => name !== undefined);
    if (folder === undefined)
      throw new FormatError(`"${file.path}" is no checkpoint of PyTorch: the archive has no data.pkl`);
    for (const entry of entries) {
      if (!entry.name.startsWith(`${folder}/`)) continue;
      const name = entry.name.slice(folder.length + 1);
      if (this.parts.has(name)) this.fail(`${JSON.stringify(name.slice(0, 100))} is in it twice`);
      this.parts.set(name, entry);
    }
    if (this.parts.has("constants.pkl"))
      throw new FormatError(
        `"${file.path}" is a TorchScript archive, which holds code; save the state dict in Python instead: torch.save(model.state_dict(), path)`,
      );
  }

  static async open(file: RandomAccessFile): Promise<Archive> {
    return new Archive(file, await readDirectory(file));
  }

  fail(why: string): never {
    throw new FormatError(`"${this.file.path}" cannot be read: ${why}: it is truncated or damaged`);
  }

  has(name: string): boolean {
    return this.parts.has(name);
  }

  /** A part as the directory has it, checked against what the file can hold. */
  entry(name: string): ZipEntry {
    const entry = this.parts.get(name) ?? this.fail(`there is no ${JSON.stringify(name.slice(0, 100))} in it`);
    checkReadable(this.file.path, entry);
    this.unpacked += entry.size;
    if (this.unpacked > this.file.size && this.unpacked > Math.max(MOST_UNPACKED, MOST_RATIO * this.file.size))
      this.fail("it would unfold to far more than it holds");
    return entry;
  }

  /** The bytes of a part, of which there are no more than `most`. */
  async bytes(name: string, most: number): Promise<Uint8Array> {
    const entry = this.entry(name);
    if (entry.size > most)
      this.fail(`${JSON.stringify(name)} in it has ${entry.size} bytes, more than the ${most} that are read`);
    const bytes = new Uint8Array(entry.size);
    let at = 0;
    for await (const piece of this.pieces(entry)) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }

  /** The content of a part; each piece is gone when the next is there. */
  async *pieces(entry: ZipEntry): AsyncGenerator<Uint8Array> {
    if (entry.method !== 0) return yield* contentOf(this.file, entry);
    const start = await contentStart(this.file, entry);
    this.buffer ??= new Uint8Array(Math.min(PIECE, this.file.size));
    const checksum = new Crc32();
    for (let at = 0; at < entry.size; at += PIECE) {
      const piece = await this.file.read(start + at, Math.min(PIECE, entry.size - at), this.buffer);
      checksum.update(piece);
      yield piece;
    }
    if (checksum.value !== entry.crc) this.fail(`the checksum of ${JSON.stringify(entry.name)} in it differs`);
  }
}

/** Reads all but the storages. @throws FormatError naming the file if it is damaged or holds what is not read. */
export async function openZip(file: RandomAccessFile, builder: TorchBuilder): Promise<Opened> {
  const archive = await Archive.open(file);
  const reader = new Reader(file.path, await archive.bytes("data.pkl", MOST_PICKLE), builder);
  const value = reader.run();
  const order = archive.has("byteorder") ? new TextDecoder().decode(await archive.bytes("byteorder", 16)) : "little";
  if (order !== "little" && order !== "big") archive.fail("its byte order is none");
  const entries = [...builder.storages.values()].map((ref): [StorageRef, ZipEntry] => {
    const entry = archive.entry(`data/${ref.key}`);
    if (entry.size !== ref.bytes)
      archive.fail(`storage ${JSON.stringify(ref.key)} has ${entry.size} bytes instead of ${ref.bytes}`);
    return [ref, entry];
  });
  entries.sort(([, a], [, b]) => a.start - b.start);
  const contents = entries.map(([ref, entry]) => [ref, () => archive.pieces(entry)] as const);
  return { reader, value, contents, isBigEndian: order === "big" };
}
