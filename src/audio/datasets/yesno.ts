/** Sixty recordings of eight Hebrew words each, yes or no (openslr.org/1). */

import { checkString } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { classNameOf, nameOf } from "../../core/className";
import { type AwaitedClass, awaitable, type Readable } from "../../data/awaitable";
import { absolute, hasFolder, joinPath, listEntries } from "../../platform/dataFiles";
import { FileSet } from "./fileSet";

/** What {@link YESNO} takes. */
export interface YesNoParameters {
  /** The folder of the data. */
  root: string;
  /** Where the archive is downloaded from. Default: that of openslr.org. */
  url?: string;
  /** The folder within the root. Default: "waves_yesno". */
  folderInArchive?: string;
  /** Fetch what is missing. Default: false. */
  download?: boolean;
}

const signature = "root; url, folderInArchive, download";
const URL_OF_ARCHIVE = "http://www.openslr.org/resources/1/waves_yesno.tar.gz";
const MD5 = "962ff6e904d2df1126132ecec6978786";

/** The plain class of {@link YESNO}. */
export class YesNoSet extends FileSet<readonly [labels: number[]]> implements Readable {
  /** @internal */
  static readonly signature: string = signature;

  private readonly url: string;
  private readonly folderInArchive: string;

  constructor(...given: unknown[]) {
    const op = nameOf(new.target);
    const values = argumentsOf<YesNoParameters>(op, signature, given);
    super(op, values.root, values.download);
    this.url = checkString(op, "url", values.url ?? URL_OF_ARCHIVE);
    this.folderInArchive = checkString(op, "folderInArchive", values.folderInArchive ?? "waves_yesno");
  }

  /** @internal */
  async read(): Promise<void> {
    this.folder = joinPath(absolute(this.root), this.folderInArchive);
    if (!(await hasFolder(this.folder))) {
      if (!this.wantsDownload) throw this.notFound(this.folder);
      await this.fetch(this.url, this.url === URL_OF_ARCHIVE ? MD5 : undefined, absolute(this.root));
    }
    const entries = await listEntries(classNameOf(this), this.folder);
    this.files = entries
      .filter(({ name, isFolder }) => !isFolder && /^[01](_[01])*\.wav$/.test(name))
      .map(({ name }) => name);
  }

  protected override labelsOf(file: string): readonly [labels: number[]] {
    return [
      file
        .replace(/\.wav$/, "")
        .split("_")
        .map(Number),
    ];
  }
}

/**
 * Recordings of "yes" (1) and "no" (0). Samples are `[waveform, sampleRate, labels]`, promised by `at`.
 * @see torchaudio.datasets.YESNO
 * @example const set = await new audio.datasets.YESNO("data", { download: true });
 */
export const YESNO: AwaitedClass<YesNoSet, typeof signature, YesNoParameters, [root: string]> = awaitable(
  "YESNO",
  YesNoSet as never,
);
