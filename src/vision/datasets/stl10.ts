/** STL-10 (Coates, Ng and Lee, 2011). */

import { checkFlag, checkString } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { classNameOf, nameOf } from "../../core/className";
import { ArgumentError, describe, FormatError, ValueError } from "../../core/errors";
import { awaitable } from "../../data/awaitable";
import { absolute, findFile, hasFile, joinPath, readText } from "../../platform/dataFiles";
import type { Awaitable, Opened } from "./common/awaitableTypes";
import type { DownloadResource } from "./common/downloads";
import { bytesTensor, MemoryDataset, type Targets } from "./common/memory";
import { checkWord, type DownloadableOptions } from "./common/options";
import { transposePlanes } from "./common/planes";
import { checkIntegrity, downloadAndExtractArchive } from "./common/utils";
import { notFound, transformsIn } from "./common/visionDataset";

const SIZE = 96;
const IMAGE_BYTES = 3 * SIZE * SIZE;
const splits = ["train", "train+unlabeled", "unlabeled", "test"] as const;

/** The parts of {@link STL10}. */
export type Stl10Split = (typeof splits)[number];

const signature = "root; split, folds, transform, targetTransform, download";

type Stl10Options = {
  root: string;
  split?: Stl10Split | undefined;
  folds?: number | null | undefined;
  download?: boolean | undefined;
};

/** Pictures and their labels. */
interface Part {
  readonly pixels: Uint8Array;
  readonly labels: readonly number[];
}

class Stl10Set<I = any, T = any> extends MemoryDataset<I, T> {
  static override readonly signature: string = signature;
  static baseFolder = "stl10_binary";
  static url = "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz";
  static filename = "stl10_binary.tar.gz";
  static tgzMd5: string | undefined = "91f7769df0f17e558f3565bffb0c7dfb";
  static classNamesFile = "class_names.txt";
  static foldsListFile = "fold_indices.txt";
  static trainList: readonly DownloadResource[] = [
    ["train_X.bin", "918c2871b30a85fa023e0c44e0bee87f"],
    ["train_y.bin", "5a34089d4802c674881badbb80307741"],
    ["unlabeled_X.bin", "5242ba1fed5e4be9e1e742405eb56ca4"],
  ];
  static testList: readonly DownloadResource[] = [
    ["test_X.bin", "7f263ba9f9e0b06b93213547f721ac82"],
    ["test_y.bin", "36f9794fa4beb8a2c72628de14fa638e"],
  ];

  readonly split: Stl10Split;
  readonly folds: number | null;
  /** The labels, in the order of `data`; −1 where there is none. */
  labels: readonly number[] = [];
  private readonly wantsDownload: boolean;

  constructor(...given: unknown[]) {
    const op = nameOf(new.target);
    const values = argumentsOf<DownloadableOptions & Stl10Options>(op, new.target.signature, given);
    super(checkString(op, "root", values.root), transformsIn(values));
    this.split = checkWord(op, "split", values.split ?? "train", splits);
    this.folds = checkFolds(op, values.folds);
    this.wantsDownload = checkFlag(op, "download", values.download ?? false);
  }

  protected override get isPlanar(): boolean {
    return true;
  }

  protected override get labeling(): Targets {
    return this.labels;
  }

  private get kind(): typeof Stl10Set {
    return this.constructor as typeof Stl10Set;
  }

  private path(file: string): string {
    return joinPath(absolute(this.root!), this.kind.baseFolder, file);
  }

  private async download(): Promise<void> {
    const { trainList, testList, url, filename, tgzMd5 } = this.kind;
    for (const [file, md5] of [...trainList, ...testList])
      if (!(await checkIntegrity(this.path(file), md5)))
        return void (await downloadAndExtractArchive(url, absolute(this.root!), { filename, md5: tgzMd5 }));
    console.log("Files already downloaded and verified");
  }

  /** @internal */
  async read(): Promise<void> {
    if (this.wantsDownload) await this.download();
    const parts: Part[] = [];
    if (this.split.startsWith("train")) parts.push(await this.fold(await this.part("train_X.bin", "train_y.bin")));
    if (this.split.endsWith("unlabeled")) parts.push(await this.part("unlabeled_X.bin"));
    if (this.split === "test") parts.push(await this.part("test_X.bin", "test_y.bin"));
    this.labels = parts.flatMap(({ labels }) => labels);
    const pixels = new Uint8Array(this.labels.length * IMAGE_BYTES);
    let at = 0;
    for (const part of parts) {
      pixels.set(part.pixels, at);
      at += part.pixels.length;
    }
    this.data = bytesTensor(pixels, [this.labels.length, 3, SIZE, SIZE]);
    const names = this.path(this.kind.classNamesFile);
    if (await hasFile(names)) this.classes = linesOf(await readText(classNameOf(this), names));
  }

