/** Summaries of one kind each, as TensorBoard's plugins read them. */
import { create, toBinary } from "@bufbuild/protobuf";
import { TextPluginDataSchema } from "./proto/plugins_pb";
import { DataType, type Summary, SummarySchema } from "./proto/tensorboard_pb";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The metadata by which a plugin knows its summaries. */
export const pluginData = (pluginName: string, content: Uint8Array = new Uint8Array(0)) => ({
  pluginData: { pluginName, content },
});

/** A number. */
export function scalarSummary(tag: string, number: number, newStyle = false, doublePrecision = false): Summary {
  if (!newStyle)
    return create(SummarySchema, { value: [{ tag, value: { case: "simpleValue", value: Math.fround(number) } }] });
  const value = doublePrecision
    ? { dtype: DataType.DT_DOUBLE, doubleVal: [number] }
    : { dtype: DataType.DT_FLOAT, floatVal: [Math.fround(number)] };
  return create(SummarySchema, { value: [{ tag, value: { case: "tensor", value }, metadata: pluginData("scalars") }] });
}

/** A text. */
export function textSummary(tag: string, text: string): Summary {
  const metadata = pluginData("text", toBinary(TextPluginDataSchema, create(TextPluginDataSchema)));
  const value = { dtype: DataType.DT_STRING, stringVal: [bytesOf(text)], tensorShape: { dim: [{ size: 1n }] } };
  return create(SummarySchema, { value: [{ tag: `${tag}/text_summary`, metadata, value: { case: "tensor", value } }] });
}

/** What is known of the values of a histogram beside its buckets. */
export interface HistogramFacts {
  readonly min: number;
  readonly max: number;
  readonly num: number;
  readonly sum: number;
  readonly sumSquares: number;
}

/** A histogram as it is given. */
export function rawHistogramSummary(
  tag: string,
  facts: HistogramFacts,
  limits: Float64Array,
  counts: Float64Array,
): Summary {
  const value = { ...facts, bucketLimit: [...limits], bucket: [...counts] };
  return create(SummarySchema, { value: [{ tag, value: { case: "histo", value } }] });
}
