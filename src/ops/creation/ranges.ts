/** New tensors: ranges, identities, grids. */

import { checkChoice, checkInteger, checkNumber, MAX_COUNT } from "../../core/arguments";
import { isPlainObject } from "../../core/binding";
import { checkDType, type DType, getDefaultDtype, isFloat, scalarType } from "../../core/dtype";
import { ArgumentError, checkOptions, describe, ShapeError, ValueError } from "../../core/errors";
import { checkShape, checkSize, broadcastShapes as commonShape, type Shape } from "../../core/shape";
import { named, skipping } from "../../core/signature";
import type { Overloaded } from "../../core/signatureTypes";
import {
  allocateFor,
  type CreateOptions,
  checkRange,
  checkScalar,
  createOptions,
  filled,
  finish,
  full,
  type TensorData,
  tensor,
  vectorOf,
} from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { writeWide } from "../../tensor/wide";
import { checkTensor } from "../builders/checks";
import { stack } from "../shape/join";

/** A number as a 0-d tensor of the default dtype. @see torch.scalar_tensor */
export const scalarTensor = named(
  "scalarTensor",
  "value;; dtype, device, requiresGrad",
  (value: number | bigint | boolean, options: CreateOptions = {}): Tensor => {
    const dtype = options.dtype ?? getDefaultDtype();
    checkScalar("scalarTensor", "value", value, checkDType("scalarTensor", dtype));
    return full([], value, { ...options, dtype });
  },
);

/**
 * `data` as a tensor: itself if it is one of the dtype asked for, else a copy.
 * @see torch.as_tensor
 * @example torch.asTensor(x) === x; torch.asTensor([1, 2], { dtype: torch.int64 });
 */
export const asTensor = named(
  "asTensor",
  "data; dtype, device; requiresGrad",
  (data: Tensor | TensorData | readonly unknown[], options: CreateOptions = {}): Tensor => {
    if (!(data instanceof Tensor)) return tensor(data, options);
    const x = data.to({ dtype: options.dtype ?? data.dtype, device: options.device ?? data.device });
    return options.requiresGrad ? x.requiresGrad_() : x;
  },
);

/** A number of any kind. */
type Bound = number | bigint | boolean;

/** A 1-d tensor whose values are computed in double precision and cast once. */
function sequence(
  op: string,
  length: number,
  options: CreateOptions,
  fallback: DType,
  value: (i: number) => number,
): Tensor {
  const x = allocateFor(op, [length], options, fallback);
  writeWide(x, (out) => {
    for (let i = 0; i < length; i++) out[i] = value(i);
  });
  return finish(x, options);
}

/** The ranges of {@link arange}. */
interface Arange {
  (end: Bound, options?: CreateOptions): Tensor;
  (start: Bound, end: Bound, options?: CreateOptions): Tensor;
  (start: Bound, end: Bound, step: Bound | undefined, options?: CreateOptions): Tensor;
  (start: Bound, options: { end: Bound; step?: Bound } & CreateOptions): Tensor;
  (start: Bound, end: Bound, options: { step?: Bound } & CreateOptions): Tensor;
  (options: { start?: Bound; end: Bound; step?: Bound } & CreateOptions): Tensor;
}

function checkBound(name: string, value: unknown): void {
  if (value === undefined) throw new ArgumentError(`arange: missing argument ${name}`);
  if (typeof value !== "number" && typeof value !== "bigint" && typeof value !== "boolean")
    throw new ArgumentError(`arange: ${name} must be a number, got ${describe(value)}`);
}

/**
 * Numbers from `start` (default 0) up to, but without, `end`, in steps of `step` (default 1). Default dtype: int64 if all are integral,
 * else the default dtype.
 * @see torch.arange
 * @throws ValueError if `step` is 0 or leads away from `end`.
 * @example torch.arange(5); torch.arange(1, 2, 0.25); torch.arange({ end: 5, dtype: torch.float32 });
 */
