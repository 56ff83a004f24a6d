/** Small ONNX models, written here. */
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProtoSchema,
  type GraphProtoSchema,
  AttributeProto_AttributeType as Kind,
  ModelProtoSchema,
  type NodeProtoSchema,
  type TensorProtoSchema,
} from "../../src/onnx/proto/onnx_pb";

type Graph = MessageInitShape<typeof GraphProtoSchema>;
type Node = MessageInitShape<typeof NodeProtoSchema>;
type Attribute = MessageInitShape<typeof AttributeProtoSchema>;
export type TensorInit = MessageInitShape<typeof TensorProtoSchema>;

export const int = (name: string, i: number): Attribute => ({ name, i: BigInt(i), type: Kind.INT });
export const ints = (name: string, list: number[]): Attribute => ({ name, ints: list.map(BigInt), type: Kind.INTS });
export const float = (name: string, f: number): Attribute => ({ name, f, type: Kind.FLOAT });
export const text = (name: string, s: string): Attribute => ({
  name,
  s: new TextEncoder().encode(s),
  type: Kind.STRING,
});
export const body = (name: string, g: Graph): Attribute => ({ name, g, type: Kind.GRAPH });

export const node = (opType: string, input: string[], output: string[], attribute: Attribute[] = []): Node => ({
  opType,
  input,
  output,
  attribute,
  name: `${opType}_${output[0]}`,
});

export const floats = (name: string, dims: number[], floatData: number[]): TensorInit => ({
  name,
  dataType: 1,
  dims: dims.map(BigInt),
  floatData,
});

export const longs = (name: string, dims: number[], data: number[]): TensorInit => ({
  name,
  dataType: 7,
  dims: dims.map(BigInt),
  int64Data: data.map(BigInt),
});

const info = (name: string, elemType = 1) => ({
  name,
  type: { value: { case: "tensorType" as const, value: { elemType } } },
});

export const graph = (inputs: string[], outputs: string[], nodes: Node[], initializer: TensorInit[] = []): Graph => ({
  name: "g",
  input: inputs.map((name) => info(name.split(":")[0]!, Number(name.split(":")[1] ?? 1))),
  output: outputs.map((name) => info(name)),
  node: nodes,
  initializer,
});

/** The bytes of a model. */
export const model = (
  g: Graph,
  opset = 17,
  more: Partial<MessageInitShape<typeof ModelProtoSchema>> = {},
): Uint8Array =>
  toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: "", version: BigInt(opset) }],
      graph: g,
      ...more,
    } as never),
  );