  private async part(images: string, labels?: string): Promise<Part> {
    const name = classNameOf(this);
    const found = await findFile(name, [this.path(images)]);
    if (found === undefined) throw notFound(name, `there is no "${this.path(images)}"`, true);
    const { path, bytes } = found;
    if (bytes.length === 0 || bytes.length % IMAGE_BYTES !== 0)
      throw new FormatError(
        `"${path}" has ${bytes.length} bytes, which are no whole pictures of ${IMAGE_BYTES} bytes: it is truncated or damaged`,
      );
    const count = bytes.length / IMAGE_BYTES;
    const pixels = transposePlanes(bytes, SIZE, SIZE);
    return {
      pixels,
      labels: labels === undefined ? new Array<number>(count).fill(-1) : await this.labelsIn(labels, count),
    };
  }

  private async labelsIn(file: string, count: number): Promise<number[]> {
    const path = this.path(file);
    const found = await findFile(classNameOf(this), [path]);
    if (found === undefined) throw notFound(classNameOf(this), `there is no "${path}"`, true);
    if (found.bytes.length !== count)
      throw new FormatError(
        `"${path}" has ${found.bytes.length} labels for ${count} pictures: it is truncated or damaged`,
      );
    return Array.from(found.bytes, (label, i) => {
      if (label < 1 || label > 10)
        throw new FormatError(`"${path}": label ${i} is ${label}; labels are 1 to 10: the file is damaged`);
      return label - 1;
    });
  }

  /** The samples of one of the ten folds, if one is wanted. */
  private async fold(part: Part): Promise<Part> {
    if (this.folds === null) return part;
    const path = this.path(this.kind.foldsListFile);
    const line = (await readText(classNameOf(this), path)).split("\n")[this.folds] ?? "";
    const indices = line.trim().split(/\s+/).map(Number);
    const wrong = indices.find((i) => !Number.isInteger(i) || i < 0 || i >= part.labels.length);
    if (wrong !== undefined || line.trim() === "")
      throw new FormatError(
        `"${path}": line ${this.folds + 1} is no list of indices below ${part.labels.length}: the file is damaged`,
      );
    const pixels = new Uint8Array(indices.length * IMAGE_BYTES);
    indices.forEach((from, to) => {
      pixels.set(part.pixels.subarray(from * IMAGE_BYTES, (from + 1) * IMAGE_BYTES), to * IMAGE_BYTES);
    });
    return { pixels, labels: indices.map((i) => part.labels[i]!) };
  }

  override extraRepr(): string {
    return `Split: ${this.split}`;
  }
}

const linesOf = (text: string): string[] => text.split(/\r?\n/).filter((line) => line !== "");

function checkFolds(op: string, folds: unknown): number | null {
  if (folds === undefined || folds === null) return null;
  if (typeof folds !== "number")
    throw new ArgumentError(`${op}: Expected type None or int for argument folds, but got ${describe(folds)}`);
  if (!Number.isInteger(folds) || folds < 0 || folds > 9)
    throw new ValueError(`${op}: Value for argument folds should be in the range [0, 10), but got ${folds}.`);
  return folds;
}

type Stl10Statics = Pick<
  typeof Stl10Set,
  "baseFolder" | "url" | "filename" | "tgzMd5" | "trainList" | "testList" | "classNamesFile" | "foldsListFile"
>;

/** An opened {@link STL10}. */
export type STL10<I = any, T = any> = Opened<Stl10Set, I, T>;

/**
 * STL-10: 96×96 color pictures of ten classes, `split` `"train"`, `"test"`, `"unlabeled"` or `"train+unlabeled"`, and one of ten `folds` of the
 * training part. The files are those of torchvision, in `root/stl10_binary`. `data` is uint8 of shape [n, 3, 96, 96], `labels` a list.
 * @see torchvision.datasets.STL10
 * @throws KindlingError if files are missing or cannot be fetched, FormatError if one is damaged.
 * @example const train = await new vision.datasets.STL10("data", { split: "train", folds: 0 });
 */
export const STL10: Awaitable<Stl10Set, typeof signature, Stl10Options> & Stl10Statics = awaitable("STL10", Stl10Set);
