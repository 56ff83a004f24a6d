/** Changes of valid calls: some keep them valid, most do not. */
import type { Rng } from "./rng";
import {
  type AliasValue,
  type Call,
  code,
  countValues,
  type DType,
  drawn,
  dtypes,
  isFloat,
  layouts,
  list,
  mapCall,
  plain,
  replaceValue,
  type TensorValue,
  type Value,
} from "./value";

const numbers: readonly unknown[] = [
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0, 1, -1, 2, -2, 3, 5, 64, 65, 1000],
  ...[0.5, 1.5, -0.5, 1e-320, 1e300, -1e30, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53, -(2 ** 53), 2 ** 30],
  ...[3n, -1n, 2n ** 63n, 2n ** 64n],
];

const others: readonly Value[] = [
  ...["", "sum", "none", "x", "0", "1:2", "float32", "int64", "complex64", " ".repeat(1000), "__proto__"].map(plain),
  ...[null, undefined, true, false].map(plain),
  ...["{}", "[]", "[[]]", "() => 1", "Symbol.iterator", "new Map()", "new Date(0)", "/x/", "Object.create(null)"].map(
    code,
  ),
  ...["new Float32Array(3)", "new BigInt64Array(2)", "new Uint8Array(0)", "torch", "torch.Tensor", "[,1]"].map(code),
  ...["Array(70).fill(1)", "Array(70).fill(0)", "Array(5000).fill(1)", "[1, [2]]", "[undefined]", "['a', 1]"].map(code),
];

/** The values that an integer dtype holds. */
const bounds: Readonly<Record<string, readonly [number, number]>> = {
  int64: [-(2 ** 53), 2 ** 53],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int16: [-32768, 32767],
  int8: [-128, 127],
  uint8: [0, 255],
  bool: [0, 1],
};

/** Elements that the dtype holds. */
function fitting(values: TensorValue["values"], dtype: DType): TensorValue["values"] {
  const limit = bounds[dtype];
  if (limit === undefined) return values;
  const clip = (x: number): number => Math.min(limit[1], Math.max(limit[0], Math.floor(Number.isNaN(x) ? 0 : x)));
  return "low" in values ? { low: clip(values.low), high: clip(values.high) } : values.map(clip);
}

const retype = (x: TensorValue, dtype: DType): TensorValue => ({
  ...x,
  dtype,
  values: fitting(x.values, dtype),
  requiresGrad: x.requiresGrad && isFloat(dtype),
});

function reshaped(rng: Rng, x: TensorValue): TensorValue {
  const { shape } = x;
  const i = rng.below(Math.max(1, shape.length));
  const forms: readonly number[][] = [
    [],
    [0],
    [1],
    [...shape, 1],
    [1, ...shape],
    [...shape, 2],
    shape.slice(1),
    shape.slice(0, -1),
    shape.length > 0 ? shape.with(i, 0) : [2],
    shape.length > 0 ? shape.with(i, 1) : [3],
    shape.length > 0 ? shape.with(i, shape[i]! + 1) : [4],
    shape.length > 0 ? shape.with(i, Math.max(0, shape[i]! - 1)) : [5],
    [...shape].reverse(),
    [shape.reduce((a, b) => a * b, 1)],
    Array(rng.pick([8, 26, 63, 64, 65, 100])).fill(1),
  ];
  return { ...x, shape: rng.pick(forms) };
}

/** Values at the edges of the dtype, indices out of range, what is not a number. */
function revalued(rng: Rng, x: TensorValue): TensorValue {
  const edge = bounds[x.dtype];
  const choices: readonly (readonly number[])[] = edge
    ? [[edge[0]], [edge[1]], [-1], [0], [1], [100], [-100], [0, 1], [0, 1, 2, 3], edge, [2 ** 31], [-1, 5]]
    : [
        [Number.NaN],
        [Infinity],
        [-Infinity],
        [0],
        [-0],
        [1],
        [1e30],
        [-1e30],
        [1e-40],
        [Number.NaN, 1],
        [1, -Infinity],
        [0.5, 2e9],
      ];
  return { ...x, values: fitting(rng.pick(choices), x.dtype) };
}

const views: readonly AliasValue["view"][] = [
  "",
  ".t()",
  ".view([-1])",
  ".flatten()",
  ".narrow(0, 0, 1)",
  ".detach()",
  ".unsqueeze(0)",
];

function tensorMutation(rng: Rng, x: TensorValue): Value {
  switch (rng.below(9)) {
    case 0:
    case 1:
      return retype(x, rng.pick(dtypes));
    case 2:
    case 3:
      return reshaped(rng, x);
    case 4:
      return revalued(rng, x);
    case 5:
      return { ...x, layout: rng.pick(layouts) };
    case 6:
      return rng.chance(0.25) ? { ...x, isDisposed: true } : { ...x, requiresGrad: isFloat(x.dtype) };
    case 7:
      return { is: "alias", view: rng.pick(views) };
    default:
      return anything(rng);
  }
}

