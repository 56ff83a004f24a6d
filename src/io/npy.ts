/** NumPy's files of one array. */
import { widthOf } from "../core/elements";
import { DTypeError, FormatError } from "../core/errors";
import { isContiguous } from "../core/shape";
import type { RandomAccessFile } from "../platform/randomAccess";
import { windowOn } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { type ByteStream, piecesOf, readTensor } from "./elements";
import { codeOf, type NpyHeader, parseHeader, writeHeader } from "./npyHeader";

const MAGIC = "\x93NUMPY";
/** Bytes of a header beyond which it is taken for damage. Those of arrays that tensors can hold have at most a few hundred. */
const MOST_HEADER = 1 << 20;

/** Whether a file begins as one of NumPy's arrays. */
export const isNpy = (start: Uint8Array): boolean => String.fromCharCode(...start.subarray(0, 6)) === MAGIC;

/** A stream whose end is known. */
export interface BoundedStream extends ByteStream {
  /** What errors call it. */
  readonly name: string;
  /** Bytes that are left. */
  readonly left: number;
}

/** @param name The file as errors show it, in quotation marks where it is a path. */
const failure =
  (name: string) =>
  (why: string): FormatError =>
    new FormatError(`${name} cannot be read as an array of NumPy: ${why}`);

const copyOf = (stream: ByteStream, length: number): Promise<Uint8Array> => stream.take(length, new Uint8Array(length));

async function headerOf(stream: BoundedStream): Promise<NpyHeader> {
  const fail = failure(stream.name);
  const need = (bytes: number): void => {
    if (bytes > stream.left) throw fail(`it ends within its header: it is truncated, or no .npy file`);
  };
  need(8);
  const start = await copyOf(stream, 8);
  if (!isNpy(start)) throw fail(`it does not begin with "\\x93NUMPY": it is damaged, or no .npy file`);
  const [major, minor] = [start[6]!, start[7]!];
  if (major < 1 || major > 3 || minor !== 0) throw fail(`its version ${major}.${minor} is not known; 1.0 to 3.0 are`);
  const width = major === 1 ? 2 : 4;
  need(width);
  const view = new DataView((await copyOf(stream, width)).buffer);
  const length = width === 2 ? view.getUint16(0, true) : view.getUint32(0, true);
  need(length);
  if (length > MOST_HEADER) throw fail(`its header claims ${length} bytes: it is damaged`);
  const bytes = await copyOf(stream, length);
  return parseHeader(headerText(bytes, major, fail), fail);
}

function headerText(bytes: Uint8Array, version: number, fail: (why: string) => FormatError): string {
  if (version < 3) return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw fail("its header is no text in UTF-8: it is damaged");
  }
}

/**
 * The array at the beginning of a stream. One in Fortran's order is a view whose first axis is the one with stride 1, as NumPy has it.
 * @throws FormatError that names the file, before anything is allocated, unless it is a whole array of a type that tensors can hold.
 */
export async function readNpy(stream: BoundedStream): Promise<Tensor> {
  const fail = failure(stream.name);
  const header = await headerOf(stream);
  const { shape } = header;
  const bytes = shape.reduce((n, size) => n * size, widthOf(header.type));
  if (bytes > stream.left)
    throw fail(
      `its shape (${shape.join(", ")}) takes ${bytes} bytes, but ${stream.left} follow the header: it is truncated`,
    );
  const stored = header.isFortran ? shape.toReversed() : shape;
  const x = await readTensor(stream, stored, header, (i, why) => fail(`element ${i} ${why}`));
  if (!header.isFortran || shape.length < 2) return x;
  const view = reversed(x);
  x.dispose();
  return view;
}

/** A view with the axes in the other order. */
const reversed = (x: Tensor): Tensor => windowOn(x, x.shape.toReversed(), x.strides.toReversed(), x.offset);

/** @throws DTypeError for a dtype that NumPy does not have. */
export function checkNumpyDtype(op: string, name: string, x: Tensor): void {
  if (codeOf(x.dtype) === undefined)
    throw new DTypeError(`${op}: ${name} is of dtype ${x.dtype}, which NumPy does not have; use x.float()`);
}

/** The file of a tensor. What lies in Fortran's order stays in it, as NumPy does. */
export class NpyFile {
  /** What lies in memory as the file has it; to be disposed. */
  private readonly stored: Tensor;
  private readonly header: Uint8Array;

  constructor(x: Tensor) {
    const isFortran = !isContiguous(x.shape, x.strides) && isContiguous(x.shape.toReversed(), x.strides.toReversed());
    const plain = x.detach();
    this.stored = isFortran ? reversed(plain) : plain.contiguous();
    if (this.stored !== plain) plain.dispose();
    this.header = writeHeader(x.dtype, isFortran, x.shape);
  }

  get size(): number {
    return this.header.length + this.stored.numel() * this.stored.elementSize();
  }

  *pieces(): Generator<Uint8Array> {
    yield this.header;
    yield* piecesOf(this.stored);
  }

  dispose(): void {
    this.stored.dispose();
  }
}

/** A file from its beginning on. */
export class FileStream implements BoundedStream {
  readonly name: string;
  private at = 0;

  constructor(private readonly file: RandomAccessFile) {
    this.name = `"${file.path}"`;
  }

  get left(): number {
    return this.file.size - this.at;
  }

  async take(length: number, into?: Uint8Array): Promise<Uint8Array> {
    const bytes = await this.file.read(this.at, length, into);
    this.at += length;
    return bytes;
  }
}
