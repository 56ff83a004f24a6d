/** CIFAR-10 and CIFAR-100 (Krizhevsky, 2009), in their Python and their binary version. */

import { checkFlag } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { classNameOf, nameOf } from "../../core/className";
import { FormatError } from "../../core/errors";
import { awaitable } from "../../data/awaitable";
import type { Pickled } from "../../io/pickle";
import { absolute, type Found, findFile, joinPath } from "../../platform/dataFiles";
import type { Awaitable, Opened } from "./common/awaitableTypes";
import type { DownloadResource } from "./common/downloads";
import { bytesTensor, MemoryDataset } from "./common/memory";
import { fromPlanes } from "./common/planes";
import { checkIntegrity, downloadAndExtractArchive } from "./common/utils";
import { notFound, type TransformOptions } from "./common/visionDataset";

const SIZE = 32;
const IMAGE_BYTES = 3 * SIZE * SIZE;

/** What {@link CIFAR10} and {@link CIFAR100} take beside the transforms. */
export interface CifarOptions {
  /** The training part, else the test part. Default: true. */
  train?: boolean | undefined;
  /** Fetch what is missing. Default: false. */
  download?: boolean | undefined;
}

const signature = "root; train, transform, targetTransform, download";

/** Pictures of one file, channel by channel, and their labels. */
interface Batch {
  readonly pixels: Uint8Array;
  readonly labels: readonly number[];
}

/** Where the files of a version lie. */
interface Version {
  readonly folder: string;
  readonly isBinary: boolean;
}

/** The plain class of {@link CIFAR10}. */
export class Cifar10Set<I = any, T = any> extends MemoryDataset<I, T> {
  /** @internal */
  static override readonly signature: string = signature;
  static baseFolder = "cifar-10-batches-py";
  static url = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz";
  static filename = "cifar-10-python.tar.gz";
  static tgzMd5: string | undefined = "c58f30108f718f92721af3b95e74349a";
  static trainList: readonly DownloadResource[] = [
    ["data_batch_1", "c99cafc152244af753f735de768cd75f"],
    ["data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"],
    ["data_batch_3", "54ebc095f3ab1f0389bbae665268c751"],
    ["data_batch_4", "634d18415352ddfa80567beed471001a"],
    ["data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"],
  ];
  static testList: readonly DownloadResource[] = [["test_batch", "40351d587109b95175f43aff81a1287e"]];
  static meta: { filename: string; key: string; md5: string | undefined } = {
    filename: "batches.meta",
    key: "label_names",
    md5: "5ff9c542aee3614f3951f8cda6e48888",
  };
  /** The names of the classes, by label. */
  static classes: readonly string[] = "airplane automobile bird cat deer dog frog horse ship truck".split(" ");

  readonly train: boolean;
  declare targets: readonly number[];
  private readonly wantsDownload: boolean;

  constructor(...given: unknown[]) {
    const op = nameOf(new.target);
    const values = argumentsOf<{ root: string } & CifarOptions & TransformOptions>(op, new.target.signature, given);
    const { root, train = true, download = false, transform, targetTransform } = values;
    super(root, { transform, targetTransform });
    this.train = checkFlag(op, "train", train);
    this.wantsDownload = checkFlag(op, "download", download);
    this.classes = new.target.classes;
  }

  protected get kind(): typeof Cifar10Set {
    return this.constructor as typeof Cifar10Set;
  }

  /** Where the binary version lies, what its records begin with, and where it has the names of the classes. */
  protected get binary(): { folder: string; labelBytes: number; meta: string } {
    return { folder: "cifar-10-batches-bin", labelBytes: 1, meta: "batches.meta.txt" };
  }

  /** Whether all files of the Python version are there, unharmed. */
  private async isIntact(): Promise<boolean> {
    const { baseFolder, trainList, testList, meta } = this.kind;
    for (const [name, md5] of [...trainList, ...testList, [meta.filename, meta.md5] as const])
      if (!(await checkIntegrity(joinPath(absolute(this.root!), baseFolder, name), md5))) return false;
    return true;
  }

  private async download(): Promise<void> {
    const { url, filename, tgzMd5 } = this.kind;
    if (await this.isIntact()) console.log("Files already downloaded and verified");
    else await downloadAndExtractArchive(url, absolute(this.root!), { filename, md5: tgzMd5 });
  }

