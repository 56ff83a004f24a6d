/**
 * Matrix product, C = act([C +] A·B + bias), alone or in batches. Layers: blocking (sizes), pack, micro, macro.
 * Products of few rows or columns are in thin.ts and gemv.ts, of integers in integer.ts.
 *
 *     gemm(t, c, a, b, m, n, k, rsa, csa, rsb, csb, ldc, bsa, bsb, bsc,
 *          beta, bias, biasMode, act, panels, scratch, begin, end)
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
 * | `panels` | 0, or where `gemmPack` has packed the operand that all tasks read (panels.ts); of one product only |
 * | `scratch` | 4 MiB of the calling thread, 16-byte aligned |
 * | `begin`, `end` | a range of the `gemmTasks(m, n, k, batch)` tasks |
 *
 * A row-major A has (rsa, csa) = (k, 1), its transpose (1, m). Neighboring tasks of a range are computed as one block,
 * and each element in the same order of terms, so the bits do not depend on the split. k = 0 gives C = act(bias).
 */
import { F32, F64, I8, I16, I32, I64, U8 } from "../common/dtype";
import { MR } from "./blocking";
import { FEW, GEMV, GENERAL, wayOf } from "./few";
import { gemv } from "./gemv";
import { multiplyIntegers } from "./integer";
import { multiply } from "./macro";
import { splitsRows } from "./panels";
import { Product, productAt, transpose } from "./product";
import { multiplyThin } from "./thin";

/** Multiplications that are worth a task, about 2 µs. */
const TASK_WORK: i64 = 1 << 16;
/** Most tasks of one product: enough for threads to get about equally many rows. */
const MAX_TASKS: i32 = 128;
/** Columns per task are a multiple of this, hence of NR. */
const COLUMN_UNIT: i32 = 16;

/** Rows or columns per task of one product. */
function taskSize(m: i32, n: i32, k: i32): i32 {
  const parts = <i32>min<i64>(max<i64>((<i64>m * n * k) / TASK_WORK, 1), MAX_TASKS);
  const length = max(m, n);
  // Where there are few columns, rows are columns of the transpose, in vectors.
  const unit = splitsRows(m, n) && n > FEW ? MR : COLUMN_UNIT;
  const size = (length + parts - 1) / parts;
  return ((size + unit - 1) / unit) * unit;
}

/** Number of tasks of `batch` products of m×k by k×n. */
export function gemmTasks(m: i32, n: i32, k: i32, batch: i32): i32 {
  if (m == 0 || n == 0) return 0;
  const size = taskSize(m, n, k);
  return batch * ((max(m, n) + size - 1) / size);
}

/** Rows [i0, i1) and columns [j0, j1) of one product of floats; all rows where there are few. */
function multiplyFloats<T>(p: Product, way: i32, i0: i32, i1: i32, j0: i32, j1: i32): void {
  if (way == GENERAL) multiply(p, i0, i1, j0, j1);
  else if (way == GEMV) gemv<T>(p, j0, j1);
  else multiplyThin<T>(p, j0, j1);
}

/** Rows [i0, i1) and columns [j0, j1) of one product. */
function part(t: i32, p: Product, way: i32, i0: i32, i1: i32, j0: i32, j1: i32): void {
  switch (t) {
    case F32:
      multiplyFloats<f32>(p, way, i0, i1, j0, j1);
      break;
    case F64:
      multiplyFloats<f64>(p, way, i0, i1, j0, j1);
      break;
    case I64:
      multiplyIntegers<i64>(p, i0, i1, j0, j1);
      break;
    case I32:
      multiplyIntegers<i32>(p, i0, i1, j0, j1);
      break;
    case I16:
      multiplyIntegers<i16>(p, i0, i1, j0, j1);
      break;
    case I8:
      multiplyIntegers<i8>(p, i0, i1, j0, j1);
      break;
    case U8:
      multiplyIntegers<u8>(p, i0, i1, j0, j1);
      break;
    default:
      unreachable();
  }
}

/** Tasks [begin, end): those of the same product as one part. Batch strides in bytes. */
function run(t: i32, p: Product, bsa: usize, bsb: usize, bsc: usize, begin: i32, end: i32): void {
  const size = taskSize(p.m, p.n, p.k);
  const length = max(p.m, p.n);
  const parts = (length + size - 1) / size;
  // The way is chosen by the whole product, not by the part.
  const way = t == F32 || t == F64 ? wayOf(p) : GENERAL;
  const turned = way != GENERAL && p.m > p.n;
  if (turned) transpose(p);
  const sa = turned ? bsb : bsa,
    sb = turned ? bsa : bsb;
  const rows = splitsRows(p.m, p.n);
  const a = p.a,
    b = p.b,
    c = p.c;
  while (begin < end) {
    const item = begin / parts;
    const first = begin - item * parts;
    const next = min(end, (item + 1) * parts);
    const from = first * size,
      to = min((next - item * parts) * size, length);
    p.a = a + <usize>item * sa;
    p.b = b + <usize>item * sb;
    p.c = c + <usize>item * bsc;
    part(t, p, way, rows ? from : 0, rows ? to : p.m, rows ? 0 : from, rows ? p.n : to);
    begin = next;
  }
}

/** Tasks [begin, end) of a matrix product; the table at the top of the file says what the arguments are. */
export function gemm(
  t: i32,
  c: usize,
  a: usize,
  b: usize,
  m: i32,
  n: i32,
  k: i32,
  rsa: i32,
  csa: i32,
  rsb: i32,
  csb: i32,
  ldc: i32,
  bsa: i32,
  bsb: i32,
  bsc: i32,
  beta: f64,
  bias: usize,
  biasMode: i32,
  act: i32,
  panels: usize,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const p = productAt(scratch);
  const shift: u32 = t == F64 || t == I64 ? 3 : t == F32 || t == I32 ? 2 : t == I16 ? 1 : 0;
  p.c = c;
  p.a = a;
  p.b = b;
  p.m = m;
  p.n = n;
  p.k = k;
  p.rsa = (<usize>rsa) << shift;
  p.csa = (<usize>csa) << shift;
  p.rsb = (<usize>rsb) << shift;
  p.csb = (<usize>csb) << shift;
  p.ldc = (<usize>ldc) << shift;
  p.cdc = (<usize>1) << shift;
  p.size = p.cdc;
  p.add = beta != 0;
  p.bias = bias;
  p.biasMode = biasMode;
  p.relu = act != 0;
  if (splitsRows(m, n)) p.panelsB = panels;
  else p.panelsA = panels;
  run(t, p, (<usize>bsa) << shift, (<usize>bsb) << shift, (<usize>bsc) << shift, begin, end);
}