export const arange = skipping(
  named(
    "arange",
    "start?, end?, step?;; dtype, device, requiresGrad",
    (start: Bound = 0, end?: Bound, step: Bound = 1, options: CreateOptions = {}): Tensor => {
      const numbers = [start, end as Bound, step];
      for (const [i, name] of ["start", "end", "step"].entries()) checkBound(name, numbers[i]);
      const integral = numbers.every((x) => typeof x !== "boolean" && scalarType(x) === "int64");
      const isWide = (x: Bound) => typeof x === "bigint" && !Number.isSafeInteger(Number(x));
      if (integral && numbers.some(isWide)) return wideRange(numbers, options);
      return plainRange(numbers.map(Number), integral, options);
    },
  ) as unknown as Overloaded<Arange>,
  0,
  (given, names) => given.filter((x) => x !== undefined).length === 1 && names?.end === undefined,
);

/** {@link arange} of integers that no number holds: computed as int64. */
function wideRange(numbers: readonly Bound[], options: CreateOptions): Tensor {
  const [start, end, step] = [BigInt(numbers[0]!), BigInt(numbers[1]!), BigInt(numbers[2] ?? 1)];
  for (const bound of [start, end, step]) checkRange("arange", bound, "int64");
  checkSpan(Number(step), Number(end - start));
  const span = end - start;
  const n = Number(span / step + (span % step === 0n ? 0n : 1n));
  const y = plainRange([0, n, 1], true, { device: options.device, dtype: "int64" });
  return finish(
    y
      .mul(step)
      .add(start)
      .to(options.dtype ?? "int64"),
    options,
  );
}

function checkSpan(step: number, span: number): void {
  if (step === 0) throw new ValueError("arange: step must be nonzero");
  if (span * step < 0) throw new ValueError("arange: upper bound and larger bound inconsistent with step sign");
}

function plainRange(numbers: readonly number[], integral: boolean, options: CreateOptions): Tensor {
  const whole = (options.dtype ?? (integral ? "int64" : undefined)) === "int64" ? Math.trunc : (x: number) => x;
  const [start, end, step] = [whole(numbers[0]!), whole(numbers[1]!), whole(numbers[2] ?? 1)];
  if (!Number.isFinite(start) || !Number.isFinite(end) || Number.isNaN(step))
    throw new ValueError(`arange: unsupported range: ${start} -> ${end} in steps of ${step}`);
  checkSpan(step, end - start);
  const n = Math.ceil((end - start) / step);
  checkShape("arange", [n]);
  const y = allocateFor("arange", [n], options, integral ? "int64" : getDefaultDtype());
  y.storage.backend.run("arange", { y, start, step });
  return finish(y, options);
}

/** Position i of `steps` numbers from `start` to `end`, computed from the nearer end so that both are exact. */
function spaced(start: number, end: number, steps: number): (i: number) => number {
  const step = (end - start) / (steps - 1);
  return (i) => (steps === 1 || i < steps >> 1 ? (i === 0 ? start : start + step * i) : end - step * (steps - 1 - i));
}

/** Both ends as the elements of a tensor would hold them, once all arguments are found to be numbers. */
function endsIn(op: string, start: number, end: number, steps: number, options: CreateOptions): [number, number] {
  const ends: [number, number] = [checkNumber(op, "start", start), checkNumber(op, "end", end)];
  checkInteger(op, "steps", steps, 0);
  const isIntegral = options.dtype !== undefined && !isFloat(checkDType(op, options.dtype));
  return isIntegral ? [Math.trunc(ends[0]), Math.trunc(ends[1])] : ends;
}

/** `steps` evenly spaced numbers from `start` to `end`, both included. @see torch.linspace */
export const linspace = named(
  "linspace",
  "start, end, steps;; dtype, device, requiresGrad",
  (start: number, end: number, steps: number, options: CreateOptions = {}): Tensor => {
    const [first, last] = endsIn("linspace", start, end, steps, options);
    for (const bound of [first, last]) checkRange("linspace", bound, options.dtype ?? getDefaultDtype());
    return sequence("linspace", steps, options, getDefaultDtype(), spaced(first, last, steps));
  },
);

/** `steps` numbers from base^start to base^end, evenly spaced on a logarithmic scale. @see torch.logspace */
export const logspace = named(
  "logspace",
  "start, end, steps; base; dtype, device, requiresGrad",
  (start: number, end: number, steps: number, options: CreateOptions & { base?: number } = {}): Tensor => {
    const { base: asked = 10, ...rest } = options;
    const base = checkNumber("logspace", "base", asked);
    const exponent = spaced(...endsIn("logspace", start, end, steps, rest), steps);
    return sequence("logspace", steps, rest, getDefaultDtype(), (i) => base ** exponent(i));
  },
);

