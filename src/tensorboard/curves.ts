/** Curves of precision against recall. */
import { create, toBinary } from "@bufbuild/protobuf";
import { ShapeError, ValueError } from "../core/errors";
import type { Held } from "./arguments";
import { PrCurvePluginDataSchema } from "./proto/plugins_pb";
import { DataType, type Summary, SummarySchema } from "./proto/tensorboard_pb";
import { pluginData } from "./summaries";
import { doubles } from "./values";

/** Thresholds that TensorBoard reads. */
const MOST_THRESHOLDS = 127;
const LEAST_COUNT = 1e-7;

/** Rows: true and false positives, true and false negatives, precision, recall. @throws ShapeError unless all are as long. */
export function curveSummary(tag: string, rows: readonly Float64Array[], numThresholds = MOST_THRESHOLDS): Summary {
  const length = rows[0]!.length;
  if (rows.some((row) => row.length !== length))
    throw new ShapeError(`all rows of a curve must be as long, got ${rows.map((row) => row.length).join(", ")}`);
  const content = { version: 0, numThresholds: Math.min(numThresholds, MOST_THRESHOLDS) };
  const bytes = toBinary(PrCurvePluginDataSchema, create(PrCurvePluginDataSchema, content));
  const floatVal = rows.flatMap((row) => Array.from(row, Math.fround));
  const tensorShape = { dim: [{ size: BigInt(rows.length) }, { size: BigInt(length) }] };
  const value = { dtype: DataType.DT_FLOAT, floatVal, tensorShape };
  const metadata = pluginData("pr_curves", bytes);
  return create(SummarySchema, { value: [{ tag, metadata, value: { case: "tensor", value } }] });
}

/** Sums from each place to the end. */
function sumsToEnd(values: Float64Array): Float64Array {
  const out = values.slice();
  for (let i = out.length - 2; i >= 0; i--) out[i]! += out[i + 1]!;
  return out;
}

/** @throws ShapeError unless there is one weight, or one for each label. */
function weightsOf(weights: Held | undefined, count: number): (i: number) => number {
  if (weights === undefined) return () => 1;
  const values = doubles(weights.data);
  if (values.length === 1) return () => values[0]!;
  if (values.length !== count) throw new ShapeError(`weights must be one number or ${count}, got ${values.length}`);
  return (i) => values[i]!;
}

/** The curve of labels and predictions. @throws ShapeError, ValueError. */
export function curveOf(
  labels: Held,
  predictions: Held,
  numThresholds = MOST_THRESHOLDS,
  weights?: Held,
): Float64Array[] {
  const count = Math.min(numThresholds, MOST_THRESHOLDS);
  const [truth, guesses] = [doubles(labels.data), doubles(predictions.data)];
  if (truth.length !== guesses.length)
    throw new ShapeError(`labels and predictions must be as many, got ${truth.length} and ${guesses.length}`);
  const weight = weightsOf(weights, truth.length);
  const [right, wrong] = [new Float64Array(count), new Float64Array(count)];
  for (const [i, label] of truth.entries()) {
    // Predictions of float32 are multiplied in float32.
    const product = guesses[i]! * (count - 1);
    const at = Math.floor(predictions.dtype === "float64" ? product : Math.fround(product));
    if (Number.isNaN(at)) throw new ValueError("predictions must be numbers, got NaN");
    // What lies outside of [0, 1] is not counted.
    if (at < 0 || at > count - 1) continue;
    // The last bin begins at the last threshold; all others have one each.
    right[at]! += label * weight(i);
    wrong[at]! += (1 - label) * weight(i);
  }
  const [tp, fp] = [sumsToEnd(right), sumsToEnd(wrong)];
  const [tn, fn] = [fp.map((x) => fp[0]! - x), tp.map((x) => tp[0]! - x)];
  const precision = tp.map((x, i) => x / Math.max(LEAST_COUNT, x + fp[i]!));
  const recall = tp.map((x, i) => x / Math.max(LEAST_COUNT, x + fn[i]!));
  return [tp, fp, tn, fn, precision, recall];
}