/** A value of any type. */
const anything = (rng: Rng): Value => {
  if (rng.chance(0.4)) return plain(rng.pick(numbers));
  return rng.chance(0.8) ? rng.pick(others) : drawn(rng.pick([[], [2], [0], [2, 3]]), rng.pick(dtypes), 0, 2);
};

function numberMutation(rng: Rng, x: number): Value {
  if (rng.chance(0.25))
    return plain(
      rng.pick([x + 0.5, -x, x + 1, x - 1, x * 1e6, BigInt(Math.trunc(Number.isFinite(x) ? x : 0)), String(x)]),
    );
  return rng.chance(0.75) ? plain(rng.pick(numbers)) : anything(rng);
}

function listMutation(rng: Rng, items: readonly Value[]): Value {
  const i = rng.below(Math.max(1, items.length));
  switch (rng.below(7)) {
    case 0:
      return list([]);
    case 1:
      return list(items.filter((_, k) => k !== i));
    case 2:
      return list([...items, items[i] ?? plain(1)]);
    case 3:
      return list([list(items)]);
    case 4:
      return items[i] ?? plain(0);
    case 5:
      return list(Array(rng.pick([40, 64, 65, 300])).fill(items[i] ?? plain(1)));
    default:
      return anything(rng);
  }
}

function recordMutation(rng: Rng, entries: readonly (readonly [string, Value])[]): Value {
  const i = rng.below(Math.max(1, entries.length));
  switch (rng.below(4)) {
    case 0:
      return { is: "record", entries: [...entries, ["nonsense", plain(1)]] };
    case 1:
      return { is: "record", entries: entries.filter((_, k) => k !== i) };
    case 2:
      return {
        is: "record",
        entries: entries.map(([key, value], k) => [key, k === i ? anything(rng) : value] as const),
      };
    default:
      return anything(rng);
  }
}

function mutateValue(rng: Rng, value: Value): Value {
  switch (value.is) {
    case "tensor":
      return tensorMutation(rng, value);
    case "list":
      return listMutation(rng, value.items);
    case "record":
      return recordMutation(rng, value.entries);
    case "plain":
      return typeof value.value === "number" ? numberMutation(rng, value.value) : anything(rng);
    default:
      return anything(rng);
  }
}

/** Drops, repeats, adds or swaps whole arguments. */
function mutateArity(rng: Rng, call: Call): Call {
  const { args } = call;
  const first = call.kind === "method" ? 1 : 0;
  const i = rng.between(first, Math.max(first, args.length - 1));
  switch (rng.below(4)) {
    case 0:
      return { ...call, args: args.length > first ? args.slice(0, -1) : args };
    case 1:
      return { ...call, args: [...args, anything(rng)] };
    case 2:
      return { ...call, args: args.length > i + 1 ? args.with(i, args[i + 1]!).with(i + 1, args[i]!) : args };
    default:
      return { ...call, args: args.length > i ? args.with(i, anything(rng)) : args };
  }
}

/** One hostile change. */
export function mutate(rng: Rng, call: Call): Call {
  const n = countValues(call);
  if (n === 0 || rng.chance(0.1)) return mutateArity(rng, call);
  const index = rng.below(n);
  const isReceiver = call.kind === "method" && index === 0;
  return replaceValue(call, index, (value) => {
    const mutated = mutateValue(rng, value);
    // Methods of what is no tensor are none of ours.
    return isReceiver && mutated.is !== "tensor" ? value : mutated;
  });
}

/** A change after which a valid call should still be one: other sizes, dtypes, layouts and gradients, everywhere alike. */
export function vary(rng: Rng, call: Call): Call {
  const tensors: TensorValue[] = [];
  mapCall(call, (value) => {
    if (value.is === "tensor") tensors.push(value);
    return value;
  });
  if (tensors.length === 0) return call;
  switch (rng.below(5)) {
    case 0: {
      const sizes = tensors.flatMap(({ shape }) => shape).filter((size) => size > 1);
      if (sizes.length === 0) return call;
      const [from, to] = [rng.pick(sizes), rng.pick([1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 33, 64, 65, 130])];
      return mapTensors(call, (x) => ({ ...x, shape: x.shape.map((size) => (size === from ? to : size)) }));
    }
    case 1: {
      const dtype = rng.pick(dtypes);
      return mapTensors(call, (x) => (isFloat(x.dtype) ? retype(x, dtype) : x));
    }
    case 2:
      return mapTensors(call, (x) => ({ ...x, layout: rng.pick(layouts.slice(0, 5)) }));
    case 3:
      return mapTensors(call, (x) => ({ ...x, requiresGrad: isFloat(x.dtype) }));
    default:
      return call;
  }
}

const mapTensors = (call: Call, change: (x: TensorValue) => TensorValue): Call =>
  mapCall(call, (value) => (value.is === "tensor" ? bounded(change(value)) : value));

/** Products of sizes stay small. */
const bounded = (x: TensorValue): TensorValue =>
  x.shape.reduce((a, b) => a * b, 1) > 100_000 ? { ...x, shape: [3, 17] } : x;
