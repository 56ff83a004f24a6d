/** Geometry: shapes, strides, broadcasting. Sizes and strides count elements, the outermost axis comes first. */
import { checkIntegers } from "./arguments";
import { ArgumentError, describe, IndexError, ShapeError } from "./errors";

/** Sizes of the axes, outermost first. */
export type Shape = readonly number[];

/**
 * The sizes of a tensor, outermost first. The first few are known as numbers to TypeScript's `noUncheckedIndexedAccess` as well, so that
 * `const [n, c, h, w] = x.shape` gives numbers; `x.size(i)` is one for every `i`.
 * @see torch.Size
 */
export interface TensorSize extends ReadonlyArray<number> {
  readonly 0: number;
  readonly 1: number;
  readonly 2: number;
  readonly 3: number;
  readonly 4: number;
  readonly 5: number;
  readonly 6: number;
  readonly 7: number;
  /** The size of the axis at `index`; negative ones count from the end. */
  at(index: number): number;
}

/** The most axes that a tensor may have, as in PyTorch: kernels take geometries of bounded length. */
export const MAX_AXES = 64;

/** @throws {@link ShapeError} for more than {@link MAX_AXES} axes. */
export function checkAxes(op: string, shape: Shape): void {
  if (shape.length > MAX_AXES) throw tooManyAxes(op, shape);
}

const tooManyAxes = (op: string, { length }: Shape): ShapeError =>
  new ShapeError(`${op}: a tensor has at most ${MAX_AXES} axes, got ${length}`);

export function sizeOfShape(shape: Shape): number {
  let n = 1;
  for (let i = 0; i < shape.length; i++) n *= shape[i]!;
  return n;
}

/** Row-major strides of a contiguous tensor (an axis of size 0 counts as 1, as in PyTorch). */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= Math.max(shape[i]!, 1);
  }
  return strides;
}

/** Whether the strides are those of {@link contiguousStrides}, of axes of size 1 too. */
function isRowMajor(shape: Shape, strides: readonly number[]): boolean {
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (strides[i] !== step) return false;
    step *= shape[i]!;
  }
  return true;
}

/** Whether the elements lie in row-major order without gaps. */
export function isContiguous(shape: Shape, strides: readonly number[]): boolean {
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const size = shape[i]!;
    if (size === 0) return true;
    if (size !== 1) {
      if (strides[i] !== step) return false;
      step *= size;
    }
  }
  return true;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** `[2, 3]`, as PyTorch prints a size. */
export const shapeText = (shape: Shape): string => `[${shape.join(", ")}]`;

/**
 * The shape that all `shapes` broadcast to.
 * @see torch.broadcast_shapes
 * @throws {@link ShapeError} naming the axis and the two sizes that differ.
 */
export function broadcastShapes(op: string, ...shapes: readonly Shape[]): number[] {
  let ndim = 0;
  for (const { length } of shapes) if (length > ndim) ndim = length;
  const out = new Array<number>(ndim).fill(1);
  for (const shape of shapes) {
    const lead = ndim - shape.length;
    for (let i = 0; i < shape.length; i++) {
      const size = shape[i]!;
      const have = out[lead + i]!;
      if (size === have || size === 1) continue;
      if (have !== 1)
        throw new ShapeError(
          `${op}: cannot broadcast the shapes ${shapes.map(shapeText).join(" and ")}: the sizes ${have} and ${size} differ at axis ${lead + i}; they must be equal, or one of them 1`,
        );
      out[lead + i] = size;
    }
  }
  return out;
}

/** Strides of an operand seen at `shape`: 0 along every broadcast axis. */
export function broadcastStrides(own: Shape, strides: readonly number[], shape: Shape): number[] {
  const lead = shape.length - own.length;
  const out = new Array<number>(shape.length);
  for (let i = 0; i < lead; i++) out[i] = 0;
  for (let i = 0; i < own.length; i++) out[lead + i] = own[i] === 1 ? 0 : strides[i]!;
  return out;
}

/** What stands where an axis belongs. Options in its place are the most likely mistake. */
function notAnAxis(op: string, dim: unknown, wanted: string): ArgumentError {
  const isOptions = typeof dim === "object" && dim !== null && Object.getPrototypeOf(dim) === Object.prototype;
  const fix = isOptions ? "; options are the argument after dim" : "";
  return new ArgumentError(`${op}: dim must be ${wanted}, got ${describe(dim)}${fix}`);
}

