/** The graph that is written: nodes with readable names, initializers, and numbers that become nodes where they depend on the inputs. */
import { type DType, isFloat, sizeOf } from "../../core/dtype";
import type { KindlingError } from "../../core/errors";
import type { Tensor } from "../../tensor/tensor";
import { cannotExport } from "./place";
import { type Atom, express } from "./sizes";
import type { Value } from "./types";
import { type Place, type Size, Sym } from "./types";

/** An attribute that is a float although its value may be a whole number, or a list of them. */
export class Float {
  constructor(readonly value: number | readonly number[]) {}
}

export const float = (value: number | readonly number[]): Float => new Float(value);

/** What an attribute may be: integers are INT and INTS. */
export type Attribute = number | readonly number[] | string | Float;

export type Attributes = Readonly<Record<string, Attribute | undefined>>;

export interface Node {
  readonly type: string;
  readonly name: string;
  readonly inputs: string[];
  readonly outputs: string[];
  readonly attributes: Attributes;
}

export interface Initializer {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Uint8Array | Tensor;
}

/** An operand of a node: none where an optional input is left out. */
export type Operand = Value | null | undefined;

const unknownShape: readonly Size[] = [];

/** Numbers of a dtype as bytes. */
export function encode(values: readonly number[], dtype: DType): Uint8Array {
  const size = sizeOf(dtype);
  const bytes = new Uint8Array(values.length * size);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) put(view, i * size, value, dtype);
  return bytes;
}

function put(view: DataView, at: number, value: number, dtype: DType): void {
  const integer = (): number => Math.trunc(value);
  if (dtype === "float32") view.setFloat32(at, value, true);
  else if (dtype === "float64") view.setFloat64(at, value, true);
  else if (dtype === "int64") view.setBigInt64(at, BigInt(integer()), true);
  else if (dtype === "int32") view.setInt32(at, integer(), true);
  else if (dtype === "int16") view.setInt16(at, integer(), true);
  else if (dtype === "float16") view.setUint16(at, halfBits(value), true);
  else if (dtype === "bfloat16") view.setUint16(at, brainBits(value), true);
  else view.setUint8(at, dtype === "bool" ? Number(value !== 0) : integer() & 255);
}

const single = new DataView(new ArrayBuffer(4));

function brainBits(value: number): number {
  single.setFloat32(0, value);
  const bits = single.getUint32(0);
  return Number.isNaN(value) ? 0x7fc0 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

function halfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundEven(size * 2 ** 24);
  const exponent = Math.floor(Math.log2(size));
  return sign | (((exponent + 15) << 10) + roundEven((size / 2 ** exponent - 1) * 1024));
}

const roundEven = (x: number): number => {
  const low = Math.floor(x);
  return x - low > 0.5 || (x - low === 0.5 && low % 2 === 1) ? low + 1 : low;
};

export class Graph {
  readonly nodes: Node[] = [];
  readonly initializers = new Map<string, Initializer>();
  /** What is known of values, for shape inference. */
  readonly known = new Map<string, Value>();
  place: Place = { path: "", line: "" };
  op = "";
  private readonly names = new Set<string>();
  private readonly constants = new Map<string, Value>();
  private readonly atoms: Atom[] = [];
  private readonly numbers = new Map<string, Value>();

  constructor(readonly opset: number) {}

  /** `name`, or with a number if it is taken. */
  unique(name: string): string {
    let free = name;
    for (let i = 1; this.names.has(free); i++) free = `${name}_${i}`;
    this.names.add(free);
    return free;
  }

  /** The error of an op that cannot be written. */
  refuse(why: string): KindlingError {
    return cannotExport(this.op, this.place.line, why);
  }

  /** Lets numbers be expressed by the axes of a value. */
  addAtoms(value: Value): void {
    value.shape.forEach((size, axis) => {
      if (size instanceof Sym) this.atoms.push({ values: size.values, name: value.name, axis });
    });
  }

  /** Adds a node with several outputs. */
  nodeOf(type: string, inputs: readonly Operand[], dtypes: readonly DType[], attributes: Attributes = {}): Value[] {
    const name = this.unique(`${this.place.path}/${type}`);
    const outputs = dtypes.map((dtype, i) => ({
      name: this.unique(`${name}_output_${i}`),
      dtype,
      shape: unknownShape,
    }));
    const given = inputs.map((input) => input?.name ?? "");
    while (given.at(-1) === "") given.pop();
    this.nodes.push({ type, name, inputs: given, outputs: outputs.map((value) => value.name), attributes });
    return outputs;
  }

  /** Adds a node; its dtype is that of the first operand unless it is given. */
  add(type: string, inputs: readonly Operand[], attributes: Attributes = {}, dtype?: DType): Value {
    return this.nodeOf(type, inputs, [dtype ?? inputs.find((input) => input)?.dtype ?? "float32"], attributes)[0]!;
  }

  /** A constant; equal ones are one. */
  constant(values: readonly number[], dtype: DType, shape: readonly number[] = [values.length]): Value {
    const key = `${dtype};${shape};${values.map((value) => (Object.is(value, -0) ? "-0" : value))}`;
    const known = this.constants.get(key);
    if (known !== undefined) return known;
    const value = this.initialize(`${this.place.path}/Constant`, dtype, shape, encode(values, dtype));
    this.constants.set(key, value);
    return value;
  }

