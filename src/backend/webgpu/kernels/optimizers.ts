/** Optimizer steps: one pass over a parameter, its gradient and its state. What changes from step to step is a uniform. */
import { sizeOfShape } from "../../../core/shape";
import type { SgdStep } from "../../ops";
import type { Gpu } from "../gpu";

/** Runs a step of stochastic gradient descent. */
export function sgd(gpu: Gpu, step: SgdStep): void {
  const { parameter, gradient, momentumBuffer, nesterov, maximize, isFirst } = step;
  const program = gpu.begin();
  const p = program.write(parameter);
  const g = program.read(gradient);
  const buffer = momentumBuffer && program.write(momentumBuffer);
  const rate = program.float(step.lr);
  const mass = program.float(step.momentum);
  const fresh = program.float(1 - step.dampening);
  const decay = program.float(step.weightDecay);
  const n = sizeOfShape(parameter.shape);
  const count = program.uint(n);
  if (n === 0) return;
  const decays = step.weightDecay !== 0;
  gpu.dispatchEach(`sgd ${nesterov} ${maximize} ${isFirst} ${decays}`, n, () => {
    const lines = [
      `if (index >= ${count}) { return; }`,
      `let w = ${p.load(`${p.offset} + index`)};`,
      `var d = ${maximize ? "-" : ""}${g.load(`${g.offset} + index`)};`,
      ...(decays ? [`d += ${decay} * w;`] : []),
    ];
    if (buffer !== undefined) {
      const place = `${buffer.offset} + index`;
      lines.push(`let m = ${isFirst ? "d" : `${mass} * ${buffer.load(place)} + ${fresh} * d`};`);
      lines.push(buffer.store(place, "m"), `d = ${nesterov ? `d + ${mass} * m` : "m"};`);
    }
    lines.push(p.store(`${p.offset} + index`, `w - ${rate} * d`));
    return { body: lines.join("\n") };
  });
}
