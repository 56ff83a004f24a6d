/** The comparison that the samples' own README defines; strict, that is with `err32x` in place of `err32`. */
import { DTypeName, isTensor, isTensorSpec, PyFloat, type Tensor, type TensorSpec, toNumber, torch } from "./values";

/** What is wrong with a result; undefined if nothing is. */
export type Verdict = string | undefined;

export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

const tolerances: Readonly<Record<string, Tolerance>> = {
  float32: { rtol: 1e-4, atol: 1e-5 },
  float64: { rtol: 1e-9, atol: 1e-9 },
  // Halves are in files only, which hold them exactly.
  float16: { rtol: 0, atol: 0 },
  bfloat16: { rtol: 0, atol: 0 },
};

/** Whether a float agrees: NaN with NaN, an infinity with itself, a finite value within the tolerance. */
export function isClose(a: number, b: number, { rtol, atol }: Tolerance, err: number): boolean {
  if (Object.is(a, b) || a === b) return true;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return Number.isNaN(a) && Number.isNaN(b);
  return Math.abs(a - b) <= atol + rtol * Math.abs(b) + 8 * err;
}

/** Judges a tensor. @param err The line's `err32x` (or `err32gx`, `err32g2x`). @param given The tolerance of floats, if the family has its own. */
export function judgeTensor(actual: unknown, expected: TensorSpec, err = 0, given?: Tolerance): Verdict {
  if (!isTensor(actual)) return `expected a ${expected.t} tensor of [${expected.s}], got ${describe(actual)}`;
  if (actual.dtype !== expected.t) return `dtype ${actual.dtype} instead of ${expected.t}`;
  if (actual.shape.join() !== expected.s.join()) return `shape [${actual.shape}] instead of [${expected.s}]`;
  const values = actual.toTypedArray();
  const own = tolerances[expected.t];
  const tolerance = own && (given ?? own);
  const slack = expected.t === "float32" ? err : 0;
  for (let i = 0; i < values.length; i++) {
    const [a, b] = [values[i]!, toNumber(expected.d[i]!)];
    const same = tolerance ? isClose(Number(a), Number(b), tolerance, slack) : BigInt(a) === BigInt(b);
    if (!same) return `[${i}] is ${a}, expected ${b}`;
  }
  return undefined;
}

const describe = (value: unknown): string => (isTensor(value) ? `a tensor of [${value.shape}]` : JSON.stringify(value));

/** Judges one leaf of an output: a tensor, number, boolean, string, dtype or null. */
export function judgeLeaf(actual: unknown, expected: unknown, err = 0): Verdict {
  if (isTensorSpec(expected)) return judgeTensor(actual, expected, err);
  const wanted = plain(expected);
  if (typeof wanted === "number" && typeof actual === "number") {
    const { rtol, atol } = tolerances.float32!;
    return isClose(actual, wanted, { rtol, atol }, err) ? undefined : `${actual} instead of ${wanted}`;
  }
  const same = actual === wanted || (wanted === null && actual === undefined) || `${wanted}` === `${actual}`;
  return same ? undefined : `${describe(actual)} instead of ${JSON.stringify(wanted)}`;
}

/** The plain value of a JSON leaf that is not a tensor. */
function plain(leaf: unknown): unknown {
  if (typeof leaf !== "object" || leaf === null) return leaf;
  const value = leaf as Record<string, any>;
  if (leaf instanceof PyFloat) return leaf.value;
  if (leaf instanceof DTypeName) return leaf.name;
  if ("f" in value) return Number(toNumber(value.f));
  if ("i" in value) return BigInt(value.i);
  return "dtype" in value ? value.dtype : leaf;
}

/** Judges flattened outputs leaf by leaf. */
export function judgeLeaves(actual: readonly unknown[], expected: readonly unknown[], err = 0): Verdict {
  if (actual.length !== expected.length) return `${actual.length} outputs instead of ${expected.length}`;
  for (let i = 0; i < expected.length; i++) {
    const verdict = judgeLeaf(actual[i], expected[i], err);
    if (verdict) return expected.length > 1 ? `output ${i}: ${verdict}` : verdict;
  }
  return undefined;
}

