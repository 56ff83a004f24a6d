/** L U and Cholesky factors, and triangular systems. */
import type { Cholesky, LuFactor, LuSolve, TriangularSolve } from "../../../ops";
import type { Gpu } from "../../gpu";
import { WORKGROUP } from "../../wgsl/program";
import { BARRIER, columnsOf, countOf, head, rowsOf, share } from "./matrices";

/** Runs P L U = a, column by column. */
export function luFactor(gpu: Gpu, { a, pivots, info, pivot }: LuFactor): void {
  const [m, n, count] = [rowsOf(a), columnsOf(a), countOf(a)];
  if (count === 0) return;
  const program = gpu.begin();
  const [matrices, rows, codes] = [program.write(a), program.write(pivots), program.write(info)];
  const words = program.uints(count, m, n);
  const at = (i: string, j: string): string => `first + (${i}) * n + ${j}`;
  const load = (i: string, j: string): string => matrices.load(at(i, j));
  const store = (i: string, j: string, v: string): string => matrices.store(at(i, j), v);
  gpu.dispatch(`luFactor ${pivot}`, count, () => ({
    declarations: `struct Pivot { size: f32, row: u32 }
fn larger(a: Pivot, b: Pivot) -> Pivot {
  if (b.size > a.size || (b.size == a.size && b.row < a.row)) { return b; }
  return a;
}
var<workgroup> best: array<Pivot, ${WORKGROUP}>;`,
    body: `${head(words[0]!)}let m = ${words[1]};
let n = ${words[2]};
let most = min(m, n);
let first = ${matrices.offset} + matrix * m * n;
var code = 0u;
for (var j = 0u; j < most; j++) {
  var own = Pivot(-1.0, m);
  ${share("i", "j", pivot ? "m" : "min(m, j + 1u)", `own = larger(own, Pivot(abs(${load("i", "j")}), i));`)}
  best[local] = own;
  workgroupBarrier();
  for (var half = ${WORKGROUP / 2}u; half > 0u; half = half >> 1u) {
    if (local < half) { best[local] = larger(best[local], best[local + half]); }
    workgroupBarrier();
  }
  // A column of NaN has no largest element.
  let row = select(best[0].row, j, best[0].row >= m);
  workgroupBarrier();
  if (local == 0u) { ${rows.storeAt(`matrix * most + j`, "i32(row) + 1i")} }
  if (row != j) {
    ${share("c", "0u", "n", `let v = ${load("j", "c")};\n${store("j", "c", load("row", "c"))}\n${store("row", "c", "v")}`)}
  }
  ${BARRIER}
  let diagonal = ${load("j", "j")};
  if (!isNonzero(diagonal) && code == 0u) { code = j + 1u; }
  if (isNonzero(diagonal)) {
    ${share("i", "j + 1u", "m", store("i", "j", `${load("i", "j")} / diagonal`))}
  }
  ${BARRIER}
  if (isNonzero(diagonal)) {
    let width = n - j - 1u;
    ${share("e", "0u", "(m - j - 1u) * width", `let i = j + 1u + e / width;\nlet c = j + 1u + e % width;\n${store("i", "c", `${load("i", "c")} - ${load("i", "j")} * ${load("j", "c")}`)}`)}
  }
  ${BARRIER}
}
if (local == 0u) { ${codes.storeAt("matrix", "i32(code)")} }`,
  }));
}

/** Columns of the right side that a workgroup solves for. */
const STRIP = 16;

/** Statements that solve T x = b, both given by their loads: row by row, each of which is taken off the rows that follow. */
function substitution(
  t: (i: string, j: string) => string,
  load: (i: string, c: string) => string,
  store: (i: string, c: string, v: string) => string,
  upper: boolean,
  unit: boolean,
): string {
  const [begin, end] = upper ? ["0u", "i"] : ["i + 1u", "m"];
  const divided = unit ? "" : share("c", "left", "right", store("i", "c", `${load("i", "c")} / ${t("i", "i")}`));
  return `for (var step = 0u; step < m; step++) {
  let i = ${upper ? "m - 1u - step" : "step"};
  ${divided}
  ${unit ? "" : BARRIER}
  let begin = ${begin};
  ${share("e", "0u", `(${end} - begin) * width`, `let r = begin + e / width;\nlet c = left + e % width;\n${store("r", "c", `${load("r", "c")} - ${t("r", "i")} * ${load("i", "c")}`)}`)}
  ${BARRIER}
}`;
}

