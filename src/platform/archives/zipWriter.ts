/**
 * Writes zip archives of stored files whose content begins at a multiple of 64 bytes, so that it can be used where it lies. The libraries that write
 * zip archives cannot place content, hence this one.
 */
import { Crc32, type Write } from "../files";

const ALIGNMENT = 64;
/** What stands for a number that has a place of its own, of 8 bytes (zip64). */
const WIDE = 0xffffffff;
/** A checksum that follows the content, and names in UTF-8. */
const FLAGS = 0x0808;
/** 1 January 1980, the first day that the format has: the same content gives the same file. */
const DATE = 0x21;
/** The extra field that fills up to the content: "FB", as PyTorch calls it. */
const PADDING = 0x4246;

interface Written {
  readonly name: Uint8Array;
  readonly start: number;
  readonly size: number;
  readonly crc: number;
}

/** Little-endian numbers one after the other, each with its count of bytes. */
function packed(...fields: (readonly [value: number, bytes: 2 | 4 | 8])[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((n, [, count]) => n + count, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [value, count] of fields) {
    if (count === 2) view.setUint16(at, value, true);
    else if (count === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += count;
  }
  return bytes;
}

/** An archive that is being written. */
export class ZipWriter {
  private readonly files: Written[] = [];
  private at = 0;

  constructor(private readonly sink: Write) {}

  private async write(bytes: Uint8Array): Promise<void> {
    await this.sink(bytes);
    this.at += bytes.length;
  }

  /** Adds a file. @param pieces Its bytes in order: `size` of them, fewer than 4 GiB. */
  async file(path: string, size: number, pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    const name = new TextEncoder().encode(path);
    const start = this.at;
    const from = start + 30 + name.length + 4;
    const padding = new Uint8Array((ALIGNMENT - (from % ALIGNMENT)) % ALIGNMENT).fill(0x5a);
    await this.write(
      // biome-ignore format: the fields of the header, in its order.
      packed([0x04034b50, 4], [20, 2], [FLAGS, 2], [0, 2], [0, 2], [DATE, 2], [0, 4], [size, 4], [size, 4], [name.length, 2], [4 + padding.length, 2]),
    );
    await this.write(name);
    await this.write(packed([PADDING, 2], [padding.length, 2]));
    await this.write(padding);
    const checksum = new Crc32();
    for await (const piece of pieces) {
      checksum.update(piece);
      await this.write(piece);
    }
    await this.write(packed([0x08074b50, 4], [checksum.value, 4], [size, 4], [size, 4]));
    this.files.push({ name, start, size, crc: checksum.value });
  }

  /** Writes the directory. */
  async finish(): Promise<void> {
    const start = this.at;
    for (const file of this.files) await this.entry(file);
    const size = this.at - start;
    const count = this.files.length;
    if (count >= 0xffff || start >= WIDE || size >= WIDE) await this.longEnd(start, size, count);
    const shortCount = Math.min(count, 0xffff);
    await this.write(
      // biome-ignore format: the fields of the end, in its order.
      packed([0x06054b50, 4], [0, 2], [0, 2], [shortCount, 2], [shortCount, 2], [Math.min(size, WIDE), 4], [Math.min(start, WIDE), 4], [0, 2]),
    );
  }

  private async entry({ name, start, size, crc }: Written): Promise<void> {
    const extra = start >= WIDE ? packed([1, 2], [8, 2], [start, 8]) : new Uint8Array(0);
    await this.write(
      // biome-ignore format: the fields of the entry, in its order.
      packed([0x02014b50, 4], [45, 2], [45, 2], [FLAGS, 2], [0, 2], [0, 2], [DATE, 2], [crc, 4], [size, 4], [size, 4], [name.length, 2], [extra.length, 2], [0, 2], [0, 2], [0, 2], [0, 4], [Math.min(start, WIDE), 4]),
    );
    await this.write(name);
    await this.write(extra);
  }

  private async longEnd(start: number, size: number, count: number): Promise<void> {
    const at = this.at;
    // biome-ignore format: the fields of both, in their order.
    await this.write(packed([0x06064b50, 4], [44, 8], [45, 2], [45, 2], [0, 4], [0, 4], [count, 8], [count, 8], [size, 8], [start, 8]));
    await this.write(packed([0x07064b50, 4], [0, 4], [at, 8], [1, 4]));
  }
}
