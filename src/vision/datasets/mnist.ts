/** MNIST and Fashion-MNIST in the IDX format (LeCun, Cortes, Burges; Zalando). */
import { FormatError } from "../../core/errors";
import { gunzip, listFolder, readBytes } from "../../platform/files";
import { tensor } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { ImageDataset, type VisionOptions } from "./dataset";

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

/**
 * An IDX file of unsigned bytes as a uint8 tensor.
 * @throws FormatError if the file is truncated, damaged, or of another element type.
 */
export function parseIdx(path: string, file: Uint8Array): Tensor {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 4 || view.getUint16(0) !== 0)
    throw new FormatError(`"${path}" is no IDX file: it does not begin with two zero bytes`);
  if (file[2] !== UNSIGNED_BYTE)
    throw new FormatError(`"${path}": IDX element type ${file[2]} instead of ${UNSIGNED_BYTE} (unsigned byte)`);
  const ndim = file[3]!;
  const start = 4 + 4 * ndim;
  if (file.length < start) throw new FormatError(`"${path}" ends within its header: it is truncated`);
  const shape = Array.from({ length: ndim }, (_, i) => view.getUint32(4 + 4 * i));
  const size = shape.reduce((n, s) => n * s, 1);
  if (file.length - start !== size)
    throw new FormatError(
      `"${path}" should hold ${size} bytes for shape [${shape}], but has ${file.length - start}: it is truncated or damaged`,
    );
  return tensor(file.slice(start)).reshape(shape);
}

/** Finds `name` or `name.gz` in a folder and undoes the compression. */
async function readIdx(root: string, names: readonly string[], name: string): Promise<Tensor> {
  const found = names.find((n) => n === name || n === `${name}.gz`);
  if (found === undefined) throw new FormatError(`"${root}" has no ${name} or ${name}.gz`);
  const path = `${root}/${found}`;
  const bytes = await readBytes(path);
  if (!found.endsWith(".gz")) return parseIdx(path, bytes);
  let raw: Uint8Array;
  try {
    raw = await gunzip(bytes);
  } catch (error) {
    throw new FormatError(`"${path}" cannot be decompressed: it is truncated or damaged`, { cause: error });
  }
  return parseIdx(path, raw);
}

async function readPart(
  root: string,
  classes: readonly string[],
  { train = true, transform }: VisionOptions,
): Promise<ImageDataset> {
  const names = await listFolder(root);
  const part = train ? "train" : "t10k";
  const images = await readIdx(root, names, `${part}-images-idx3-ubyte`);
  const labels = await readIdx(root, names, `${part}-labels-idx1-ubyte`);
  if (images.ndim !== 3 || labels.ndim !== 1 || images.shape[0] !== labels.shape[0])
    throw new FormatError(
      `"${root}": images of shape [${images.shape}] do not go with labels of shape [${labels.shape}]`,
    );
  return new ImageDataset(images.unsqueeze(1), labels.long(), classes, transform);
}

/**
 * MNIST from a folder with `train-images-idx3-ubyte(.gz)` and its companions: 28×28 grey images of handwritten digits.
 * @see torchvision.datasets.MNIST
 * @throws FormatError or KindlingError if a file is missing or damaged.
 */
export const mnist = (root: string, options: VisionOptions = {}): Promise<ImageDataset> =>
  readPart(root, mnistClasses, options);

/** Fashion-MNIST, in the same format: 28×28 grey images of clothes. @see torchvision.datasets.FashionMNIST */
export const fashionMnist = (root: string, options: VisionOptions = {}): Promise<ImageDataset> =>
  readPart(root, fashionMnistClasses, options);
