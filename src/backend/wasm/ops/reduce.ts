/** Reductions by kernels that compute a range of results each, and what is done about long rows and very many of them. */
import { sizeOfShape } from "../../../core/shape";
import type { OpTable } from "../../dispatch";
import type { Operand } from "../../operand";
import type { ReduceKind } from "../../ops";
import type { Engine } from "../engine";

/** A full reduction longer than this is cut into blocks, so that threads share it. */
const SPLIT = 1 << 16;
/** Kernels count rows in 32 bits: more are reduced in parts. */
const MOST_ROWS = 2 ** 30;

/** Nanoseconds per element. */
const REDUCE_COST = 0.4;
const EXTREMUM_COST = 1;
const DEVIATION_COST = 1;
const SOFTMAX_COST = 2;

/** The kernel that joins partial results of one long row. It must be exact under regrouping, or an ordinary sum. */
const combines: Partial<Record<ReduceKind, ReduceKind>> = {
  sum: "sum",
  sumSquare: "sum",
  countNonzero: "sum",
  amax: "amax",
  amin: "amin",
  any: "any",
  all: "all",
};

/** Kernels by the kind of their op. */
const extremumKernels = { max: "maxDim", min: "minDim" } as const;
const softmaxGradientKernels = { softmax: "softmaxBackward", logSoftmax: "logSoftmaxBackward" } as const;

/** How many rows of `n` elements an operand has. */
const rowsOf = (x: Operand, n: number): number => (n === 0 ? 0 : sizeOfShape(x.shape) / n);

export const reductions = {
  reduce(engine, { kind, y, x, n, inner }) {
    const rows = sizeOfShape(y.shape);
    if (rows === 1 && n >= 2 * SPLIT && combines[kind] !== undefined) reduceInBlocks(engine, kind, y, x, n);
    else if (rows <= MOST_ROWS) reduceRows(engine, kind, y, x, rows, n, inner);
    else reduceInParts(engine, kind, y, x, rows, n);
  },

  extremum(engine, { kind, values, indices, x, n, inner }) {
    const cost = sizeOfShape(x.shape) * EXTREMUM_COST;
    engine.call(extremumKernels[kind], x.dtype, [values, indices, x, n, inner], sizeOfShape(values.shape), cost);
  },

  squaredDeviation(engine, { sum, mean, x, n, inner }) {
    const cost = sizeOfShape(x.shape) * DEVIATION_COST;
    engine.call("sumSquaredDeviation", x.dtype, [sum, mean, x, n, inner], sizeOfShape(sum.shape), cost);
  },

  softmax(engine, { kind, y, x, n, inner }) {
    engine.call(kind, y.dtype, [y, x, n, inner], rowsOf(y, n), sizeOfShape(y.shape) * SOFTMAX_COST);
  },

  softmaxGradient(engine, { kind, gx, gy, y, n, inner }) {
    const cost = sizeOfShape(gx.shape) * SOFTMAX_COST;
    engine.call(softmaxGradientKernels[kind], gx.dtype, [gx, gy, y, n, inner], rowsOf(gx, n), cost);
  },

  histogram(engine, { y, x, low, high }) {
    const bins = sizeOfShape(y.shape);
    engine.call("histc", x.dtype, [y, x, sizeOfShape(x.shape), bins, low, high], bins, 0);
  },
} satisfies OpTable<Engine>;

/** Reduces `rows` rows of `n` elements. */
function reduceRows(
  engine: Engine,
  kind: ReduceKind,
  y: Operand,
  x: Operand,
  rows: number,
  n: number,
  inner: number,
): void {
  const args = [y, x, n, inner] as const;
  if (inner > 1) engine.callColumns(kind, x.dtype, args, rows, rows * n * REDUCE_COST);
  else engine.call(kind, x.dtype, args, rows, rows * n * REDUCE_COST);
}

/** Reduces more rows than kernels count; they have one element each, since memory has no room for more. */
function reduceInParts(engine: Engine, kind: ReduceKind, y: Operand, x: Operand, rows: number, n: number): void {
  for (let at = 0; at < rows; at += MOST_ROWS)
    reduceRows(engine, kind, from(y, at), from(x, at), Math.min(MOST_ROWS, rows - at), n, 1);
}

/** Reduces one row of `n` elements as rows of SPLIT elements and what is left, and combines the results. */
function reduceInBlocks(engine: Engine, kind: ReduceKind, y: Operand, x: Operand, n: number): void {
  const blocks = Math.floor(n / SPLIT);
  const rest = n - blocks * SPLIT;
  const count = blocks + (rest > 0 ? 1 : 0);
  const partial = engine.temporary(y.dtype, count);
  reduceRows(engine, kind, partial, x, blocks, SPLIT, 1);
  if (rest > 0) reduceRows(engine, kind, from(partial, blocks), from(x, n - rest), 1, rest, 1);
  reduceRows(engine, combines[kind]!, y, partial, 1, count, 1);
  engine.drop(partial);
}

/** The elements of a contiguous operand from position `offset` on. */
const from = ({ storage, dtype, offset: start, shape }: Operand, offset: number): Operand => ({
  storage,
  dtype,
  offset: start + offset,
  shape: [sizeOfShape(shape) - offset],
  strides: [1],
});
