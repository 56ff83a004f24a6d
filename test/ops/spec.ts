/** Descriptions of tensors for the sweep, and the tensors themselves in every layout. */
import * as kindling from "kindling";

/** The library by name, the op table included. */
export const torch = kindling as unknown as Record<string, any>;
export type Tensor = kindling.Tensor;
export type DType = kindling.DType;

/** How the elements of a tensor lie in memory. */
export const layouts = ["contiguous", "transposed", "offset", "strided", "broadcast"] as const;
export type Layout = (typeof layouts)[number];

/** A floating-point operand: its shape, and the interval that its values are drawn from. */
export class Floats {
  constructor(
    readonly shape: readonly number[],
    readonly low: number,
    readonly high: number,
    readonly isFrozen = false,
  ) {}
}

/** An operand with given values that are never differentiated: indices, masks, class numbers. */
export class Fixed {
  constructor(
    readonly values: unknown,
    readonly dtype: DType,
  ) {}
}

/** Values between −2 and 2, all different. */
export const t = (...shape: number[]): Floats => new Floats(shape, -2, 2);
/** Values between 0.5 and 2. */
export const positive = (...shape: number[]): Floats => new Floats(shape, 0.5, 2);
/** Values between 0.1 and 0.9. */
export const unit = (...shape: number[]): Floats => new Floats(shape, 0.1, 0.9);
/** Values in an interval. */
export const within = (low: number, high: number, ...shape: number[]): Floats => new Floats(shape, low, high);
/** An operand that has no derivative, such as the weights of classes. */
export const frozen = ({ shape, low, high }: Floats): Floats => new Floats(shape, low, high, true);
/** int64 values. */
export const ints = (values: unknown): Fixed => new Fixed(values, "int64");
/** bool values, written as 0 and 1. */
export const mask = (values: unknown): Fixed => new Fixed(values, "bool");

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** n different values in an interval: steps of the golden ratio, so that no two are close. */
export function spread(n: number, low: number, high: number, seed: number): Float64Array {
  return Float64Array.from(
    { length: n },
    (_, i) => low + (high - low) * ((0.6180339887498949 * (i + 1) + 0.137 * seed) % 1),
  );
}

/** Whole numbers in an interval, repeating. */
export function wholeNumbers(n: number, low: number, high: number, seed: number): Float64Array {
  const [from, to] = [Math.ceil(low), Math.floor(high)];
  return Float64Array.from({ length: n }, (_, i) => from + ((7 * i + seed) % (to - from + 1)));
}

/** Whether a shape can lie in memory in a way. */
export function hasLayout(shape: readonly number[], layout: Layout): boolean {
  if (layout === "transposed") return shape.length >= 2;
  if (layout === "strided") return shape.length > 0;
  return layout !== "broadcast" || (shape.length > 0 && shape[0] !== 0);
}

/** A tensor of a shape and layout, its memory filled by `values`; undefined if the shape has no such layout. */
export function lay(
  shape: readonly number[],
  layout: Layout,
  dtype: DType,
  values: (n: number) => Float64Array,
): Tensor | undefined {
  const make = (size: readonly number[]): Tensor =>
    torch
      .tensor(values(count(size)), { dtype })
      .view([...size])
      .detach();
  if (!hasLayout(shape, layout)) return undefined;
  const last = shape.length - 1;
  switch (layout) {
    case "contiguous":
      return make(shape);
    case "transposed":
      return torch.transpose(make([...shape.slice(0, -2), shape[last]!, shape[last - 1]!]), -2, -1);
    case "offset":
      return torch.narrow(make([count(shape) + 5]), 0, 3, count(shape)).view([...shape]);
    case "strided":
      return torch.slice(make(shape.with(last, shape[last]! * 2)), last, 1, null, 2);
    case "broadcast":
      return make(shape.with(0, 1)).expand([...shape]);
  }
}

/** Whether a value is an object of options. */
const isOptions = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** A copy of arguments with every leaf of nested lists and options replaced. */
function mapLeaves<T>(value: T, leaf: (value: unknown) => unknown): T {
  if (Array.isArray(value)) return value.map((item) => mapLeaves(item, leaf)) as T;
  if (isOptions(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapLeaves(item, leaf)])) as T;
  return leaf(value) as T;
}

/**
 * Makes the tensors in a list of arguments. Those whose shape has no such layout are contiguous; undefined if that holds for the
 * first.
 */
export function materialize(
  args: readonly unknown[],
  layout: Layout,
  dtype: DType,
  requiresGrad = false,
): unknown[] | undefined {
  let seed = 0;
  let isPossible = true;
  const made = mapLeaves([...args], (value) => {
    if (value instanceof Fixed) return torch.tensor(value.values, { dtype: value.dtype });
    if (!(value instanceof Floats)) return value;
    const number = ++seed;
    const values = (n: number) => spread(n, value.low, value.high, number);
    const x = lay(value.shape, layout, dtype, values);
    if (x === undefined && number === 1) isPossible = false;
    const leaf = (x ?? lay(value.shape, "contiguous", dtype, values)!).detach();
    return requiresGrad && !value.isFrozen ? leaf.requiresGrad_() : leaf;
  });
  return isPossible ? made : undefined;
}

const isFloats = (value: unknown): value is Tensor => value instanceof kindling.Tensor && value.isFloatingPoint();

/** Floating-point tensors among the arguments, in order. */
export function floatsOf(args: readonly unknown[]): Tensor[] {
  const found: Tensor[] = [];
  mapLeaves([...args], (value) => {
    if (isFloats(value)) found.push(value);
    return value;
  });
  return found;
}

/** The arguments with their floating-point tensors replaced, in the same order. */
export function withFloats(args: readonly unknown[], floats: readonly Tensor[]): unknown[] {
  const rest = [...floats];
  return mapLeaves([...args], (value) => (isFloats(value) ? rest.shift() : value));
}

/** The tensors of a result, depth first. */
export function tensorsOf(result: unknown): Tensor[] {
  if (result instanceof kindling.Tensor) return [result];
  if (typeof result !== "object" || result === null || !(Symbol.iterator in result)) return [];
  return [...(result as Iterable<unknown>)].flatMap(tensorsOf);
}

/** Fails the running test with the first element that differs by more than rtol·|b| + atol. */
export function assertClose(
  actual: Tensor,
  expected: ArrayLike<number | bigint>,
  rtol: number,
  atol: number,
  what: string,
): void {
  const values = actual.toTypedArray();
  if (values.length !== expected.length)
    throw new Error(`${what}: ${values.length} elements instead of ${expected.length}`);
  for (let i = 0; i < values.length; i++) {
    const [a, b] = [Number(values[i]), Number(expected[i])];
    const same =
      Object.is(a, b) ||
      Math.abs(a - b) <= atol + rtol * Math.abs(b) ||
      a === b ||
      (Number.isNaN(a) && Number.isNaN(b));
    if (!same) throw new Error(`${what}: [${i}] is ${a}, expected ${b}`);
  }
}

/** Sample calls by op: lists of arguments, in which descriptions stand for tensors. */
export type Samples = Readonly<Record<string, readonly (readonly unknown[])[]>>;
