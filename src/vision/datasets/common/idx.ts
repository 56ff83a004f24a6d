/** The IDX format (LeCun, Cortes, Burges), also called SN3. */
import { MAX_COUNT } from "../../../core/arguments";
import type { DType } from "../../../core/dtype";
import { ArgumentError, describe, FormatError } from "../../../core/errors";
import { MAX_AXES } from "../../../core/shape";
import { named } from "../../../core/signature";
import { type Found, findFile } from "../../../platform/dataFiles";
import { gunzip } from "../../../platform/files";
import { tensor } from "../../../tensor/create";
import type { Tensor } from "../../../tensor/tensor";
import { bytesTensor } from "./memory";

/** The element types by their codes, and their bytes. */
const types: Readonly<Record<number, readonly [dtype: DType, bytes: number]>> = {
  8: ["uint8", 1],
  9: ["int8", 1],
  11: ["int16", 2],
  12: ["int32", 4],
  13: ["float32", 4],
  14: ["float64", 8],
};

/** What the beginning of an IDX file says. */
export interface IdxHeader {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Bytes of an element. */
  readonly width: number;
  /** Where the elements begin. */
  readonly start: number;
  /** Bytes of the whole file. */
  readonly size: number;
}

/**
 * The header of an IDX file; undefined if `bytes` end within it.
 * @throws FormatError if it is damaged.
 */
function idxHeader(path: string, bytes: Uint8Array): IdxHeader | undefined {
  if (bytes.length < 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(0) !== 0) throw new FormatError(`"${path}" is no IDX file: it does not begin with two zero bytes`);
  const type = types[bytes[2]!];
  if (type === undefined)
    throw new FormatError(`"${path}": IDX element type ${bytes[2]} instead of one of ${Object.keys(types).join(", ")}`);
  const ndim = bytes[3]!;
  if (ndim === 0 || ndim > MAX_AXES)
    throw new FormatError(`"${path}": an IDX file of ${ndim} axes; it has 1 to ${MAX_AXES}: the file is damaged`);
  const start = 4 + 4 * ndim;
  if (bytes.length < start) return undefined;
  const shape = Array.from({ length: ndim }, (_, i) => view.getUint32(4 + 4 * i));
  const [dtype, width] = type;
  // Sizes of 0 do not hide an overflow of the others: strides count them as 1.
  if (shape.reduce((n, size) => n * Math.max(size, 1), width) > MAX_COUNT)
    throw new FormatError(`"${path}" claims shape [${shape}], more than the ${MAX_COUNT} bytes that can be read`);
  return { shape, dtype, width, start, size: start + shape.reduce((n, size) => n * size, width) };
}

/** The header of a file that is all there. @throws FormatError if it is truncated or damaged. */
export function wholeHeader({ path, bytes }: Found): IdxHeader {
  const header = idxHeader(path, bytes);
  if (header === undefined) throw new FormatError(`"${path}" ends within its header: it is truncated`);
  const { shape, start, size } = header;
  if (bytes.length !== size)
    throw new FormatError(
      `"${path}" should hold ${size - start} bytes for shape [${shape}], but has ${bytes.length - start}: it is truncated or damaged`,
    );
  return header;
}

/** Elements of several bytes, which files have with the highest first. */
function swapped(bytes: Uint8Array, { dtype, width }: IdxHeader): Tensor {
  const copy = new Uint8Array(bytes.length);
  for (let i = 0; i < copy.length; i += width) for (let k = 0; k < width; k++) copy[i + k] = bytes[i + width - 1 - k]!;
  const arrays = { int16: Int16Array, int32: Int32Array, float32: Float32Array, float64: Float64Array } as const;
  return tensor(new arrays[dtype as keyof typeof arrays](copy.buffer));
}

/** The elements of a file whose header was read. A Buffer of Node is seen as the plain bytes that it is. */
export function elementsOf({ bytes }: Found, header: IdxHeader): Tensor {
  const { shape, dtype, start, width } = header;
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset + start, bytes.length - start);
  if (dtype === "uint8") return bytesTensor(plain, shape);
  const flat =
    width === 1 ? tensor(new Int8Array(plain.buffer, plain.byteOffset, plain.length)) : swapped(plain, header);
  const shaped = flat.view([...shape]);
  flat.dispose();
  return shaped;
}

/**
 * An IDX file as a tensor of its element type.
 * @param path The name of the file in errors.
 * @throws FormatError if the file is truncated, damaged, or of an unknown element type.
 */
export const parseIdx = named("parseIdx", "path, file", (path: string, file: Uint8Array): Tensor => {
  if (!(file instanceof Uint8Array))
    throw new ArgumentError(`parseIdx: takes the bytes of a file, a Uint8Array, got ${describe(file)}`);
  const found = { path: String(path), bytes: file };
  return elementsOf(found, wholeHeader(found));
});

/** The IDX file `name` or `name.gz` in the first of several folders that has it, decompressed. */
export async function readIdx(op: string, folders: readonly string[], name: string): Promise<Found | undefined> {
  const found = await findFile(
    op,
    folders.flatMap((folder) => [`${folder}/${name}`, `${folder}/${name}.gz`]),
  );
  if (found === undefined || !found.path.endsWith(".gz")) return found;
  const { path, bytes } = found;
  return { path, bytes: await gunzip(path, bytes, (start) => idxHeader(path, start)?.size) };
}