/** The first statements of a kernel that solves for a strip of columns of a matrix. */
const stripHead = ([count, m, n, strips]: readonly string[]): string => `let id = group.y * groups.x + group.x;
if (id >= ${count}) { return; }
let m = ${m};
let n = ${n};
let matrix = id / ${strips};
let left = id % ${strips} * ${STRIP}u;
let right = min(n, left + ${STRIP}u);
let width = right - left;
`;

/** Runs T x = b. */
export function triangularSolve(gpu: Gpu, { t, b, upper, unit }: TriangularSolve): void {
  const [m, n, count] = [rowsOf(b), columnsOf(b), countOf(b)];
  if (count * m * n === 0) return;
  const strips = Math.ceil(n / STRIP);
  const program = gpu.begin();
  const [factors, sides] = [program.read(t), program.write(b)];
  const words = program.uints(count * strips, m, n, strips);
  const place = (i: string, c: string): string => `${sides.offset} + (matrix * m + ${i}) * n + ${c}`;
  gpu.dispatch(`triangularSolve ${upper} ${unit}`, count * strips, () => ({
    body: `${stripHead(words)}${substitution(
      (i, j) => factors.loadAt(`(matrix * m + ${i}) * m + ${j}`),
      (i, c) => sides.load(place(i, c)),
      (i, c, v) => sides.store(place(i, c), v),
      upper,
      unit,
    )}`,
  }));
}

/** Runs A x = b by the factors of A. Pivots that name no row change nothing. */
export function luSolve(gpu: Gpu, { lu, pivots, b }: LuSolve): void {
  const [m, n, count] = [rowsOf(b), columnsOf(b), countOf(b)];
  if (count * m * n === 0) return;
  const strips = Math.ceil(n / STRIP);
  const program = gpu.begin();
  const [factors, rows, sides] = [program.read(lu), program.read(pivots), program.write(b)];
  const words = program.uints(count * strips, m, n, strips);
  const exchanges = program.uint(columnsOf(pivots));
  const place = (i: string, c: string): string => `${sides.offset} + (matrix * m + ${i}) * n + ${c}`;
  const t = (i: string, j: string): string => factors.loadAt(`(matrix * m + ${i}) * m + ${j}`);
  const load = (i: string, c: string): string => sides.load(place(i, c));
  const store = (i: string, c: string, v: string): string => sides.store(place(i, c), v);
  const exchange = `let v = ${load("i", "c")};\n${store("i", "c", load("row", "c"))}\n${store("row", "c", "v")}`;
  gpu.dispatch("luSolve", count * strips, () => ({
    body: `${stripHead(words)}${share(
      "c",
      "left",
      "right",
      `for (var i = 0u; i < ${exchanges}; i++) {
  let row = u32(${rows.loadAt(`matrix * ${exchanges} + i`)} - 1i);
  if (row < m) { ${exchange} }
}`,
    )}
${BARRIER}
${substitution(t, load, store, false, true)}
${substitution(t, load, store, true, false)}`,
  }));
}

/** Runs Uᵀ U = a. After a pivot that is not positive nothing is changed but what lies below the diagonal. */
export function cholesky(gpu: Gpu, { a, info }: Cholesky): void {
  const [n, count] = [columnsOf(a), countOf(a)];
  if (count === 0) return;
  const program = gpu.begin();
  const [matrices, codes] = [program.write(a), program.write(info)];
  const words = program.uints(count, n);
  const at = (i: string, j: string): string => `first + (${i}) * n + ${j}`;
  const load = (i: string, j: string): string => matrices.load(at(i, j));
  const store = (i: string, j: string, v: string): string => matrices.store(at(i, j), v);
  gpu.dispatch("cholesky", count, () => ({
    body: `${head(words[0]!)}let n = ${words[1]};
let first = ${matrices.offset} + matrix * n * n;
var code = 0u;
for (var j = 0u; j < n; j++) {
  let pivot = ${load("j", "j")};
  if (code == 0u && !isNan(pivot) && pivot <= 0.0) { code = j + 1u; }
  let root = sqrtSafe(pivot);
  ${BARRIER}
  if (code == 0u) {
    ${share("c", "j", "n", store("j", "c", `${load("j", "c")} / root`))}
  }
  ${BARRIER}
  if (code == 0u) {
    let width = n - j - 1u;
    ${share("e", "0u", "width * width", `let i = j + 1u + e / width;\nlet c = j + 1u + e % width;\nif (c >= i) { ${store("i", "c", `${load("i", "c")} - ${load("j", "i")} * ${load("j", "c")}`)} }`)}
  }
  ${BARRIER}
}
${share("e", "0u", "n * n", `if (e % n < e / n) { ${store("e / n", "e % n", "0.0")} }`)}
if (local == 0u) { ${codes.storeAt("matrix", "i32(code)")} }`,
  }));
}
