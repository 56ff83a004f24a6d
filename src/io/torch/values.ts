/** Makes what users get of what a pickle has built, once the storages are read. */
import { type DType, isDType, isFloat } from "../../core/dtype";
import { setOwn } from "../../core/record";
import { contiguousStrides } from "../../core/shape";
import { Parameter } from "../../nn/module/parameter";
import { allocate } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { PickledArray } from "../pickle/builtins";
import { Global, MOST_DEPTH, RawText, type Reader, tuples } from "../pickle/machine";
import { nameOf } from "./builder";
import { NameRef, ObjectRef, StoragePart, StorageRef, sizes, TensorRef } from "./refs";

/** Keys that objects of JavaScript put first, in ascending order. */
const isIndex = (key: string): boolean => /^(0|[1-9]\d{0,9})$/.test(key) && Number(key) < 2 ** 32 - 1;

/** Whether an object would have the same keys in the same order as a dict. */
function fitsObject(keys: readonly unknown[]): keys is string[] {
  let last = -1;
  let isText = false;
  for (const key of keys) {
    if (typeof key !== "string") return false;
    if (!isIndex(key)) isText = true;
    else if (isText || Number(key) <= last) return false;
    else last = Number(key);
  }
  return true;
}

/** Makes an object of a class. */
export type MakeObject = (className: string, state: ReadonlyMap<unknown, unknown>) => unknown;

/** Makes values, each once. */
export class Values {
  private readonly made = new Map<unknown, unknown>();
  /** All tensors, which are given back if what follows fails. */
  readonly tensors: Tensor[] = [];

  constructor(
    private readonly reader: Reader,
    private readonly makeObject: MakeObject,
  ) {}

  visit(value: unknown, depth = 0): unknown {
    if (value instanceof RawText) return value.text;
    if (value instanceof Global) return this.name(value);
    if (typeof value !== "object" || value === null) return value;
    const known = this.made.get(value);
    if (known !== undefined) return known;
    if (depth > MOST_DEPTH) this.reader.fail(`values are nested more than ${MOST_DEPTH} deep`);
    if (Array.isArray(value)) return this.list(value, depth);
    if (value instanceof Map) return this.dict(value, depth);
    if (value instanceof Set) return this.set(value, depth);
    if (value instanceof ObjectRef) return this.object(value, depth);
    return this.keep(value, this.leaf(value));
  }

  private keep<T>(value: unknown, made: T): T {
    this.made.set(value, made);
    return made;
  }

  private leaf(value: object): unknown {
    if (value instanceof Uint8Array) return value.slice();
    if (value instanceof TensorRef) return this.tensor(value);
    if (value instanceof StorageRef)
      return this.tensor(new TensorRef(value, value.dtype, 0, [value.count], [1], false, false));
    if (value instanceof StoragePart)
      return this.tensor(new TensorRef(value.root, value.root.dtype, value.offset, [value.count], [1], false, false));
    if (value instanceof PickledArray) return this.array(value);
    if (value instanceof NameRef) return value.name;
    return this.reader.fail("it holds a function or a dtype of numpy as a value");
  }

  private name({ name }: Global): string {
    const short = nameOf(name).name;
    if (isDType(short) || /^(complex|strided|sparse|contiguous|channels|preserve|q?u?int|float8)/.test(short))
      return short;
    return this.reader.fail(`it holds ${name}, a class or a function, as a value`);
  }

  private list(values: readonly unknown[], depth: number): unknown {
    const list: unknown[] = this.keep(values, []);
    for (const value of values) list.push(this.visit(value, depth + 1));
    if (sizes.has(values)) sizes.add(list);
    return tuples.has(values) ? Object.freeze(list) : list;
  }

  private set(values: ReadonlySet<unknown>, depth: number): unknown {
    const set = this.keep(values, new Set<unknown>());
    for (const value of values) set.add(this.visit(value, depth + 1));
    return set;
  }

