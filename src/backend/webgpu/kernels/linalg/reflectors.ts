/** Householder's reflectors: Q R, and their products applied. Matrices are held by columns: each row of an operand is one. */
import type { QrFactor, Reflection } from "../../../ops";
import type { Gpu } from "../../gpu";
import { BARRIER, columnsOf, countOf, head, PARTS, reflector, rowsOf, share } from "./matrices";

/** Runs Q R = aᵀ, column by column; each is then taken through by all others, of which an invocation has one. */
export function qrFactor(gpu: Gpu, { a, taus }: QrFactor): void {
  const [n, m, count] = [rowsOf(a), columnsOf(a), countOf(a)];
  if (count === 0) return;
  const program = gpu.begin();
  const [matrices, factors] = [program.write(a), program.write(taus)];
  const words = program.uints(count, m, n);
  const load = (i: string, p: string): string => matrices.load(`first + (${i}) * m + ${p}`);
  const store = (i: string, p: string, v: string): string => matrices.store(`first + (${i}) * m + ${p}`, v);
  gpu.dispatch("qrFactor", count, () => ({
    declarations: PARTS,
    body: `${head(words[0]!)}let m = ${words[1]};
let n = ${words[2]};
let most = min(m, n);
let first = ${matrices.offset} + matrix * n * m;
for (var j = 0u; j < most; j++) {
  ${reflector(
    (i) => load("j", i),
    (i, v) => store("j", i, v),
    "j",
    "m",
  )}
  if (local == 0u) { ${factors.storeAt(`matrix * most + j`, "tau")} }
  ${share(
    "c",
    "j + 1u",
    "n",
    `var sum = ${load("c", "j")};
for (var q = j + 1u; q < m; q++) { sum += ${load("j", "q")} * ${load("c", "q")}; }
let factor = -tau * sum;
${store("c", "j", `${load("c", "j")} + factor`)}
for (var q = j + 1u; q < m; q++) { ${store("c", "q", `${load("c", "q")} + factor * ${load("j", "q")}`)} }`,
  )}
  ${BARRIER}
}`,
  }));
}

/** Applies reflectors one after the other to the columns of c, of which an invocation has one. */
export function reflect(gpu: Gpu, { c, v, taus, k, shift, transposed }: Reflection): void {
  const columns = countOf(c) * rowsOf(c);
  if (columns === 0 || k === 0) return;
  const program = gpu.begin();
  const [target, vectors, factors] = [program.write(c), program.read(v), program.read(taus)];
  const sizes = [columns, rowsOf(c), columnsOf(c), rowsOf(v), columnsOf(v), columnsOf(taus), k, shift];
  const [all, rows, length, rowsV, lengthV, lengthTaus, most, first] = sizes.map((value) => program.uint(value));
  gpu.dispatchEach(`reflect ${transposed}`, columns, () => {
    const own = (p: string): string => `${target.offset} + index * ${length} + ${p}`;
    const vector = (p: string): string => vectors.loadAt(`(matrix * ${rowsV} + j) * ${lengthV} + ${p}`);
    return {
      body: `if (index >= ${all}) { return; }
let matrix = index / ${rows};
for (var step = 0u; step < ${most}; step++) {
  let j = ${transposed ? "step" : `${most} - 1u - step`};
  let one = j + ${first};
  let tau = ${factors.loadAt(`matrix * ${lengthTaus} + j`)};
  if (tau == 0.0) { continue; }
  var sum = ${target.load(own("one"))};
  for (var p = one + 1u; p < ${lengthV}; p++) { sum += ${vector("p")} * ${target.load(own("p"))}; }
  let factor = -tau * sum;
  ${target.store(own("one"), `${target.load(own("one"))} + factor`)}
  for (var p = one + 1u; p < ${lengthV}; p++) { ${target.store(own("p"), `${target.load(own("p"))} + factor * ${vector("p")}`)} }
}`,
    };
  });
}
