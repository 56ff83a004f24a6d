/** From the bytes of a file to a module. */
import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { checkInteger } from "../../core/arguments";
import { ArgumentError, describe, FormatError } from "../../core/errors";
import { type FileSource, openFile } from "../../platform/randomAccess";
import { BUFFERS, PARAMETERS } from "../metadata";
import type { OptionalProto, SequenceProto, ValueInfoProto } from "../proto/onnx_pb";
import {
  type FunctionProto,
  type ModelProto,
  ModelProtoSchema,
  OptionalProtoSchema,
  SequenceProtoSchema,
  TensorProtoSchema,
} from "../proto/onnx_pb";
import { compileGraph, keyOf, versionsOf } from "./compile";
import { readExternal } from "./external";
import { type LoadOptions, MOST_STEPS, OnnxModule } from "./model";
import { findEntry } from "./ops/index";
import { State } from "./state";
import { readTensor } from "./tensors";
import { sequence, type Value } from "./values";

/** Files above this size are never read: what they hold has to lie in files beside them. */
const MOST_BYTES = 2 ** 31;

async function bytesOf(op: string, source: FileSource): Promise<{ bytes: Uint8Array; file: string }> {
  const opened = await openFile(op, source);
  try {
    const file = `"${opened.path}"`;
    if (opened.size > MOST_BYTES)
      throw new FormatError(`${file} has ${opened.size} bytes; an ONNX file has at most ${MOST_BYTES}: it is none`);
    return { bytes: await opened.read(0, opened.size), file };
  } finally {
    await opened.close();
  }
}

/** A message. @throws FormatError naming the file. */
function decode<D extends DescMessage>(schema: D, bytes: Uint8Array, file: string): MessageShape<D> {
  try {
    return fromBinary(schema, bytes, { readUnknownFields: false });
  } catch (error) {
    throw new FormatError(`${file} is no ONNX file, or it is damaged or truncated: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

export async function loadModel(op: string, source: FileSource, options: LoadOptions): Promise<OnnxModule> {
  checkExternal(op, options.externalData);
  if (options.maxNodes !== undefined) checkInteger(op, "maxNodes", options.maxNodes);
  const { bytes, file } = await bytesOf(op, source);
  const model = decode(ModelProtoSchema, bytes, file);
  const { graph } = model;
  if (graph === undefined)
    throw new FormatError(`${file} is no ONNX file, or it is damaged or truncated: it has no graph`);
  const external = await readExternal(op, graph, source, options.externalData ?? {}, file);
  const state = new State(file, external, { parameters: listed(model, PARAMETERS), buffers: listed(model, BUFFERS) });
  const functions = new Map<string, FunctionProto>(
    model.functions.map((each) => [keyOf(each.domain, each.name ?? ""), each]),
  );
  const library = {
    file,
    functions,
    find: findEntry,
    initializer: state.add,
    used: state.used,
    count: { nodes: 0, depth: 0 },
  };
  const { body } = compileGraph(graph, library, { versions: versionsOf(model.opsetImport), bindings: undefined });
  return new OnnxModule(graph, body, state, options.maxNodes ?? Math.max(MOST_STEPS, 10 * library.count.nodes));
}

/** Names that our own exporter lists under a key. */
const listed = ({ metadataProps }: ModelProto, key: string): ReadonlySet<string> =>
  new Set(metadataProps.find((each) => each.key === key)?.value?.split("\n"));

function checkExternal(op: string, externalData: unknown): void {
  if (externalData !== undefined && (typeof externalData !== "object" || externalData === null))
    throw new ArgumentError(`${op}: externalData must be an object of files by name, got ${describe(externalData)}`);
}

/** The value in a file of ONNX's backend tests. */
export function readValue(bytes: Uint8Array, kind: Kind, file: string): Value {
  if (kind === "tensor" || kind === "bfloat16") {
    const proto = decode(TensorProtoSchema, bytes, file);
    // NumPy has no bfloat16: the tests are written with its bits.
    const dataType = kind === "bfloat16" && proto.dataType === 4 ? 16 : proto.dataType;
    return readTensor({ ...proto, ...(dataType !== undefined && { dataType }) }, file);
  }
  if (kind === "sequence") return sequenceOf(decode(SequenceProtoSchema, bytes, file), file);
  return optionalOf(decode(OptionalProtoSchema, bytes, file), file);
}

function sequenceOf(proto: SequenceProto, file: string): Value {
  return sequence([
    ...proto.tensorValues.map((each) => readTensor(each, file)),
    ...proto.sequenceValues.map((each) => sequenceOf(each, file)),
    ...proto.optionalValues.map((each) => optionalOf(each, file)),
  ]);
}

function optionalOf({ tensorValue, sequenceValue, optionalValue }: OptionalProto, file: string): Value {
  if (tensorValue !== undefined) return readTensor(tensorValue, file);
  if (sequenceValue !== undefined) return sequenceOf(sequenceValue, file);
  return optionalValue && optionalOf(optionalValue, file);
}

/** The operators of the graph of a file, its own functions among them. */
export const operatorsOf = (bytes: Uint8Array): string[] => [
  ...new Set(decode(ModelProtoSchema, bytes, "the model").graph?.node.map(({ opType = "" }) => opType)),
];

type Kind = "tensor" | "bfloat16" | "sequence" | "optional";

const kindOf = ({ type }: ValueInfoProto): Kind => {
  const kind = type?.value.case;
  if (
    kind === "tensorType" &&
    type?.value.value?.$typeName === "onnx.TypeProto.Tensor" &&
    type.value.value.elemType === 16
  )
    return "bfloat16";
  return kind === "sequenceType" ? "sequence" : kind === "optionalType" ? "optional" : "tensor";
};

/** What the inputs and outputs of a file's graph are. */
export function kindsOf(bytes: Uint8Array): { inputs: Kind[]; outputs: Kind[] } {
  const { graph } = decode(ModelProtoSchema, bytes, "the model");
  return { inputs: graph?.input.map(kindOf) ?? [], outputs: graph?.output.map(kindOf) ?? [] };
}