/** Judges gradients by path. An absent gradient and one of zeros say the same, on either side. */
export function judgeGrads(
  actual: Readonly<Record<string, Tensor | null>>,
  expected: Readonly<Record<string, TensorSpec | null>>,
  err = 0,
  given?: Tolerance,
): Verdict {
  for (const [path, spec] of Object.entries(expected)) {
    const grad = actual[path] ?? null;
    const verdict = spec === null || grad === null ? judgeZeros(grad, spec) : judgeTensor(grad, spec, err, given);
    if (verdict) return `${path}: ${verdict}`;
  }
  return undefined;
}

function judgeZeros(actual: Tensor | null, expected: TensorSpec | null): Verdict {
  const values: ArrayLike<number | bigint> = actual?.toTypedArray() ?? [];
  if (Array.from(values).some((value) => Number(value) !== 0)) return "depends on it, which PyTorch's result does not";
  return expected?.d.some((value) => Number(value) !== 0) ? "no gradient" : undefined;
}

/** Operators whose result has an index that equal values leave open. */
const openIndices = new Set(
  "topk kthvalue mode median nanmedian argmax argmin sort argsort max min cummax cummin msort".split(" "),
);

/**
 * Whether the outputs are right up to the choice among equal values: each index of int64 selects the value that PyTorch's
 * selects, and all other outputs agree.
 */
export function agreesUpToTies(
  op: string,
  input: unknown,
  dim: number | null,
  actual: readonly unknown[],
  expected: readonly unknown[],
  err: number,
): boolean {
  if (!openIndices.has(op) || !isTensor(input) || actual.length !== expected.length) return false;
  return expected.every((spec, i) => {
    if (judgeLeaf(actual[i], spec, err) === undefined) return true;
    return isTensorSpec(spec) && spec.t === "int64" && selectsEqual(input, dim, actual[i], spec);
  });
}

function selectsEqual(input: Tensor, dim: number | null, actual: unknown, expected: TensorSpec): boolean {
  if (!isTensor(actual) || actual.dtype !== "int64" || actual.shape.join() !== expected.s.join()) return false;
  const values = Array.from(input.toTypedArray(), Number);
  const rows = rowStarts(input.shape, dim, expected.s);
  const got = Array.from(actual.toTypedArray(), Number);
  const seen = new Set<number>();
  return got.every((index, i) => {
    const { base, step, size } = rows(i);
    const [a, b] = [base + index * step, base + Number(expected.d[i]) * step];
    if (index < 0 || index >= size || !Object.is(values[a]! + 0, values[b]! + 0)) return false;
    const isNew = !seen.has(a) || expected.s.length < input.ndim;
    seen.add(a);
    return isNew;
  });
}

/** For a position of an index tensor: where its row along `dim` starts in the input, and how far apart its elements are. */
function rowStarts(shape: readonly number[], dim: number | null, result: readonly number[]) {
  const count = shape.reduce((a, b) => a * b, 1);
  if (dim === null || shape.length === 0) return () => ({ base: 0, step: 1, size: count });
  const axis = dim < 0 ? dim + shape.length : dim;
  const size = shape[axis]!;
  const step = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const length = result.length === shape.length ? result[axis]! : 1;
  return (i: number) => ({ base: Math.floor(i / (length * step)) * size * step + (i % step), step, size });
}

const abs = (x: Tensor): Tensor => torch.abs(x);

/** The part of a factorization that is unique, by the name that samples give it. */
export function project(name: string, outputs: readonly Tensor[]): Tensor[] {
  if (name === "eig_abs") return [outputs[0]!, abs(outputs[1]!)];
  const [U, S, V] = outputs as [Tensor, Tensor, Tensor];
  const k = S.shape.at(-1)!;
  const u = torch.narrow(U, -1, 0, k) as Tensor;
  const vh = torch.narrow(V, -2, 0, k) as Tensor;
  if (name === "svd_U_abs") return [abs(u)];
  if (name === "svd_S") return [S];
  if (name === "svd_S_Vh_abs") return [S, abs(vh)];
  if (name === "svd_UVh_S") return [torch.matmul(u, vh), S];
  throw new Error(`unknown projection ${name}`);
}
