/** Oxford 102 Flower (Nilsback and Zisserman, 2008). */

import { checkFlag, checkString } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { classNameOf, nameOf } from "../../core/className";
import { FormatError } from "../../core/errors";
import { awaitable } from "../../data/awaitable";
import { findFile, hasFolder, isRemote, joinPath } from "../../platform/dataFiles";
import type { AwaitableFiles, OpenedFiles } from "./common/awaitableTypes";
import type { DownloadResource } from "./common/downloads";
import { checkWord, type DownloadableOptions } from "./common/options";
import { LabeledImages } from "./common/pictures";
import { checkIntegrity, downloadAndExtractArchive, downloadUrl } from "./common/utils";
import { notFound, transformsIn } from "./common/visionDataset";

const splits = ["train", "val", "test"] as const;
const signature = "root; split, transform, targetTransform, download";
/** What the file of splits calls them. */
const splitNames = { train: "trnid", val: "valid", test: "tstid" } as const;

type FlowersOptions = { root: string; split?: (typeof splits)[number] | undefined; download?: boolean | undefined };

class Flowers102Set<I = any, T = any> extends LabeledImages<I, T> {
  static override readonly signature: string = signature;
  static downloadUrlPrefix = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/";
  static fileDict: Record<"image" | "label" | "setid", DownloadResource> = {
    image: ["102flowers.tgz", "52808999861908f626f3c1f4e79d11fa"],
    label: ["imagelabels.mat", "e0620be6f572b9609742df49c70aed4d"],
    setid: ["setid.mat", "a5357ecc9cb78c4bef273ce3793fc85c"],
  };

  readonly split: (typeof splits)[number];
  private readonly wantsDownload: boolean;

  constructor(...given: unknown[]) {
    const op = nameOf(new.target);
    const values = argumentsOf<DownloadableOptions & FlowersOptions>(op, new.target.signature, given);
    super(checkString(op, "root", values.root), transformsIn(values));
    this.split = checkWord(op, "split", values.split ?? "train", splits);
    this.wantsDownload = checkFlag(op, "download", values.download ?? false);
  }

  private get base(): string {
    return joinPath(this.folder, "flowers-102");
  }

  private async download(): Promise<void> {
    const { downloadUrlPrefix, fileDict } = this.constructor as typeof Flowers102Set;
    const lists = [fileDict.label, fileDict.setid];
    const isWhole = async ([file, md5]: DownloadResource) => checkIntegrity(joinPath(this.base, file), md5);
    if ((await hasFolder(joinPath(this.base, "jpg"))) && (await isWhole(lists[0]!)) && (await isWhole(lists[1]!)))
      return;
    const [archive, md5] = fileDict.image;
    await downloadAndExtractArchive(downloadUrlPrefix + archive, this.base, { md5 });
    for (const [file, sum] of lists) await downloadUrl(downloadUrlPrefix + file, this.base, { md5: sum });
  }

  /** @internal */
  async read(): Promise<void> {
    const name = classNameOf(this);
    const { fileDict } = this.constructor as typeof Flowers102Set;
    if (this.wantsDownload) await this.download();
    const pictures = joinPath(this.base, "jpg");
    if (!isRemote(pictures) && !(await hasFolder(pictures)))
      throw notFound(name, `there is no folder "${pictures}"`, true);
    const labels = await this.numbers(fileDict.label[0], "labels");
    const ids = await this.numbers(fileDict.setid[0], splitNames[this.split]);
    for (const id of ids) {
      const label = labels[id - 1];
      if (label === undefined)
        throw new FormatError(
          `"${joinPath(this.base, fileDict.setid[0])}" names picture ${id}, which has no label: it is damaged`,
        );
      this.labels.push(label - 1);
      this.paths.push(joinPath(pictures, `image_${String(id).padStart(5, "0")}.jpg`));
    }
  }

  /** An array of integers from 1 on in one of the files. */
  private async numbers(file: string, key: string): Promise<number[]> {
    const path = joinPath(this.base, file);
    const found = await findFile(classNameOf(this), [path]);
    if (found === undefined) throw notFound(classNameOf(this), `there is no "${path}"`, true);
    const { readMatlab } = await import("../../io/lazyDatasets");
    const array = (await readMatlab(path, found.bytes))[key];
    const numbers = array && Array.from(array.values);
    if (numbers === undefined || !numbers.every((n) => Number.isInteger(n) && n >= 1))
      throw new FormatError(`"${path}" has no array of integers named ${key}: it is damaged, or no file of Flowers102`);
    return numbers;
  }

  override extraRepr(): string {
    return `split=${this.split}`;
  }
}

/** An opened {@link Flowers102}. */
export type Flowers102<I = any, T = any> = OpenedFiles<Flowers102Set, I, T>;

/**
 * Oxford 102 Flower: photographs of flowers of 102 species, `split` `"train"`, `"val"` or `"test"`, from `root/flowers-102`. The species have no names
 * in the files.
 * @see torchvision.datasets.Flowers102
 * @throws KindlingError if files are missing or cannot be fetched, FormatError if one is damaged.
 * @example const val = await new vision.datasets.Flowers102("data", { split: "val", download: true });
 */
export const Flowers102: AwaitableFiles<Flowers102Set, typeof signature, FlowersOptions> &
  Pick<typeof Flowers102Set, "downloadUrlPrefix" | "fileDict"> = awaitable("Flowers102", Flowers102Set);
