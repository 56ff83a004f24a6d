/** EMNIST (Cohen and others, 2017). */

import { argumentsOf } from "../../core/binding";
import { classNameOf, nameOf } from "../../core/className";
import { awaitable } from "../../data/awaitable";
import { absolute, hasFile, isRemote, joinPath, listEntries, removeData } from "../../platform/dataFiles";
import type { Awaitable, Opened } from "./common/awaitableTypes";
import { checkWord } from "./common/options";
import { downloadAndExtractArchive, extractArchive } from "./common/utils";
import type { TransformOptions } from "./common/visionDataset";
import { type MnistOptions, MnistSet } from "./mnist";

const splits = ["byclass", "bymerge", "balanced", "letters", "digits", "mnist"] as const;

/** The parts of {@link EMNIST}. */
export type EmnistSplit = (typeof splits)[number];

const signature = "root, split; train, transform, targetTransform, download";

const digits = [..."0123456789"];
const small = [..."abcdefghijklmnopqrstuvwxyz"];
const capital = small.map((letter) => letter.toUpperCase());
/** Letters whose small and capital forms count as one class. */
const merged = new Set("cijklmopsuvwxyz");
const mergedClasses = [...digits, ...capital, ...small].filter((name) => !merged.has(name));

/** The names of the classes of each part. */
const classesOf: Readonly<Record<EmnistSplit, readonly string[]>> = {
  byclass: [...digits, ...capital, ...small],
  bymerge: mergedClasses,
  balanced: mergedClasses,
  letters: ["N/A", ...small],
  digits,
  mnist: digits,
};

class EmnistSet<I = any, T = any> extends MnistSet<I, T> {
  static override readonly signature: string = signature;
  static url = "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/gzip.zip";
  static md5: string | undefined = "58c8d27c78d21e728a6bc7b3cc06412e";

  readonly split: EmnistSplit;

  constructor(...given: unknown[]) {
    const op = nameOf(new.target);
    const { split, ...rest } = argumentsOf<{ split: EmnistSplit; root: string } & MnistOptions & TransformOptions>(
      op,
      new.target.signature,
      given,
    );
    // The arguments of the base by name: its signature has no split.
    super({ ...rest, split });
    this.split = checkWord(op, "split", split, splits);
    this.classes = classesOf[this.split];
  }

  private get prefix(): string {
    return `emnist-${this.split}-${this.train ? "train" : "test"}`;
  }

  protected override get imagesFile(): string {
    return `${this.prefix}-images-idx3-ubyte`;
  }

  protected override get labelsFile(): string {
    return `${this.prefix}-labels-idx1-ubyte`;
  }

  protected override async download(): Promise<void> {
    const { url, md5 } = this.kind as typeof EmnistSet;
    const folder = this.rawFolder;
    for (const file of [this.imagesFile, this.labelsFile]) {
      const path = joinPath(folder, file);
      if ((await hasFile(path)) || (await hasFile(`${path}.gz`))) continue;
      await downloadAndExtractArchive(url, folder, { md5 });
      return this.unpackParts(folder);
    }
  }

  /** The files of the archive are compressed once more. */
  private async unpackParts(folder: string): Promise<void> {
    const inner = absolute(joinPath(folder, "gzip"));
    for (const { name } of await listEntries(classNameOf(this), inner)) {
      if (!name.endsWith(".gz")) continue;
      await extractArchive(joinPath(inner, name), { toPath: folder, removeFinished: true });
    }
    if (!isRemote(inner)) await removeData(classNameOf(this), inner, true);
  }
}

type EmnistStatics = { url: string; md5: string | undefined };

/** An opened {@link EMNIST}. */
export type EMNIST<I = any, T = any> = Opened<EmnistSet, I, T>;

/**
 * EMNIST: 28×28 gray pictures of handwritten digits and letters, lying on their side as in the files. `split` is `"byclass"`, `"bymerge"`,
 * `"balanced"`, `"letters"`, `"digits"` or `"mnist"`. The files are those of torchvision, in `root/EMNIST/raw`.
 * @see torchvision.datasets.EMNIST
 * @throws KindlingError if files are missing or cannot be fetched, FormatError if one is damaged, ValueError for another split.
 * @example const letters = await new vision.datasets.EMNIST("data", "letters", { download: true });
 */
export const EMNIST: Awaitable<
  EmnistSet,
  typeof signature,
  { root: string; split: EmnistSplit } & MnistOptions,
  [root: string, split: EmnistSplit]
> &
  EmnistStatics = awaitable("EMNIST", EmnistSet);