  /** The first file that is there, of torchvision's version or the binary one, in its folder or in the root itself. */
  private async version(): Promise<Version | undefined> {
    const root = absolute(this.root!);
    const name = classNameOf(this);
    const { baseFolder } = this.kind;
    const first = this.files[0]!;
    const found = await findFile(name, [
      joinPath(root, baseFolder, first),
      joinPath(root, this.binary.folder, `${first}.bin`),
      joinPath(root, first),
      joinPath(root, `${first}.bin`),
    ]);
    if (found === undefined) return undefined;
    return { folder: found.path.slice(0, found.path.lastIndexOf("/")), isBinary: found.path.endsWith(".bin") };
  }

  private get files(): string[] {
    return (this.train ? this.kind.trainList : this.kind.testList).map(([name]) => name);
  }

  /** @internal */
  async read(): Promise<void> {
    if (this.wantsDownload) await this.download();
    const version = await this.version();
    if (version === undefined)
      throw notFound(
        classNameOf(this),
        `there is no ${this.files[0]} in "${joinPath(this.root!, this.kind.baseFolder)}"`,
        true,
      );
    const batches: Batch[] = [];
    for (const file of this.files) {
      const path = joinPath(version.folder, version.isBinary ? `${file}.bin` : file);
      const found = await findFile(classNameOf(this), [path]);
      if (found !== undefined) batches.push(await this.batchOf(found, version));
      // Parts of the binary version are in use.
      else if (!version.isBinary) throw notFound(classNameOf(this), `there is no "${path}"`, true);
    }
    this.classes = await this.readClasses(version);
    this.take(batches);
  }

  private async batchOf(found: Found, { isBinary }: Version): Promise<Batch> {
    const batch = isBinary ? readRecords(found, this.binary.labelBytes) : await readBatch(found);
    const count = this.kind.classes.length;
    const at = batch.labels.findIndex((label) => !Number.isInteger(label) || label < 0 || label >= count);
    if (at >= 0)
      throw new FormatError(
        `"${found.path}": record ${at} has the label ${batch.labels[at]}; labels are 0 to ${count - 1}: the file is damaged`,
      );
    return batch;
  }

  private async readClasses({ folder, isBinary }: Version): Promise<readonly string[]> {
    const name = classNameOf(this);
    const { meta, classes } = this.kind;
    const found = await findFile(name, [joinPath(folder, isBinary ? this.binary.meta : meta.filename)]);
    if (found === undefined) return classes;
    const names = isBinary ? linesOf(found) : await namesIn(found, meta.key);
    if (names.length !== classes.length)
      throw new FormatError(
        `"${found.path}" has the names of ${names.length} classes instead of ${classes.length}: it is damaged`,
      );
    return names;
  }

  private take(batches: readonly Batch[]): void {
    const total = batches.reduce((n, { labels }) => n + labels.length, 0);
    const all = new Uint8Array(total * IMAGE_BYTES);
    let at = 0;
    for (const { pixels } of batches)
      for (let start = 0; start < pixels.length; start += IMAGE_BYTES, at += IMAGE_BYTES)
        fromPlanes(pixels.subarray(start, start + IMAGE_BYTES), 3, all, at);
    this.targets = batches.flatMap(({ labels }) => labels);
    this.data = bytesTensor(all, [total, SIZE, SIZE, 3]);
  }

  override extraRepr(): string {
    return `Split: ${this.train ? "Train" : "Test"}`;
  }
}

/** The records of a file of the binary version. @throws FormatError if they are not whole. */
function readRecords({ path, bytes }: Found, labelBytes: number): Batch {
  const size = labelBytes + IMAGE_BYTES;
  if (bytes.length === 0 || bytes.length % size !== 0)
    throw new FormatError(
      `"${path}" has ${bytes.length} bytes, which is no whole number of CIFAR records of ${size} bytes: it is truncated or damaged`,
    );
  const count = bytes.length / size;
  const pixels = new Uint8Array(count * IMAGE_BYTES);
  const labels = new Array<number>(count);
  for (let i = 0; i < count; i++) {
    const start = i * size + labelBytes;
    labels[i] = bytes[start - 1]!;
    pixels.set(bytes.subarray(start, start + IMAGE_BYTES), i * IMAGE_BYTES);
  }
  return { pixels, labels };
}

/** The dict that a file of the Python version holds. */
async function dictOf({ path, bytes }: Found): Promise<{ readonly [key: string]: Pickled }> {
  const { readPickle } = await import("../../io/lazyDatasets");
  const value = readPickle(path, bytes);
  const isDict =
    typeof value === "object" && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value));
  if (!isDict) throw new FormatError(`"${path}" holds no dict: it is no file of CIFAR`);
  return value as { readonly [key: string]: Pickled };
}

