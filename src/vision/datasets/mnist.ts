/** MNIST and the data sets in its format. */

import { checkFlag } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { classNameOf, nameOf } from "../../core/className";
import { FormatError } from "../../core/errors";
import { awaitable } from "../../data/awaitable";
import type { Found } from "../../platform/dataFiles";
import { absolute, hasFile, isRemote, joinPath } from "../../platform/dataFiles";
import type { Tensor } from "../../tensor/tensor";
import type { Awaitable, Opened } from "./common/awaitableTypes";
import { type DownloadResource, downloadFromMirrors } from "./common/downloads";
import { elementsOf, type IdxHeader, readIdx, wholeHeader } from "./common/idx";
import { MemoryDataset } from "./common/memory";
import { extractArchive } from "./common/utils";
import { notFound, type TransformOptions } from "./common/visionDataset";

/** What MNIST and its companions take beside the transforms. */
export interface MnistOptions {
  /** The training part, else the test part. Default: true. */
  train?: boolean | undefined;
  /** Fetch what is missing. Default: false. */
  download?: boolean | undefined;
}

const signature = "root; train, transform, targetTransform, download";

/** @throws FormatError unless images and labels go together. Nothing is allocated before. */
export function checkPart(images: IdxHeader, labels: IdxHeader, root: string): void {
  if (images.dtype !== "uint8" || images.shape.length !== 3 || labels.shape[0] !== images.shape[0])
    throw new FormatError(
      `"${root}": images of shape [${images.shape}] (${images.dtype}) do not go with labels of shape [${labels.shape}]`,
    );
}

/** @throws FormatError naming the first label that is no class. */
function checkLabels({ path, bytes }: Found, { start, dtype, shape }: IdxHeader, classes: readonly string[]): void {
  if (dtype !== "uint8" || shape.length !== 1)
    throw new FormatError(
      `"${path}" holds ${dtype} of shape [${shape}], which do not go with images: labels are bytes`,
    );
  const labels = bytes.subarray(start);
  const at = labels.findIndex((label) => label >= classes.length);
  if (at >= 0)
    throw new FormatError(
      `"${path}": label ${at} is ${labels[at]}; labels are 0 to ${classes.length - 1}: the file is damaged`,
    );
}

/** int64 labels; the bytes are given back. */
export function labelsOf(bytes: Tensor): Tensor {
  const labels = bytes.long();
  bytes.dispose();
  return labels;
}

const digitNames = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/** The plain class of {@link MNIST}. */
export class MnistSet<I = any, T = any> extends MemoryDataset<I, T> {
  /** @internal */
  static override readonly signature: string = signature;
  /** Where the files are, in the order in which they are tried. */
  static mirrors: readonly string[] = [
    "http://yann.lecun.com/exdb/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
  ];
  /** The files and their checksums (MD5). */
  static resources: readonly DownloadResource[] = [
    ["train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"],
    ["train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"],
    ["t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"],
    ["t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"],
  ];
  /** The names of the classes, by label. */
  static classes: readonly string[] = digitNames.map((name, i) => `${i} - ${name}`);

  readonly train: boolean;
  protected readonly wantsDownload: boolean;

  constructor(...given: unknown[]) {
    const op = nameOf(new.target);
    const values = argumentsOf<{ root: string } & MnistOptions & TransformOptions>(op, new.target.signature, given);
    const { root, train = true, download = false, transform, targetTransform } = values;
    super(root, { transform, targetTransform });
    this.train = checkFlag(op, "train", train);
    this.wantsDownload = checkFlag(op, "download", download);
    this.classes = new.target.classes;
  }

  protected get kind(): typeof MnistSet {
    return this.constructor as typeof MnistSet;
  }

  /** Where torchvision keeps the files. */
  get rawFolder(): string {
    return joinPath(absolute(this.root!), classNameOf(this), "raw");
  }

  /** Folders that may have the files: torchvision's, or the root itself. */
  protected get folders(): string[] {
    const root = absolute(this.root!);
    return [this.rawFolder, joinPath(root, "raw"), root];
  }

  protected get imagesFile(): string {
    return `${this.train ? "train" : "t10k"}-images-idx3-ubyte`;
  }

  protected get labelsFile(): string {
    return `${this.train ? "train" : "t10k"}-labels-idx1-ubyte`;
  }

  /** Fetches what is missing. */
  protected async download(): Promise<void> {
    const name = classNameOf(this);
    const { mirrors, resources } = this.kind;
    for (const [file, md5] of resources) {
      const plain = joinPath(this.rawFolder, file.replace(/\.gz$/, ""));
      if ((await hasFile(plain)) || (await hasFile(`${plain}.gz`))) continue;
      const path = await downloadFromMirrors(name, mirrors, file, { root: this.rawFolder, md5 });
      // Torchvision wants the plain files; a cache has less room.
      if (!isRemote(path)) await extractArchive(path);
    }
  }