  private dict(map: ReadonlyMap<unknown, unknown>, depth: number): unknown {
    const keys = [...map.keys()].map((key) => (key instanceof RawText ? key.text : key));
    if (!fitsObject(keys)) return this.map(map, depth);
    const record: Record<string, unknown> = this.keep(map, {});
    const values = [...map.values()];
    const isOptimizer = map.has("state") && Array.isArray(map.get("param_groups"));
    for (const [i, key] of keys.entries()) {
      const value = values[i];
      const isState = isOptimizer && key === "state" && value instanceof Map && !this.made.has(value);
      setOwn(record, key, isState ? this.optimizerState(value, depth + 1) : this.visit(value, depth + 1));
    }
    return record;
  }

  private map(map: ReadonlyMap<unknown, unknown>, depth: number): unknown {
    const copy = this.keep(map, new Map<unknown, unknown>());
    for (const [key, value] of map) copy.set(this.visit(key, depth + 1), this.visit(value, depth + 1));
    return copy;
  }

  /** The state of an optimizer by the numbers of its parameters, an object here. */
  private optimizerState(map: ReadonlyMap<unknown, unknown>, depth: number): unknown {
    if (![...map.keys()].every((key) => Number.isInteger(key) && (key as number) >= 0)) return this.visit(map, depth);
    const record: Record<string, unknown> = this.keep(map, {});
    for (const [key, value] of map) record[String(key)] = this.visit(value, depth + 1);
    return record;
  }

  private tensor({ storage, dtype, offset, shape, strides, requiresGrad, isParameter }: TensorRef): Tensor {
    const x = new Tensor(storage.storage!, dtype, shape, strides, offset);
    this.tensors.push(x);
    if (requiresGrad && !isFloat(dtype)) this.reader.fail(`a tensor of dtype ${dtype} requires a gradient`);
    if (!isParameter) return requiresGrad ? x.requiresGrad_(true) : x;
    const parameter = new Parameter(x, { requiresGrad });
    this.tensors.push(parameter);
    x.dispose();
    return parameter;
  }

  /** numpy's array as a tensor. */
  private array({ shape, dtype, bytes, isFortran }: PickledArray): Tensor {
    const type = arrayTypes[dtype.slice(1)];
    if (type === undefined)
      return this.reader.fail(`it holds a numpy array of dtype ${dtype}, which tensors cannot have; convert it first`);
    const size = Number(dtype.slice(2));
    const dense = allocate(shape, type);
    this.tensors.push(dense);
    const native = dtype[0] === ">" ? swapped(bytes, size) : bytes;
    dense.storage.backend.write(
      dense.storage.block,
      "uint8",
      0,
      type === "bool" ? native.map((byte) => Number(byte !== 0)) : native,
    );
    if (!isFortran || shape.length < 2) return dense;
    const reversed = contiguousStrides([...shape].reverse()).toReversed();
    const view = new Tensor(dense.storage, type, shape, reversed, 0);
    this.tensors.push(view);
    dense.dispose();
    return view;
  }

  private object(value: ObjectRef, depth: number): unknown {
    const { state } = value;
    if (!(state instanceof Map)) return this.reader.fail(`an object of ${value.className} has no state`);
    const fields = new Map<unknown, unknown>();
    for (const [key, item] of state) fields.set(this.visit(key, depth + 1), this.visit(item, depth + 1));
    return this.keep(value, this.makeObject(value.className, fields));
  }
}

/** numpy's names of the dtypes that tensors have. */
const arrayTypes: Readonly<Record<string, DType>> = {
  f2: "float16",
  f4: "float32",
  f8: "float64",
  i1: "int8",
  i2: "int16",
  i4: "int32",
  i8: "int64",
  u1: "uint8",
  b1: "bool",
};

/** Elements with their bytes in the other order. */
export function swapped(bytes: Uint8Array, size: number): Uint8Array {
  const copy = bytes.slice();
  for (let at = 0; at + size <= copy.length; at += size) copy.subarray(at, at + size).reverse();
  return copy;
}
