/** Caltech 101 (Fei-Fei, Fergus and Perona, 2004). */

import { checkFlag, checkString } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { classNameOf, nameOf } from "../../core/className";
import { FormatError } from "../../core/errors";
import { awaitable } from "../../data/awaitable";
import { hasFolder, joinPath, listEntries, readData } from "../../platform/dataFiles";
import { tensor } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import type { AwaitableFiles, OpenedFiles } from "./common/awaitableTypes";
import { checkWords, type DownloadableOptions } from "./common/options";
import { FilesDataset, joinTargets, openImage } from "./common/pictures";
import { downloadAndExtractArchive } from "./common/utils";
import { notFound, transformsIn } from "./common/visionDataset";

const kinds = ["category", "annotation"] as const;

/** What targets of {@link Caltech101} may be: the class, or the points of an outline as a float64 tensor of shape [2, n]. */
export type CaltechTarget = (typeof kinds)[number];

const signature = "root; targetType, transform, targetTransform, download";

type CaltechOptions = {
  root: string;
  targetType?: CaltechTarget | readonly CaltechTarget[] | undefined;
  download?: boolean | undefined;
};

/** Folders of annotations whose names are not those of the pictures. */
const otherNames: Readonly<Record<string, string>> = {
  Faces: "Faces_2",
  Faces_easy: "Faces_3",
  Motorbikes: "Motorbikes_16",
  airplanes: "Airplanes_Side_2",
};

class Caltech101Set<I = any, T = any> extends FilesDataset<I, T> {
  static override readonly signature: string = signature;
  static resources: readonly (readonly [url: string, filename: string, md5?: string | undefined])[] = [
    [
      "https://drive.google.com/file/d/137RyRjvTBkBiIfeYBNZBtViDHQ6_Ewsp",
      "101_ObjectCategories.tar.gz",
      "b224c7392d521a49829488ab0f1120d9",
    ],
    [
      "https://drive.google.com/file/d/175kQy3UsZ0wUEHZjqkUDdNVssr7bgh_m",
      "Annotations.tar",
      "6f83eeb1f24d99cab4eb377263132c91",
    ],
  ];

  readonly targetType: readonly CaltechTarget[];
  /** The names of the classes, by label. */
  categories: readonly string[] = [];
  annotationCategories: readonly string[] = [];
  /** The number of each picture within its class, from 1. */
  index: readonly number[] = [];
  /** The label of each picture. */
  y: readonly number[] = [];
  private readonly wantsDownload: boolean;

  constructor(...given: unknown[]) {
    const op = nameOf(new.target);
    const values = argumentsOf<DownloadableOptions & CaltechOptions>(op, new.target.signature, given);
    super(joinPath(checkString(op, "root", values.root), "caltech101"), transformsIn(values));
    this.targetType = checkWords(op, "target_type", values.targetType ?? "category", kinds);
    this.wantsDownload = checkFlag(op, "download", values.download ?? false);
  }

  get length(): number {
    return this.index.length;
  }

  private get pictures(): string {
    return joinPath(this.folder, "101_ObjectCategories");
  }

  private async download(): Promise<void> {
    if (await hasFolder(this.pictures)) return console.log("Files already downloaded and verified");
    for (const [url, filename, md5] of (this.constructor as typeof Caltech101Set).resources)
      await downloadAndExtractArchive(url, this.folder, { filename, md5 });
  }

  /** @internal */
  async read(): Promise<void> {
    const name = classNameOf(this);
    if (this.wantsDownload) await this.download();
    if (!(await hasFolder(this.pictures))) throw notFound(name, `there is no folder "${this.pictures}"`, true);
    const folders = (await listEntries(name, this.pictures)).filter((entry) => entry.isFolder);
    this.categories = folders.map((entry) => entry.name).filter((category) => category !== "BACKGROUND_Google");
    this.annotationCategories = this.categories.map((category) => otherNames[category] ?? category);
    const counts: number[] = [];
    for (const category of this.categories)
      counts.push((await listEntries(name, joinPath(this.pictures, category))).length);
    this.index = counts.flatMap((count) => Array.from({ length: count }, (_, i) => i + 1));
    this.y = counts.flatMap((count, label) => new Array<number>(count).fill(label));
  }

  private number(index: number): string {
    return String(this.index[index]).padStart(4, "0");
  }

  protected imageOf(index: number): Promise<unknown> {
    const category = this.categories[this.y[index]!]!;
    return openImage(classNameOf(this), joinPath(this.pictures, category, `image_${this.number(index)}.jpg`));
  }

  protected async targetOf(index: number): Promise<unknown> {
    const targets = this.targetType.map((kind) => (kind === "category" ? this.y[index] : this.outline(index)));
    return joinTargets(await Promise.all(targets));
  }

  private async outline(index: number): Promise<Tensor> {
    const category = this.annotationCategories[this.y[index]!]!;
    const path = joinPath(this.folder, "Annotations", category, `annotation_${this.number(index)}.mat`);
    const { readMatlab } = await import("../../io/lazyDatasets");
    const { obj_contour: contour } = await readMatlab(path, await readData(classNameOf(this), path));
    if (contour === undefined)
      throw new FormatError(`"${path}" has no array obj_contour: it is damaged, or no annotation of Caltech 101`);
    const { shape, values } = contour;
    const flat = tensor(Float64Array.from(values));
    // The first index is the one whose elements are neighbors.
    return flat
      .view([...shape].reverse())
      .permute(...shape.map((_, i) => shape.length - 1 - i))
      .contiguous();
  }

  override extraRepr(): string {
    return `Target type: [${this.targetType.map((kind) => `'${kind}'`).join(", ")}]`;
  }
}

/** An opened {@link Caltech101}. */
export type Caltech101<I = any, T = any> = OpenedFiles<Caltech101Set, I, T>;

/**
 * Caltech 101: pictures of 101 kinds of objects, from `root/caltech101`. Targets are classes, or outlines, or both in a list.
 * @see torchvision.datasets.Caltech101
 * @throws KindlingError if files are missing or cannot be fetched, FormatError if one is damaged.
 * @example const set = await new vision.datasets.Caltech101("data", { targetType: ["category", "annotation"] });
 */
export const Caltech101: AwaitableFiles<Caltech101Set, typeof signature, CaltechOptions, [root: string], any> &
  Pick<typeof Caltech101Set, "resources"> = awaitable("Caltech101", Caltech101Set);
