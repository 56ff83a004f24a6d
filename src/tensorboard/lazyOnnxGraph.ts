/** The graph of an ONNX file, loaded with the first one that is drawn. */
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { FormatError } from "../core/errors";
import { type AttributeProto, type ModelProto, ModelProtoSchema, type ValueInfoProto } from "../onnx/proto/onnx_pb";
import { openFile } from "../platform/randomAccess";
import { GraphDefSchema, type NodeDefSchema } from "./proto/tensorboard_pb";

type Node = MessageInitShape<typeof NodeDefSchema>;

/** Files above this size have their weights elsewhere. */
const MOST_BYTES = 2 ** 31;
/** Letters of a node's attributes that are kept. */
const MOST_TEXT = 2000;

const textBytes = (text: string): Uint8Array => new TextEncoder().encode(text.slice(0, MOST_TEXT));

/** An input or an output of the graph. Open sizes are 0, as in PyTorch. */
function border({ name = "", type }: ValueInfoProto): Node {
  const tensor = type?.value.case === "tensorType" ? type.value.value : undefined;
  const dim = (tensor?.shape?.dim ?? []).map(({ value }) => ({ size: value.case === "dimValue" ? value.value : 0n }));
  const attr: Record<string, object> = { shape: { value: { case: "shape", value: { dim } } } };
  if (tensor?.elemType !== undefined) attr.dtype = { value: { case: "type", value: tensor.elemType } };
  return { name, op: "Variable", input: [], attr } as Node;
}

/** `kernel_shape = [3, 3]`. */
function attributeText({ name, f, i, s, floats, ints, strings }: AttributeProto): string {
  const decoder = new TextDecoder();
  const lists = [floats.map(String), ints.map(String), strings.map((text) => decoder.decode(text))];
  const list = lists.find(({ length }) => length > 0);
  const one = f ?? i ?? (s === undefined ? undefined : decoder.decode(s));
  return `${name} = ${list === undefined ? (one ?? "…") : `[${list.join(", ")}]`}`;
}

/** The nodes as PyTorch draws them: each by the name of its first output. */
function nodesOf(model: ModelProto): Node[] {
  const { graph } = model;
  const steps = (graph?.node ?? []).map(({ output, input, opType = "", attribute }) => {
    const parameters = { value: { case: "s", value: textBytes(attribute.map(attributeText).join(", ")) } };
    return { name: output[0] ?? "", op: opType, input, attr: { parameters } } as Node;
  });
  return [...[...(graph?.input ?? []), ...(graph?.output ?? [])].map(border), ...steps];
}

/** The graph in the file at a path, as a message. @throws FormatError for what is no ONNX file. */
export async function onnxGraphOf(op: string, path: string): Promise<Uint8Array> {
  const file = await openFile(op, path);
  try {
    if (file.size > MOST_BYTES) throw new FormatError(`"${path}" has ${file.size} bytes: it is no ONNX file`);
    const model = fromBinary(ModelProtoSchema, await file.read(0, file.size), { readUnknownFields: false });
    if (model.graph === undefined) throw new FormatError(`"${path}" is no ONNX file: it has no graph`);
    return toBinary(GraphDefSchema, create(GraphDefSchema, { node: nodesOf(model), versions: { producer: 22 } }));
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "Error") throw error;
    throw new FormatError(`"${path}" is no ONNX file, or it is damaged or truncated: ${error.message}`, {
      cause: error,
    });
  } finally {
    await file.close();
  }
}
