/**
 * Matrix product, C = act([C +] A·B + bias), alone or in batches. Layers: blocking (sizes), pack, micro, macro.
 * Products of few rows or columns are in thin.ts, with a vector in gemv.ts, of integers in integer.ts.
 *
 *     gemm(t, c, a, b, m, n, k, rsa, csa, rsb, csb, ldc, bsa, bsb, bsc,
 *          beta, bias, biasMode, act, scratch, begin, end)
 *
 * | argument | meaning |
 * | --- | --- |
 * | `t` | F32, F64, I64, I32, I16, I8 or U8, of all operands |
 * | `c`, `a`, `b` | addresses of the first elements of C (m×n), A (m×k) and B (k×n) |
 * | `rsa`, `csa`, `rsb`, `csb` | strides of A and B between rows and between columns, in elements; any view, 0 included |
 * | `ldc` | stride between the rows of C; its columns are contiguous |
 * | `bsa`, `bsb`, `bsc` | strides between the operands of a batch; 0 repeats one operand |
 * | `beta` | 0: C is overwritten, whatever it held; 1: the product is added to it |
 * | `bias`, `biasMode` | 0: none; 1: n values, one per column; 2: m values, one per row; shared by the batch |
 * | `act` | 0: none; 1: rectifier (NaN stays NaN) |
 * | `scratch` | 4 MiB of the calling thread, 16-byte aligned |
 * | `begin`, `end` | a range of the `gemmTasks(m, n, k, batch)` tasks |
 *
 * A row-major A has (rsa, csa) = (k, 1), its transpose (1, m). Neighbouring tasks of a range are computed as one block,
 * and each element in the same order of terms, so the bits do not depend on the split. k = 0 gives C = act(bias).
 */
import { F32, F64, I16, I32, I64, I8, U8 } from "../dtype";
import { gemv, isGemv } from "./gemv";
import { multiplyIntegers } from "./integer";
import { multiply } from "./macro";
import { Product, productAt } from "./product";
import { isThin, multiplyThin } from "./thin";

/** Multiplications that are worth a task, about 3 µs. */
const TASK_WORK: i64 = 1 << 16;
/** Most tasks of one product. */
const MAX_TASKS: i32 = 32;
/** Rows per task are a multiple of this, hence of MR and of a vector. */
const ROW_UNIT: i32 = 12;
/** Columns per task are a multiple of this, hence of NR. */
const COLUMN_UNIT: i32 = 16;

/** The longer side of C is what tasks divide: the other one costs less to pack again for each. */
// @ts-ignore: decorator
@inline
function splitsRows(m: i32, n: i32): bool {
  return m >= n;
}

/** Rows or columns per task of one product. */
function taskSize(m: i32, n: i32, k: i32): i32 {
  const parts = <i32>min<i64>(max<i64>((<i64>m * n * k) / TASK_WORK, 1), MAX_TASKS);
  const length = max(m, n);
  const unit = splitsRows(m, n) ? ROW_UNIT : COLUMN_UNIT;
  const size = (length + parts - 1) / parts;
  return ((size + unit - 1) / unit) * unit;
}

/** Number of tasks of `batch` products of m×k by k×n. */
export function gemmTasks(m: i32, n: i32, k: i32, batch: i32): i32 {
  if (m == 0 || n == 0) return 0;
  const size = taskSize(m, n, k);
  return batch * ((max(m, n) + size - 1) / size);
}

/** Rows or columns [from, to) of one product. The way is chosen by the whole product, not by the part. */
function part<T>(p: Product, from: i32, to: i32): void {
  const rows = splitsRows(p.m, p.n);
  const i0 = rows ? from : 0, i1 = rows ? to : p.m;
  const j0 = rows ? 0 : from, j1 = rows ? p.n : to;
  if (isInteger<T>()) multiplyIntegers<T>(p, i0, i1, j0, j1);
  else if (isThin<T>(p)) multiplyThin<T>(p, i0, i1, j0, j1);
  else if (isGemv<T>(p)) gemv<T>(p, from, to);
  else multiply<T>(p, i0, i1, j0, j1);
}

/** Tasks [begin, end): those of the same product as one part. Batch strides in bytes. */
function run<T>(p: Product, bsa: usize, bsb: usize, bsc: usize, begin: i32, end: i32): void {
  const a = p.a, b = p.b, c = p.c;
  const size = taskSize(p.m, p.n, p.k);
  const length = max(p.m, p.n);
  const parts = (length + size - 1) / size;
  while (begin < end) {
    const item = begin / parts;
    const first = begin - item * parts;
    const next = min(end, (item + 1) * parts);
    p.a = a + <usize>item * bsa;
    p.b = b + <usize>item * bsb;
    p.c = c + <usize>item * bsc;
    part<T>(p, first * size, min((next - item * parts) * size, length));
    begin = next;
  }
}

/** Tasks [begin, end) of a matrix product; the table at the top of the file says what the arguments are. */
export function gemm(
  t: i32, c: usize, a: usize, b: usize, m: i32, n: i32, k: i32,
  rsa: i32, csa: i32, rsb: i32, csb: i32, ldc: i32,
  bsa: i32, bsb: i32, bsc: i32,
  beta: f64, bias: usize, biasMode: i32, act: i32, scratch: usize, begin: i32, end: i32,
): void {
  const p = productAt(scratch);
  const shift: u32 = t == F64 || t == I64 ? 3 : t == F32 || t == I32 ? 2 : t == I16 ? 1 : 0;
  p.c = c; p.a = a; p.b = b;
  p.m = m; p.n = n; p.k = k;
  p.rsa = (<usize>rsa) << shift; p.csa = (<usize>csa) << shift;
  p.rsb = (<usize>rsb) << shift; p.csb = (<usize>csb) << shift;
  p.ldc = (<usize>ldc) << shift;
  p.add = beta != 0;
  p.bias = bias;
  p.biasMode = biasMode;
  p.relu = act != 0;
  const sa = (<usize>bsa) << shift, sb = (<usize>bsb) << shift, sc = (<usize>bsc) << shift;
  switch (t) {
    case F32: run<f32>(p, sa, sb, sc, begin, end); break;
    case F64: run<f64>(p, sa, sb, sc, begin, end); break;
    case I64: run<i64>(p, sa, sb, sc, begin, end); break;
    case I32: run<i32>(p, sa, sb, sc, begin, end); break;
    case I16: run<i16>(p, sa, sb, sc, begin, end); break;
    case I8: run<i8>(p, sa, sb, sc, begin, end); break;
    case U8: run<u8>(p, sa, sb, sc, begin, end); break;
    default: unreachable();
  }
}
