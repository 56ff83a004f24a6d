/** Food-101 (Bossard, Guillaumin and Van Gool, 2014). */

import { checkFlag, checkString } from "../../core/arguments";
import { argumentsOf, isPlainObject } from "../../core/binding";
import { classNameOf, nameOf } from "../../core/className";
import { FormatError } from "../../core/errors";
import { awaitable } from "../../data/awaitable";
import { compareText, hasFile, hasFolder, isRemote, joinPath, readText } from "../../platform/dataFiles";
import type { AwaitableFiles, OpenedFiles } from "./common/awaitableTypes";
import { checkWord, type DownloadableOptions } from "./common/options";
import { LabeledImages } from "./common/pictures";
import { downloadAndExtractArchive } from "./common/utils";
import { notFound, transformsIn } from "./common/visionDataset";

const splits = ["train", "test"] as const;
const signature = "root; split, transform, targetTransform, download";

type Food101Options = { root: string; split?: (typeof splits)[number] | undefined; download?: boolean | undefined };

class Food101Set<I = any, T = any> extends LabeledImages<I, T> {
  static override readonly signature: string = signature;
  static url = "http://data.vision.ee.ethz.ch/cvl/food-101.tar.gz";
  static md5: string | undefined = "85eeb15f3717b99a5da872d97d918f87";

  readonly split: (typeof splits)[number];
  private readonly wantsDownload: boolean;

  constructor(...given: unknown[]) {
    const op = nameOf(new.target);
    const values = argumentsOf<DownloadableOptions & Food101Options>(op, new.target.signature, given);
    super(checkString(op, "root", values.root), transformsIn(values));
    this.split = checkWord(op, "split", values.split ?? "train", splits);
    this.wantsDownload = checkFlag(op, "download", values.download ?? false);
  }

  private async isThere(): Promise<boolean> {
    const meta = joinPath(this.folder, "food-101", "meta");
    return (await hasFolder(meta)) && (await hasFolder(joinPath(this.folder, "food-101", "images")));
  }

  /** @internal */
  async read(): Promise<void> {
    const name = classNameOf(this);
    const { url, md5 } = this.constructor as typeof Food101Set;
    const base = joinPath(this.folder, "food-101");
    if (this.wantsDownload && !(await this.isThere())) await downloadAndExtractArchive(url, this.folder, { md5 });
    if (!isRemote(base) && !(await this.isThere()))
      throw notFound(name, `there are no folders meta and images in "${base}"`);
    const path = joinPath(base, "meta", `${this.split}.json`);
    if (!isRemote(path) && !(await hasFile(path))) throw notFound(name, `there is no "${path}"`);
    const lists = parseLists(path, await readText(name, path));
    this.classes = Object.keys(lists).sort(compareText);
    const labels = this.classToIdx;
    for (const [food, files] of Object.entries(lists))
      for (const file of files) {
        this.paths.push(joinPath(base, "images", `${file}.jpg`));
        this.labels.push(labels[food]!);
      }
  }

  override extraRepr(): string {
    return `split=${this.split}`;
  }
}

/** The files of each class. @throws FormatError for anything else. */
function parseLists(path: string, text: string): Record<string, string[]> {
  let lists: unknown;
  try {
    lists = JSON.parse(text);
  } catch (error) {
    throw new FormatError(`"${path}" is no JSON: ${(error as Error).message}`, { cause: error });
  }
  const isList = (files: unknown) =>
    Array.isArray(files) && files.every((file) => typeof file === "string" && !file.split("/").includes(".."));
  if (!isPlainObject(lists) || !Object.values(lists).every(isList))
    throw new FormatError(`"${path}" has no lists of files by their classes: it is damaged, or no file of Food-101`);
  return lists as Record<string, string[]>;
}

/** An opened {@link Food101}. */
export type Food101<I = any, T = any> = OpenedFiles<Food101Set, I, T>;

/**
 * Food-101: photographs of 101 dishes, 75,750 for training (`split` `"train"`) and 25,250 for the test (`"test"`), from `root/food-101`.
 * @see torchvision.datasets.Food101
 * @throws KindlingError if files are missing or cannot be fetched, FormatError if one is damaged.
 * @example const test = await new vision.datasets.Food101("data", { split: "test", transform });
 */
export const Food101: AwaitableFiles<Food101Set, typeof signature, Food101Options> &
  Pick<typeof Food101Set, "url" | "md5"> = awaitable("Food101", Food101Set);
