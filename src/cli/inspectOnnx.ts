/** What is in an ONNX file. */
import { fromBinary } from "@bufbuild/protobuf";
import { FormatError } from "../core/errors";
import { type Findings, printable } from "../inspect/table";
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  TensorProto_DataType,
  type ValueInfoProto,
} from "../onnx/proto/onnx_pb";
import { readBytes } from "../platform/files";

function decode(path: string, bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw new FormatError(`inspect: "${path}" is no ONNX file: ${(error as Error).message}`, { cause: error });
  }
}

const typeText = (code: number): string => (TensorProto_DataType[code] ?? `type ${code}`).toLowerCase();

function infoRow(kind: string, { name, type }: ValueInfoProto): string[] {
  if (type?.value.case !== "tensorType") return [kind, printable(name ?? ""), type?.value.case ?? "", ""];
  const { elemType, shape } = type.value.value;
  const sizes = shape?.dim.map(({ value }) => String(value.value ?? "?")).join(", ");
  return [kind, printable(name ?? ""), typeText(elemType ?? 0), sizes === undefined ? "" : printable(`[${sizes}]`)];
}

function operatorsOf(graph: GraphProto): string[][] {
  const counts = new Map<string, number>();
  for (const { opType } of graph.node) counts.set(opType ?? "", (counts.get(opType ?? "") ?? 0) + 1);
  const rows = [...counts].sort((a, b) => b[1] - a[1]).map(([name, count]) => [printable(name), String(count)]);
  return [["operator", "nodes"], ...rows];
}

/** The inputs, outputs, weights and operators of a model. @throws FormatError naming it. */
export async function inspectOnnx(path: string): Promise<Findings> {
  const model = decode(path, await readBytes("inspect", path));
  const { graph } = model;
  if (graph === undefined) throw new FormatError(`inspect: "${path}" is no ONNX file: it has no graph`);
  const weights = new Set(graph.initializer.map(({ name }) => name));
  const rows = [
    ...graph.input.filter(({ name }) => !weights.has(name)).map((info) => infoRow("input", info)),
    ...graph.output.map((info) => infoRow("output", info)),
    ...graph.initializer.map(({ name, dataType, dims }) => [
      "weight",
      printable(name ?? ""),
      typeText(dataType ?? 0),
      `[${dims.join(", ")}]`,
    ]),
  ];
  const opsets = model.opsetImport.map(({ domain, version }) => `${domain || "ai.onnx"} ${version}`).join(", ");
  const facts = `ONNX, IR ${model.irVersion}, ${opsets}; written by ${model.producerName || "nobody known"} ${model.producerVersion ?? ""}`;
  const tables = [[["", "name", "type", "shape"], ...rows], operatorsOf(graph)];
  return { before: printable(facts.trim()), tables };
}
