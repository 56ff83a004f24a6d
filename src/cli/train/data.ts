/** The data sets that the command line trains on: built-in ones, files of known formats, folders of pictures. */
import { Generator, randperm, type Tensor, utils, vision } from "../../index";
import { hasFolder, joinPath, listEntries } from "../../platform/dataFiles";
import { UsageError } from "../commandLine";

const { datasets, transforms } = vision;

/** A picture and its label. */
export type Labeled = readonly [picture: vision.Image, label: number];

/** Labeled pictures. */
export interface Pictures {
  readonly length: number;
  at(index: number): Labeled | Promise<Labeled>;
}

/** What a model learns from, and what it is tested on. */
export interface Data {
  readonly name: string;
  readonly train: Pictures;
  readonly test: Pictures;
  readonly classes: readonly string[];
  readonly channels: number;
  /** Height and width of the pictures. */
  readonly size: number;
}

/** Pictures in memory, all of one size. */
type MemorySet = Pictures & { readonly classes: readonly string[]; readonly data: Tensor };

function ofMemory(name: string, train: MemorySet, test: MemorySet): Data {
  const [, size, , channels = 1] = train.data.shape as readonly number[];
  return { name, train, test, classes: test.classes, channels, size: size! };
}

/** Opens one part of a data set. */
type Open = (root: string, options: { train: boolean; download?: boolean }) => unknown;

const sets: Readonly<Record<string, readonly [name: string, open: Open]>> = {
  digits: ["digits drawn by code", (_root, { train }) => datasets.digits({ train })],
  mnist: ["MNIST", (root, options) => new datasets.MNIST(root, options)],
  "fashion-mnist": ["Fashion-MNIST", (root, options) => new datasets.FashionMNIST(root, options)],
  cifar10: ["CIFAR-10", (root, options) => new datasets.CIFAR10(root, options)],
};

/** What `--data` takes beside folders. */
export const dataNames: readonly string[] = Object.keys(sets);

async function open(key: string, root: string, download: boolean): Promise<Data> {
  const [name, part] = sets[key]!;
  // One after the other: both parts download the same files, and the first that fails is named.
  const train = await part(root, download ? { train: true, download } : { train: true });
  const test = await part(root, download ? { train: false, download } : { train: false });
  return ofMemory(name, train as MemorySet, test as MemorySet);
}

const namesIn = async (folder: string): Promise<string[]> =>
  (await listEntries("train", folder)).map(({ name }) => name);

const foldersIn = async (folder: string): Promise<string[]> =>
  (await listEntries("train", folder)).filter(({ isFolder }) => isFolder).map(({ name }) => name);

const holdsIdx = async (folder: string): Promise<boolean> =>
  (await hasFolder(folder)) && (await namesIn(folder)).some((name) => name.startsWith("train-images-idx3-ubyte"));

/** The folder with IDX files: this one, or the `raw` folder in it that torchvision makes. */
async function idxFolder(folder: string): Promise<string | undefined> {
  for (const path of [folder, joinPath(folder, "raw")]) if (await holdsIdx(path)) return path;
  return undefined;
}

/** The share of each class that is set apart for the test where the folder has no part for it. */
const TEST_SHARE = 0.2;

/**
 * Sets some pictures apart for the test: of each class, so that none is left untested, and the same ones for one seed,
 * so that training that goes on from a checkpoint has not seen them.
 * @param labels The label of each picture.
 */
function splitPerClass(labels: readonly number[], seed: number): { train: number[]; test: number[] } {
  const generator = new Generator().manualSeed(seed);
  const ofClass = new Map<number, number[]>([...new Set(labels)].map((label) => [label, []]));
  for (const [i, label] of labels.entries()) ofClass.get(label)!.push(i);
  const test = new Set<number>();
  for (const indices of ofClass.values()) {
    // The only picture of a class is there to learn from.
    if (indices.length < 2) continue;
    const order = randperm(indices.length, { generator }).tolist() as number[];
    const count = Math.max(1, Math.round(indices.length * TEST_SHARE));
    for (const i of order.slice(0, count)) test.add(indices[i]!);
  }
  return { train: [...labels.keys()].filter((i) => !test.has(i)), test: [...test].sort((a, b) => a - b) };
}

const testNames = ["test", "val", "valid", "validation"];

/** A folder with a folder of pictures for each class, or with `train` and `test`, which have them. */
async function ofPictures(folder: string, size: number, seed: number): Promise<Data> {
  const transform = new transforms.Compose([new transforms.Resize(size), new transforms.CenterCrop(size)]);
  const read = (path: string) => new datasets.ImageFolder(path, { transform });
  const inner = await foldersIn(folder);
  const rest = { channels: 3, size };
  const testName = testNames.find((name) => inner.includes(name));
  if (inner.includes("train") && testName !== undefined) {
    const train = await read(joinPath(folder, "train"));
    const test = await read(joinPath(folder, testName));
    if (String(train.classes) !== String(test.classes))
      throw new UsageError(
        `--data: "${folder}/train" has the classes ${train.classes.join(", ")}, but "${testName}" has ${test.classes.join(", ")}`,
      );
    return { ...rest, name: folder, train, test, classes: train.classes };
  }
  const all = await read(folder);
  const { train, test } = splitPerClass(all.targets, seed);
  if (test.length === 0)
    throw new UsageError(`--data: no class of "${folder}" has a second picture, which a test needs`);
  const part = (indices: readonly number[]) =>
    new utils.data.Subset<Labeled>(all as never, indices) as unknown as Pictures;
  return { ...rest, name: folder, train: part(train), test: part(test), classes: all.classes };
}

/** The data in a folder, by the files that are there. */
async function ofFolder(folder: string, size: number, seed: number): Promise<Data> {
  const names = await namesIn(folder);
  if (names.some((name) => /^(data|test)_batch.*\.bin$/.test(name))) return open("cifar10", folder, false);
  const idx = await idxFolder(folder);
  if (idx !== undefined) return open(/fashion/i.test(folder) ? "fashion-mnist" : "mnist", idx, false);
  if ((await foldersIn(folder)).length > 1) return ofPictures(folder, size, seed);
  throw new UsageError(
    `--data: "${folder}" holds neither CIFAR-10 (data_batch_1.bin …) nor MNIST or Fashion-MNIST (train-images-idx3-ubyte …) nor a folder of pictures for each class`,
  );
}

/** Where data comes from. */
export interface DataOptions {
  /** A name or a folder. */
  readonly data: string;
  /** Where downloads go. */
  readonly root: string;
  /** Height and width to which pictures of a folder are scaled. */
  readonly size: number;
  /** Chooses the pictures for the test where a folder does not say. */
  readonly seed: number;
}

/** @throws UsageError if it is neither a name nor a folder, or a folder of nothing that is known. */
export async function loadData({ data, root, size, seed }: DataOptions): Promise<Data> {
  if (await hasFolder(data)) return ofFolder(data, size, seed);
  if (dataNames.includes(data)) return open(data, root, true);
  throw new UsageError(`--data: there is no folder "${data}", and the built-in data sets are ${dataNames.join(", ")}`);
}
