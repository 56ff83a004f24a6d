/** Hyperparameters of a run, and charts of several scalars. */
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { ArgumentError, describe } from "../core/errors";
import {
  type HParamInfoSchema,
  HParamsPluginDataSchema,
  HParamType,
  type Layout,
  LayoutSchema,
  Status,
} from "./proto/plugins_pb";
import { DataType, type Summary, SummarySchema } from "./proto/tensorboard_pb";
import { pluginData } from "./summaries";
import { isHeld } from "./values";

type Plain = number | boolean | string;

function plainOf(name: string, value: unknown): Plain {
  const plain = isHeld(value) ? Number(value.data[0]) : typeof value === "bigint" ? Number(value) : value;
  if (typeof plain === "number" || typeof plain === "boolean" || typeof plain === "string") return plain;
  throw new ArgumentError(
    `hparamDict.${name}: value should be one of int, float, str, bool, or torch.Tensor, got ${describe(value)}`,
  );
}

/** Gives a google.protobuf.Value. Truth values count as numbers, as in PyTorch, where they are integers. */
const messageOf = (value: Plain) =>
  typeof value === "string"
    ? { kind: { case: "stringValue" as const, value } }
    : { kind: { case: "numberValue" as const, value: Number(value) } };

function infoOf(name: string, value: Plain, domain: unknown): MessageInitShape<typeof HParamInfoSchema> {
  const type = typeof value === "string" ? HParamType.DATA_TYPE_STRING : HParamType.DATA_TYPE_FLOAT64;
  if (domain === undefined) return { name, type };
  if (!Array.isArray(domain) || domain.some((item) => typeof item !== typeof value))
    throw new ArgumentError(
      `parameter: hparamDomainDiscrete[${name}] should be a list of same type as hparamDict[${name}]`,
    );
  return { name, type, domainDiscrete: { values: domain.map(messageOf) } };
}

function dataSummary(tag: string, data: MessageInitShape<typeof HParamsPluginDataSchema>["data"]): Summary {
  const content = toBinary(HParamsPluginDataSchema, create(HParamsPluginDataSchema, { data } as never));
  return create(SummarySchema, { value: [{ tag, metadata: pluginData("hparams", content) }] });
}

/** @throws ArgumentError unless a value is an object. */
export function checkRecord(name: string, value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value) || isHeld(value))
    throw new ArgumentError(`${name} should be an object, got ${describe(value)}`);
  return value as Record<string, unknown>;
}

/** What the plugin wants of a session: the experiment, its beginning, and its end. @throws ArgumentError. */
export function hparamsSummaries(hparams: unknown, metrics: unknown, domains: unknown = {}): Summary[] {
  const given = Object.entries(checkRecord("hparamDict", hparams)).filter(([, value]) => value != null);
  const domain = checkRecord("hparamDomainDiscrete", domains);
  const values = given.map(([name, value]) => [name, plainOf(name, value)] as const);
  for (const name of Object.keys(domain))
    if (!values.some(([known]) => known === name))
      throw new ArgumentError(`hparamDomainDiscrete.${name}: there is no such hyperparameter`);
  const hparamInfos = values.map(([name, value]) => infoOf(name, value, domain[name]));
  const metricInfos = Object.keys(checkRecord("metricDict", metrics)).map((tag) => ({ name: { tag } }));
  const held = Object.fromEntries(values.map(([name, value]) => [name, messageOf(value)]));
  return [
    dataSummary("_hparams_/experiment", { case: "experiment", value: { hparamInfos, metricInfos } } as never),
    dataSummary("_hparams_/session_start_info", { case: "sessionStartInfo", value: { hparams: held } } as never),
    dataSummary("_hparams_/session_end_info", { case: "sessionEndInfo", value: { status: Status.SUCCESS } } as never),
  ];
}

function checkTags(name: string, tags: unknown): string[] {
  if (!Array.isArray(tags) || tags.some((tag) => typeof tag !== "string"))
    throw new ArgumentError(`${name} must be a list of the tags of scalars, got ${describe(tags)}`);
  return tags as string[];
}

function chartOf(title: string, chart: unknown) {
  if (!Array.isArray(chart) || chart.length !== 2)
    throw new ArgumentError(`the chart ${JSON.stringify(title)} must be [kind, tags], got ${describe(chart)}`);
  const tag = checkTags(`the tags of ${JSON.stringify(title)}`, chart[1]);
  if (chart[0] !== "Margin") return { title, content: { case: "multiline" as const, value: { tag } } };
  if (tag.length !== 3)
    throw new ArgumentError(`a chart with a margin has 3 tags: value, lower and upper, got ${tag.length}`);
  const [value, lower, upper] = tag as [string, string, string];
  return { title, content: { case: "margin" as const, value: { series: [{ value, lower, upper }] } } };
}

/** Charts of several scalars. @throws ArgumentError. */
export function layoutSummary(layout: unknown): Summary {
  const category = Object.entries(checkRecord("layout", layout)).map(([title, charts]) => ({
    title,
    chart: Object.entries(checkRecord(`layout.${title}`, charts)).map(([name, chart]) => chartOf(name, chart)),
  }));
  const message: Layout = create(LayoutSchema, { category });
  const value = { dtype: DataType.DT_STRING, stringVal: [toBinary(LayoutSchema, message)], tensorShape: {} };
  const metadata = pluginData("custom_scalars");
  return create(SummarySchema, {
    value: [{ tag: "custom_scalars__config__", metadata, value: { case: "tensor", value } }],
  });
}
