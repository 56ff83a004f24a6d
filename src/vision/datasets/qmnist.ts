/** QMNIST (Yadav and Bottou, 2019). */

import { checkFlag } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { nameOf } from "../../core/className";
import { FormatError } from "../../core/errors";
import { awaitable } from "../../data/awaitable";
import { type Found, hasFile, isRemote, joinPath } from "../../platform/dataFiles";
import type { Tensor } from "../../tensor/tensor";
import type { Awaitable, Opened } from "./common/awaitableTypes";
import type { DownloadResource } from "./common/downloads";
import { elementsOf, wholeHeader } from "./common/idx";
import { checkWord } from "./common/options";
import { downloadUrl, extractArchive } from "./common/utils";
import type { TransformOptions } from "./common/visionDataset";
import { labelsOf, type MnistOptions, MnistSet } from "./mnist";

const parts = ["train", "test", "test10k", "test50k", "nist"] as const;

/** The parts of {@link QMNIST}. */
export type QmnistPart = (typeof parts)[number];

/** What {@link QMNIST} takes beside the transforms. */
export interface QmnistOptions extends MnistOptions {
  /** The part. Default: `"train"` or `"test"`, as `train` says. */
  what?: QmnistPart | null | undefined;
  /** Whether targets are classes; else all that is known of a picture, an int64 tensor of shape [8]. Default: true. */
  compat?: boolean | undefined;
}

const signature = "root; what, compat, train, transform, targetTransform, download";

const base = "https://raw.githubusercontent.com/facebookresearch/qmnist/master";

/** Where the files of a part are. */
const subsets: Readonly<Record<QmnistPart, "train" | "test" | "nist">> = {
  train: "train",
  test: "test",
  test10k: "test",
  test50k: "test",
  nist: "nist",
};

class QmnistSet<I = any, T = any> extends MnistSet<I, T> {
  static override readonly signature: string = signature;
  static subsetResources: Record<"train" | "test" | "nist", readonly DownloadResource[]> = {
    train: [
      [`${base}/qmnist-train-images-idx3-ubyte.gz`, "ed72d4157d28c017586c42bc6afe6370"],
      [`${base}/qmnist-train-labels-idx2-int.gz`, "0058f8dd561b90ffdd0f734c6a30e5e4"],
    ],
    test: [
      [`${base}/qmnist-test-images-idx3-ubyte.gz`, "1394631089c404de565df7b7aeaf9412"],
      [`${base}/qmnist-test-labels-idx2-int.gz`, "5b5b05890a5e13444e108efe57b788aa"],
    ],
    nist: [
      [`${base}/xnist-images-idx3-ubyte.xz`, "7f124b3b8ab81486c9d8c2749c17f834"],
      [`${base}/xnist-labels-idx2-int.xz`, "5ed0e788978e45d4a8bd4b7caec3d79d"],
    ],
  };

  readonly what: QmnistPart;
  readonly compat: boolean;

  constructor(...given: unknown[]) {
    const op = nameOf(new.target);
    const values = argumentsOf<{ root: string } & QmnistOptions & TransformOptions>(op, new.target.signature, given);
    super(values);
    this.what = checkWord(op, "what", values.what ?? (this.train ? "train" : "test"), parts);
    this.compat = checkFlag(op, "compat", values.compat ?? true);
  }

  private get files(): readonly DownloadResource[] {
    return (this.kind as typeof QmnistSet).subsetResources[subsets[this.what]];
  }

  protected override get imagesFile(): string {
    return plainName(this.files[0]![0]);
  }

  protected override get labelsFile(): string {
    return plainName(this.files[1]![0]);
  }

  protected override async download(): Promise<void> {
    for (const [url, md5] of this.files) {
      const plain = joinPath(this.rawFolder, plainName(url));
      if ((await hasFile(plain)) || (await hasFile(`${plain}.gz`))) continue;
      await downloadUrl(url, this.rawFolder, { md5 });
      // The error for .xz says that no such archive is read; the tool of this name unpacks it.
      if (!isRemote(plain) || !url.endsWith(".gz"))
        await extractArchive(joinPath(this.rawFolder, url.split("/").at(-1)!));
    }
  }

  protected override take(images: Found, labels: Found): void {
    const header = wholeHeader(images);
    const labelHeader = wholeHeader(labels);
    const [count, columns] = labelHeader.shape;
    const isRight =
      header.dtype === "uint8" &&
      header.shape.length === 3 &&
      labelHeader.dtype === "int32" &&
      labelHeader.shape.length === 2;
    if (!isRight || count !== header.shape[0] || columns! < 1)
      throw new FormatError(
        `"${this.root}": images of shape [${header.shape}] (${header.dtype}) do not go with labels of shape [${labelHeader.shape}] (${labelHeader.dtype})`,
      );
    const all = labelsOf(elementsOf(labels, labelHeader));
    const pictures = elementsOf(images, header);
    this.checkClasses(labels.path, all);
    this.targets = this.part(all);
    this.data = this.part(pictures);
  }

  private checkClasses(path: string, labels: Tensor): void {
    if (labels.numel() === 0) return;
    const classes = labels.select(1, 0);
    const [least, most] = [classes.min().item(), classes.max().item()];
    if (least < 0 || most > 9)
      throw new FormatError(`"${path}" has labels from ${least} to ${most}; they are 0 to 9: the file is damaged`);
  }

  /** The first 10,000 of the test pictures are those of MNIST. */
  private part(x: Tensor): Tensor {
    if (this.what === "test10k") return x.narrow(0, 0, Math.min(10_000, x.length)).clone();
    if (this.what === "test50k") return x.narrow(0, Math.min(10_000, x.length), Math.max(0, x.length - 10_000)).clone();
    return x;
  }

  protected override get labeling(): Tensor {
    const targets = this.targets as Tensor;
    return this.compat ? targets.select(1, 0).contiguous() : targets;
  }

  protected override targetOf(index: number): unknown {
    const row = (this.targets as Tensor).select(0, index);
    return this.compat ? row.select(0, 0).item() : row;
  }

  override extraRepr(): string {
    return `Split: ${this.what}`;
  }
}

const plainName = (url: string): string =>
  url
    .split("/")
    .at(-1)!
    .replace(/\.(gz|xz)$/, "");

type QmnistStatics = { subsetResources: Record<"train" | "test" | "nist", readonly DownloadResource[]> };

/** An opened {@link QMNIST}. */
export type QMNIST<I = any, T = any> = Opened<QmnistSet, I, T>;

/**
 * QMNIST: MNIST made anew from its source, with 60,000 test pictures and what is known of each. The files are those of torchvision, in
 * `root/QMNIST/raw`. The part `"nist"` is published as `.xz`, which has to be unpacked by hand.
 * @see torchvision.datasets.QMNIST
 * @throws KindlingError if files are missing or cannot be fetched, FormatError if one is damaged.
 * @example const test = await new vision.datasets.QMNIST("data", { what: "test50k", download: true });
 */
export const QMNIST: Awaitable<QmnistSet, typeof signature, { root: string } & QmnistOptions> & QmnistStatics =
  awaitable("QMNIST", QmnistSet);
