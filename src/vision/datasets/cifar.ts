/** CIFAR-10 in its binary version (Krizhevsky, 2009). */
import { FormatError } from "../../core/errors";
import { listFolder, readBytes } from "../../platform/files";
import { tensor } from "../../tensor/create";
import { bytesTensor, checkVisionOptions, ImageDataset, type VisionOptions } from "./dataset";

const IMAGE_BYTES = 3 * 32 * 32;
const RECORD_BYTES = 1 + IMAGE_BYTES;

/** The names of the classes, by label. */
export const cifar10Classes = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
];

/** @throws FormatError if the file is not a sequence of whole records with labels from 0 to 9. */
function readRecords(path: string, file: Uint8Array, images: Uint8Array[], labels: number[]): void {
  if (file.length === 0 || file.length % RECORD_BYTES !== 0)
    throw new FormatError(
      `"${path}" has ${file.length} bytes, which is no whole number of CIFAR-10 records of ${RECORD_BYTES} bytes: it is truncated or damaged`,
    );
  for (let at = 0; at < file.length; at += RECORD_BYTES) {
    const label = file[at]!;
    if (label >= cifar10Classes.length)
      throw new FormatError(
        `"${path}": record ${at / RECORD_BYTES} has the label ${label}; labels are 0 to 9: the file is damaged`,
      );
    labels.push(label);
    images.push(file.subarray(at + 1, at + RECORD_BYTES));
  }
}

/** Rows of bytes as one uint8 tensor. */
function stackBytes(rows: readonly Uint8Array[], shape: readonly number[]) {
  const all = new Uint8Array(rows.reduce((n, row) => n + row.length, 0));
  let at = 0;
  for (const row of rows) {
    all.set(row, at);
    at += row.length;
  }
  return bytesTensor(all, [rows.length, ...shape]);
}

/**
 * CIFAR-10 from a folder with `data_batch_1.bin` … and `test_batch.bin`: 32×32 colour images of ten classes. However many records the
 * files hold are read.
 * @see torchvision.datasets.CIFAR10
 * @throws FormatError or KindlingError if a file is missing or damaged.
 */
export async function cifar10(root: string, options: VisionOptions = {}): Promise<ImageDataset> {
  const { train, transform } = checkVisionOptions("cifar10", options);
  const names = (await listFolder("cifar10", root)).filter((name) =>
    (train ? /^data_batch_\d+\.bin$/ : /^test_batch\.bin$/).test(name),
  );
  if (names.length === 0) throw new FormatError(`"${root}" has no ${train ? "data_batch_1.bin" : "test_batch.bin"}`);
  const images: Uint8Array[] = [];
  const labels: number[] = [];
  for (const name of names)
    readRecords(`${root}/${name}`, await readBytes("cifar10", `${root}/${name}`), images, labels);
  return new ImageDataset(
    stackBytes(images, [3, 32, 32]),
    tensor(labels, { dtype: "int64" }),
    cifar10Classes,
    transform,
  );
}
