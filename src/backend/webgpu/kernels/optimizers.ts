/** Optimizer steps: one pass over a parameter, its gradient and its state. What changes from step to step is a uniform. */
import { sizeOfShape } from "../../../core/shape";
import type { AdamStep, SgdStep } from "../../ops";
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

/** Runs a step of Adam or AdamW. */
export function adam(gpu: Gpu, step: AdamStep): void {
  const { parameter, gradient, expAvg, expAvgSq, maxExpAvgSq, maximize, decoupled } = step;
  const program = gpu.begin();
  const p = program.write(parameter);
  const g = program.read(gradient);
  const mean = program.write(expAvg);
  const square = program.write(expAvgSq);
  const largest = maxExpAvgSq && program.write(maxExpAvgSq);
  const [beta1, beta2, eps] = [step.beta1, step.beta2, step.eps].map((value) => program.float(value));
  const [fresh1, fresh2] = [1 - step.beta1, 1 - step.beta2].map((value) => program.float(value));
  const rate = program.float(step.lr / step.bias1);
  const root = program.float(Math.sqrt(step.bias2));
  const decay = program.float(decoupled ? 1 - step.lr * step.weightDecay : step.weightDecay);
  const n = sizeOfShape(parameter.shape);
  const count = program.uint(n);
  if (n === 0) return;
  const decays = step.weightDecay !== 0;
  gpu.dispatchEach(`adam ${maximize} ${decoupled} ${decays}`, n, () => {
    const at = (view: typeof p): string => `${view.offset} + index`;
    const lines = [
      `if (index >= ${count}) { return; }`,
      `var w = ${p.load(at(p))};`,
      `var d = ${maximize ? "-" : ""}${g.load(at(g))};`,
      ...(decays ? [decoupled ? `w = w * ${decay};` : `d += ${decay} * w;`] : []),
      `let m = ${beta1} * ${mean.load(at(mean))} + ${fresh1} * d;`,
      `var v = ${beta2} * ${square.load(at(square))} + ${fresh2} * d * d;`,
      mean.store(at(mean), "m"),
      square.store(at(square), "v"),
    ];
    if (largest !== undefined) lines.push(`v = max(v, ${largest.load(at(largest))});`, largest.store(at(largest), "v"));
    lines.push(p.store(at(p), `w - ${rate} * m / (sqrtSafe(v) / ${root} + ${eps})`));
    return { body: lines.join("\n") };
  });
}
