/** Stages of factorizations, over a range of matrices. */
import { codeOf } from "../../../core/dtype";
import { type OpTable, unsupported } from "../../dispatch";
import type { Operand } from "../../operand";
import type { Engine } from "../engine";

/** Nanoseconds per multiply-add. */
const MADD_COST = 0.1;

const rowsOf = ({ shape }: Operand): number => shape[shape.length - 2]!;
const columnsOf = ({ shape }: Operand): number => shape[shape.length - 1]!;

/** How many matrices a stack has. */
function countOf({ shape }: Operand): number {
  let count = 1;
  for (let i = 0; i < shape.length - 2; i++) count *= shape[i]!;
  return count;
}

export const linalg = {
  luFactor(engine, { a, pivots, info, pivot }) {
    const [m, n] = [rowsOf(a), columnsOf(a)];
    const cost = m * n * Math.min(m, n) * MADD_COST;
    engine.call("luFactor", undefined, [a, pivots, info, m, n, pivot ? 1 : 0], countOf(a), countOf(a) * cost, true);
  },

  luSolve(engine, { lu, pivots, b }) {
    const [m, n] = [rowsOf(b), columnsOf(b)];
    engine.call("luSolve", undefined, [lu, pivots, b, m, n], countOf(b), countOf(b) * m * m * n * MADD_COST, true);
  },

  triangularSolve(engine, { t, b, upper, unit }) {
    const [m, n] = [rowsOf(b), columnsOf(b)];
    const cost = (countOf(b) * m * m * n * MADD_COST) / 2;
    engine.call("triangularSolve", undefined, [t, b, m, n, upper ? 1 : 0, unit ? 1 : 0], countOf(b), cost, true);
  },

  cholesky(engine, { a, info }) {
    const n = columnsOf(a);
    engine.call("cholesky", undefined, [a, info, n], countOf(a), (countOf(a) * n ** 3 * MADD_COST) / 2, true);
  },

  qrFactor(engine, { a, taus }) {
    const [n, m, count] = [rowsOf(a), columnsOf(a), countOf(a)];
    const k = Math.min(m, n);
    const work = engine.temporary("float64", count * engine.ask("reflectWork", [m, n, k]));
    engine.call("qrFactor", undefined, [a, taus, m, n, work], count, count * 2 * m * n * k * MADD_COST, true);
    engine.drop(work);
  },

  reflect(engine, { c, v, taus, k, shift, transposed, basis }) {
    const [columns, ldc, count] = [rowsOf(c), columnsOf(c), countOf(c)];
    const [rows, ldv] = [rowsOf(v), columnsOf(v)];
    const m = ldv - shift;
    const work = engine.temporary("float64", count * engine.ask("reflectWork", [m, columns, k]));
    const flags = [transposed ? 1 : 0, basis ? 1 : 0] as const;
    const args = [c, v, taus, m, columns, ldc, k, ldv, shift, ...flags, rows, columnsOf(taus), work] as const;
    engine.call("reflect", undefined, args, count, count * 2 * m * columns * k * MADD_COST, true);
    engine.drop(work);
  },

  tridiagonalize(engine, { a, d, e, taus }) {
    const [n, count] = [columnsOf(a), countOf(a)];
    const work = engine.temporary("float64", count * 2 * n);
    engine.call("tridiagonalize", undefined, [a, d, e, taus, n, work], count, count * n ** 3 * MADD_COST);
    engine.drop(work);
  },

  bidiagonalize(engine, { a, d, e, left, leftTaus, right, rightTaus }) {
    const [m, n, count] = [rowsOf(a), columnsOf(a), countOf(a)];
    const work = engine.temporary("float64", count * (m + 2 * n));
    const args = [a, d, e, left, leftTaus, right, rightTaus, m, n, work] as const;
    engine.call("bidiagonalize", undefined, args, count, count * 3 * m * n * n * MADD_COST, true);
    engine.drop(work);
  },

  rotate(engine, { x, list, length }) {
    const [rows, columns] = [rowsOf(x), columnsOf(x)];
    const range = engine.ask("rotateStrips", [codeOf(x.dtype), columns]);
    // The list has a dtype of its own, so that the code of that of x is an argument.
    const args = [codeOf(x.dtype), x, rows, columns, list, length] as const;
    engine.call("rotate", undefined, args, range, length * columns, true);
  },

  /** The library iterates on tridiagonal and bidiagonal forms of what is in the memory of this device. */
  orthogonalize(engine, { x }) {
    throw unsupported("orthogonalize", x.dtype, engine.device);
  },
} satisfies OpTable<Engine>;
