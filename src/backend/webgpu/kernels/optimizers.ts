/** Optimizer steps: one pass over a parameter, its gradient and its state. What changes from step to step is a uniform. */
import { sizeOfShape } from "../../../core/shape";
import type { Operand } from "../../operand";
import type { Gpu } from "../gpu";

/** A step of stochastic gradient descent. */
export interface Sgd {
  readonly param: Operand;
  readonly grad: Operand;
  /** The momentum buffer, or undefined without momentum. */
  readonly buffer: Operand | undefined;
  readonly lr: number;
  readonly momentum: number;
  readonly dampening: number;
  readonly weightDecay: number;
  readonly nesterov: boolean;
  readonly maximize: boolean;
  /** Whether this step initializes the buffer. */
  readonly first: boolean;
}

/** Runs a step. */
export function sgd(gpu: Gpu, step: Sgd): void {
  const { param, grad, buffer, nesterov, maximize, first } = step;
  const program = gpu.begin();
  const p = program.write(param);
  const g = program.read(grad);
  const b = buffer && program.write(buffer);
  const [rate, mass, fresh] = [step.lr, step.momentum, 1 - step.dampening].map((value) => program.float(value));
  const decay = program.float(step.weightDecay);
  const n = sizeOfShape(param.shape);
  const count = program.uint(n);
  if (n === 0) return;
  gpu.dispatchEach(`sgd ${nesterov} ${maximize} ${first} ${step.weightDecay !== 0}`, n, () => ({
    body: `if (index >= ${count}) { return; }
let w = ${p.load(`${p.offset} + index`)};
var d = ${maximize ? "-" : ""}${g.load(`${g.offset} + index`)};
${step.weightDecay !== 0 ? `d += ${decay} * w;` : ""}
${
  b === undefined
    ? ""
    : `var m = d;
${first ? "" : `m = ${mass} * ${b.load(`${b.offset} + index`)} + ${fresh} * d;`}
${b.store(`${b.offset} + index`, "m")}
d = ${nesterov ? `d + ${mass} * m` : "m"};`
}
${p.store(`${p.offset} + index`, `w - ${rate} * d`)}`,
  }));
}
