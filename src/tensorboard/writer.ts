/** `torch.utils.tensorboard`: what a training run shows of itself. The files are made by code that is loaded when the first writer is. */
import { checkInteger, checkNumber, checkString } from "../core/arguments";
import { argumentsOf } from "../core/binding";
import { StateError } from "../core/errors";
import { renamed } from "../core/signature";
import type { Arguments } from "../core/signatureTypes";
import type { Module } from "../nn/module/module";
import { processNames } from "../platform/process";
import type { Tensor } from "../tensor/tensor";
import type { Image, ImageDataLike } from "../vision/image";
import { type Call, folderOf, held, type Numbers, type Op, type Scalar, signatures } from "./arguments";
import type { EventLog } from "./eventLog";

const signature = "; logDir, comment, purgeStep, maxQueue, flushSecs, filenameSuffix; maxFileSize";

/** What {@link SummaryWriter} takes. */
export interface SummaryWriterOptions {
  /** The folder of the run. Default: `runs/` and the time, the machine, and `comment`. */
  logDir?: string | null;
  /** The end of the default folder's name. */
  comment?: string;
  /** The step at which a run goes on that was cut off: later ones that it had written already are hidden. */
  purgeStep?: number | null;
  /** Events that wait before they are written. Default: 10. */
  maxQueue?: number;
  /** Seconds that events wait at most. Default: 120. */
  flushSecs?: number;
  /** The end of the names of all files. */
  filenameSuffix?: string;
  /** Bytes after which a run goes on in another file of its folder. Default: no limit. */
  maxFileSize?: number | null;
}

/** When something was measured. */
interface At {
  /** The step of the training. Default: 0. */
  globalStep?: number | bigint | null;
  /** Seconds since 1970. Default: now. */
  walltime?: number | null;
}

type ScalarValues = {
  tag: string;
  scalarValue: Scalar;
  /** Whether as a tensor, which TensorBoard reads faster. Default: false. */
  newStyle?: boolean;
  /** Whether in float64; of the new style. Default: false. */
  doublePrecision?: boolean;
} & At;
type ScalarsValues = { mainTag: string; tagScalarDict: Readonly<Record<string, Scalar>> } & At;
/** How bins are made: TensorFlow's, a number of equal ones, edges, or the name of one of NumPy's rules. */
export type HistogramBins =
  | "tensorflow"
  | "auto"
  | "fd"
  | "doane"
  | "scott"
  | "stone"
  | "rice"
  | "sturges"
  | "sqrt"
  | number
  | readonly number[];
type HistogramValues = { tag: string; values: Numbers; bins?: HistogramBins; maxBins?: number | null } & At;
type HistogramRawValues = {
  tag: string;
  min: Scalar;
  max: Scalar;
  num: Scalar;
  sum: Scalar;
  sumSquares: Scalar;
  bucketLimits: Numbers;
  bucketCounts: Numbers;
} & At;
type ImageValues = { tag: string; imgTensor: Numbers; dataformats?: string } & At;
type BoxesValues = ImageValues & {
  boxTensor: Numbers;
  rescale?: number;
  labels?: string | readonly string[] | null;
};
/** A picture that something was drawn on. */
export type Figure = Image | ImageDataLike | HTMLCanvasElement | Tensor;
type FigureValues = { tag: string; figure: Figure | readonly Figure[]; close?: boolean } & At;
type VideoValues = { tag: string; vidTensor: Numbers; fps?: number } & At;
type AudioValues = { tag: string; sndTensor: Numbers; sampleRate?: number } & At;
type TextValues = { tag: string; textString: string } & At;
type GraphValues = {
  model: Module;
  inputToModel?: Tensor | readonly unknown[];
  verbose?: boolean;
  useStrictTrace?: boolean;
};
type EmbeddingValues = {
  mat: Numbers;
  metadata?: readonly unknown[] | null;
  labelImg?: Numbers | null;
  globalStep?: number | null;
  tag?: string;
  metadataHeader?: readonly string[] | null;
};
type CurveOptions = { numThresholds?: number; weights?: Numbers | number | null } & At;
type PrCurveValues = { tag: string; labels: Numbers; predictions: Numbers } & CurveOptions;
type PrCurveRawValues = {
  tag: string;
  truePositiveCounts: Numbers;
  falsePositiveCounts: Numbers;
  trueNegativeCounts: Numbers;
  falseNegativeCounts: Numbers;
  precision: Numbers;
  recall: Numbers;
} & CurveOptions;
type ChartValues = { tags: readonly string[]; category?: string; title?: string };
/** Charts by category and title: their kind and the tags of the scalars that they show. */
export type ScalarLayout = Readonly<
  Record<string, Readonly<Record<string, readonly ["Multiline" | "Margin", readonly string[]]>>>
>;
/** A hyperparameter. */
export type HparamValue = number | boolean | string | Tensor | null;
type HparamsValues = {
  hparamDict: Readonly<Record<string, HparamValue>>;
  metricDict: Readonly<Record<string, Scalar>>;
  hparamDomainDiscrete?: Readonly<Record<string, readonly (number | boolean | string)[]>> | null;
  runName?: string | null;
};
type MeshValues = { tag: string; vertices: Tensor; colors?: Tensor; faces?: Tensor; configDict?: object } & At;