/** The n × m matrix (m: n by default) with ones on the diagonal and zeros elsewhere. @see torch.eye */
export const eye = named(
  "eye",
  "n, m?;; dtype, device, requiresGrad",
  (n: number, m?: number | CreateOptions | null, options: CreateOptions = {}): Tensor => {
    const asked = typeof m === "object" && m !== null ? m : options;
    checkOptions("eye", asked, createOptions);
    const columns = m === undefined || m === null || typeof m === "object" ? n : m;
    checkInteger("eye", "n", n, 0);
    checkInteger("eye", "m", columns, 0);
    checkShape("eye", [n, columns]);
    const y = filled(allocateFor("eye", [n, columns], asked, getDefaultDtype()), 0);
    const diagonal = {
      storage: y.storage,
      dtype: y.dtype,
      shape: [Math.min(n, columns)],
      strides: [columns + 1],
      offset: 0,
    };
    const one = full([], 1, { dtype: y.dtype, device: y.device });
    y.storage.backend.copy(diagonal, one);
    one.dispose();
    return finish(y, asked);
  },
);

/** Options of {@link trilIndices} and {@link triuIndices}. */
export interface TriangleOptions {
  /** The diagonal that bounds the triangle: positive above the main one. Default: 0. */
  offset?: number;
  /** Default: int64. */
  dtype?: DType;
  device?: CreateOptions["device"];
}

const clampTo = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** How many elements of a row × col matrix stand on and below a diagonal. */
function countBelow(row: number, col: number, offset: number): number {
  // Rows before `first` have none of their columns, those from `full` on all.
  const first = clampTo(-offset, 0, row);
  const full = clampTo(col - offset - 1, first, row);
  return ((full - first) * (first + full + 2 * offset + 1)) / 2 + (row - full) * col;
}

function triangleIndices(op: string, row: number, col: number, options: TriangleOptions, isUpper: boolean): Tensor {
  checkOptions(op, options, ["offset", "dtype", "device"]);
  const { offset = 0, dtype = "int64", device } = options;
  checkInteger(op, "row", row, 0, MAX_COUNT);
  checkInteger(op, "col", col, 0, MAX_COUNT);
  checkInteger(op, "offset", offset);
  const n = isUpper ? row * col - countBelow(row, col, offset - 1) : countBelow(row, col, offset);
  const indices = vectorOf("int32", 2 * n, undefined, (out) => {
    // Each row in the range has at least one column, so that there are no more rounds than elements.
    const rows = isUpper ? [0, clampTo(col - offset, 0, row)] : [clampTo(-offset, 0, row), row];
    for (let i = n > 0 ? rows[0]! : rows[1]!, at = 0; i < rows[1]!; i++) {
      const from = isUpper ? clampTo(i + offset, 0, col) : 0;
      const to = isUpper ? col : clampTo(i + offset + 1, 0, col);
      for (let j = from; j < to; j++, at++) {
        out[at] = i;
        out[n + at] = j;
      }
    }
  });
  return indices.reshape(2, n).to({ dtype, ...(device !== undefined && { device }) });
}

/** Rows and columns, as a 2 × n tensor, of the elements on and below a diagonal of a row × col matrix. @see torch.tril_indices */
export const trilIndices = named(
  "trilIndices",
  "row, col; offset; dtype, device",
  (row: number, col: number, options: TriangleOptions = {}): Tensor =>
    triangleIndices("trilIndices", row, col, options, false),
);

/** Rows and columns, as a 2 × n tensor, of the elements on and above a diagonal of a row × col matrix. @see torch.triu_indices */
export const triuIndices = named(
  "triuIndices",
  "row, col; offset; dtype, device",
  (row: number, col: number, options: TriangleOptions = {}): Tensor =>
    triangleIndices("triuIndices", row, col, options, true),
);

/** The most columns of a Vandermonde matrix: each is a tensor, and powers beyond are 0 or infinite but for ±1. */
const MAX_COLUMNS = 65536;

/**
 * The Vandermonde matrix of a vector: its powers as columns, falling unless `increasing`. N: the number of columns, by default the length.
 * @see torch.vander
 */