/** The pictures and labels of a file of the Python version. @throws FormatError if they are not what they should be. */
async function readBatch(found: Found): Promise<Batch> {
  const { PickledArray } = await import("../../io/lazyDatasets");
  const { data, labels, fine_labels: fine } = await dictOf(found);
  const list = labels ?? fine;
  const fail = (why: string) => new FormatError(`"${found.path}" ${why}: it is damaged, or no file of CIFAR`);
  if (!(data instanceof PickledArray) || data.dtype !== "|u1" || data.isFortran)
    throw fail("has no array of bytes under the key data");
  if (!Array.isArray(list)) throw fail("has no list under the key labels or fine_labels");
  if (data.shape.length !== 2 || data.shape[1] !== IMAGE_BYTES || data.shape[0] !== list.length)
    throw fail(`has pictures of shape [${data.shape}] for ${list.length} labels`);
  return { pixels: data.bytes, labels: list };
}

async function namesIn(found: Found, key: string): Promise<readonly string[]> {
  const names = (await dictOf(found))[key];
  if (!Array.isArray(names) || !names.every((name) => typeof name === "string"))
    throw new FormatError(`"${found.path}" has no names of classes under the key ${key}: it is damaged`);
  return names;
}

const linesOf = ({ bytes }: Found): readonly string[] =>
  new TextDecoder()
    .decode(bytes)
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "");

/** What can be changed of a class of CIFAR: where its archive is, and the files in it with their checksums (MD5). */
export interface CifarStatics {
  baseFolder: string;
  url: string;
  filename: string;
  tgzMd5: string | undefined;
  trainList: readonly DownloadResource[];
  testList: readonly DownloadResource[];
  meta: { filename: string; key: string; md5: string | undefined };
}

type CifarClass = Awaitable<Cifar10Set, typeof signature, { root: string } & CifarOptions> & CifarStatics;

/** An opened {@link CIFAR10}. */
export type CIFAR10<I = any, T = any> = Opened<Cifar10Set, I, T>;

/**
 * CIFAR-10: 32×32 color pictures of ten classes, 50,000 for training and 10,000 for the test. Samples are `[Image, label]`; `data` is uint8 of shape
 * [n, 32, 32, 3], `targets` a list.
 *
 * The files are those of torchvision, in `root/cifar-10-batches-py`, or those of the binary version, in `root/cifar-10-batches-bin`; however many
 * records they hold are read. Either may lie in `root` itself. `download: true` fetches torchvision's archive unless all its files are there, unharmed.
 * @see torchvision.datasets.CIFAR10
 * @throws KindlingError if files are missing or cannot be fetched, FormatError if one is damaged.
 * @example
 * const train = await new vision.datasets.CIFAR10("data", { download: true, transform: new ToTensor() });
 */
export const CIFAR10: CifarClass = awaitable<CifarClass>("CIFAR10", Cifar10Set);

class Cifar100Set extends Cifar10Set {
  static override baseFolder = "cifar-100-python";
  static override url = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz";
  static override filename = "cifar-100-python.tar.gz";
  static override tgzMd5: string | undefined = "eb9058c3a382ffc7106e4002c42a8d85";
  static override trainList: readonly DownloadResource[] = [["train", "16019d7e3df5f24257cddd939b257f8d"]];
  static override testList: readonly DownloadResource[] = [["test", "f0ef6b0ae62326f3e7ffdfab6717acfc"]];
  static override meta: { filename: string; key: string; md5: string | undefined } = {
    filename: "meta",
    key: "fine_label_names",
    md5: "7973b15100ade9c7d40fb424638fde48",
  };
  static override classes: readonly string[] = (
    "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle caterpillar cattle chair " +
    "chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard " +
    "lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear " +
    "pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail " +
    "snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle wardrobe whale " +
    "willow_tree wolf woman worm"
  ).split(" ");

  protected override get binary(): { folder: string; labelBytes: number; meta: string } {
    return { folder: "cifar-100-binary", labelBytes: 2, meta: "fine_label_names.txt" };
  }
}

/** An opened {@link CIFAR100}. */
export type CIFAR100<I = any, T = any> = Opened<Cifar10Set, I, T>;

/**
 * CIFAR-100: as {@link CIFAR10}, of a hundred classes; in `root/cifar-100-python` or `root/cifar-100-binary`.
 * @see torchvision.datasets.CIFAR100
 * @throws KindlingError if files are missing or cannot be fetched, FormatError if one is damaged.
 * @example const test = await new vision.datasets.CIFAR100("data", { train: false });
 */
export const CIFAR100: CifarClass = awaitable<CifarClass>("CIFAR100", Cifar100Set);
