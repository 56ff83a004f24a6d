/** Pascal VOC (Everingham and others, 2007 to 2012). */

import { checkFlag, checkString } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { classNameOf, nameOf } from "../../core/className";
import { FormatError } from "../../core/errors";
import { setOwn } from "../../core/record";
import { awaitable } from "../../data/awaitable";
import { hasFolder, isRemote, joinPath, readText } from "../../platform/dataFiles";
import type { AwaitableFiles, OpenedFiles } from "./common/awaitableTypes";
import { checkWord, type DownloadableOptions } from "./common/options";
import { FilesDataset, openColors } from "./common/pictures";
import { downloadAndExtractArchive } from "./common/utils";
import { notFound, transformsIn, type VisionDatasetArguments } from "./common/visionDataset";
import { type Element, parseXml } from "./common/xml";

const years = ["2007", "2008", "2009", "2010", "2011", "2012"] as const;

/** Where the archive of a year is, its checksum (MD5), and the folder in it. */
interface Year {
  readonly url: string;
  readonly filename: string;
  readonly md5?: string | undefined;
  readonly baseDir: string;
}

const host = "http://host.robots.ox.ac.uk/pascal/VOC";

const year = (name: string, path: string, file: string, md5: string, filename = file): Year => ({
  url: `${host}/${path}/${file}`,
  filename,
  md5,
  baseDir: name === "2011" ? "TrainVal/VOCdevkit/VOC2011" : `VOCdevkit/VOC${name}`,
});

const signature = "root; year, imageSet, download, transform, targetTransform, transforms";

type VocOptions = {
  root: string;
  year?: (typeof years)[number] | undefined;
  imageSet?: "train" | "trainval" | "val" | "test" | undefined;
  download?: boolean | undefined;
  transforms?: VisionDatasetArguments["transforms"];
};

/** What is written of a picture: the tree of the XML. */
export type VocAnnotation = { readonly [tag: string]: VocAnnotation | string | readonly (VocAnnotation | string)[] };

class VOCDetectionSet<I = any, T = any> extends FilesDataset<I, T> {
  static override readonly signature: string = signature;
  static yearDict: Record<string, Year> = {
    "2012": year("2012", "voc2012", "VOCtrainval_11-May-2012.tar", "6cd6e144f989b92b3379bac3b3de84fd"),
    "2011": year("2011", "voc2011", "VOCtrainval_25-May-2011.tar", "6c3384ef61512963050cb5d687e5bf1e"),
    "2010": year("2010", "voc2010", "VOCtrainval_03-May-2010.tar", "da459979d0c395079b5c75ee67908abb"),
    "2009": year("2009", "voc2009", "VOCtrainval_11-May-2009.tar", "a3e00b113cfcfebf17e343f59da3caa1"),
    "2008": year("2008", "voc2008", "VOCtrainval_14-Jul-2008.tar", "2629fa636546599198acfcfbfcf1904a"),
    "2007": year("2007", "voc2007", "VOCtrainval_06-Nov-2007.tar", "c52e279531787c972589f7e41ab4ae64"),
    "2007-test": year("2007", "voc2007", "VOCtest_06-Nov-2007.tar", "b6e924de25625d8de591ea690078ad9f"),
  };

  readonly year: (typeof years)[number];
  readonly imageSet: string;
  /** The paths of the pictures. */
  images: readonly string[] = [];
  /** The paths of what is written of them. */
  targets: readonly string[] = [];
  private readonly wantsDownload: boolean;

  constructor(...given: unknown[]) {
    const op = nameOf(new.target);
    const values = argumentsOf<DownloadableOptions & VocOptions>(op, new.target.signature, given);
    super(checkString(op, "root", values.root), transformsIn(values));
    this.year = checkWord(op, "year", values.year ?? "2012", years);
    const sets = ["train", "trainval", "val", ...(this.year === "2007" ? ["test"] : [])];
    this.imageSet = checkWord(op, "image_set", values.imageSet ?? "train", sets);
    this.wantsDownload = checkFlag(op, "download", values.download ?? false);
  }

