/** Data sets that are CSV files: a label from 1 on, then columns of text (Zhang, Zhao, LeCun, 2015). */
import { classNameOf } from "../../core/className";
import { FormatError } from "../../core/errors";
import { type AwaitedClass, awaitable, type Readable } from "../../data/awaitable";
import { hasFile, isRemote, joinPath } from "../../platform/dataFiles";
import { readCsv } from "../csv";
import { type Resource, type Split, TextSet, type TextSetParameters, type textSetSignature } from "./textSet";

/** What tells one of these data sets from another. */
interface Kind {
  /** Labels are 1 to this number. */
  readonly classes: number;
  /** The folder in the archive; "" where the files are downloaded one by one. */
  readonly folder: string;
  /** What is downloaded for a part. */
  resource(split: Split): Resource;
}

/** The plain class of the data sets that are CSV files. */
export abstract class CsvSet extends TextSet implements Readable {
  protected abstract readonly kind: Kind;

  /** The file of the part, or undefined if there is none. */
  private async find(): Promise<string | undefined> {
    const paths = this.folders.flatMap((folder) => [
      joinPath(folder, this.kind.folder, `${this.split}.csv`),
      joinPath(folder, `${this.split}.csv`),
    ]);
    for (const path of paths) if (await hasFile(path)) return path;
    // A server is asked for the last one: a file right below the root.
    return isRemote(paths[0]!) && !this.wantsDownload ? paths.at(-1) : undefined;
  }

  /** @internal */
  async read(): Promise<void> {
    let path = await this.find();
    if (path === undefined && this.wantsDownload) {
      await this.fetch(this.kind.resource(this.split));
      path = await this.find();
    }
    if (path === undefined) throw this.notFound(`${this.split}.csv`);
    for await (const [[label, ...columns], number] of readCsv(classNameOf(this), path)) {
      const value = /^\s*\d{1,3}\s*$/.test(label!) ? Number(label) : 0;
      if (value < 1 || value > this.kind.classes)
        throw new FormatError(
          `"${path}", row ${number}: the label is ${JSON.stringify(label!.slice(0, 80))}; labels are 1 to ${this.kind.classes}: the file is damaged`,
        );
      if (columns.length === 0) throw new FormatError(`"${path}", row ${number} has no text: the file is damaged`);
      this.labels.push(value);
      this.texts.push(columns.join(" "));
    }
  }
}

type CsvClass = AwaitedClass<CsvSet, typeof textSetSignature, TextSetParameters, [root: string]>;

/** A data set of an archive at Google Drive. */
function archived(name: string, classes: number, folder: string, id: string, md5: string): CsvClass {
  const resource: Resource = {
    url: `https://drive.google.com/uc?export=download&id=${id}`,
    file: `${folder}.tar.gz`,
    md5,
  };
  return awaitable(
    name,
    class extends CsvSet {
      protected override readonly kind: Kind = { classes, folder, resource: () => resource };
    } as never,
  );
}

const AG_NEWS_URL = "https://raw.githubusercontent.com/mhjabreel/CharCnn_Keras/master/data/ag_news_csv/";
const AG_NEWS_MD5: Readonly<Record<Split, string>> = {
  train: "b1a00f826fdfbd249f79597b59e1dc12",
  test: "d52ea96a97a2d943681189a97654912d",
};

class AgNewsSet extends CsvSet {
  protected override readonly kind: Kind = {
    classes: 4,
    folder: "ag_news_csv",
    resource: (split) => ({ url: `${AG_NEWS_URL}${split}.csv`, file: `${split}.csv`, md5: AG_NEWS_MD5[split] }),
  };
}

/**
 * News in four classes: world, sports, business, science. Samples are `[label, text]`, with labels from 1 on.
 * @see torchtext.datasets.AG_NEWS
 * @throws FormatError naming the row of a damaged file.
 * @example const train = await new text.datasets.AG_NEWS("data", { split: "train", download: true });
 */
export const AG_NEWS: CsvClass = awaitable("AG_NEWS", AgNewsSet as never);

/** Reviews of products with one to five stars. @see torchtext.datasets.AmazonReviewFull */
export const AmazonReviewFull: CsvClass = archived(
  "AmazonReviewFull",
  5,
  "amazon_review_full_csv",
  "0Bz8a_Dbh9QhbZVhsUnRWRDhETzA",
  "57d28bd5d930e772930baddf36641c7c",
);

/** Reviews of products, bad (1) or good (2). @see torchtext.datasets.AmazonReviewPolarity */
export const AmazonReviewPolarity: CsvClass = archived(
  "AmazonReviewPolarity",
  2,
  "amazon_review_polarity_csv",
  "0Bz8a_Dbh9QhbaW12WVVZS2drcnM",
  "fe39f8b653cada45afd5792e0f0e8f9b",
);

/** Articles of Wikipedia in 14 classes. @see torchtext.datasets.DBpedia */
export const DBpedia: CsvClass = archived(
  "DBpedia",
  14,
  "dbpedia_csv",
  "0Bz8a_Dbh9QhbQ2Vic1kxMmZZQ1k",
  "dca7b1ae12b1091090db52aa7ec5ca64",
);

/** Chinese news in five classes, in Pinyin. @see torchtext.datasets.SogouNews */
export const SogouNews: CsvClass = archived(
  "SogouNews",
  5,
  "sogou_news_csv",
  "0Bz8a_Dbh9QhbUkVqNEszd0pHaFE",
  "0c1700ba70b73f964dd8de569d3fd03e",
);

/** Questions and answers in ten classes. @see torchtext.datasets.YahooAnswers */
export const YahooAnswers: CsvClass = archived(
  "YahooAnswers",
  10,
  "yahoo_answers_csv",
  "0Bz8a_Dbh9Qhbd2JNdDBsQUdocVU",
  "f3f9899b997a42beb24157e62e3eea8d",
);

/** Reviews of places with one to five stars. @see torchtext.datasets.YelpReviewFull */
export const YelpReviewFull: CsvClass = archived(
  "YelpReviewFull",
  5,
  "yelp_review_full_csv",
  "0Bz8a_Dbh9QhbZlU4dXhHTFhZQU0",
  "f7ddfafed1033f68ec72b9267863af6c",
);

/** Reviews of places, bad (1) or good (2). @see torchtext.datasets.YelpReviewPolarity */
export const YelpReviewPolarity: CsvClass = archived(
  "YelpReviewPolarity",
  2,
  "yelp_review_polarity_csv",
  "0Bz8a_Dbh9QhbNUpYQ2N3SGlFaDg",
  "620c8ae4bd5a150b730f1ba9a7c6a4d3",
);
