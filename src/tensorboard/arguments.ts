/** What calls of a {@link SummaryWriter} take, and what is kept of it until it is written. */
import { checkFlag, checkInteger, checkNumber, checkString } from "../core/arguments";
import { isPlainObject } from "../core/binding";
import type { TypedArray } from "../core/dtype";
import { ArgumentError, describe } from "../core/errors";
import { setOwn } from "../core/record";
import { Tensor } from "../tensor/tensor";

/** The arguments of each method, in PyTorch's order. */
export const signatures = {
  addScalar: "tag, scalarValue; globalStep, walltime, newStyle, doublePrecision",
  addScalars: "mainTag, tagScalarDict{}; globalStep, walltime",
  addHistogram: "tag, values; globalStep, bins, walltime, maxBins",
  addHistogramRaw: "tag, min, max, num, sum, sumSquares, bucketLimits, bucketCounts; globalStep, walltime",
  addImage: "tag, imgTensor; globalStep, walltime, dataformats",
  addImages: "tag, imgTensor; globalStep, walltime, dataformats",
  addImageWithBoxes: "tag, imgTensor, boxTensor; globalStep, walltime, rescale, dataformats, labels",
  addFigure: "tag, figure{}; globalStep, close, walltime",
  addVideo: "tag, vidTensor; globalStep, fps, walltime",
  addAudio: "tag, sndTensor; globalStep, sampleRate, walltime",
  addText: "tag, textString; globalStep, walltime",
  addOnnxGraph: "prototxt",
  addGraph: "model; inputToModel, verbose, useStrictTrace",
  addEmbedding: "mat; metadata, labelImg, globalStep, tag, metadataHeader",
  addPrCurve: "tag, labels, predictions; globalStep, numThresholds, weights, walltime",
  addPrCurveRaw:
    "tag, truePositiveCounts, falsePositiveCounts, trueNegativeCounts, falseNegativeCounts, precision, recall; globalStep, numThresholds, weights, walltime",
  addCustomScalarsMultilinechart: "tags; category, title",
  addCustomScalarsMarginchart: "tags; category, title",
  addCustomScalars: "layout{}",
  addMesh: "tag, vertices; colors, faces, configDict, globalStep, walltime",
  addHparams: "hparamDict{}, metricDict{}; hparamDomainDiscrete, runName",
} as const;

/** A method that adds something. */
export type Op = keyof typeof signatures;

/** Numbers that can be written: a tensor of real numbers, a typed array, or nested arrays. */
export type Numbers = Tensor | TypedArray | readonly number[] | readonly (readonly number[])[];

/** One number, or a tensor that holds one. */
export type Scalar = number | bigint | boolean | Tensor;

/** What a tensor held when it was passed. */
export interface Held {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: TypedArray;
}

/** A call that waits. */
export interface Call {
  readonly op: Op;
  readonly values: Readonly<Record<string, any>>;
  /** Seconds since 1970 at which it was made. */
  readonly time: number;
  /** What it waits for. */
  readonly arrivals?: readonly Promise<void>[];
}

type Check = (op: string, name: string, value: unknown) => unknown;

const kinds: Readonly<Record<string, Check>> = {
  globalStep: (op, name, value) => (typeof value === "bigint" ? value : checkInteger(op, name, value)),
  walltime: checkNumber,
  fps: checkNumber,
  rescale: checkNumber,
  maxBins: (op, name, value) => checkInteger(op, name, value, 1),
  numThresholds: (op, name, value) => checkInteger(op, name, value, 2),
  sampleRate: (op, name, value) => checkInteger(op, name, value, 1, 0xffffffff),
};
for (const name of ["tag", "mainTag", "textString", "dataformats", "category", "title", "runName"])
  (kinds as Record<string, Check>)[name] = checkString;
for (const name of ["newStyle", "doublePrecision", "close", "verbose", "useStrictTrace"])
  (kinds as Record<string, Check>)[name] = checkFlag;

interface Canvas {
  readonly width: number;
  readonly height: number;
  getContext(kind: "2d"): { getImageData(x: number, y: number, width: number, height: number): ImageData } | null;
}

/** Asks a device that cannot be read at once for the values of a tensor. @param arrivals Gets what is fulfilled when they are in the result. */
function arriving(x: Tensor, arrivals: Promise<void>[]): Held {
  const held = { shape: [...x.shape], dtype: x.dtype, data: new Float32Array() as TypedArray };
  const own = x.detach();
  const copy = own.cpu();
  own.dispose();
  const arrival = copy.then((here) => {
    held.data = here.toTypedArray();
    here.dispose();
  });
  // Its failure is told by the next flush.
  arrival.catch(() => {});
  arrivals.push(arrival);
  return held;
}

/** A copy of what may change before it is written. */
function kept(op: string, name: string, value: unknown, arrivals: Promise<void>[]): unknown {
  if (value instanceof Tensor && !value.storage.backend.readsAtOnce) return arriving(value, arrivals);
  if (value instanceof Tensor)
    return { shape: [...value.shape], dtype: value.dtype, data: value.toTypedArray() } satisfies Held;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return { shape: [(value as TypedArray).length], dtype: dtypeOf(value), data: (value as TypedArray).slice() };
  if (Array.isArray(value)) return value.map((item) => kept(op, name, item, arrivals));
  const canvas = value as Canvas | null;
  if (typeof canvas === "object" && typeof canvas?.getContext === "function") {
    const context = canvas.getContext("2d");
    if (context === null) throw new ArgumentError(`${op}: ${name} must be a canvas with a 2d context`);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  }
  if (!isPlainObject(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) setOwn(copy, key, kept(op, `${name}.${key}`, item, arrivals));
  return copy;
}

const dtypeOf = (array: unknown): string =>
  array instanceof Uint8Array || array instanceof Uint8ClampedArray ? "uint8" : "float64";

/**
 * The arguments of a call, checked as far as their names say what they are.
 * @param arrivals Gets a promise for each tensor whose values are not there yet.
 */
export function held(
  op: Op,
  values: Readonly<Record<string, unknown>>,
  arrivals: Promise<void>[],
): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === null) continue;
    const check = kinds[name];
    copy[name] =
      check !== undefined ? check(op, name, value) : op === "addGraph" ? value : kept(op, name, value, arrivals);
  }
  return copy;
}

/** @throws ArgumentError for a folder that is none. */
export function folderOf(logDir: unknown): string | undefined {
  if (logDir === undefined || logDir === null || logDir === "") return undefined;
  if (typeof logDir === "string") return logDir;
  throw new ArgumentError(`SummaryWriter: logDir must be a string, got ${describe(logDir)}`);
}
