/** The samples' JSON values, and reading them into tensors and plain values. */
import * as kindling from "kindling";

/** The library, looked up by name. */
export const torch = kindling as unknown as Record<string, any>;

export type Tensor = kindling.Tensor;

/** A tensor in a sample: dtype, shape, row-major values; non-finite values and large int64 are strings. */
export interface TensorSpec {
  readonly t: string;
  readonly s: readonly number[];
  readonly d: readonly (number | string)[];
}

/** A Python float whose value is integral: JavaScript would take it for an int. */
export class PyFloat {
  constructor(readonly value: number) {}
}

/** `torch.float32` and its like as an argument. */
export class DTypeName {
  constructor(readonly name: string) {}
}

export const isTensor = (value: unknown): value is Tensor => value instanceof kindling.Tensor;

export const isTensorSpec = (value: unknown): value is TensorSpec =>
  typeof value === "object" && value !== null && "t" in value && "s" in value && "d" in value;

const special: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Infinity, "-inf": -Infinity };

/** A number of a tensor or a scalar: `"nan"`, `"-inf"` and decimal strings included. */
export function toNumber(value: number | string): number | bigint {
  if (typeof value === "number") return value;
  return special[value] ?? BigInt(value);
}

const arrays: Readonly<Record<string, (values: (number | bigint)[]) => ArrayLike<number | bigint>>> = {
  float32: (values) => Float32Array.from(values as number[]),
  float64: (values) => Float64Array.from(values as number[]),
  int64: (values) => BigInt64Array.from(values, BigInt),
  int32: (values) => Int32Array.from(values as number[]),
  int16: (values) => Int16Array.from(values as number[]),
  int8: (values) => Int8Array.from(values as number[]),
  uint8: (values) => Uint8Array.from(values as number[]),
  bool: (values) => Uint8Array.from(values as number[]),
  float16: (values) => Float32Array.from(values as number[]),
  bfloat16: (values) => Float32Array.from(values as number[]),
};

/** Where the tensors of samples go. */
export const target = { move: (x: Tensor): Tensor => x };

/** A contiguous tensor with the values of a sample, on the device of the samples. */
export function toTensor({ t, s, d }: TensorSpec): Tensor {
  const make = arrays[t];
  if (make === undefined) throw new Missing(`dtype ${t}`);
  const flat = torch.tensor(make(d.map(toNumber)), { dtype: t }) as Tensor;
  return target.move(s.length === 1 ? flat : flat.reshape([...s]).clone());
}

/** Thrown for what the library does not have: the sample counts as missing, not as failed. */
export class Missing extends Error {}

/** A value of a sample as the adapter takes it: tensors built, floats marked. */
export function decode(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(decode);
  if (typeof json !== "object" || json === null) return json;
  if (isTensorSpec(json)) return toTensor(json);
  const value = json as Record<string, any>;
  if ("f" in value) return new PyFloat(Number(toNumber(value.f)));
  if ("i" in value) return BigInt(value.i);
  if ("dtype" in value) return new DTypeName(value.dtype);
  if ("slice" in value) return sliceText(value.slice);
  if ("ellipsis" in value) return "...";
  if ("dict" in value) return decodeNamed(value.dict);
  throw new Missing(`value ${JSON.stringify(json).slice(0, 80)}`);
}

/** Keyword arguments: an object whose keys are names, whatever they are. */
export const decodeNamed = (named: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(named).map(([name, value]) => [name, decode(value)]));

/** `[1, null, 2]` → `"1::2"`, Python's own notation, which `x.at` takes. */
function sliceText([start, stop, step]: readonly (number | null)[]): string {
  const range = `${start ?? ""}:${stop ?? ""}`;
  return step === null || step === undefined ? range : `${range}:${step}`;
}

/** The leaves of a result, depth first: arrays, named results and other iterables are opened. */
export function flatten(value: unknown): unknown[] {
  if (isTensor(value) || typeof value !== "object" || value === null || isTensorSpec(value)) return [value];
  if (Symbol.iterator in value) return [...(value as Iterable<unknown>)].flatMap(flatten);
  return [value];
}

/** The tensor at a path such as `args.0.2` of a call. */
export function lookUp(call: unknown, path: string): unknown {
  return path.split(".").reduce((value: any, key) => value?.[key], call);
}