  initialize(name: string, dtype: DType, shape: readonly number[], data: Uint8Array | Tensor): Value {
    const value = { name: this.unique(name), dtype, shape };
    this.initializers.set(value.name, { ...value, data });
    return value;
  }

  /** A number as a 0-d tensor. */
  scalar(x: Size | boolean | bigint, dtype: DType): Value {
    if (x instanceof Sym) return this.cast(this.reshape(this.sym(x), []), dtype);
    return this.constant([Number(x)], dtype, []);
  }

  /** Sizes as a vector of int64. */
  ints(sizes: readonly Size[]): Value {
    if (sizes.every((size) => typeof size === "number")) return this.constant(sizes as number[], "int64");
    const parts = sizes.map((size) => (typeof size === "number" ? this.constant([size], "int64") : this.sym(size)));
    return parts.length === 1 ? parts[0]! : this.add("Concat", parts, { axis: 0 });
  }

  /** A number that depends on the inputs, as a vector of one int64. @throws KindlingError if it is no arithmetic of their axes. */
  sym(x: Sym): Value {
    const key = x.values.join();
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const found = express(x, this.atoms);
    if (found === undefined)
      throw this.refuse(
        `takes a number that depends on the input (${x.values.join(", ")} in traces of several sizes and values) in a way that ONNX cannot be told`,
      );
    const all = found.factors.map((atom) => this.axis(atom));
    let value = all.reduce((a, b) => this.add("Mul", [a, b]));
    const one = (n: number): Value => this.constant([n], "int64");
    if (found.before) value = this.add("Add", [value, one(found.before)]);
    if (found.times !== 1) value = this.add("Mul", [value, one(found.times)]);
    if (found.over !== 1) value = this.add("Div", [value, one(found.over)]);
    if (found.added !== undefined) value = this.add("Add", [value, this.axis(found.added)]);
    if (found.taken !== undefined) value = this.add("Sub", [value, this.axis(found.taken)]);
    if (found.plus !== 0) value = this.add("Add", [value, one(found.plus)]);
    this.numbers.set(key, value);
    return value;
  }

  private axis({ name, axis, values }: Atom): Value {
    const key = `axis ${name} ${axis}`;
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const shape = this.add("Shape", [{ name, dtype: "int64", shape: [] }], {}, "int64");
    const value = this.add("Gather", [shape, this.constant([axis], "int64")], { axis: 0 });
    this.numbers.set(key, value);
    this.numbers.set(values.join(), value);
    return value;
  }

  /** A plain number. @throws KindlingError if it depends on the inputs. */
  fixed(x: Size, what: string): number {
    if (typeof x === "number") return x;
    throw this.refuse(`takes ${what} that depends on the size of an input, which ONNX's form of it cannot`);
  }

  fixedAll(x: readonly Size[], what: string): number[] {
    return x.map((size) => this.fixed(size, what));
  }

  cast(x: Value, dtype: DType): Value {
    return x.dtype === dtype ? x : this.add("Cast", [x], { to: dataTypes[dtype] }, dtype);
  }

  reshape(x: Value, shape: readonly Size[]): Value {
    return { ...this.add("Reshape", [x, this.shapeOf(shape)]), shape };
  }

  /** A shape as ONNX's Reshape takes it: one size that depends on the inputs is inferred. */
  private shapeOf(shape: readonly Size[]): Value {
    const syms = shape.filter((size) => size instanceof Sym);
    const isEmpty = shape.includes(0);
    return this.ints(syms.length === 1 && !isEmpty ? shape.map((size) => (size instanceof Sym ? -1 : size)) : shape);
  }

  transpose(x: Value, perm: readonly number[]): Value {
    return perm.every((axis, i) => axis === i)
      ? x
      : { ...this.add("Transpose", [x], { perm }), shape: perm.map((axis) => x.shape[axis]!) };
  }

  unsqueeze(x: Value, axes: readonly number[]): Value {
    return this.add("Unsqueeze", [x, this.constant(axes, "int64")]);
  }

  squeeze(x: Value, axes: readonly number[]): Value {
    return this.add("Squeeze", [x, this.constant(axes, "int64")]);
  }

  slice(
    x: Value,
    axes: readonly number[],
    starts: readonly Size[],
    ends: readonly Size[],
    steps?: readonly number[],
  ): Value {
    const step = steps?.some((n) => n !== 1) ? this.constant(steps, "int64") : null;
    return this.add("Slice", [x, this.ints(starts), this.ints(ends), this.constant(axes, "int64"), step]);
  }

  /** Sum, mean and the like; their axes are an input from opset 18 on, of ReduceSum from 13. */
  reduce(type: string, x: Value, axes: readonly number[] | null, keepdims: boolean): Value {
    const keep = { keepdims: Number(keepdims) };
    if (axes === null) return this.add(type, [x], keep);
    if (type === "ReduceSum" || this.opset >= 18) return this.add(type, [x, this.constant(axes, "int64")], keep);
    return this.add(type, [x], { axes, ...keep });
  }

  /** `x` computed with in float32 if it is no float. */
  toFloat(x: Value): Value {
    return isFloat(x.dtype) ? x : this.cast(x, "float32");
  }
}

/** ONNX's numbers of dtypes. */
export const dataTypes: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
};
