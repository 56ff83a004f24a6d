/** MNIST and Fashion-MNIST in the IDX format (LeCun, Cortes, Burges; Zalando). */
import { MAX_COUNT } from "../../core/arguments";
import { ArgumentError, describe, FormatError } from "../../core/errors";
import { MAX_AXES } from "../../core/shape";
import { gunzip, listFolder, readBytes } from "../../platform/files";
import type { Tensor } from "../../tensor/tensor";
import { bytesTensor, checkVisionOptions, ImageDataset, type VisionOptions } from "./dataset";

/** The names of the classes of MNIST, by label. */
export const mnistClasses = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/** The names of the classes of Fashion-MNIST, by label. */
export const fashionMnistClasses = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
];

const UNSIGNED_BYTE = 8;

/** What the beginning of an IDX file says. */
interface IdxHeader {
  readonly shape: readonly number[];
  /** Where the elements begin. */
  readonly start: number;
  /** Bytes of the whole file. */
  readonly size: number;
}

/**
 * The header of an IDX file of unsigned bytes; undefined if `bytes` end within it.
 * @throws FormatError if it is damaged, or of another element type.
 */
function idxHeader(path: string, bytes: Uint8Array): IdxHeader | undefined {
  if (bytes.length < 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(0) !== 0) throw new FormatError(`"${path}" is no IDX file: it does not begin with two zero bytes`);
  if (bytes[2] !== UNSIGNED_BYTE)
    throw new FormatError(`"${path}": IDX element type ${bytes[2]} instead of ${UNSIGNED_BYTE} (unsigned byte)`);
  const ndim = bytes[3]!;
  if (ndim === 0 || ndim > MAX_AXES)
    throw new FormatError(`"${path}": an IDX file of ${ndim} axes; it has 1 to ${MAX_AXES}: the file is damaged`);
  const start = 4 + 4 * ndim;
  if (bytes.length < start) return undefined;
  const shape = Array.from({ length: ndim }, (_, i) => view.getUint32(4 + 4 * i));
  // Sizes of 0 do not hide an overflow of the others: strides count them as 1.
  if (shape.reduce((n, size) => n * Math.max(size, 1), 1) > MAX_COUNT)
    throw new FormatError(`"${path}" claims shape [${shape}], more than the ${MAX_COUNT} elements that can be read`);
  return { shape, start, size: start + shape.reduce((n, size) => n * size, 1) };
}

/** The header of a file that is all there. @throws FormatError if it is truncated or damaged. */
function wholeHeader(path: string, file: Uint8Array): IdxHeader {
  const header = idxHeader(path, file);
  if (header === undefined) throw new FormatError(`"${path}" ends within its header: it is truncated`);
  const { shape, start, size } = header;
  if (file.length !== size)
    throw new FormatError(
      `"${path}" should hold ${size - start} bytes for shape [${shape}], but has ${file.length - start}: it is truncated or damaged`,
    );
  return header;
}

/**
 * An IDX file of unsigned bytes as a uint8 tensor.
 * @param path The name of the file in errors.
 * @throws FormatError if the file is truncated, damaged, or of another element type.
 */
export function parseIdx(path: string, file: Uint8Array): Tensor {
  if (!(file instanceof Uint8Array))
    throw new ArgumentError(`parseIdx: takes the bytes of a file, a Uint8Array, got ${describe(file)}`);
  return elementsOf(file, wholeHeader(path, file));
}

/** A Buffer of Node is seen as the plain bytes that it is. */
const elementsOf = (file: Uint8Array, { start, shape }: IdxHeader, added: readonly number[] = []): Tensor =>
  bytesTensor(new Uint8Array(file.buffer, file.byteOffset + start, file.length - start), [
    ...shape.slice(0, 1),
    ...added,
    ...shape.slice(1),
  ]);

/** The bytes of the IDX file `name` or `name.gz` in a folder, decompressed. */
async function readIdx(
  root: string,
  names: readonly string[],
  name: string,
): Promise<{ path: string; bytes: Uint8Array }> {
  const found = names.find((n) => n === name || n === `${name}.gz`);
  if (found === undefined) throw new FormatError(`"${root}" has no ${name} or ${name}.gz`);
  const path = `${root}/${found}`;
  const bytes = await readBytes("mnist", path);
  if (!found.endsWith(".gz")) return { path, bytes };
  return { path, bytes: await gunzip(path, bytes, (start) => idxHeader(path, start)?.size) };
}

/** @throws FormatError unless images and labels go together. Nothing is allocated before. */
function checkPart(images: IdxHeader, labels: IdxHeader, root: string): void {
  if (images.shape.length !== 3 || labels.shape.length !== 1 || images.shape[0] !== labels.shape[0])
    throw new FormatError(
      `"${root}": images of shape [${images.shape}] do not go with labels of shape [${labels.shape}]`,
    );
}

/** @throws FormatError naming the first label that is no class. */
function checkLabels(path: string, labels: Uint8Array, classes: readonly string[]): void {
  const at = labels.findIndex((label) => label >= classes.length);
  if (at >= 0)
    throw new FormatError(
      `"${path}": label ${at} is ${labels[at]}; labels are 0 to ${classes.length - 1}: the file is damaged`,
    );
}

async function readPart(
  root: string,
  classes: readonly string[],
  options: VisionOptions,
  op: string,
): Promise<ImageDataset> {
  const { train, transform } = checkVisionOptions(op, options);
  const names = await listFolder("mnist", root);
  const part = train ? "train" : "t10k";
  const images = await readIdx(root, names, `${part}-images-idx3-ubyte`);
  const labels = await readIdx(root, names, `${part}-labels-idx1-ubyte`);
  const header = wholeHeader(images.path, images.bytes);
  const labelHeader = wholeHeader(labels.path, labels.bytes);
  checkPart(header, labelHeader, root);
  checkLabels(labels.path, labels.bytes.subarray(labelHeader.start), classes);
  const targets = labelsOf(elementsOf(labels.bytes, labelHeader));
  return new ImageDataset(elementsOf(images.bytes, header, [1]), targets, classes, transform);
}

/** int64 labels; the bytes are given back. */
function labelsOf(bytes: Tensor): Tensor {
  const labels = bytes.long();
  bytes.dispose();
  return labels;
}

/**
 * MNIST from a folder with `train-images-idx3-ubyte(.gz)` and its companions: 28×28 grey images of handwritten digits.
 * @see torchvision.datasets.MNIST
 * @throws FormatError or KindlingError if a file is missing or damaged.
 */
export const mnist = (root: string, options: VisionOptions = {}): Promise<ImageDataset> =>
  readPart(root, mnistClasses, options, "mnist");

/** Fashion-MNIST, in the same format: 28×28 grey images of clothes. @see torchvision.datasets.FashionMNIST */
export const fashionMnist = (root: string, options: VisionOptions = {}): Promise<ImageDataset> =>
  readPart(root, fashionMnistClasses, options, "fashionMnist");
