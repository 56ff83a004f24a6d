/** Reads MATLAB's files of version 5 (MathWorks, "MAT-File Format"): full arrays of numbers. Others in the file are passed over. */
import { FormatError } from "../core/errors";
import { setOwn } from "../core/record";
import { inflate } from "../platform/files";

/** An array of numbers, the first index the one whose elements are neighbors. */
export interface MatlabArray {
  readonly shape: readonly number[];
  readonly values:
    | Uint8Array
    | Int8Array
    | Uint16Array
    | Int16Array
    | Uint32Array
    | Int32Array
    | Float32Array
    | Float64Array;
}

const MATRIX = 14;
const COMPRESSED = 15;
const HEADER = 128;
/** Arrays beyond which a file is taken for damaged. */
const MOST_ARRAYS = 10_000;
const MOST_BYTES = 2 ** 32 - 1;

/** The stored types by their codes: bytes of an element, and how one is read. */
const stored: Readonly<
  Record<number, readonly [bytes: number, read: (view: DataView, at: number, little: boolean) => number]>
> = {
  1: [1, (v, at) => v.getInt8(at)],
  2: [1, (v, at) => v.getUint8(at)],
  3: [2, (v, at, le) => v.getInt16(at, le)],
  4: [2, (v, at, le) => v.getUint16(at, le)],
  5: [4, (v, at, le) => v.getInt32(at, le)],
  6: [4, (v, at, le) => v.getUint32(at, le)],
  7: [4, (v, at, le) => v.getFloat32(at, le)],
  9: [8, (v, at, le) => v.getFloat64(at, le)],
};

/** The classes of arrays of numbers by their codes, and what holds them. */
const classes = {
  6: Float64Array,
  7: Float32Array,
  8: Int8Array,
  9: Uint8Array,
  10: Int16Array,
  11: Uint16Array,
  12: Int32Array,
  13: Uint32Array,
} as const;

/** One part of a file: its type, and where its content lies. */
interface Element {
  readonly type: number;
  readonly start: number;
  readonly size: number;
  /** Where the next part begins. */
  readonly end: number;
}

class Reader {
  private readonly view: DataView;

  constructor(
    private readonly path: string,
    readonly bytes: Uint8Array,
    private readonly isLittle: boolean,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  fail(why: string): never {
    throw new FormatError(`"${this.path}" cannot be read as a MATLAB file: ${why}: it is truncated or damaged`);
  }

  uint32(at: number): number {
    if (at + 4 > this.bytes.length) this.fail("it ends early");
    return this.view.getUint32(at, this.isLittle);
  }

  /** The part at a place. Those of up to four bytes may have their size beside their type. */
  element(at: number, limit: number, isPadded = true): Element {
    const word = this.uint32(at);
    const small = word >>> 16;
    const [type, size, start] = small > 0 ? [word & 0xffff, small, at + 4] : [word, this.uint32(at + 4), at + 8];
    if (small > 4 || start + size > limit) this.fail("a part in it is larger than what is there");
    const end = small > 0 ? at + 8 : isPadded ? start + Math.ceil(size / 8) * 8 : start + size;
    return { type, start, size, end: Math.min(end, limit) };
  }

  /** The numbers of a part. */
  numbers({ type, start, size }: Element, count: number, target: { [i: number]: number }): void {
    const [bytes, read] = stored[type] ?? this.fail(`numbers of type ${type} are not read`);
    if (size !== bytes * count) this.fail(`an array of ${count} numbers has ${size} bytes`);
    for (let i = 0; i < count; i++) target[i] = read(this.view, start + i * bytes, this.isLittle);
  }

  /** An array and its name, or undefined for one that holds no numbers. */
  matrix(at: number, limit: number): [name: string, array: MatlabArray] | undefined {
    const flags = this.element(at, limit);
    if (flags.size !== 8) this.fail("an array in it has no flags");
    const word = this.uint32(flags.start);
    const kind = classes[(word & 0xff) as keyof typeof classes];
    const isComplex = (word & 0x800) !== 0;
    if (kind === undefined || isComplex) return undefined;
    const dimensions = this.element(flags.end, limit);
    const ndim = dimensions.size / 4;
    if (!Number.isInteger(ndim) || ndim < 2 || ndim > 32) this.fail("an array in it has no sizes");
    const shape = new Array<number>(ndim);
    this.numbers(dimensions, ndim, shape);
    const name = this.element(dimensions.end, limit);
    const data = this.element(name.end, limit);
    const count = shape.reduce((n, size) => n * size, 1);
    // No element takes less than a byte: nothing is set aside that is not there.
    if (shape.some((size) => size < 0) || count > data.size)
      this.fail(`an array of shape [${shape}] has ${data.size} bytes`);
    return [
      new TextDecoder().decode(this.bytes.subarray(name.start, name.start + name.size)),
      { shape, values: this.values(kind, data, count) },
    ];
  }

  private values(kind: (typeof classes)[keyof typeof classes], data: Element, count: number): MatlabArray["values"] {
    // The bytes themselves, where they are what is wanted.
    if (kind === Uint8Array && data.type === 2 && data.size === count)
      return this.bytes.subarray(data.start, data.start + count);
    const values = new kind(count);
    this.numbers(data, count, values);
    return values;
  }
}

/** The part that is packed in another, whose first bytes tell its size. */
async function unpacked(path: string, bytes: Uint8Array, isLittle: boolean): Promise<Uint8Array> {
  return inflate(path, bytes, "deflate", (start) => {
    if (start.length < 8) return undefined;
    const size = 8 + new DataView(start.buffer, start.byteOffset).getUint32(4, isLittle);
    return Math.min(size, MOST_BYTES);
  });
}

/**
 * The arrays of numbers in a file by their names.
 * @param path The name of the file in errors.
 * @throws FormatError if it is damaged, truncated, or of another version.
 */
export async function readMatlab(path: string, file: Uint8Array): Promise<Record<string, MatlabArray>> {
  const order = file.length < HEADER ? "" : String.fromCharCode(file[126]!, file[127]!);
  const isLittle = order === "IM";
  const reader = new Reader(path, file, isLittle);
  if (order !== "IM" && order !== "MI") reader.fail("it does not begin as one of version 5 (those of 7.3 are HDF5)");
  const arrays: Record<string, MatlabArray> = {};
  for (let at = HEADER, count = 0; at < file.length; count++) {
    if (count === MOST_ARRAYS) reader.fail("there are too many arrays in it");
    // Compressed parts are not padded.
    const outer = reader.element(at, file.length, false);
    let found: [string, MatlabArray] | undefined;
    if (outer.type === MATRIX) found = reader.matrix(outer.start, outer.start + outer.size);
    else if (outer.type === COMPRESSED) {
      const bytes = await unpacked(path, file.subarray(outer.start, outer.start + outer.size), isLittle);
      const inner = new Reader(path, bytes, isLittle);
      const { type, start, size } = inner.element(0, bytes.length);
      if (type === MATRIX) found = inner.matrix(start, start + size);
    }
    if (found !== undefined) setOwn(arrays, found[0], found[1]);
    at = outer.end;
  }
  return arrays;
}
