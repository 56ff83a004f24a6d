/** Extrema, softmax and its kin over rows and columns against plain JavaScript, with NaN and infinities, on both targets. */
import { beforeAll, describe, expect, test } from "vitest";
import { CODES, type FloatArray, type FloatType, Instance, stream, TARGETS, unsupported } from "./instance";

type Row = readonly number[];

/** The maximum of a row, its exponentials beside that, and their sum. */
function exponentials(row: Row) {
  const most = Math.max(...row);
  const exps = row.map((x) => Math.exp(x - most));
  return { most, exps, total: exps.reduce((a, b) => a + b, 0) };
}

function logSumExp(row: Row): number {
  const { most, total } = exponentials(row);
  return Math.abs(most) === Infinity ? most : most + Math.log(total);
}

function softmax(row: Row): number[] {
  const { exps, total } = exponentials(row);
  return exps.map((e) => e / total);
}

function logSoftmax(row: Row): number[] {
  const { most, total } = exponentials(row);
  return row.map((x) => x - most - Math.log(total));
}

/** [kernel, what it makes of a row] */
const FOLDS: [string, (row: Row) => number][] = [
  ["amax", (row) => Math.max(...row)],
  ["amin", (row) => Math.min(...row)],
  ["logsumexp", logSumExp],
];
const MAPS: [string, (row: Row) => number[]][] = [
  ["softmax", softmax],
  ["logSoftmax", logSoftmax],
];

/** Below, at and above a vector and four of them, and more than a block. */
const SIZES = [1, 3, 16, 21, 1100];
const ROWS = 23;

/** Ordinary rows, then some with a special value in the middle or everywhere. */
function rowOf(r: number, n: number, next: () => number): number[] {
  const row = Array.from({ length: n }, () => Math.fround(next() * 200));
  const special = [Number.NaN, Infinity, -Infinity][r % 7];
  if (special !== undefined) row.splice(n >> 1, 1, special);
  return r === 3 ? row.fill(-Infinity) : row;
}

function expectClose(y: number, exact: number, type: FloatType, at: string) {
  const tolerance = type === "float32" ? 2e-6 : 1e-13;
  const close = Object.is(y, exact) || y === exact || Math.abs(y - exact) <= tolerance * Math.max(1, Math.abs(exact));
  if (!close) expect.fail(`${at}: got ${y}, want ${exact}`);
}

for (const target of TARGETS) {
  const reason = unsupported(target);
  describe.skipIf(reason)(`${target}${reason ? `: skipped, ${reason}` : ""}`, () => {
    let instance: Instance;
    beforeAll(() => {
      instance = new Instance(target);
    });

    /** Rows of n as [ROWS, n], or as the columns of [n, ROWS]; the results of the kernel, of `width` per row. */
    function run(name: string, type: FloatType, rows: Row[], width: number, columns: boolean, cut = 0): number[][] {
      instance.reset();
      const n = rows[0]!.length;
      let i = 0;
      const element = () => (columns ? rows[i % ROWS]![Math.floor(i++ / ROWS)]! : rows[Math.floor(i / n)]![i++ % n]!);
      const x = instance.floats(type, ROWS * n, element);
      const y: FloatArray = instance.floats(type, ROWS * width, () => 0);
      const ranges = cut ? [0, cut, ROWS] : [0, ROWS];
      ranges.slice(1).forEach((end, k) => {
        instance.call(name, CODES[type], y.byteOffset, x.byteOffset, n, columns ? ROWS : 1, ranges[k]!, end);
      });
      return rows.map((_, r) => Array.from({ length: width }, (_, j) => y[columns ? j * ROWS + r : r * width + j]!));
    }

    const cases = (["float32", "float64"] as const).flatMap((type) => SIZES.map((n) => [type, n] as const));

    test.each(cases)("%s, rows of %i", (type, n) => {
      const next = stream(n);
      const rows = Array.from({ length: ROWS }, (_, r) => rowOf(r, n, next));
      const folds = FOLDS.map(([name, exact]) => [name, (row: Row) => [exact(row)], 1] as const);
      for (const [name, exact, width] of [...folds, ...MAPS.map(([name, f]) => [name, f, n] as const)]) {
        for (const columns of [false, true]) {
          const y = run(name, type, rows, width, columns);
          rows.forEach((row, r) => {
            exact(row).forEach((want, j) => {
              expectClose(y[r]![j]!, want, type, `${name}, row ${r}, ${j}${columns ? ", columns" : ""}`);
            });
          });
          expect(run(name, type, rows, width, columns, 6), `${name}, cut in two`).toEqual(y);
        }
      }
    });

    test("which zero an extremum is does not depend on how the columns are cut", () => {
      const next = stream(9);
      const rows = Array.from({ length: ROWS }, () => Array.from({ length: 5 }, () => (next() < 0 ? -0 : 0)));
      for (const name of ["amax", "amin"]) {
        const whole = run(name, "float32", rows, 1, true);
        for (let cut = 1; cut < ROWS; cut++) expect(run(name, "float32", rows, 1, true, cut)).toEqual(whole);
      }
    });
  });
}
