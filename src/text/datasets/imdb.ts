/** Reviews of films (Maas et al., 2011): a folder with a text file for each. */
import { classNameOf } from "../../core/className";
import { type AwaitedClass, awaitable, type Readable } from "../../data/awaitable";
import { hasFile, hasFolder, joinPath, listEntries, readText } from "../../platform/dataFiles";
import { TextSet, type TextSetParameters, type textSetSignature } from "./textSet";

const RESOURCE = {
  url: "http://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
  file: "aclImdb_v1.tar.gz",
  md5: "7c2ac02c03563afcf9b574c7e56c153a",
} as const;

/** Folders by label, as torchtext numbers them from 1 on. */
const FOLDERS = ["neg", "pos"] as const;
/** Files that are read at the same time. */
const AT_ONCE = 32;

/** The plain class of {@link IMDB}. */
export class ImdbSet extends TextSet implements Readable {
  /** The folder with "neg" and "pos" of the part, or undefined if there is none. */
  private async find(): Promise<string | undefined> {
    for (const folder of this.folders)
      for (const archive of ["aclImdb", "aclImdb_v1", ""]) {
        const path = joinPath(folder, archive, this.split);
        const first = joinPath(path, FOLDERS[0]);
        if ((await hasFolder(first)) || (await hasFile(first))) return path;
      }
    return undefined;
  }

  /** @internal */
  async read(): Promise<void> {
    let path = await this.find();
    if (path === undefined && this.wantsDownload) {
      await this.fetch(RESOURCE);
      path = await this.find();
    }
    if (path === undefined) throw this.notFound(`aclImdb/${this.split}/neg`);
    for (const [i, folder] of FOLDERS.entries()) {
      const texts = await this.textsOf(joinPath(path, folder));
      for (const text of texts) {
        this.labels.push(i + 1);
        this.texts.push(text);
      }
    }
  }

  /** The texts of a label: the files of a folder in the order of their names, or the lines of the one file that torchtext makes of it. */
  private async textsOf(path: string): Promise<string[]> {
    const op = classNameOf(this);
    if (await hasFile(path)) return (await readText(op, path)).split("\n").filter((line) => line !== "");
    const names = (await listEntries(op, path)).filter(({ name, isFolder }) => !isFolder && name.endsWith(".txt"));
    const texts: string[] = [];
    for (let at = 0; at < names.length; at += AT_ONCE) {
      const part = names.slice(at, at + AT_ONCE).map(({ name }) => readText(op, joinPath(path, name)));
      for (const text of await Promise.all(part)) texts.push(text.replace(/\r?\n$/, ""));
    }
    return texts;
  }
}

/**
 * Reviews of films, bad (1) or good (2), from the folder aclImdb. Samples are `[label, text]`, the bad ones first.
 * @see torchtext.datasets.IMDB
 * @example const test = await new text.datasets.IMDB("data", { split: "test" });
 */
export const IMDB: AwaitedClass<ImdbSet, typeof textSetSignature, TextSetParameters, [root: string]> = awaitable(
  "IMDB",
  ImdbSet as never,
);
