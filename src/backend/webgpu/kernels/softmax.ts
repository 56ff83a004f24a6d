/** Softmax, its logarithm, and their gradients, along the middle axis of contiguous [outer, n, inner]. */
import { sizeOfShape } from "../../../core/shape";
import type { Operand } from "../../operand";
import type { Softmax, SoftmaxGradient } from "../../ops";
import type { Gpu } from "../gpu";
import { type Row, runRows } from "./rows";

const rowsOf = (x: Operand, n: number): number => (n === 0 ? 0 : sizeOfShape(x.shape) / n);

/** Statements that give `top`, the largest of a row's values, and `total`, the sum of the exponentials less it. */
export function exponentials(row: Row, value: string): string {
  return `var most = -infinity();
${row.each(`most = maxNan(most, ${value});`)}
${row.join("top", "most", "f32", (a, b) => `maxNan(${a}, ${b})`)}
var sum = 0.0;
${row.each(`sum += expSafe(${value} - top);`)}
${row.join("total", "sum", "f32", (a, b) => `${a} + ${b}`)}`;
}

/** Runs a softmax. */
export function softmax(gpu: Gpu, { kind, y, x, n, inner }: Softmax): void {
  const program = gpu.begin();
  const target = program.write(y);
  const source = program.read(x);
  runRows(gpu, program, kind, { rows: rowsOf(y, n), n, inner }, (row) => {
    const value = source.load(row.at(source));
    const result = kind === "softmax" ? `divide(expSafe(${value} - top), total)` : `${value} - top - logSafe(total)`;
    return { body: `${exponentials(row, value)}\n${row.each(target.store(row.at(target), result))}` };
  });
}

/** Runs the gradient of a softmax. */
export function softmaxGradient(gpu: Gpu, { kind, gx, gy, y, n, inner }: SoftmaxGradient): void {
  const program = gpu.begin();
  const target = program.write(gx);
  const gradient = program.read(gy);
  const saved = program.read(y);
  runRows(gpu, program, `${kind}Gradient`, { rows: rowsOf(y, n), n, inner }, (row) => {
    const [g, v] = [gradient.load(row.at(gradient)), saved.load(row.at(saved))];
    const isLog = kind === "logSoftmax";
    const result = isLog ? `${g} - expSafe(${v}) * total` : `${v} * (${g} - total)`;
    return {
      body: `var sum = 0.0;
${row.each(`sum += ${isLog ? g : `${g} * ${v}`};`)}
${row.join("total", "sum", "f32", (a, b) => `${a} + ${b}`)}
${row.each(target.store(row.at(target), result))}`,
    };
  });
}