type Given<O extends Op, V> = Arguments<(typeof signatures)[O], V>;

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (n: number): string => String(n).padStart(2, "0");

/** The folder that PyTorch writes to if it is told none. */
function defaultFolder(comment: string): string {
  const now = new Date();
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join("-");
  return `runs/${months[now.getMonth()]}${two(now.getDate())}_${time}_${processNames().host}${comment}`;
}

/**
 * Writes what a training run measures and makes as event files, which TensorBoard shows, and `npx kindling board`.
 *
 * Calls copy what they are given and return; it is written in the background. An error of the disk is thrown by the next {@link flush} or
 * {@link close}. What was flushed stays whatever happens to the process, and all of it when the process ends by itself.
 * In browsers the files are in the page's private file system (OPFS), else in memory; {@link files} gives them.
 * @see torch.utils.tensorboard.SummaryWriter
 * @throws ArgumentError for wrong options.
 * @example
 * const writer = new torch.utils.tensorboard.SummaryWriter("runs/first");
 * for (let step = 0; step < 100; step++) writer.addScalar("loss", train(), step);
 * await writer.close();
 */
export class SummaryWriter {
  /** @internal */
  static readonly signature: string = signature;

  /** The folder of the run. */
  readonly logDir: string;
  readonly maxQueue: number;
  readonly flushSecs: number;
  readonly filenameSuffix: string;
  /** Bytes after which a run goes on in another file. */
  readonly maxFileSize: number;
  private readonly purgeStep: number | null;
  private log: EventLog | undefined;
  /** Calls that came before the code was there. */
  private waiting: Call[] = [];
  private loading: Promise<void> | undefined;
  private failure: unknown;

  constructor(...given: Arguments<typeof signature, SummaryWriterOptions>) {
    const op = "SummaryWriter";
    const options = argumentsOf<SummaryWriterOptions>(op, signature, given);
    const { comment = "", purgeStep, maxQueue = 10, flushSecs = 120, filenameSuffix = "" } = options;
    this.logDir = folderOf(options.logDir) ?? defaultFolder(checkString(op, "comment", comment));
    this.purgeStep = purgeStep === undefined || purgeStep === null ? null : checkInteger(op, "purgeStep", purgeStep);
    this.maxQueue = checkInteger(op, "maxQueue", maxQueue, 0);
    this.flushSecs = checkNumber(op, "flushSecs", flushSecs);
    this.filenameSuffix = checkString(op, "filenameSuffix", filenameSuffix);
    this.maxFileSize =
      options.maxFileSize == null ? Number.POSITIVE_INFINITY : checkInteger(op, "maxFileSize", options.maxFileSize, 1);
    this.loading = this.load();
  }

  private async load(): Promise<void> {
    try {
      const { EventLog } = await import("./lazyEventLog");
      this.log = new EventLog(this, this.purgeStep);
    } catch (error) {
      this.failure = error;
    }
    for (const call of this.waiting.splice(0)) {
      try {
        this.log?.add(call);
      } catch (error) {
        this.failure ??= renamed(error, call.op);
      }
    }
  }

  private put(op: Op, given: readonly unknown[]): void {
    const arrivals: Promise<void>[] = [];
    const values = held(op, argumentsOf<Record<string, unknown>>(op, signatures[op], given), arrivals);
    const call = { op, values, time: (values.walltime as number | undefined) ?? Date.now() / 1000, arrivals };
    if (this.log === undefined) this.waiting.push(call);
    else this.log.add(call);
  }

  /**
   * A number. @param given The number or a tensor that holds one; `newStyle` writes a tensor, `doublePrecision` then float64.
   * @throws ArgumentError or ShapeError unless it is one number.
   * @example writer.addScalar("loss/train", loss, step);
   */
  addScalar(...given: Given<"addScalar", ScalarValues>): void {
    this.put("addScalar", given);
  }

  /** Numbers of one chart, each in a run of its own. @example writer.addScalars("loss", { train, test }, step); */
  addScalars(...given: Given<"addScalars", ScalarsValues>): void {
    this.put("addScalars", given);
  }

  /**
   * How values are spread. @param given Real numbers of any shape; `bins` as NumPy's, by default TensorFlow's, and at most `maxBins` of them.
   * @throws ValueError for no values, and for values that are not finite where the bins depend on them.
   */
  addHistogram(...given: Given<"addHistogram", HistogramValues>): void {
    this.put("addHistogram", given);
  }

  /** A histogram that has been made: the upper limit and the count of each bucket. @throws ValueError unless these are as many. */
  addHistogramRaw(...given: Given<"addHistogramRaw", HistogramRawValues>): void {
    this.put("addHistogramRaw", given);
  }

  /** A picture: uint8, or floats from 0 to 1, of the axes that `dataformats` names (default: "CHW"). @throws ShapeError, ValueError. */
  addImage(...given: Given<"addImage", ImageValues>): void {
    this.put("addImage", given);
  }

