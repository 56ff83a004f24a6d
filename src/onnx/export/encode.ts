/** The graph as ONNX's messages. */

import { create, toBinary } from "@bufbuild/protobuf";
import { sizeOf } from "../../core/dtype";
import { sizeOfShape } from "../../core/shape";
import { Tensor } from "../../tensor/tensor";
import { BUFFERS, PARAMETERS } from "../metadata";
import {
  type AttributeProto,
  AttributeProtoSchema,
  GraphProtoSchema,
  AttributeProto_AttributeType as Kind,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "../proto/onnx_pb";
import { type Attribute, dataTypes, Float, type Initializer, type Node } from "./graph";
import type { Written } from "./lower";
import { bytesOf } from "./trace";
import type { Size, Value } from "./types";

/** The version of the format that came with an opset. */
const irVersion = (opset: number): bigint => (opset < 15 ? 7n : opset < 19 ? 8n : 9n);

const text = new TextEncoder();

function attribute(name: string, given: Attribute): AttributeProto {
  const make = (type: Kind, rest: object) => create(AttributeProtoSchema, { name, type, ...rest });
  if (given instanceof Float)
    return typeof given.value === "number"
      ? make(Kind.FLOAT, { f: given.value })
      : make(Kind.FLOATS, { floats: [...given.value] });
  if (typeof given === "number") return make(Kind.INT, { i: BigInt(given) });
  if (typeof given === "string") return make(Kind.STRING, { s: text.encode(given) });
  if (given.length > 0 && typeof given[0] === "string")
    return make(Kind.STRINGS, { strings: (given as unknown as string[]).map((s) => text.encode(s)) });
  return make(Kind.INTS, { ints: given.map(BigInt) });
}

const nodeProto = ({ type, name, inputs, outputs, attributes }: Node) =>
  create(NodeProtoSchema, {
    opType: type,
    name,
    input: inputs,
    output: outputs,
    attribute: Object.entries(attributes).flatMap(([key, value]) =>
      value === undefined ? [] : [attribute(key, value)],
    ),
  });

/** Names an axis that is no plain number; undefined leaves it without a name. */
export type NameSize = (size: Size) => string | undefined;

function info(value: Value, nameOf: (size: Size, axis: number) => string | undefined): ValueInfoProto {
  const dim = value.shape.map((size, axis) => {
    if (typeof size === "number")
      return create(TensorShapeProto_DimensionSchema, { value: { case: "dimValue", value: BigInt(size) } });
    const param = nameOf(size, axis);
    return create(
      TensorShapeProto_DimensionSchema,
      param === undefined ? {} : { value: { case: "dimParam", value: param } },
    );
  });
  const tensorType = create(TypeProto_TensorSchema, {
    elemType: dataTypes[value.dtype],
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  return create(ValueInfoProtoSchema, {
    name: value.name,
    type: create(TypeProtoSchema, { value: { case: "tensorType", value: tensorType } }),
  });
}

/** Where initializers go that are not inside of the file. */
export interface External {
  /** The name of the file beside the model. */
  readonly location: string;
  /** What follows each other in that file, with the place of each. */
  readonly parts: { readonly offset: number; readonly data: Initializer }[];
}

/** Smaller ones stay inside, as tools that look at shapes expect. */
const LEAST_EXTERNAL = 1024;
/** Data begins where memory can be mapped. */
const ALIGNMENT = 4096;

export const bytesIn = ({ dtype, shape }: Initializer): number => sizeOfShape(shape) * sizeOf(dtype);

export const dataOf = ({ data }: Initializer): Uint8Array => (data instanceof Tensor ? bytesOf(data) : data);

function tensorProto(given: Initializer, external: External | undefined): TensorProto {
  const { name, dtype, shape } = given;
  const common = { name, dataType: dataTypes[dtype], dims: shape.map(BigInt) };
  const length = bytesIn(given);
  if (external === undefined || length < LEAST_EXTERNAL)
    return create(TensorProtoSchema, { ...common, rawData: dataOf(given) });
  const last = external.parts.at(-1);
  const end = last === undefined ? 0 : last.offset + bytesIn(last.data);
  const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
  external.parts.push({ offset, data: given });
  const entries = { location: external.location, offset: String(offset), length: String(length) };
  const externalData = Object.entries(entries).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
  return create(TensorProtoSchema, { ...common, externalData, dataLocation: TensorProto_DataLocation.EXTERNAL });
}

export interface EncodeOptions {
  readonly name: string;
  readonly opset: number;
  /** Initializers that are inputs of the graph: also, or without their values. */
  readonly parameters: "inside" | "inputs" | "both";
  /** The names of the model's state, with whether they are parameters. */
  readonly state: ReadonlyMap<string, boolean>;
  readonly external: External | undefined;
  readonly nameSize: NameSize;
  /** The names of open axes of the outputs. */
  readonly outputAxes: readonly ReadonlyMap<number, string>[];
}

/** Says which initializers were parameters and which buffers, since a graph does not. */
function stateProps(initializers: readonly Initializer[], state: ReadonlyMap<string, boolean>) {
  const entry = (key: string, isLearned: boolean) => ({
    key,
    value: initializers.flatMap(({ name }) => (state.get(name) === isLearned ? [name] : [])).join("\n"),
  });
  return [entry(PARAMETERS, true), entry(BUFFERS, false)].filter(({ value }) => value !== "");
}

/** The bytes of a model's file. */
export function encodeModel({ graph, inputs, outputs }: Written, o: EncodeOptions): Uint8Array {
  const initializers = [...graph.initializers.values()];
  const isState = ({ name }: Initializer): boolean => o.state.has(name);
  const asInputs = o.parameters === "inside" ? [] : initializers.filter(isState);
  const inside = o.parameters === "inputs" ? initializers.filter((own) => !isState(own)) : initializers;
  const named = new Set(outputs.map(({ name }) => name));
  const known = [...graph.known.values()].filter(
    ({ name }) => !named.has(name) && !inputs.some((own) => own.name === name),
  );
  const produced = new Set(graph.nodes.flatMap((node) => node.outputs));
  const proto = create(GraphProtoSchema, {
    name: o.name,
    node: graph.nodes.map(nodeProto),
    initializer: inside.map((own) => tensorProto(own, o.external)),
    input: [...inputs, ...asInputs].map((value) => info(value, o.nameSize)),
    output: outputs.map((value, i) => info(value, (size, axis) => o.outputAxes[i]?.get(axis) ?? o.nameSize(size))),
    valueInfo: known.filter(({ name }) => produced.has(name)).map((value) => info(value, o.nameSize)),
  });
  const model = create(ModelProtoSchema, {
    irVersion: irVersion(o.opset),
    producerName: "kindling",
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: "", version: BigInt(o.opset) })],
    metadataProps: stateProps(initializers, o.state),
    graph: proto,
  });
  return toBinary(ModelProtoSchema, model);
}
