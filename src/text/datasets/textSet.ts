/** What the data sets of labeled texts have in common. */

import { checkChoice, checkFlag, checkString } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { classNameOf, nameOf } from "../../core/className";
import { describe, IndexError, KindlingError } from "../../core/errors";
import { absolute, expandHome, joinPath } from "../../platform/dataFiles";

/** The parts of a data set. */
export type Split = "train" | "test";

/** What the data sets of texts take. */
export interface TextSetParameters {
  /** The folder of the data. */
  root: string;
  /** The part. Default: "train". */
  split?: Split;
  /** Fetch what is missing, as torchtext always does. Default: false. */
  download?: boolean;
}

export const textSetSignature = "root; split, download";

/** A file to download, and its checksum. */
export interface Resource {
  readonly url: string;
  readonly file: string;
  readonly md5: string;
}

/** Labeled texts in memory: samples are `[label, text]`, with labels from 1 on, as torchtext gives them. */
export abstract class TextSet {
  /** @internal */
  static readonly signature: string = textSetSignature;

  readonly root: string;
  readonly split: Split;
  protected readonly wantsDownload: boolean;
  protected labels: number[] = [];
  protected texts: string[] = [];

  constructor(...given: unknown[]) {
    const op = nameOf(new.target);
    const { root, split = "train", download = false } = argumentsOf<TextSetParameters>(op, textSetSignature, given);
    this.root = expandHome(checkString(op, "root", root));
    this.split = checkChoice(op, "split", split, ["train", "test"]);
    this.wantsDownload = checkFlag(op, "download", download);
  }

  /** @internal */
  abstract read(): Promise<void>;

  /** Folders that may have the files: torchtext's of now, its older one, and the root itself. */
  protected get folders(): string[] {
    const name = classNameOf(this);
    const root = absolute(this.root);
    return [joinPath(root, "datasets", name), joinPath(root, name), root];
  }

  /** Downloads a file to torchtext's folder, and unpacks it there if it is an archive. */
  protected async fetch({ url, file, md5 }: Resource): Promise<void> {
    const op = classNameOf(this);
    const folder = this.folders[0]!;
    const path = joinPath(folder, file);
    const { download, extract } = await import("../../platform/archives/lazyArchives");
    await download(op, url, path, { md5 });
    if (/\.tar\.gz$/.test(file)) await extract(op, path, folder);
  }

  protected notFound(what: string): KindlingError {
    const name = classNameOf(this);
    return new KindlingError(
      `${name}: Dataset not found. You can use download: true to download it (there is no ${what} in "${this.folders.join('", "')}")`,
    );
  }

  /** How many samples there are. */
  get length(): number {
    return this.texts.length;
  }

  /** A sample. @throws IndexError if there is none such. */
  at(index: number): [label: number, text: string] {
    const i = index < 0 ? index + this.length : index;
    if (!Number.isInteger(i) || i < 0 || i >= this.length)
      throw new IndexError(`${classNameOf(this)}: index ${describe(index)} is out of range for ${this.length} samples`);
    return [this.labels[i]!, this.texts[i]!];
  }

  *[Symbol.iterator](): Iterator<[label: number, text: string]> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }

  toString(): string {
    return `Dataset ${classNameOf(this)}\n    Number of datapoints: ${this.length}\n    Root location: ${this.root}\n    Split: ${this.split}`;
  }
}
