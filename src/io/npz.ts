/** NumPy's archives of arrays: a zip file with a `.npy` file for each. */
import { FormatError } from "../core/errors";
import { setOwn } from "../core/record";
import { checkReadable, contentOf, readDirectory, type ZipEntry } from "../platform/archives/zip";
import type { RandomAccessFile } from "../platform/randomAccess";
import type { Tensor } from "../tensor/tensor";
import { type BoundedStream, readNpy } from "./npy";

const SUFFIX = /\.npy$/;

/** A file in an archive from its beginning on. */
class MemberStream implements BoundedStream {
  readonly name: string;
  left: number;
  private readonly pieces: AsyncGenerator<Uint8Array>;
  private piece: Uint8Array = new Uint8Array(0);

  constructor(
    file: RandomAccessFile,
    private readonly entry: ZipEntry,
  ) {
    this.name = `${JSON.stringify(entry.name)} in "${file.path}"`;
    this.left = entry.size;
    this.pieces = contentOf(file, entry);
  }

  async take(length: number, into = new Uint8Array(length)): Promise<Uint8Array> {
    for (let at = 0; at < length; ) {
      if (this.piece.length === 0) await this.next();
      const n = Math.min(length - at, this.piece.length);
      into.set(this.piece.subarray(0, n), at);
      this.piece = this.piece.subarray(n);
      at += n;
    }
    this.left -= length;
    return into.subarray(0, length);
  }

  private async next(): Promise<void> {
    const { done, value } = await this.pieces.next();
    if (done)
      throw new FormatError(`${this.name} cannot be read: it ends before its ${this.entry.size} bytes: it is damaged`);
    this.piece = value;
  }

  /** Reads what is left, whose checksum is looked at. */
  async finish(): Promise<void> {
    for await (const _ of this.pieces);
  }

  async close(): Promise<void> {
    await this.pieces.return(undefined);
  }
}

async function readMember(file: RandomAccessFile, entry: ZipEntry): Promise<Tensor> {
  checkReadable(file.path, entry);
  const stream = new MemberStream(file, entry);
  let x: Tensor | undefined;
  let isWhole = false;
  try {
    x = await readNpy(stream);
    await stream.finish();
    isWhole = true;
    return x;
  } finally {
    if (!isWhole) x?.dispose();
    await stream.close();
  }
}

/** No deflated file holds more than this many times its own size. */
const MOST_INFLATION = 1032;

/**
 * @throws FormatError if an archive claims more content than it can hold: a size beyond what deflate can make of its bytes, or files that lie over each
 * other, which would unfold to any size.
 */
function checkSizes({ path, size }: RandomAccessFile, entries: readonly ZipEntry[]): void {
  const fail = (why: string) => new FormatError(`"${path}" cannot be unpacked: ${why}: it is damaged`);
  if (entries.reduce((sum, { packed }) => sum + packed, 0) > size) throw fail("its files overlap");
  for (const { name, method, packed, size: unpacked } of entries)
    if (unpacked > (method === 0 ? packed : packed * MOST_INFLATION))
      throw fail(`${JSON.stringify(name)} in it claims ${unpacked} bytes, more than ${packed} can hold`);
}

/** The files of an archive by the names of their arrays. */
async function entriesOf(file: RandomAccessFile): Promise<ReadonlyMap<string, ZipEntry>> {
  const entries = new Map<string, ZipEntry>();
  const directory = await readDirectory(file);
  checkSizes(file, directory);
  for (const entry of directory) {
    const name = entry.name.replace(SUFFIX, "");
    if (entries.has(name))
      throw new FormatError(`"${file.path}" cannot be read: it has two arrays ${JSON.stringify(name.slice(0, 200))}`);
    entries.set(name, entry);
  }
  return entries;
}

/**
 * The arrays of an archive, in its order, or those with the names given.
 * @throws FormatError that names the file, and the array, unless all of them can be read; nothing is kept then.
 */
export async function readNpz(
  file: RandomAccessFile,
  names: readonly string[] | undefined,
): Promise<Record<string, Tensor>> {
  const entries = await entriesOf(file);
  const arrays: Record<string, Tensor> = {};
  let isWhole = false;
  try {
    for (const name of new Set(names ?? entries.keys())) {
      const entry = entries.get(name);
      if (entry === undefined)
        throw new FormatError(
          `"${file.path}" has no array ${JSON.stringify(name)}; it has ${
            [...entries.keys()]
              .slice(0, 20)
              .map((key) => JSON.stringify(key))
              .join(", ") || "none"
          }`,
        );
      setOwn(arrays, name, await readMember(file, entry));
    }
    isWhole = true;
    return arrays;
  } finally {
    if (!isWhole) for (const x of Object.values(arrays)) x.dispose();
  }
}
