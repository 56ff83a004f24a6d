/** What factorizations of stacks of matrices share: a workgroup for each matrix, whose steps are parted by barriers. */
import type { Operand } from "../../../operand";
import { WORKGROUP } from "../../wgsl/program";

export const rowsOf = ({ shape }: Operand): number => shape[shape.length - 2]!;
export const columnsOf = ({ shape }: Operand): number => shape[shape.length - 1]!;

/** How many matrices a stack has. */
export function countOf({ shape }: Operand): number {
  let count = 1;
  for (let i = 0; i < shape.length - 2; i++) count *= shape[i]!;
  return count;
}

/** Statements that wait for all writes of the workgroup. */
export const BARRIER = "storageBarrier();\nworkgroupBarrier();";

/** Statements that declare `matrix`, the number of this workgroup's. */
export const head = (count: string): string =>
  `let matrix = group.y * groups.x + group.x;\nif (matrix >= ${count}) { return; }\n`;

/** A loop over `i` from `first` to `end` that the invocations of a workgroup share. */
export const share = (i: string, first: string, end: string, statements: string): string =>
  `for (var ${i} = ${first} + local; ${i} < ${end}; ${i} += ${WORKGROUP}u) {\n${statements}\n}`;

/** The declaration of the numbers that {@link total} adds. */
export const PARTS = `var<workgroup> parts: array<f32, ${WORKGROUP}>;`;

/** Statements that leave in `parts[0]`, for all to see, what `merge` makes of the `value` of all invocations. */
export const total = (value: string, merge = (a: string, b: string): string => `${a} + ${b}`): string =>
  `workgroupBarrier();
parts[local] = ${value};
workgroupBarrier();
for (var half = ${WORKGROUP / 2}u; half > 0u; half = half >> 1u) {
  if (local < half) { parts[local] = ${merge("parts[local]", "parts[local + half]")}; }
  workgroupBarrier();
}`;

/**
 * Statements that turn the elements `at(i)` for i from `first` to `end` into a reflector: what the vector becomes goes to the first, the rest of the
 * reflector to the others. They declare `tau`. @see LAPACK dlarfg
 */
export function reflector(
  load: (i: string) => string,
  store: (i: string, v: string) => string,
  first: string,
  end: string,
): string {
  return `var size = 0.0;
${share("i", `${first} + 1u`, end, `size = max(size, abs(${load("i")}));`)}
${total("size", (a, b) => `max(${a}, ${b})`)}
let largest = max(parts[0], abs(${load(first)}));
let hasTail = parts[0] > 0.0;
var squares = 0.0;
${share("i", `${first} + 1u`, end, `let q = ${load("i")} / largest;\nsquares += q * q;`)}
${total("squares")}
let alpha = ${load(first)};
let p = alpha / largest;
let beta = select(-1.0, 1.0, alpha < 0.0) * largest * sqrtSafe(p * p + parts[0]);
let tau = select(0.0, (beta - alpha) / beta, hasTail);
${BARRIER}
if (hasTail) {
  ${share("i", `${first} + 1u`, end, store("i", `${load("i")} / (alpha - beta)`))}
  if (local == 0u) { ${store(first, "beta")} }
}
${BARRIER}`;
}
