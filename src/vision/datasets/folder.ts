/** Data sets of files in folders, one folder for each class. */

import { checkFunction, checkString } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { classNameOf, nameOf } from "../../core/className";
import { ArgumentError, describe, KindlingError, ValueError } from "../../core/errors";
import { awaitable } from "../../data/awaitable";
import { portable } from "../../data/pack";
import { compareText, joinPath, listEntries } from "../../platform/dataFiles";
import type { Image } from "../image";
import type { AwaitableFiles, OpenedFiles } from "./common/awaitableTypes";
import { FilesDataset, openColors } from "./common/pictures";
import { type TransformOptions, transformsIn } from "./common/visionDataset";

/** Reads a sample from its path. */
export type SampleLoader<S = any> = (path: string) => S | Promise<S>;

/** A file and its class. */
export type FolderSample = readonly [path: string, label: number];

/** What {@link DatasetFolder} and {@link ImageFolder} take beside the transforms. */
export interface FolderOptions {
  /** Reads a sample from its path. Default of {@link ImageFolder}: the picture, in colors. */
  loader?: SampleLoader | null | undefined;
  /** Says of a path whether it is a sample, in place of the extensions. */
  isValidFile?: ((path: string) => boolean) | null | undefined;
}

/** What {@link DatasetFolder} takes beside the transforms. */
export interface DatasetFolderOptions extends FolderOptions {
  loader: SampleLoader;
  /** How names of files may end, in small letters. Default: none; then `isValidFile` is needed. */
  extensions?: string | readonly string[] | null | undefined;
}

/** How names of pictures end. torchvision has more of them; files of other formats are errors when they are read. */
const imageExtensions = [".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"];

/** Folders in folders beyond which there is a circle of links. */
const MOST_DEPTH = 64;

/** The picture in a file, in colors: what {@link ImageFolder} reads samples with. */
export function defaultLoader(path: string): Promise<Image> {
  return openColors("ImageFolder", path);
}
portable({ defaultLoader });

/** @internal A folder and the files in it, each folder as Python's `sorted(os.walk(…))` orders them. */
async function walk(op: string, folder: string, depth = 0): Promise<[folder: string, files: string[]][]> {
  if (depth > MOST_DEPTH)
    throw new KindlingError(`${op}: "${folder}" is ${MOST_DEPTH} folders deep: do links go in a circle?`);
  const entries = await listEntries(op, folder);
  const found: [string, string[]][] = [[folder, entries.filter((e) => !e.isFolder).map((e) => e.name)]];
  for (const { name, isFolder } of entries)
    if (isFolder) found.push(...(await walk(op, joinPath(folder, name), depth + 1)));
  return depth > 0 ? found : found.sort(([a], [b]) => compareText(a, b));
}

const datasetSignature = "root, loader(), extensions?, transform?, targetTransform?, isValidFile?";
const imageSignature = "root, transform?, targetTransform?, loader?, isValidFile?";

/** The plain class of {@link DatasetFolder}. */
class DatasetFolderSet<I = any, T = any> extends FilesDataset<I, T> {
  /** @internal */
  static override readonly signature: string = datasetSignature;

  readonly loader: SampleLoader;
  readonly extensions: readonly string[] | undefined;
  protected readonly isValidFile: ((path: string) => boolean) | undefined;
  /** The names of the classes: those of the folders, sorted. */
  classes: readonly string[] = [];
  /** The label of each class. */
  classToIdx: Readonly<Record<string, number>> = {};
  /** The path and the label of each sample. */
  samples: readonly FolderSample[] = [];
  /** The label of each sample. */
  targets: readonly number[] = [];

  constructor(...given: unknown[]) {
    const op = nameOf(new.target);
    const values = argumentsOf<{ root: string } & DatasetFolderOptions & TransformOptions>(
      op,
      new.target.signature,
      given,
    );
    super(checkString(op, "root", values.root), transformsIn(values));
    const { loader, extensions, isValidFile } = withDefaults(values, new.target.signature);
    checkFunction(op, "loader", loader);
    if (isValidFile != null) checkFunction(op, "isValidFile", isValidFile);
    this.loader = loader;
    this.extensions = extensions == null ? undefined : checkExtensions(op, extensions);
    this.isValidFile = isValidFile ?? undefined;
    if ((this.extensions === undefined) === (this.isValidFile === undefined))
      throw new ValueError(`${op}: Both extensions and is_valid_file cannot be None or not None at the same time`);
  }

  get length(): number {
    return this.samples.length;
  }

  /**
   * The classes in a folder; a subclass may have others.
   * @throws KindlingError if there are none.
   */
  async findClasses(
    directory: string,
  ): Promise<[classes: readonly string[], classToIdx: Readonly<Record<string, number>>]> {
    const entries = await listEntries(classNameOf(this), directory);
    const classes = entries.filter(({ isFolder }) => isFolder).map(({ name }) => name);
    if (classes.length === 0)
      throw new KindlingError(`${classNameOf(this)}: Couldn't find any class folder in ${directory}.`);
    return [classes, Object.fromEntries(classes.map((name, i) => [name, i]))];
  }

