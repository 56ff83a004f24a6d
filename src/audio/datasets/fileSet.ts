/** What the data sets of recordings have in common: samples are read from files when they are asked for. */

import { checkFlag, checkString } from "../../core/arguments";
import { classNameOf } from "../../core/className";
import { describe, IndexError, KindlingError } from "../../core/errors";
import { absolute, expandHome, joinPath } from "../../platform/dataFiles";
import type { Tensor } from "../../tensor/tensor";
import { load } from "../files";

/** Recordings in files. `S` is what a sample has beside the waveform and its rate. */
export abstract class FileSet<S extends readonly unknown[]> {
  readonly root: string;
  protected readonly wantsDownload: boolean;
  /** The files, from the folder on. */
  protected files: readonly string[] = [];
  protected folder = "";

  constructor(op: string, root: unknown, wantsDownload: unknown) {
    this.root = expandHome(checkString(op, "root", root));
    this.wantsDownload = checkFlag(op, "download", wantsDownload ?? false);
  }

  /** What a sample has beside the waveform and its rate, by the name of its file. */
  protected abstract labelsOf(file: string): S;

  /** Downloads an archive to the root, and unpacks it into a folder there. */
  protected async fetch(url: string, md5: string | undefined, folder: string): Promise<void> {
    const op = classNameOf(this);
    const root = absolute(this.root);
    const archive = joinPath(root, url.split("/").at(-1)!);
    const { download, extract } = await import("../../platform/archives/lazyArchives");
    await download(op, url, archive, { md5 });
    await extract(op, archive, folder);
  }

  protected notFound(folder: string): KindlingError {
    return new KindlingError(
      `${classNameOf(this)}: Dataset not found. Please use download: true to download it (there is no folder "${folder}")`,
    );
  }

  /** How many recordings there are. */
  get length(): number {
    return this.files.length;
  }

  /** The file of a sample. @throws IndexError if there is none such. */
  protected fileAt(index: number): string {
    const i = index < 0 ? index + this.length : index;
    const file = Number.isInteger(i) ? this.files[i] : undefined;
    if (file === undefined)
      throw new IndexError(`${classNameOf(this)}: index ${describe(index)} is out of range for ${this.length} samples`);
    return file;
  }

  /** A sample: the waveform, [channels, time], its rate, and what its file's name says. */
  async at(index: number): Promise<[waveform: Tensor, sampleRate: number, ...S]> {
    const file = this.fileAt(index);
    const [waveform, sampleRate] = await load(joinPath(this.folder, file));
    return [waveform, sampleRate, ...this.labelsOf(file)];
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<[waveform: Tensor, sampleRate: number, ...S], void, undefined> {
    for (let i = 0; i < this.length; i++) yield await this.at(i);
  }

  toString(): string {
    return `Dataset ${classNameOf(this)}\n    Number of datapoints: ${this.length}\n    Root location: ${this.root}`;
  }
}