  /** Pictures in a grid of at most 8 columns; `dataformats` is "NCHW" by default. @throws ShapeError, ValueError. */
  addImages(...given: Given<"addImages", ImageValues>): void {
    this.put("addImages", given);
  }

  /** A picture with boxes [n, 4] of left, upper, right and lower edge, and their labels. @throws ShapeError, ValueError. */
  addImageWithBoxes(...given: Given<"addImageWithBoxes", BoxesValues>): void {
    this.put("addImageWithBoxes", given);
  }

  /** A figure, or several of one size: an `Image`, the pixels of a canvas, or uint8 [3, height, width]. @throws ArgumentError, ShapeError. */
  addFigure(...given: Given<"addFigure", FigureValues>): void {
    this.put("addFigure", given);
  }

  /**
   * Videos side by side, as an animated GIF that is made in the background. @param given uint8, or floats from 0 to 1, of shape [N, T, C, H, W] with 1 or 3
   * channels; `fps` frames per second, by default 4.
   * @throws ShapeError, ValueError.
   */
  addVideo(...given: Given<"addVideo", VideoValues>): void {
    this.put("addVideo", given);
  }

  /** A sound of one channel, from −1 to 1; what lies beyond is cut off. @throws ShapeError. */
  addAudio(...given: Given<"addAudio", AudioValues>): void {
    this.put("addAudio", given);
  }

  /** A text, which TensorBoard reads as Markdown. */
  addText(...given: Given<"addText", TextValues>): void {
    this.put("addText", given);
  }

  /** The graph of the ONNX file at a path, which is read in the background. @throws FormatError from the next {@link flush}. */
  addOnnxGraph(...given: Given<"addOnnxGraph", { prototxt: string }>): void {
    this.put("addOnnxGraph", given);
  }

  /** What a module calls for an input: its modules as scopes, its ops as nodes. The module runs once, in eval mode. */
  addGraph(...given: Given<"addGraph", GraphValues>): void {
    this.put("addGraph", given);
  }

  /** Points [n, d] for TensorBoard's projector, with a label and a picture each. @throws ShapeError, ArgumentError. */
  addEmbedding(...given: Given<"addEmbedding", EmbeddingValues>): void {
    this.put("addEmbedding", given);
  }

  /** Precision against recall of labels (0 or 1) and predictions (from 0 to 1). @throws ShapeError, ValueError. */
  addPrCurve(...given: Given<"addPrCurve", PrCurveValues>): void {
    this.put("addPrCurve", given);
  }

  /** Precision against recall from counts by threshold. @throws ShapeError. */
  addPrCurveRaw(...given: Given<"addPrCurveRaw", PrCurveRawValues>): void {
    this.put("addPrCurveRaw", given);
  }

  /** A chart of several scalars. */
  addCustomScalarsMultilinechart(...given: Given<"addCustomScalarsMultilinechart", ChartValues>): void {
    this.put("addCustomScalarsMultilinechart", given);
  }

  /** A chart of a scalar between a lower and an upper one. @throws ArgumentError unless there are three tags. */
  addCustomScalarsMarginchart(...given: Given<"addCustomScalarsMarginchart", ChartValues>): void {
    this.put("addCustomScalarsMarginchart", given);
  }

  /** Charts by category and title; once for each writer. @throws ArgumentError for anything else. */
  addCustomScalars(...given: Given<"addCustomScalars", { layout: ScalarLayout }>): void {
    this.put("addCustomScalars", given);
  }

  /** @throws StateError Always: there are no meshes. */
  addMesh(...given: Given<"addMesh", MeshValues>): void {
    argumentsOf("addMesh", signatures.addMesh, given);
    throw new StateError(
      "addMesh: meshes are not supported; show points with addEmbedding, or a picture with addImage",
    );
  }

  /** Hyperparameters and the metrics that they led to, as a run of its own below this one. @throws ArgumentError, ValueError. */
  addHparams(...given: Given<"addHparams", HparamsValues>): void {
    this.put("addHparams", given);
  }

  /** The folder of the run. */
  getLogdir(): string {
    return this.logDir;
  }

  private async settled(): Promise<EventLog | undefined> {
    await this.loading;
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
    return this.log;
  }

  /** Waits until all that was added is on the disk. @throws KindlingError what the disk said, or what was wrong with a call before. */
  async flush(): Promise<void> {
    await (await this.settled())?.flush();
  }

  /** Flushes and closes the files. A later call begins new ones. @throws KindlingError as {@link flush}. */
  async close(): Promise<void> {
    await (await this.settled())?.close();
  }

  /** The files that this writer has written, by their paths, for a download. */
  async files(): Promise<Record<string, Blob>> {
    const log = await this.settled();
    await log?.flush();
    return log === undefined ? {} : log.blobs();
  }

  /** {@link close} without waiting; an error becomes a warning. */
  [Symbol.dispose](): void {
    this.close().catch((error: Error) => console.warn(error.message));
  }
}
