/** Arguments as descriptions: they are mutated, shrunk, and written as the code that makes them. */

export const dtypes = [
  "float32",
  "float64",
  "float16",
  "bfloat16",
  "int64",
  "int32",
  "int16",
  "int8",
  "uint8",
  "bool",
] as const;
export type DType = (typeof dtypes)[number];

export const isFloat = (dtype: DType): boolean => dtype.includes("float");

export const layouts = ["contiguous", "transposed", "strided", "offset", "expanded", "overlapping"] as const;
export type Layout = (typeof layouts)[number];

/** A tensor: elements given, or drawn from an interval. */
export interface TensorValue {
  readonly is: "tensor";
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly values: readonly number[] | { readonly low: number; readonly high: number };
  readonly layout: Layout;
  readonly requiresGrad: boolean;
  readonly isDisposed: boolean;
}

/** The first tensor of the call once more, or a view of it. */
export interface AliasValue {
  readonly is: "alias";
  readonly view: "" | ".t()" | ".view([-1])" | ".flatten()" | ".narrow(0, 0, 1)" | ".detach()" | ".unsqueeze(0)";
}

export type Value =
  | { readonly is: "plain"; readonly value: unknown }
  | { readonly is: "list"; readonly items: readonly Value[] }
  | { readonly is: "record"; readonly entries: readonly (readonly [string, Value])[] }
  | { readonly is: "new"; readonly path: string; readonly args: readonly Value[] }
  | { readonly is: "code"; readonly text: string }
  | AliasValue
  | TensorValue;

export const plain = (value: unknown): Value => ({ is: "plain", value });
export const list = (items: readonly Value[]): Value => ({ is: "list", items });
export const code = (text: string): Value => ({ is: "code", text });

/** A tensor with values from an interval. */
export const drawn = (shape: readonly number[], dtype: DType, low: number, high: number): TensorValue => ({
  is: "tensor",
  dtype,
  shape,
  values: { low, high },
  layout: "contiguous",
  requiresGrad: false,
  isDisposed: false,
});

/** A call: of a function, of a method of its first argument, or of an instance that `args` make and `inputs` are given to. */
export interface Call {
  readonly kind: "function" | "method" | "module" | "optimizer" | "scheduler" | "class";
  readonly path: string;
  readonly args: readonly Value[];
  readonly inputs?: readonly Value[];
  /** Whether the library has to refuse it. */
  readonly isInvalid?: boolean;
}

/** A copy of a value with every part of it, innermost first, passed through `change`. */
export function mapValue(value: Value, change: (value: Value) => Value): Value {
  switch (value.is) {
    case "list":
      return change({ ...value, items: value.items.map((item) => mapValue(item, change)) });
    case "record":
      return change({ ...value, entries: value.entries.map(([key, item]) => [key, mapValue(item, change)] as const) });
    case "new":
      return change({ ...value, args: value.args.map((item) => mapValue(item, change)) });
    default:
      return change(value);
  }
}

/** A copy of a call with every part of its arguments changed. */
export const mapCall = (call: Call, change: (value: Value) => Value): Call => ({
  ...call,
  args: call.args.map((value) => mapValue(value, change)),
  ...(call.inputs && { inputs: call.inputs.map((value) => mapValue(value, change)) }),
});

/** The number of values of a call, parts of others included. */
export function countValues(call: Call): number {
  let n = 0;
  mapCall(call, (value) => {
    n++;
    return value;
  });
  return n;
}

/** A copy of a call in which one value, counted as in {@link countValues}, is another. */
export function replaceValue(call: Call, index: number, change: (value: Value) => Value): Call {
  let n = 0;
  return mapCall(call, (value) => (n++ === index ? change(value) : value));
}
