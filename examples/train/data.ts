/** Finds out what a folder holds, and loads its training and test part. */

import { existsSync, readdirSync, statSync } from "node:fs";
import { basename } from "node:path";
import { vision } from "kindling";
import { UsageError } from "../shared/program";

/** Labeled pictures in memory. */
export type ImageDataset = vision.datasets.MNIST | vision.datasets.CIFAR10 | ReturnType<typeof vision.datasets.digits>;

export interface Data {
  readonly name: string;
  readonly train: ImageDataset;
  readonly test: ImageDataset;
}

/** The folder itself, or the `raw` folder in it that torchvision makes. */
function idxFolder(dir: string): string | undefined {
  return [dir, `${dir}/raw`].find(
    (d) => existsSync(d) && readdirSync(d).some((name) => name.startsWith("train-images-idx3-ubyte")),
  );
}

/** @throws UsageError if the folder is missing or holds none of the formats. */
export async function loadData(dir: string | undefined): Promise<Data> {
  const { CIFAR10, digits, FashionMNIST, MNIST } = vision.datasets;
  if (dir === undefined)
    return { name: "digits drawn by code", train: digits({ train: true }), test: digits({ train: false }) };
  if (!existsSync(dir) || !statSync(dir).isDirectory()) throw new UsageError(`--data: there is no folder "${dir}"`);
  if (readdirSync(dir).some((name) => /^(data|test)_batch.*\.bin$/.test(name)))
    return {
      name: "CIFAR-10",
      train: await new CIFAR10(dir, { train: true }),
      test: await new CIFAR10(dir, { train: false }),
    };
  const idx = idxFolder(dir);
  if (idx === undefined)
    throw new UsageError(
      `--data: "${dir}" holds neither CIFAR-10 (data_batch_1.bin …) nor MNIST or Fashion-MNIST (train-images-idx3-ubyte …)`,
    );
  const isFashion = /fashion/i.test(basename(idx) === "raw" ? basename(dir) : `${dir}`);
  const Dataset = isFashion ? FashionMNIST : MNIST;
  return {
    name: isFashion ? "Fashion-MNIST" : "MNIST",
    train: await new Dataset(idx, { train: true }),
    test: await new Dataset(idx, { train: false }),
  };
}
