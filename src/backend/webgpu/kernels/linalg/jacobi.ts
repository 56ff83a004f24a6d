/**
 * One-sided Jacobi rotations (Hestenes, 1958): a workgroup turns pairs of rows of its matrix until all are orthogonal. In each round of a
 * tournament every row meets another one, so that no two invocations touch one row.
 */
import type { Orthogonalize } from "../../../ops";
import type { Gpu } from "../../gpu";
import { WORKGROUP } from "../../wgsl/program";
import { BARRIER, columnsOf, countOf, head, rowsOf, share } from "./matrices";

/** Rounds in which each row has met every other one; a matrix is done after about 10. */
const MOST_SWEEPS = 30;

/** Runs the rotations. */
export function orthogonalize(gpu: Gpu, { x, v }: Orthogonalize): void {
  const [n, m, count] = [rowsOf(x), columnsOf(x), countOf(x)];
  if (count === 0 || n === 0) return;
  const program = gpu.begin();
  const [rows, turns] = [program.write(x), program.write(v)];
  const words = program.uints(count, n, m);
  const row = (i: string, p: string): string => `${rows.offset} + (matrix * n + ${i}) * m + ${p}`;
  const turn = (i: string, p: string): string => `${turns.offset} + (matrix * n + ${i}) * n + ${p}`;
  const rotate = (view: typeof rows, at: typeof row, length: string): string => `for (var p = 0u; p < ${length}; p++) {
      let a = ${view.load(at("i", "p"))};
      let b = ${view.load(at("j", "p"))};
      ${view.store(at("i", "p"), "c * a - s * b")}
      ${view.store(at("j", "p"), "s * a + c * b")}
    }`;
  gpu.dispatch("orthogonalize", count, () => ({
    declarations: `var<workgroup> turned: array<u32, ${WORKGROUP}>;\nvar<workgroup> isDone: u32;`,
    body: `${head(words[0]!)}let n = ${words[1]};
let m = ${words[2]};
let players = n + (n & 1u);
for (var sweep = 0u; sweep < ${MOST_SWEEPS}u; sweep++) {
  var own = 0u;
  for (var round = 0u; round + 1u < players; round++) {
    ${share(
      "pair",
      "0u",
      "players / 2u",
      `var i = players - 1u;
    var j = round;
    if (pair > 0u) {
      i = (round + pair) % (players - 1u);
      j = (round + players - 1u - pair) % (players - 1u);
    }
    if (max(i, j) >= n) { continue; }
    if (i > j) { let k = i; i = j; j = k; }
    var alpha = 0.0;
    var beta = 0.0;
    var gamma = 0.0;
    for (var p = 0u; p < m; p++) {
      let a = ${rows.load(row("i", "p"))};
      let b = ${rows.load(row("j", "p"))};
      alpha += a * a;
      beta += b * b;
      gamma += a * b;
    }
    if (!(abs(gamma) > 3e-7 * sqrt(alpha) * sqrt(beta)) || isNan(gamma)) { continue; }
    own = 1u;
    let zeta = (beta - alpha) / (2.0 * gamma);
    var t = 1.0 / (abs(zeta) + sqrt(1.0 + zeta * zeta));
    if (abs(zeta) > 1e15) { t = 0.5 / abs(zeta); }
    if (zeta < 0.0) { t = -t; }
    let c = 1.0 / sqrtSafe(1.0 + t * t);
    let s = c * t;
    ${rotate(rows, row, "m")}
    ${rotate(turns, turn, "n")}`,
    )}
    ${BARRIER}
  }
  turned[local] = own;
  workgroupBarrier();
  if (local == 0u) {
    isDone = 1u;
    for (var i = 0u; i < ${WORKGROUP}u; i++) { if (turned[i] != 0u) { isDone = 0u; } }
  }
  if (workgroupUniformLoad(&isDone) != 0u) { break; }
}`,
  }));
}
