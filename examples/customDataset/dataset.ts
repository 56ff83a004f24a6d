/** The data set of one's own of PyTorch's tutorial: a folder of pictures and a CSV of their labels. */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import * as torch from "kindling";

const { vision } = torch;

/** What a picture is, and its name. */
type Row = readonly [filename: string, label: string];

/** Options of {@link CustomImageDataset}. */
export interface CustomImageOptions {
  /** Turns a picture, uint8 of shape [3, height, width], into what a model takes. */
  transform?: ((image: torch.Tensor) => torch.Tensor) | undefined;
  targetTransform?: ((label: number) => number) | undefined;
}

/** The rows of a CSV file with a line of names at its top. @throws Error that names the file and the line. */
async function readLabels(path: string): Promise<Row[]> {
  // Loaded when it is needed: programs that read no CSV do without.
  const { default: papa } = await import("papaparse");
  const { data, errors } = papa.parse<string[]>(await readFile(path, "utf8"), { delimiter: ",", skipEmptyLines: true });
  if (errors.length > 0)
    throw new torch.FormatError(`${path}: line ${(errors[0]!.row ?? 0) + 1}: ${errors[0]!.message}`);
  return data.slice(1).map((row, i) => {
    const [filename, label] = row;
    // A name leads to a picture in the folder, and nowhere else.
    if (row.length !== 2 || !filename || !label || basename(filename) !== filename)
      throw new torch.FormatError(
        `${path}: line ${i + 2} is no file name and label: ${JSON.stringify(row).slice(0, 200)}`,
      );
    return [filename, label];
  });
}

/**
 * Pictures of a folder with the labels of a CSV file: samples of `[picture, number of the label]`.
 * @example const set = await CustomImageDataset.open("labels.csv", "images");
 */
export class CustomImageDataset extends torch.utils.data.Dataset<[image: torch.Tensor, label: number]> {
  static readonly module = import.meta.url;

  private constructor(
    readonly imgDir: string,
    readonly imgLabels: readonly Row[],
    /** The labels, sorted. */
    readonly classes: readonly string[],
    readonly transform: CustomImageOptions["transform"],
    readonly targetTransform: CustomImageOptions["targetTransform"],
  ) {
    super();
  }

  static async open(
    annotationsFile: string,
    imgDir: string,
    options: CustomImageOptions = {},
  ): Promise<CustomImageDataset> {
    const rows = await readLabels(annotationsFile);
    const classes = [...new Set(rows.map(([, label]) => label))].sort();
    return new CustomImageDataset(imgDir, rows, classes, options.transform, options.targetTransform);
  }

  get length(): number {
    return this.imgLabels.length;
  }

  async at(idx: number): Promise<[image: torch.Tensor, label: number]> {
    const row = this.imgLabels.at(idx);
    if (row === undefined) throw new torch.IndexError(`CustomImageDataset: there is no sample ${idx}`);
    const [filename, name] = row;
    const image = await vision.io.readImage(join(this.imgDir, filename));
    const label = this.classes.indexOf(name);
    return [this.transform?.(image) ?? image, this.targetTransform?.(label) ?? label];
  }
}
