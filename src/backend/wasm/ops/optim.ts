/** Steps of optimizers, over a range of elements. */
import { sizeOfShape } from "../../../core/shape";
import type { OpTable } from "../../dispatch";
import type { Operand } from "../../operand";
import type { Engine } from "../engine";
import type { KernelArguments, KernelDType, KernelScratch } from "../kernelTypes";

/** Nanoseconds per element by which an update is judged worth sharing among threads. */
const UPDATE_COST = 0.6;

type Kernel =
  | "sgd"
  | "adam"
  | "adamax"
  | "nadam"
  | "radam"
  | "asgd"
  | "rprop"
  | "lion"
  | "adagrad"
  | "rmsprop"
  | "adadelta";

/** Runs a kernel of `assembly/optim/` over all elements of a parameter. */
function update<K extends Kernel>(engine: Engine, kernel: K, parameter: Operand, args: KernelArguments<K>): void {
  const n = sizeOfShape(parameter.shape);
  engine.call<K>(
    kernel,
    parameter.dtype as KernelDType<K>,
    args,
    n,
    n * UPDATE_COST,
    ...([] as unknown as KernelScratch<K>),
  );
}

export const steps = {
  sgd(engine, d) {
    const { parameter: p, gradient, momentumBuffer, lr, momentum, dampening, weightDecay } = d;
    const args = [
      p,
      gradient,
      momentumBuffer,
      lr,
      momentum,
      dampening,
      weightDecay,
      d.nesterov ? 1 : 0,
      d.maximize ? 1 : 0,
      d.isFirst ? 1 : 0,
    ] as const;
    update(engine, "sgd", p, args);
  },

  adam(engine, d) {
    const { parameter: p, gradient, expAvg, expAvgSq, maxExpAvgSq, lr, beta1, beta2, eps, weightDecay } = d;
    const args = [
      p,
      gradient,
      expAvg,
      expAvgSq,
      maxExpAvgSq,
      lr,
      beta1,
      beta2,
      eps,
      weightDecay,
      d.decoupled ? 1 : 0,
      d.maximize ? 1 : 0,
      d.bias1,
      d.bias2,
    ] as const;
    update(engine, "adam", p, args);
  },

  adamax(engine, { parameter: p, gradient, expAvg, expInf, scale, beta1, beta2, eps, weightDecay, maximize }) {
    const args = [p, gradient, expAvg, expInf, scale, beta1, beta2, eps, weightDecay, maximize ? 1 : 0] as const;
    update(engine, "adamax", p, args);
  },

  nadam(engine, d) {
    const { parameter: p, gradient, expAvg, expAvgSq, gradScale, meanScale, beta1, beta2, eps, weightDecay } = d;
    const args = [
      p,
      gradient,
      expAvg,
      expAvgSq,
      gradScale,
      meanScale,
      beta1,
      beta2,
      eps,
      weightDecay,
      d.maximize ? 1 : 0,
      d.bias2,
    ] as const;
    update(engine, "nadam", p, args);
  },

  radam(engine, d) {
    const { parameter: p, gradient, expAvg, expAvgSq, scale, rectified, beta1, beta2, eps, weightDecay } = d;
    const args = [
      p,
      gradient,
      expAvg,
      expAvgSq,
      scale,
      rectified,
      beta1,
      beta2,
      eps,
      weightDecay,
      d.maximize ? 1 : 0,
    ] as const;
    update(engine, "radam", p, args);
  },

  asgd(engine, { parameter: p, gradient, ax, eta, lambd, mu, weightDecay, maximize }) {
    update(engine, "asgd", p, [p, gradient, ax, eta, lambd, mu, weightDecay, maximize ? 1 : 0]);
  },

  rprop(engine, { parameter: p, gradient, previous, stepSize, etaMinus, etaPlus, least, most, maximize }) {
    const args = [p, gradient, previous, stepSize, etaMinus, etaPlus, least, most, maximize ? 1 : 0] as const;
    update(engine, "rprop", p, args);
  },

  lion(engine, { parameter: p, gradient, expAvg, lr, beta1, beta2, weightDecay, maximize }) {
    update(engine, "lion", p, [p, gradient, expAvg, lr, beta1, beta2, weightDecay, maximize ? 1 : 0]);
  },

  adagrad(engine, { parameter: p, gradient, sum, lr, eps, weightDecay, maximize }) {
    update(engine, "adagrad", p, [p, gradient, sum, lr, eps, weightDecay, maximize ? 1 : 0]);
  },

  rmsprop(engine, d) {
    const { parameter: p, gradient, squareAvg, gradAvg, momentumBuffer, lr, alpha, eps, weightDecay, momentum } = d;
    const args = [
      p,
      gradient,
      squareAvg,
      gradAvg,
      momentumBuffer,
      lr,
      alpha,
      eps,
      weightDecay,
      momentum,
      d.maximize ? 1 : 0,
    ] as const;
    update(engine, "rmsprop", p, args);
  },

  adadelta(engine, { parameter: p, gradient, squareAvg, accDelta, lr, rho, eps, weightDecay, maximize }) {
    update(engine, "adadelta", p, [p, gradient, squareAvg, accDelta, lr, rho, eps, weightDecay, maximize ? 1 : 0]);
  },
} satisfies OpTable<Engine>;