export const vander = named(
  "vander",
  "x; N, increasing",
  (x: Tensor, options: { N?: number | null; increasing?: boolean } = {}): Tensor => {
    checkTensor("vander", x);
    if (x.ndim !== 1) throw new ShapeError(`vander: x must be a one-dimensional tensor, got ${x.ndim} dimensions`);
    const columns = checkInteger("vander", "N", options.N ?? x.shape[0]!, 0, MAX_COLUMNS);
    const base = isFloat(x.dtype) ? x : x.to("int64");
    if (columns === 0) return base.newEmpty([x.shape[0]!, 0]);
    const powers = [base.newOnes(x.shape)];
    while (powers.length < columns) powers.push(powers.length === 1 ? base : powers.at(-1)!.mul(base));
    return stack(options.increasing ? powers : powers.reverse(), 1);
  },
);

/** Tensors given one by one or as an array. @throws ShapeError for one of more than one axis. */
function vectorsOf(op: string, given: readonly unknown[]): readonly Tensor[] {
  const tensors = (given.length === 1 && Array.isArray(given[0]) ? given[0] : given) as Tensor[];
  if (tensors.length === 0) throw new ArgumentError(`${op}: expects at least one tensor`);
  for (const x of tensors) {
    checkTensor(op, x, "tensors");
    if (x.ndim > 1)
      throw new ShapeError(
        `${op}: Expected scalar or 1D tensor in the tensor list but got a tensor of ${x.ndim} dimensions`,
      );
  }
  return tensors;
}

/** Options of {@link meshgrid}. */
export interface MeshgridOptions {
  /** `"ij"`: axes in the order of the tensors; `"xy"`: the first two exchanged. Default: `"ij"`. */
  indexing?: "ij" | "xy" | null;
}

/** The forms of {@link meshgrid}. */
interface Meshgrid {
  (tensors: readonly Tensor[], options?: MeshgridOptions): Tensor[];
  (...tensors: Tensor[]): Tensor[];
  (...args: [...tensors: Tensor[], options: MeshgridOptions]): Tensor[];
  (options: { tensors: readonly Tensor[] } & MeshgridOptions): Tensor[];
}

/**
 * Coordinates of every point of a grid, one tensor per axis, as views.
 * @see torch.meshgrid
 * @example const [y, x] = torch.meshgrid(torch.arange(3), torch.arange(4), { indexing: "ij" });
 */
export const meshgrid = named("meshgrid", "...tensors;; indexing", (...args: unknown[]): Tensor[] => {
  const options: MeshgridOptions = isPlainObject(args.at(-1)) ? (args.pop() as MeshgridOptions) : {};
  const tensors = vectorsOf("meshgrid", args);
  const { indexing } = options;
  if (indexing != null) checkChoice("meshgrid", "indexing", indexing, ["ij", "xy"]);
  const swaps = indexing === "xy" && tensors.length >= 2;
  const axisOf = (i: number) => (swaps && i < 2 ? 1 - i : i);
  const shape: number[] = [];
  tensors.forEach((x, i) => {
    shape[axisOf(i)] = x.numel();
  });
  checkShape("meshgrid", shape);
  return tensors.map((x, i) => x.reshape(shape.map((n, axis) => (axis === axisOf(i) ? n : 1))).expand(shape));
}) as unknown as Overloaded<Meshgrid>;

/** Every choice of one element from each vector, as rows; a single vector comes back as it is. @see torch.cartesian_prod */
export const cartesianProd = named(
  "cartesianProd",
  "...tensors",
  (...tensors: Tensor[] | [tensors: readonly Tensor[]]): Tensor => {
    const list = vectorsOf("cartesianProd", tensors);
    for (const x of list)
      if (x.ndim !== 1) throw new ShapeError("cartesianProd: Expect a 1D vector, but got a 0-d tensor");
    return list.length === 1
      ? list[0]!
      : stack(
          meshgrid(list).map((x) => x.flatten()),
          1,
        );
  },
);

/**
 * The shape that all shapes broadcast to; a number is a shape of one axis.
 * @see torch.broadcast_shapes
 * @throws ShapeError naming the axis that does not fit.
 */
export const broadcastShapes = named("broadcastShapes", "...shapes", (...shapes: (Shape | number)[]): number[] =>
  commonShape(
    "broadcastShapes",
    ...shapes.map((shape) => checkSize("broadcastShapes", [typeof shape === "number" ? [shape] : shape])),
  ),
) as unknown as Overloaded<(...shapes: (Shape | number)[]) => number[]>;