  /** The files of the classes; a subclass may have others. @throws KindlingError for a class without files. */
  async makeDataset(directory: string, classToIdx: Readonly<Record<string, number>>): Promise<FolderSample[]> {
    const op = classNameOf(this);
    const names = Object.keys(classToIdx).sort(compareText);
    if (names.length === 0)
      throw new ValueError(`${op}: 'class_to_index' must have at least one entry to collect any samples.`);
    const there = new Set(
      (await listEntries(op, directory)).filter(({ isFolder }) => isFolder).map(({ name }) => name),
    );
    const samples: FolderSample[] = [];
    const empty: string[] = [];
    for (const name of names) {
      const before = samples.length;
      for (const [folder, files] of there.has(name) ? await walk(op, joinPath(directory, name)) : [])
        for (const file of files)
          if (this.isSample(joinPath(folder, file))) samples.push([joinPath(folder, file), classToIdx[name]!]);
      if (samples.length === before) empty.push(name);
    }
    if (empty.length === 0) return samples;
    const known = this.extensions === undefined ? "" : ` Supported extensions are: ${this.extensions.join(", ")}`;
    throw new KindlingError(`${op}: Found no valid file for the classes ${empty.join(", ")}.${known}`);
  }

  private isSample(path: string): boolean {
    const { isValidFile, extensions } = this;
    if (isValidFile !== undefined) return isValidFile(path);
    const name = path.toLowerCase();
    return extensions!.some((extension) => name.endsWith(extension));
  }

  /** @internal */
  async read(): Promise<void> {
    [this.classes, this.classToIdx] = await this.findClasses(this.folder);
    this.samples = await this.makeDataset(this.folder, this.classToIdx);
    this.targets = this.samples.map(([, label]) => label);
  }

  protected async imageOf(index: number): Promise<unknown> {
    return this.loader(this.samples[index]![0]);
  }

  protected targetOf(index: number): unknown {
    return this.samples[index]![1];
  }
}

function withDefaults(values: DatasetFolderOptions, signature: string): DatasetFolderOptions {
  if (signature !== imageSignature) return values;
  const { loader, isValidFile } = values;
  return {
    loader: loader ?? defaultLoader,
    isValidFile,
    extensions: isValidFile == null ? imageExtensions : undefined,
  };
}

function checkExtensions(op: string, extensions: unknown): readonly string[] {
  const list = typeof extensions === "string" ? [extensions] : extensions;
  if (!Array.isArray(list) || !list.every((extension) => typeof extension === "string"))
    throw new ArgumentError(`${op}: extensions must be texts such as ".png", got ${describe(extensions)}`);
  return list;
}

/** An opened {@link DatasetFolder}. */
export type DatasetFolder<I = any, T = any> = OpenedFiles<DatasetFolderSet, I, T>;

/**
 * Files in folders, one folder for each class: samples of `[what the loader reads, label]`. Classes are sorted by their names. Instances have
 * `classes`, `classToIdx`, `samples` and `targets`. `findClasses` and `makeDataset` may be overridden.
 * @see torchvision.datasets.DatasetFolder
 * @throws KindlingError without classes, or for a class without files; ValueError with neither or both of `extensions` and `isValidFile`.
 * @example const set = await new DatasetFolder("sounds", readSound, { extensions: [".wav"] });
 */
export const DatasetFolder: AwaitableFiles<
  DatasetFolderSet,
  typeof datasetSignature,
  { root: string } & DatasetFolderOptions,
  [root: string, loader: SampleLoader]
> = awaitable("DatasetFolder", DatasetFolderSet);
class ImageFolderSet<I = any, T = any> extends DatasetFolderSet<I, T> {
  static override readonly signature: string = imageSignature;

  /** The path and the label of each picture. */
  get imgs(): readonly FolderSample[] {
    return this.samples;
  }
}

/** An opened {@link ImageFolder}. */
export type ImageFolder<I = any, T = any> = OpenedFiles<ImageFolderSet, I, T>;

/**
 * Pictures in folders, one folder for each class: `root/dog/1.png`, `root/cat/a/2.jpg`. Samples are `[Image, label]`, read when they are asked
 * for; classes are sorted by their names.
 * @see torchvision.datasets.ImageFolder
 * @throws KindlingError without classes, or for a class without pictures.
 * @example const train = await new vision.datasets.ImageFolder("pets/train", { transform });
 */
export const ImageFolder: AwaitableFiles<ImageFolderSet, typeof imageSignature, { root: string } & FolderOptions> =
  awaitable("ImageFolder", ImageFolderSet);
