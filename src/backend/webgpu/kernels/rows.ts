/** Kernels over the middle axis of contiguous [outer, n, inner]: one thread for each row if rows are short, or many where barriers are slow, else one workgroup. */
import type { Gpu } from "../gpu";
import { type Program, type Source, type View, WORKGROUP } from "../wgsl/program";

/** Rows of at most so many elements are done by one thread. */
const SHORT_ROW = 32;
/** From so many rows on, of which neighbors lie side by side, threads of a row each read side by side too. */
const MANY_ROWS = 4096;

/** How the text of a kernel goes through a row. */
export interface Row {
  /** Statements for each element, which see its number `i` and its place `at(view)`. */
  each(statements: string): string;
  /** The place of element `i`. */
  at(view: View): string;
  /** Statements that set the variable `target` to `value` of all threads, joined by `merge(a, b)`. */
  join(target: string, value: string, type: string, merge: (a: string, b: string) => string): string;
  /** Statements that one thread of the row does. */
  once(statements: string): string;
}

/** The names of the uniforms of a row. */
interface RowWords {
  readonly n: string;
  readonly inner: string;
  readonly rows: string;
}

const place = ({ inner, n }: RowWords, view: View): string =>
  `${view.offset} + (row / ${inner}) * ${n} * ${inner} + row % ${inner} + i * ${inner}`;

const byThread = (words: RowWords): Row => ({
  each: (statements) => `for (var i = 0u; i < ${words.n}; i++) {\n${statements}\n}`,
  at: (view) => place(words, view),
  join: (target, value) => `let ${target} = ${value};`,
  once: (statements) => statements,
});

const byWorkgroup = (words: RowWords, shared: Map<string, string>): Row => ({
  each: (statements) => `for (var i = local; i < ${words.n}; i += ${WORKGROUP}u) {\n${statements}\n}`,
  at: (view) => place(words, view),
  join: (target, value, type, merge) => {
    const name = `shared_${type.replace(/\W/g, "")}`;
    shared.set(name, `var<workgroup> ${name}: array<${type}, ${WORKGROUP}>;`);
    return `workgroupBarrier();
${name}[local] = ${value};
workgroupBarrier();
for (var half = ${WORKGROUP / 2}u; half > 0u; half = half >> 1u) {
  if (local < half) { ${name}[local] = ${merge(`${name}[local]`, `${name}[local + half]`)}; }
  workgroupBarrier();
}
let ${target} = ${name}[0];`;
  },
  once: (statements) => `if (local == 0u) {\n${statements}\n}`,
});

/** The size of what a row kernel goes through. */
export interface Rows {
  readonly rows: number;
  readonly n: number;
  readonly inner: number;
}

/**
 * Runs a kernel over rows. The program has its operands already; the text sees the number of its row as `row`.
 * @param body gives declarations and statements
 */
export function runRows(
  gpu: Gpu,
  program: Program,
  name: string,
  { rows, n, inner }: Rows,
  body: (row: Row, words: RowWords) => Source,
): void {
  if (rows === 0) return;
  const words = { n: program.uint(n), inner: program.uint(inner), rows: program.uint(rows) };
  if (n <= SHORT_ROW || rows >= gpu.card.rows || (rows >= MANY_ROWS && inner >= SHORT_ROW)) {
    gpu.dispatchEach(`${name} thread`, rows, () => {
      const source = body(byThread(words), words);
      return { ...source, body: `let row = index;\nif (row >= ${words.rows}) { return; }\n${source.body}` };
    });
    return;
  }
  gpu.dispatch(`${name} workgroup`, rows, () => {
    const shared = new Map<string, string>();
    const source = body(byWorkgroup(words, shared), words);
    return {
      declarations: [...shared.values(), source.declarations ?? ""].join("\n"),
      body: `let row = group.y * groups.x + group.x;\nif (row >= ${words.rows}) { return; }\n${source.body}`,
    };
  });
}
