/** Street View House Numbers (Netzer and others, 2011). */

import { checkFlag, checkString } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { classNameOf, nameOf } from "../../core/className";
import { FormatError } from "../../core/errors";
import { awaitable } from "../../data/awaitable";
import type { MatlabArray } from "../../io/matlab";
import { absolute, findFile, joinPath } from "../../platform/dataFiles";
import type { Awaitable, Opened } from "./common/awaitableTypes";
import { bytesTensor, MemoryDataset, type Targets } from "./common/memory";
import { checkWord, type DownloadableOptions } from "./common/options";
import { transposePlanes } from "./common/planes";
import { downloadUrl } from "./common/utils";
import { notFound, transformsIn } from "./common/visionDataset";

const splits = ["train", "test", "extra"] as const;

/** The parts of {@link SVHN}. */
export type SvhnSplit = (typeof splits)[number];

/** Where a part is, its name, and its checksum (MD5). */
export type SplitFile = readonly [url: string, file: string, md5?: string | undefined];

const signature = "root; split, transform, targetTransform, download";

class SvhnSet<I = any, T = any> extends MemoryDataset<I, T> {
  static override readonly signature: string = signature;
  static splitList: Record<SvhnSplit, SplitFile> = {
    train: [
      "http://ufldl.stanford.edu/housenumbers/train_32x32.mat",
      "train_32x32.mat",
      "e26dedcc434d2e4c54c9b2d4a06d8373",
    ],
    test: [
      "http://ufldl.stanford.edu/housenumbers/test_32x32.mat",
      "test_32x32.mat",
      "eb5a983be6a315427106f1b164d9cef3",
    ],
    extra: [
      "http://ufldl.stanford.edu/housenumbers/extra_32x32.mat",
      "extra_32x32.mat",
      "a93ce644f1a588dc4d68dda5feec44a7",
    ],
  };

  readonly split: SvhnSplit;
  /** The labels, in the order of `data`: the digit 0 has the label 0. */
  labels: readonly number[] = [];
  private readonly wantsDownload: boolean;

  constructor(...given: unknown[]) {
    const op = nameOf(new.target);
    const values = argumentsOf<DownloadableOptions & { split?: SvhnSplit }>(op, new.target.signature, given);
    super(checkString(op, "root", values.root), transformsIn(values));
    this.split = checkWord(op, "split", values.split ?? "train", splits);
    this.wantsDownload = checkFlag(op, "download", values.download ?? false);
    this.classes = [..."0123456789"];
  }

  protected override get isPlanar(): boolean {
    return true;
  }

  protected override get labeling(): Targets {
    return this.labels;
  }

  /** @internal */
  async read(): Promise<void> {
    const name = classNameOf(this);
    const { splitList } = this.constructor as typeof SvhnSet;
    const [url, filename, md5] = splitList[this.split];
    if (this.wantsDownload) await downloadUrl(url, this.root!, { filename, md5 });
    const path = joinPath(absolute(this.root!), filename);
    const found = await findFile(name, [path]);
    if (found === undefined) throw notFound(name, `there is no "${path}"`, true);
    const { readMatlab } = await import("../../io/lazyDatasets");
    const { X, y } = await readMatlab(path, found.bytes);
    this.take(path, X, y);
  }

  private take(path: string, X: MatlabArray | undefined, y: MatlabArray | undefined): void {
    const [height = 0, width = 0, channels = 0, count = 1] = X?.shape ?? [];
    const pixels = X?.values;
    if (!(pixels instanceof Uint8Array) || channels !== 3 || X!.shape.length > 4)
      throw new FormatError(`"${path}" has no pictures of bytes under the name X: it is damaged, or no file of SVHN`);
    if (y === undefined || y.values.length !== count)
      throw new FormatError(`"${path}" has ${y?.values.length ?? "no"} labels for ${count} pictures: it is damaged`);
    this.labels = Array.from(y.values, (label, i) => {
      if (!Number.isInteger(label) || label < 0 || label > 10)
        throw new FormatError(`"${path}": label ${i} is ${label}; labels are 1 to 10: the file is damaged`);
      return label % 10;
    });
    this.data = bytesTensor(transposePlanes(pixels, height, width), [count, channels, height, width]);
  }

  override extraRepr(): string {
    return `Split: ${this.split}`;
  }
}

type SvhnOptions = { root: string; split?: SvhnSplit | undefined; download?: boolean | undefined };

/** An opened {@link SVHN}. */
export type SVHN<I = any, T = any> = Opened<SvhnSet, I, T>;

/**
 * Street View House Numbers: 32×32 color pictures of digits, `split` `"train"`, `"test"` or `"extra"`, from the files `root/train_32x32.mat` and so
 * on. `data` is uint8 of shape [n, 3, 32, 32], `labels` a list.
 * @see torchvision.datasets.SVHN
 * @throws KindlingError if the file is missing or cannot be fetched, FormatError if it is damaged.
 * @example const test = await new vision.datasets.SVHN("data", { split: "test", download: true });
 */
export const SVHN: Awaitable<SvhnSet, typeof signature, SvhnOptions> & { splitList: Record<SvhnSplit, SplitFile> } =
  awaitable("SVHN", SvhnSet);