/**
 * Turns an axis that may be negative into one in [0, ndim). A 0-d tensor takes 0 and -1.
 * @throws {@link IndexError} with PyTorch's range.
 */
export function wrapDim(op: string, dim: number, ndim: number): number {
  const range = Math.max(ndim, 1);
  if (!Number.isInteger(dim)) throw notAnAxis(op, dim, "an integer");
  if (dim < -range || dim >= range) throw axisBeyond(op, dim, range);
  return dim < 0 ? dim + range : dim;
}

const axisBeyond = (op: string, dim: number, range: number): IndexError =>
  new IndexError(
    `${op}: Dimension out of range (expected to be in range of [${-range}, ${range - 1}], but got ${dim})`,
  );

function axesOf(ndim: number): number[] {
  const axes: number[] = [];
  for (let i = 0; i < ndim; i++) axes.push(i);
  return axes;
}

/**
 * Axes from `dim` (one, several, or all when undefined), wrapped and in increasing order.
 * @throws {@link IndexError} for an axis out of range or named twice.
 */
export function wrapDims(op: string, dim: number | readonly number[] | undefined | null, ndim: number): number[] {
  if (dim === undefined || dim === null) return axesOf(ndim);
  if (typeof dim === "number") {
    const wrapped = wrapDim(op, dim, ndim);
    return ndim === 0 ? [] : [wrapped];
  }
  if (!Array.isArray(dim)) throw notAnAxis(op, dim, "an integer or an array of integers");
  const dims = [...(dim as readonly number[])].map((d) => wrapDim(op, d, ndim)).sort((a, b) => a - b);
  for (let i = 1; i < dims.length; i++)
    if (dims[i] === dims[i - 1])
      throw new IndexError(`${op}: dim ${dims[i]} appears multiple times in the list of dims`);
  return ndim === 0 ? [] : dims;
}

/** `[a, b, c]` or `[[a, b, c]]`: a size given as arguments or as one array. */
export function sizeArgument(op: string, size: readonly (number | readonly number[])[]): number[] {
  return checkIntegers(op, "size", size.length === 1 && Array.isArray(size[0]) ? size[0] : size);
}

/** Like {@link sizeArgument}, and no size may be negative; the shape is one that a tensor may have. */
export function checkSize(op: string, size: readonly (number | readonly number[])[]): number[] {
  const list = sizeArgument(op, size);
  checkAxes(op, list);
  let n = 1;
  for (let i = 0; i < list.length; i++) {
    if (list[i]! < 0) throw new ShapeError(`${op}: a size cannot be negative, got ${shapeText(list)}`);
    n *= list[i]! || 1;
  }
  if (n > Number.MAX_SAFE_INTEGER) throw uncountable(op, list);
  return list;
}

/** @throws {@link ShapeError} unless a tensor may have `shape`: at most {@link MAX_AXES} axes, and a number of elements that can be counted. */
export function checkShape(op: string, shape: Shape): void {
  checkAxes(op, shape);
  let n = 1;
  for (let i = 0; i < shape.length; i++) n *= shape[i]! || 1;
  if (n > Number.MAX_SAFE_INTEGER) throw uncountable(op, shape);
}

const uncountable = (op: string, shape: Shape): ShapeError =>
  new ShapeError(`${op}: the number of elements of a tensor of shape ${shapeText(shape)} cannot be counted`);

/**
 * Replaces one -1 by the size that keeps the number of elements, in `size` itself, which it returns.
 * @throws {@link ShapeError} when no size does.
 */
export function inferSize(op: string, size: number[], numel: number): number[] {
  const unknown = size.indexOf(-1);
  let known = 1;
  for (let i = 0; i < size.length; i++)
    if (i !== unknown) {
      if (size[i]! < 0) throw invalidSize(op, size, numel);
      known *= size[i]!;
    }
  if (unknown < 0) {
    if (known !== numel) throw invalidSize(op, size, numel);
    return size;
  }
  if (known === 0 && numel === 0)
    throw new ShapeError(
      `${op}: cannot reshape tensor of 0 elements into shape ${shapeText(size)} because the unspecified dimension size -1 can be any value and is ambiguous`,
    );
  if (known === 0 || numel % known !== 0) throw invalidSize(op, size, numel);
  size[unknown] = numel / known;
  return size;
}

