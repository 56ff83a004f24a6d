/** Oxford-IIIT Pet (Parkhi and others, 2012). */

import { checkFlag, checkString } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { classNameOf, nameOf } from "../../core/className";
import { FormatError } from "../../core/errors";
import { awaitable } from "../../data/awaitable";
import { hasFolder, isRemote, joinPath, readText } from "../../platform/dataFiles";
import type { AwaitableFiles, OpenedFiles } from "./common/awaitableTypes";
import type { DownloadResource } from "./common/downloads";
import { checkWord, checkWords, type DownloadableOptions } from "./common/options";
import { joinTargets, LabeledImages, openImage } from "./common/pictures";
import { downloadAndExtractArchive } from "./common/utils";
import { notFound, transformsIn, type VisionDatasetArguments } from "./common/visionDataset";

const splits = ["trainval", "test"] as const;
const kinds = ["category", "segmentation"] as const;

/** What targets of {@link OxfordIIITPet} may be: the class, or a picture that says of each pixel what it shows. */
export type PetTarget = (typeof kinds)[number];

const signature = "root; split, targetTypes, transforms, transform, targetTransform, download";

type PetOptions = {
  root: string;
  split?: (typeof splits)[number] | undefined;
  targetTypes?: PetTarget | readonly PetTarget[] | undefined;
  transforms?: VisionDatasetArguments["transforms"];
  download?: boolean | undefined;
};

class OxfordIIITPetSet<I = any, T = any> extends LabeledImages<I, T> {
  static override readonly signature: string = signature;
  static resources: readonly DownloadResource[] = [
    ["https://www.robots.ox.ac.uk/~vgg/data/pets/data/images.tar.gz", "5c4f3ee8e5d25df40f4fd59a7f44e54c"],
    ["https://www.robots.ox.ac.uk/~vgg/data/pets/data/annotations.tar.gz", "95a8c909bbe2e81eed6a22bccdf3f68f"],
  ];

  readonly split: (typeof splits)[number];
  readonly targetTypes: readonly PetTarget[];
  private segmentations: string[] = [];
  private readonly wantsDownload: boolean;

  constructor(...given: unknown[]) {
    const op = nameOf(new.target);
    const values = argumentsOf<DownloadableOptions & PetOptions>(op, new.target.signature, given);
    super(checkString(op, "root", values.root), transformsIn(values));
    this.split = checkWord(op, "split", values.split ?? "trainval", splits);
    this.targetTypes = checkWords(op, "target_types", values.targetTypes ?? "category", kinds);
    this.wantsDownload = checkFlag(op, "download", values.download ?? false);
  }

  private get base(): string {
    return joinPath(this.folder, "oxford-iiit-pet");
  }

  private async isThere(): Promise<boolean> {
    return (await hasFolder(joinPath(this.base, "images"))) && (await hasFolder(joinPath(this.base, "annotations")));
  }

  /** @internal */
  async read(): Promise<void> {
    const name = classNameOf(this);
    const { resources } = this.constructor as typeof OxfordIIITPetSet;
    if (this.wantsDownload && !(await this.isThere()))
      for (const [url, md5] of resources) await downloadAndExtractArchive(url, this.base, { md5 });
    if (!isRemote(this.base) && !(await this.isThere()))
      throw notFound(name, `there are no folders images and annotations in "${this.base}"`);
    const path = joinPath(this.base, "annotations", `${this.split}.txt`);
    const lines = (await readText(name, path)).split("\n").filter((line) => line.trim() !== "");
    const ids = lines.map((line, i) => this.readLine(path, line, i));
    this.paths = ids.map((id) => joinPath(this.base, "images", `${id}.jpg`));
    this.segmentations = ids.map((id) => joinPath(this.base, "annotations", "trimaps", `${id}.png`));
    this.classes = classNames(ids, this.labels);
  }

  /** The name of a picture; its label is put down. */
  private readLine(path: string, line: string, index: number): string {
    const [id = "", number] = line.trim().split(/\s+/);
    const label = Number(number) - 1;
    if (!Number.isInteger(label) || label < 0 || /[/\\]/.test(id))
      throw new FormatError(
        `"${path}": line ${index + 1} is no name of a picture with a class from 1: the file is damaged`,
      );
    this.labels.push(label);
    return id;
  }

  protected override targetOf(index: number): unknown {
    if (!this.targetTypes.includes("segmentation")) return joinTargets(this.targetTypes.map(() => this.labels[index]));
    const open = () => openImage(classNameOf(this), this.segmentations[index]!);
    return Promise.all(this.targetTypes.map((kind) => (kind === "category" ? this.labels[index] : open()))).then(
      joinTargets,
    );
  }
}

const title = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase();

/** The names of the classes in the order of their labels, from the names of pictures such as `great_pyrenees_12`. */
function classNames(ids: readonly string[], labels: readonly number[]): string[] {
  const names = new Map<string, number>();
  ids.forEach((id, i) => void names.set(id.replace(/_[^_]*$/, ""), labels[i]!));
  const sorted = [...names].sort(([, a], [, b]) => a - b);
  return sorted.map(([name]) => name.split("_").map(title).join(" "));
}

/** An opened {@link OxfordIIITPet}. */
export type OxfordIIITPet<I = any, T = any> = OpenedFiles<OxfordIIITPetSet, I, T>;

/**
 * Oxford-IIIT Pet: photographs of cats and dogs of 37 breeds, `split` `"trainval"` or `"test"`, from `root/oxford-iiit-pet`. Targets are classes, or
 * segmentations, or both in a list; `[]` gives null.
 * @see torchvision.datasets.OxfordIIITPet
 * @throws KindlingError if files are missing or cannot be fetched, FormatError if one is damaged.
 * @example const set = await new vision.datasets.OxfordIIITPet("data", { targetTypes: ["category", "segmentation"] });
 */
export const OxfordIIITPet: AwaitableFiles<OxfordIIITPetSet, typeof signature, PetOptions, [root: string], any> &
  Pick<typeof OxfordIIITPetSet, "resources"> = awaitable("OxfordIIITPet", OxfordIIITPetSet);
