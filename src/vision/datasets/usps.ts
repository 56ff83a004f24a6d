/** USPS (Hull, 1994), in the format of LIBSVM. */

import { checkFlag, checkString } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { classNameOf, nameOf } from "../../core/className";
import { FormatError } from "../../core/errors";
import { awaitable } from "../../data/awaitable";
import { absolute, findFile, hasFile, joinPath } from "../../platform/dataFiles";
import type { Awaitable, Opened } from "./common/awaitableTypes";
import { bytesTensor, MemoryDataset } from "./common/memory";
import type { DownloadableOptions } from "./common/options";
import { downloadUrl } from "./common/utils";
import { notFound, transformsIn } from "./common/visionDataset";
import type { SplitFile } from "./svhn";

const SIZE = 16;
const PIXELS = SIZE * SIZE;
/** Bytes of text, of which the training part has 25 million. */
const MOST_TEXT = 64 << 20;

const signature = "root; train, transform, targetTransform, download";

type UspsOptions = { root: string; train?: boolean | undefined; download?: boolean | undefined };

class UspsSet<I = any, T = any> extends MemoryDataset<I, T> {
  static override readonly signature: string = signature;
  static splitList: Record<"train" | "test", SplitFile> = {
    train: [
      "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/usps.bz2",
      "usps.bz2",
      "ec16c51db3855ca6c91edd34d0e9b197",
    ],
    test: [
      "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/usps.t.bz2",
      "usps.t.bz2",
      "8ea070ee2aca1ac39742fdd1ef5ed118",
    ],
  };

  readonly train: boolean;
  private readonly wantsDownload: boolean;

  constructor(...given: unknown[]) {
    const op = nameOf(new.target);
    const values = argumentsOf<DownloadableOptions & UspsOptions>(op, new.target.signature, given);
    super(checkString(op, "root", values.root), transformsIn(values));
    this.train = checkFlag(op, "train", values.train ?? true);
    this.wantsDownload = checkFlag(op, "download", values.download ?? false);
    this.classes = [..."0123456789"];
  }

  /** @internal */
  async read(): Promise<void> {
    const name = classNameOf(this);
    const { splitList } = this.constructor as typeof UspsSet;
    const [url, filename, md5] = splitList[this.train ? "train" : "test"];
    const path = joinPath(absolute(this.root!), filename);
    if (this.wantsDownload && !(await hasFile(path))) await downloadUrl(url, this.root!, { filename, md5 });
    const found = await findFile(name, [path]);
    if (found === undefined) throw notFound(name, `there is no "${path}"`);
    const { bunzip2 } = await import("../../io/lazyDatasets");
    const text = new TextDecoder().decode(bunzip2(path, found.bytes, MOST_TEXT));
    const lines = text.split("\n");
    if (lines.at(-1) === "") lines.pop();
    const pixels = new Uint8Array(lines.length * PIXELS);
    this.targets = lines.map((line, i) => readLine(path, line, i, pixels.subarray(i * PIXELS, (i + 1) * PIXELS)));
    this.data = bytesTensor(pixels, [lines.length, SIZE, SIZE]);
  }
}

/** Writes the pixels of a line, from −1 to 1, as bytes. @returns The label, from 0. */
function readLine(path: string, line: string, index: number, to: Uint8Array): number {
  const fail = (why: string) => new FormatError(`"${path}": line ${index + 1} ${why}: the file is damaged`);
  const [label, ...values] = line.trim().split(/\s+/);
  const target = Number(label) - 1;
  if (!Number.isInteger(target) || target < 0 || target > 9) throw fail("begins with no label from 1 to 10");
  if (values.length !== PIXELS) throw fail(`has ${values.length} values instead of ${PIXELS}`);
  values.forEach((entry, i) => {
    const text = entry.slice(entry.lastIndexOf(":") + 1);
    const value = Math.fround(Number(text));
    if (text === "" || !(value >= -1 && value <= 1))
      throw fail(`has ${JSON.stringify(entry.slice(0, 40))} where a number from -1 to 1 is due`);
    // In single precision, step by step, as numpy has it.
    to[i] = Math.trunc(Math.fround(Math.fround(Math.fround(value + 1) / 2) * 255));
  });
  return target;
}

/** An opened {@link USPS}. */
export type USPS<I = any, T = any> = Opened<UspsSet, I, T>;

/**
 * USPS: 16×16 gray pictures of handwritten digits from letters, from the files `root/usps.bz2` and `root/usps.t.bz2`. `data` is uint8 of shape
 * [n, 16, 16], `targets` a list.
 * @see torchvision.datasets.USPS
 * @throws KindlingError if the file is missing or cannot be fetched, FormatError if it is damaged.
 * @example const train = await new vision.datasets.USPS("data", { train: true, download: true });
 */
export const USPS: Awaitable<UspsSet, typeof signature, UspsOptions> & {
  splitList: Record<"train" | "test", SplitFile>;
} = awaitable("USPS", UspsSet);