const invalidSize = (op: string, size: Shape, numel: number): ShapeError =>
  new ShapeError(`${op}: shape '${shapeText(size)}' is invalid for input of size ${numel}`);

/**
 * Strides that show a tensor of `shape` and `strides` as `size` without moving an element, or undefined.
 * @see at::detail::computeStride
 */
export function viewStrides(shape: Shape, strides: readonly number[], size: Shape): number[] | undefined {
  const numel = sizeOfShape(shape);
  if (numel === 0 || (isRowMajor(shape, strides) && sizeOfShape(size) === numel)) return contiguousStrides(size);
  const out = new Array<number>(size.length).fill(1);
  let to = size.length - 1;
  let base = strides.at(-1) ?? 1;
  let have = 1;
  let want = 1;
  for (let from = shape.length - 1; from >= 0; from--) {
    have *= shape[from]!;
    const chunkEnds = from === 0 || (shape[from - 1] !== 1 && strides[from - 1] !== have * base);
    if (!chunkEnds) continue;
    while (to >= 0 && (want < have || size[to] === 1)) {
      out[to] = want * base;
      want *= size[to]!;
      to--;
    }
    if (want !== have) return undefined;
    if (from > 0) {
      base = strides[from - 1]!;
      have = 1;
      want = 1;
    }
  }
  if (shape.length === 0) while (to >= 0 && size[to] === 1) out[to--] = 1;
  return to === -1 ? out : undefined;
}

/** Layouts whose axes are entangled are looked at element by element up to this size. */
const MOST_ENUMERATED = 1 << 16;

/**
 * Whether no two elements of a layout lie in one place, as far as the order of the strides tells: each step leads beyond all that smaller
 * steps reach. Entangled axes may be injective without that.
 */
export function isNested(shape: Shape, strides: readonly number[]): boolean {
  const axes = shape
    .flatMap((n, i) => (n === 1 ? [] : [{ n, stride: strides[i]! }]))
    .sort((a, b) => a.stride - b.stride);
  let reach = 0;
  return axes.every(({ n, stride }) => {
    const isBeyond = stride > reach;
    reach += (n - 1) * stride;
    return isBeyond;
  });
}

/** Whether two elements of a layout surely lie in one place; of large entangled layouts as PyTorch, which lets them pass. */
export function overlapsItself(shape: Shape, strides: readonly number[]): boolean {
  if (shape.includes(0) || isNested(shape, strides)) return false;
  const n = sizeOfShape(shape);
  const reach = shape.reduce((sum, size, i) => sum + (size - 1) * strides[i]!, 0);
  if (n > reach + 1) return true;
  if (n > MOST_ENUMERATED) return shape.some((size, i) => size > 1 && strides[i] === 0);
  let places = [0];
  shape.forEach((size, i) => {
    places = places.flatMap((place) => Array.from({ length: size }, (_, k) => place + k * strides[i]!));
  });
  return new Set(places).size < n;
}

/** Merges neighboring axes that every operand walks in one stride; drops axes of size 1. */
export function collapse(
  shape: Shape,
  operands: readonly (readonly number[])[],
): { shape: number[]; strides: number[][] } {
  const outShape: number[] = [];
  const outStrides: number[][] = [];
  for (let k = 0; k < operands.length; k++) outStrides.push([]);
  for (let i = 0; i < shape.length; i++) {
    const size = shape[i]!;
    if (size === 1) continue;
    const last = outShape.length - 1;
    let merges = last >= 0;
    for (let k = 0; merges && k < operands.length; k++) merges = outStrides[k]![last] === operands[k]![i]! * size;
    if (merges) outShape[last]! *= size;
    else outShape.push(size);
    for (let k = 0; k < operands.length; k++) outStrides[k]![outShape.length - 1] = operands[k]![i]!;
  }
  if (outShape.length === 0) {
    outShape.push(1);
    for (const s of outStrides) s.push(0);
  }
  return { shape: outShape, strides: outStrides };
}