  /** @internal */
  async read(): Promise<void> {
    if (this.wantsDownload) await this.download();
    const name = classNameOf(this);
    const images = await readIdx(name, this.folders, this.imagesFile);
    const labels = await readIdx(name, this.folders, this.labelsFile);
    if (images === undefined || labels === undefined)
      throw notFound(
        name,
        `there is no ${images === undefined ? this.imagesFile : this.labelsFile} in "${this.rawFolder}"`,
      );
    this.take(images, labels);
  }

  protected take(images: Found, labels: Found): void {
    const header = wholeHeader(images);
    const labelHeader = wholeHeader(labels);
    checkPart(header, labelHeader, this.root!);
    checkLabels(labels, labelHeader, this.classes);
    this.targets = labelsOf(elementsOf(labels, labelHeader));
    this.data = elementsOf(images, header);
  }

  override extraRepr(): string {
    return `Split: ${this.train ? "Train" : "Test"}`;
  }
}

/** What can be changed of a class in this format: its mirrors and files. */
export interface MnistStatics {
  /** Addresses that files are fetched from, in the order in which they are tried. */
  mirrors: readonly string[];
  /** The files and their checksums (MD5). */
  resources: readonly DownloadResource[];
  /** The names of the classes, by label. */
  readonly classes: readonly string[];
}

type MnistClass = Awaitable<MnistSet, typeof signature, MnistArguments> & MnistStatics;
type MnistArguments = { root: string } & MnistOptions;

/** An opened {@link MNIST}. */
export type MNIST<I = any, T = any> = Opened<MnistSet, I, T>;

/**
 * MNIST: 28×28 gray pictures of handwritten digits, 60,000 for training and 10,000 for the test. Samples are `[Image, label]`; `data` is uint8 of
 * shape [n, 28, 28], `targets` int64 of shape [n].
 *
 * The files are those of torchvision, in `root/MNIST/raw`, or in `root` itself, compressed or not; however many pictures they hold are read.
 * `download: true` fetches them from `MNIST.mirrors` and checks them.
 * @see torchvision.datasets.MNIST
 * @throws KindlingError if files are missing or cannot be fetched, FormatError if one is damaged.
 * @example
 * const train = await new vision.datasets.MNIST("data", { train: true, download: true, transform: new ToTensor() });
 */
export const MNIST: MnistClass = awaitable<MnistClass>("MNIST", MnistSet);

class FashionMnistSet extends MnistSet {
  static override mirrors: readonly string[] = ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"];
  static override resources: readonly DownloadResource[] = [
    ["train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"],
    ["train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"],
    ["t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"],
    ["t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"],
  ];
  static override classes: readonly string[] =
    "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot".split(",");
}

/** An opened {@link FashionMNIST}. */
export type FashionMNIST<I = any, T = any> = Opened<MnistSet, I, T>;

/**
 * Fashion-MNIST (Zalando): 28×28 gray pictures of clothes, in the format and with the arguments of {@link MNIST}, in `root/FashionMNIST/raw`.
 * @see torchvision.datasets.FashionMNIST
 * @throws KindlingError if files are missing or cannot be fetched, FormatError if one is damaged.
 * @example
 * const test = await new vision.datasets.FashionMNIST("data", { train: false, download: true });
 * const [image, label] = test.at(0);
 */
export const FashionMNIST: MnistClass = awaitable<MnistClass>("FashionMNIST", FashionMnistSet);

class KmnistSet extends MnistSet {
  static override mirrors: readonly string[] = ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"];
  static override resources: readonly DownloadResource[] = [
    ["train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7"],
    ["train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344"],
    ["t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7"],
    ["t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134"],
  ];
  static override classes: readonly string[] = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"];
}

/** An opened {@link KMNIST}. */
export type KMNIST<I = any, T = any> = Opened<MnistSet, I, T>;

/**
 * Kuzushiji-MNIST: 28×28 gray pictures of ten letters of old Japanese, in the format and with the arguments of {@link MNIST}, in
 * `root/KMNIST/raw`.
 * @see torchvision.datasets.KMNIST
 * @throws KindlingError if files are missing or cannot be fetched, FormatError if one is damaged.
 * @example const train = await new vision.datasets.KMNIST("data", { download: true });
 */
export const KMNIST: MnistClass = awaitable<MnistClass>("KMNIST", KmnistSet);
