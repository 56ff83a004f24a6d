/** Spoken words (Warden, 2018). */

import { checkChoice, checkString } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { classNameOf, nameOf } from "../../core/className";
import { FormatError } from "../../core/errors";
import { type AwaitedClass, awaitable, type Readable } from "../../data/awaitable";
import { absolute, compareText, hasFile, hasFolder, joinPath, listEntries, readText } from "../../platform/dataFiles";
import { FileSet } from "./fileSet";

/** What {@link SPEECHCOMMANDS} takes. */
export interface SpeechCommandsParameters {
  /** The folder of the data. */
  root: string;
  /** The version, or where an archive is downloaded from. Default: "speech_commands_v0.02". */
  url?: string;
  /** The folder within the root. Default: "SpeechCommands". */
  folderInArchive?: string;
  /** Fetch what is missing. Default: false. */
  download?: boolean;
  /** The part: those of the lists of files, or all others for "training". Default: null, all. */
  subset?: "training" | "validation" | "testing" | null;
}

const signature = "root; url, folderInArchive, download, subset";
const BASE = "https://storage.googleapis.com/download.tensorflow.org/data/";
const CHECKSUMS: Readonly<Record<string, string>> = {
  [`${BASE}speech_commands_v0.01.tar.gz`]: "3cd23799cb2bbdec517f1cc028f8d43c",
  [`${BASE}speech_commands_v0.02.tar.gz`]: "6b74f3901214cb2c2934e98196829835",
};
const DIVIDER = "_nohash_";
const NOISE = "_background_noise_";

type Labels = readonly [label: string, speakerId: string, utteranceNumber: number];

/** The plain class of {@link SPEECHCOMMANDS}. */
export class SpeechCommandsSet extends FileSet<Labels> implements Readable {
  /** @internal */
  static readonly signature: string = signature;

  private readonly url: string;
  private readonly folderInArchive: string;
  private readonly subset: "training" | "validation" | "testing" | null;

  constructor(...given: unknown[]) {
    const op = nameOf(new.target);
    const values = argumentsOf<SpeechCommandsParameters>(op, signature, given);
    super(op, values.root, values.download);
    const url = checkString(op, "url", values.url ?? "speech_commands_v0.02");
    this.url = /^speech_commands_v0\.0[12]$/.test(url) ? `${BASE}${url}.tar.gz` : url;
    this.folderInArchive = checkString(op, "folderInArchive", values.folderInArchive ?? "SpeechCommands");
    const { subset = null } = values;
    this.subset =
      subset === null ? null : checkChoice(op, "subset", subset, ["training", "validation", "testing"] as const);
  }

  /** @internal */
  async read(): Promise<void> {
    const version = this.url
      .split("/")
      .at(-1)!
      .replace(/\.tar\.gz$/, "");
    this.folder = joinPath(absolute(this.root), this.folderInArchive, version);
    if (!(await hasFolder(this.folder))) {
      if (!this.wantsDownload) throw this.notFound(this.folder);
      await this.fetch(this.url, CHECKSUMS[this.url], this.folder);
    }
    this.files = await this.chosen();
  }

  private async chosen(): Promise<string[]> {
    if (this.subset === "validation") return this.listed("validation_list.txt");
    if (this.subset === "testing") return this.listed("testing_list.txt");
    const all = await this.allFiles();
    if (this.subset === null) return all;
    const held = new Set([...(await this.listed("validation_list.txt")), ...(await this.listed("testing_list.txt"))]);
    return all.filter((file) => !held.has(file));
  }

  /** The files of a list. @throws FormatError for a name that leads out of the folder, or is no recording's. */
  private async listed(list: string): Promise<string[]> {
    const path = joinPath(this.folder, list);
    if (!(await hasFile(path))) throw this.notFound(path);
    const lines = (await readText(classNameOf(this), path)).split(/\r?\n/).filter((line) => line.trim() !== "");
    for (const line of lines)
      if (!/^[^/\\]+\/[^/\\]+$/.test(line) || line.startsWith("..") || !isRecording(line))
        throw new FormatError(
          `"${path}" has the line ${JSON.stringify(line.slice(0, 80))}, which is no recording: it is damaged`,
        );
    return lines.map((line) => line.trim());
  }

  private async allFiles(): Promise<string[]> {
    const op = classNameOf(this);
    const files: string[] = [];
    for (const { name, isFolder } of await listEntries(op, this.folder)) {
      if (!isFolder || name === NOISE) continue;
      for (const entry of await listEntries(op, joinPath(this.folder, name)))
        if (!entry.isFolder && isRecording(`${name}/${entry.name}`)) files.push(`${name}/${entry.name}`);
    }
    return files.sort(compareText);
  }

  protected override labelsOf(file: string): Labels {
    const [label, name] = file.split("/") as [string, string];
    // Some names end in .wav twice.
    const [speaker, utterance] = name.replace(/(\.wav)+$/, "").split(DIVIDER) as [string, string];
    return [label, speaker, Number(utterance)];
  }
}

/** Names of recordings say who speaks, and which time. */
const isRecording = (file: string): boolean => /_nohash_\d+(\.wav)+$/.test(file);

/**
 * One-second recordings of spoken words. Samples are `[waveform, sampleRate, label, speakerId, utteranceNumber]`, promised by `at`; their order is that of
 * the names of the files.
 * @see torchaudio.datasets.SPEECHCOMMANDS
 * @example
 * const test = await new audio.datasets.SPEECHCOMMANDS("data", { subset: "testing" });
 * const [waveform, sampleRate, label] = await test.at(0);
 */
export const SPEECHCOMMANDS: AwaitedClass<
  SpeechCommandsSet,
  typeof signature,
  SpeechCommandsParameters,
  [root: string]
> = awaitable("SPEECHCOMMANDS", SpeechCommandsSet as never);
