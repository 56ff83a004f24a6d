/** Reductions of contiguous [outer, n, inner] along n, in two stages where few rows are long. */
import { type DType, sizeOf } from "../../../core/dtype";
import { sizeOfShape } from "../../../core/shape";
import type { Operand } from "../../operand";
import type { Reduce, ReduceKind } from "../../ops";
import { GpuBlock } from "../buffers";
import type { Gpu } from "../gpu";
import { convert, type Scalar, scalarOf } from "../wgsl/elements";
import { runRows } from "./rows";

/** A reduction as a fold: what it begins with, what an element does to it, how two join, and what comes out. */
interface Fold {
  /** The type of the state, if not that of the elements. */
  readonly state?: (type: Scalar) => string;
  readonly begin: (type: Scalar) => string;
  /** The state `s` after element `v` at position `i`. */
  readonly step: (s: string, v: string, type: Scalar) => string;
  readonly merge: (a: string, b: string, type: Scalar) => string;
  readonly end?: (s: string) => string;
  /** The reduction that joins partial results; absent where they cannot be joined. */
  readonly combine?: ReduceKind;
}

const one = (type: Scalar, value: number): string => (type === "f32" ? `f32(${value})` : `i32(${value})`);
const least = (type: Scalar): string => (type === "f32" ? "-infinity()" : "(-2147483647i - 1i)");
const greatest = (type: Scalar): string => (type === "f32" ? "infinity()" : "2147483647i");
const larger = (a: string, b: string, type: Scalar): string => `${type === "f32" ? "maxNan" : "max"}(${a}, ${b})`;
const smaller = (a: string, b: string, type: Scalar): string => `${type === "f32" ? "minNan" : "min"}(${a}, ${b})`;
const isTrue = (v: string, type: Scalar): string => (type === "f32" ? `isNonzero(${v})` : `(${v} != 0i)`);
const plus = (a: string, b: string): string => `${a} + ${b}`;

/** The position of an extremum: the state is its value and its position, which is −1 before the first element. */
export const position: Fold = {
  state: () => "Found",
  begin: (type) => `Found(${one(type, 0)}, -1i)`,
  step: (s, v) => `better(${s}, Found(${v}, i32(i)))`,
  merge: (a, b) => `better(${a}, ${b})`,
  end: (s) => `${s}.at`,
};

const folds: Readonly<Record<ReduceKind, Fold>> = {
  sum: { begin: (t) => one(t, 0), step: plus, merge: plus, combine: "sum" },
  sumSquare: { begin: (t) => one(t, 0), step: (s, v) => `${s} + ${v} * ${v}`, merge: plus, combine: "sum" },
  countNonzero: {
    state: () => "i32",
    begin: () => "0i",
    step: (s, v, t) => `${s} + select(0i, 1i, ${isTrue(v, t)})`,
    merge: plus,
    combine: "sum",
  },
  prod: { begin: (t) => one(t, 1), step: (s, v) => `${s} * ${v}`, merge: (a, b) => `${a} * ${b}`, combine: "prod" },
  // The largest element so far, and the sum of exponentials less it.
  logsumexp: {
    state: () => "vec2f",
    begin: () => "vec2f(-infinity(), 0.0)",
    step: (s, v) => `addExponentials(${s}, vec2f(${v}, 1.0))`,
    merge: (a, b) => `addExponentials(${a}, ${b})`,
    end: (s) => `select(${s}.x + logSafe(${s}.y), ${s}.x, isInf(${s}.x))`,
  },
  amax: { begin: least, step: larger, merge: larger, combine: "amax" },
  amin: { begin: greatest, step: smaller, merge: smaller, combine: "amin" },
  any: {
    state: () => "i32",
    begin: () => "0i",
    step: (s, v, t) => `${s} | select(0i, 1i, ${isTrue(v, t)})`,
    merge: (a, b) => `${a} | ${b}`,
    combine: "any",
  },
  all: {
    state: () => "i32",
    begin: () => "1i",
    step: (s, v, t) => `${s} & select(0i, 1i, ${isTrue(v, t)})`,
    merge: (a, b) => `${a} & ${b}`,
    combine: "all",
  },
  argmax: position,
  argmin: position,
};