  get length(): number {
    return this.images.length;
  }

  /** The paths of the annotations. */
  get annotations(): readonly string[] {
    return this.targets;
  }

  /** @internal */
  async read(): Promise<void> {
    const name = classNameOf(this);
    const { yearDict } = this.constructor as typeof VOCDetectionSet;
    const key = this.year === "2007" && this.imageSet === "test" ? "2007-test" : this.year;
    const { url, filename, md5, baseDir } = yearDict[key]!;
    const base = joinPath(this.folder, baseDir);
    if (this.wantsDownload) await downloadAndExtractArchive(url, this.folder, { filename, md5 });
    if (!isRemote(base) && !(await hasFolder(base))) throw notFound(name, `there is no folder "${base}"`, true);
    const path = joinPath(base, "ImageSets", "Main", `${this.imageSet}.txt`);
    const names = (await readText(name, path)).split("\n").map((line) => line.trim());
    if (names.at(-1) === "") names.pop();
    const wrong = names.findIndex((file) => file === "" || /[/\\\s]/.test(file));
    if (wrong >= 0) throw new FormatError(`"${path}": line ${wrong + 1} is no name of a picture: the file is damaged`);
    this.images = names.map((file) => joinPath(base, "JPEGImages", `${file}.jpg`));
    this.targets = names.map((file) => joinPath(base, "Annotations", `${file}.xml`));
  }

  protected imageOf(index: number): Promise<unknown> {
    return openColors(classNameOf(this), this.images[index]!);
  }

  protected async targetOf(index: number): Promise<VocAnnotation> {
    const path = this.targets[index]!;
    return vocTree(parseXml(path, await readText(classNameOf(this), path)));
  }
}

/** An element as torchvision gives it: its children by their tags, those of one tag as a list; the objects are always one. */
function vocTree(node: Element): VocAnnotation {
  const text = node.text.trim();
  if (node.children.length === 0) return node.text === "" ? {} : single(node.tag, text);
  const lists: Record<string, unknown[]> = {};
  for (const child of node.children.map(vocTree))
    for (const [tag, value] of Object.entries(child)) {
      if (!Object.hasOwn(lists, tag)) setOwn(lists, tag, []);
      lists[tag]!.push(value);
    }
  if (node.tag === "annotation") setOwn(lists, "object", [lists.object ?? []]);
  const record: Record<string, unknown> = {};
  for (const [tag, list] of Object.entries(lists)) setOwn(record, tag, list.length === 1 ? list[0] : list);
  return single(node.tag, record as VocAnnotation);
}

function single(tag: string, value: VocAnnotation | string): VocAnnotation {
  const record: Record<string, VocAnnotation | string> = {};
  setOwn(record, tag, value);
  return record;
}

/** An opened {@link VOCDetection}. */
export type VOCDetection<I = any, T = any> = OpenedFiles<VOCDetectionSet, I, T>;

/**
 * Pascal VOC for detection: photographs, and the objects in them as `{ annotation: { object: [{ name, bndbox: { xmin, … }, … }], … } }`, all values
 * texts as in the XML. `year` is `"2007"` to `"2012"`, `imageSet` `"train"`, `"trainval"`, `"val"`, in 2007 also `"test"`; from `root/VOCdevkit`.
 * @see torchvision.datasets.VOCDetection
 * @throws KindlingError if files are missing or cannot be fetched, FormatError if one is damaged.
 * @example const set = await new vision.datasets.VOCDetection("data", { year: "2007", imageSet: "val", download: true });
 */
export const VOCDetection: AwaitableFiles<
  VOCDetectionSet,
  typeof signature,
  VocOptions,
  [root: string],
  VocAnnotation
> &
  Pick<typeof VOCDetectionSet, "yearDict"> = awaitable("VOCDetection", VOCDetectionSet);