/** What folds of more than a number call. */
export function helpers(kind: string, type: Scalar): string {
  if (kind === "logsumexp")
    return `fn addExponentials(a: vec2f, b: vec2f) -> vec2f {
  let m = maxNan(a.x, b.x);
  if (isInf(m)) { return vec2f(m, 1.0); }
  return vec2f(m, a.y * expSafe(a.x - m) + b.y * expSafe(b.x - m));
}`;
  if (kind !== "argmax" && kind !== "argmin") return "";
  const order = kind === "argmax" ? ">" : "<";
  const nan = (v: string): string => (type === "f32" ? `isNan(${v})` : "false");
  return `struct Found { value: ${type}, at: i32 }
fn better(a: Found, b: Found) -> Found {
  if (a.at < 0i) { return b; }
  if (b.at < 0i) { return a; }
  let nanA = ${nan("a.value")};
  let nanB = ${nan("b.value")};
  if (nanA != nanB) { if (nanA) { return a; } return b; }
  if (!nanA && a.value != b.value) { if (a.value ${order} b.value) { return a; } return b; }
  if (b.at < a.at) { return b; }
  return a;
}`;
}

/** Rows of at least so many elements are cut if there are few of them. */
const LONG_ROW = 4096;
/** Workgroups that keep a GPU busy. */
const ENOUGH_ROWS = 256;
const PIECE = 1024;

/** Runs a reduction. */
export function reduce(gpu: Gpu, work: Reduce): void {
  const fold = folds[work.kind];
  const { y, x, n, inner } = work;
  const rows = sizeOfShape(y.shape);
  if (n >= LONG_ROW && rows < ENOUGH_ROWS && fold.combine) inPieces(gpu, work, rows, fold.combine);
  else foldRows(gpu, work, fold, rows, n, inner, x);
}

function foldRows(gpu: Gpu, { kind, y }: Reduce, fold: Fold, rows: number, n: number, inner: number, x: Operand): void {
  const program = gpu.begin();
  const target = program.result(y);
  const source = gpu.lazy.inline(program, x) ?? program.read(x);
  runRows(gpu, program, `reduce ${kind}`, { rows, n, inner }, (row) => {
    const type = kind === "sum" || kind === "sumSquare" || kind === "prod" ? scalarOf(y.dtype)! : scalarOf(x.dtype)!;
    const value = convert(source.load(row.at(source)), x.dtype, type === scalarOf(x.dtype) ? x.dtype : y.dtype);
    const state = fold.state?.(type) ?? type;
    const result = fold.end?.("all") ?? "all";
    return {
      declarations: helpers(kind, type),
      body: `var s: ${state} = ${fold.begin(type)};
${row.each(`let v = ${value};\ns = ${fold.step("s", "v", type)};`)}
${row.join("all", "s", state, (a, b) => fold.merge(a, b, type))}
${row.once(target.storeAt("row", result))}`,
    };
  });
}

/** Reduces pieces of each row first, then their results. */
function inPieces(gpu: Gpu, work: Reduce, rows: number, combine: ReduceKind): void {
  const { y, x, n, inner } = work;
  const outer = rows / inner;
  const whole = Math.floor(n / PIECE);
  const rest = n - whole * PIECE;
  const pieces = whole + (rest > 0 ? 1 : 0);
  const block = new GpuBlock(rows * pieces * sizeOf(y.dtype));
  const window = (offset: number, shape: readonly number[], from: Operand): Operand => ({
    ...from,
    offset: from.offset + offset,
    shape,
    strides: [],
  });
  const partial = { storage: { block }, offset: 0, dtype: y.dtype as DType };
  const all: Operand = { ...partial, shape: [outer, pieces, inner], strides: [] };
  const fold = folds[work.kind]!;
  // A row is [whole, PIECE, inner] and what is left; rows lie apart, so each is cut by itself.
  for (let o = 0; o < outer; o++) {
    const to = o * pieces * inner;
    const from = o * n * inner;
    foldRows(
      gpu,
      { ...work, y: window(to, [whole, inner], all) },
      fold,
      whole * inner,
      PIECE,
      inner,
      window(from, [], x),
    );
    if (rest === 0) continue;
    const last = window(to + whole * inner, [inner], all);
    foldRows(gpu, { ...work, y: last }, fold, inner, rest, inner, window(from + whole * PIECE * inner, [], x));
  }
  foldRows(gpu, { ...work, kind: combine }, folds[combine]!, rows, pieces, inner, all);
  gpu.release(block);
}
