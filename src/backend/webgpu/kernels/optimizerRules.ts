/**
 * The steps of optimizers in WGSL. The text of a rule changes variables: `w` is an element of the parameter, `d` that of the gradient, and what the
 * optimizer remembers has the names of `state`. Behind a gate, `taken` is the number of the step among those that were taken. Scalars are uniforms, so that a step that changes them is compiled once.
 */
import type { Operand, Optional } from "../../operand";
import type {
  AdadeltaStep,
  AdagradStep,
  AdamaxStep,
  AdamStep,
  AsgdStep,
  DeviceOps,
  LionStep,
  NAdamStep,
  RAdamStep,
  RmspropStep,
  RpropStep,
  SgdStep,
} from "../../ops";

/** The ops that are steps of optimizers. */
export type StepName = {
  [K in keyof DeviceOps]: DeviceOps[K] extends { parameter: Operand } ? K : never;
}[keyof DeviceOps];

/** What a step is in a kernel. */
export interface StepText {
  /** What the optimizer remembers, by the names of its variables; what is undefined is left out. */
  readonly state: Readonly<Record<string, Optional>>;
  readonly scalars: Readonly<Record<string, number>>;
  /** Statements, which must follow from the choices that they were made of: these are the key of the kernel, as they are its text. */
  readonly lines: readonly string[];
}

/** Weight decay that enters the gradient. */
const decayed = (weightDecay: number): string[] => (weightDecay === 0 ? [] : ["d += decay * w;"]);

const averages = ["m = beta1 * m + fresh1 * d;", "v = beta2 * v + fresh2 * d * d;"];

const betas = ({ beta1, beta2 }: { readonly beta1: number; readonly beta2: number }) => ({
  beta1,
  beta2,
  fresh1: 1 - beta1,
  fresh2: 1 - beta2,
});

/** 1 − βⁿ at the n-th step that was taken, of the logarithm of β. */
const bias = (logarithm: string): string => `-expm1Safe(taken * ${logarithm})`;

/** A step along the sign of `d`; a NaN leaves the parameter as it is. */
const against = (size: string): string => `w = w + select(0.0, ${size}, d < 0.0) - select(0.0, ${size}, d > 0.0);`;

function momentumLines({ momentumBuffer, nesterov, isFirst }: SgdStep): string[] {
  if (momentumBuffer === undefined) return [];
  return [isFirst ? "m = d;" : "m = mass * m + fresh * d;", nesterov ? "d = d + mass * m;" : "d = m;"];
}

function rmspropLines({ gradAvg, momentumBuffer, weightDecay }: RmspropStep): string[] {
  const centered = gradAvg
    ? ["mean = keep * mean + fresh * d;", "let variance = v - mean * mean;"]
    : ["let variance = v;"];
  const moves = momentumBuffer
    ? ["m = mass * m + d / (sqrtSafe(variance) + eps);", "w -= rate * m;"]
    : ["w -= rate * d / (sqrtSafe(variance) + eps);"];
  return [...decayed(weightDecay), "v = keep * v + fresh * d * d;", ...centered, ...moves];
}

export const stepRules: { readonly [K in StepName]: (step: DeviceOps[K]) => StepText } = {
  sgd: (step: SgdStep) => ({
    state: { m: step.momentumBuffer },
    scalars: { rate: step.lr, mass: step.momentum, fresh: 1 - step.dampening, decay: step.weightDecay },
    lines: [...decayed(step.weightDecay), ...momentumLines(step), "w -= rate * d;"],
  }),

  adam: (step: AdamStep) => ({
    state: { m: step.expAvg, v: step.expAvgSq, top: step.maxExpAvgSq },
    scalars: {
      ...betas(step),
      eps: step.eps,
      ...(step.gate
        ? { lr: step.lr, log1: Math.log(step.beta1), log2: Math.log(step.beta2) }
        : { rate: step.lr / step.bias1, root: Math.sqrt(step.bias2) }),
      decay: step.decoupled ? 1 - step.lr * step.weightDecay : step.weightDecay,
    },
    lines: [
      ...(step.gate ? [`let rate = lr / (${bias("log1")});`, `let root = sqrtSafe(${bias("log2")});`] : []),
      ...(step.decoupled && step.weightDecay !== 0 ? ["w = w * decay;"] : []),
      ...(step.decoupled ? [] : decayed(step.weightDecay)),
      ...averages,
      ...(step.maxExpAvgSq ? ["top = maxNan(top, v);"] : []),
      `w -= rate * m / (sqrtSafe(${step.maxExpAvgSq ? "top" : "v"}) / root + eps);`,
    ],
  }),

  adamax: (step: AdamaxStep) => ({
    state: { m: step.expAvg, top: step.expInf },
    scalars: {
      ...betas(step),
      eps: step.eps,
      ...(step.gate ? { lr: step.lr, log1: Math.log(step.beta1) } : { rate: step.scale }),
      decay: step.weightDecay,
    },
    lines: [
      ...(step.gate ? [`let rate = lr / (${bias("log1")});`] : []),
      ...decayed(step.weightDecay),
      averages[0]!,
      "top = maxNan(top * beta2, abs(d) + eps);",
      "w -= rate * m / top;",
    ],
  }),

  nadam: (step: NAdamStep) => ({
    state: { m: step.expAvg, v: step.expAvgSq },
    scalars: {
      ...betas(step),
      eps: step.eps,
      rate: step.gradScale,
      meanRate: step.meanScale,
      bias: step.bias2,
      decay: step.weightDecay,
    },
    lines: [
      ...decayed(step.weightDecay),
      ...averages,
      "let root = sqrtSafe(v / bias) + eps;",
      "w = w - rate * d / root - meanRate * m / root;",
    ],
  }),

  radam: (step: RAdamStep) => ({
    state: { m: step.expAvg, v: step.expAvgSq },
    scalars: {
      ...betas(step),
      eps: step.eps,
      rate: step.rectified === 0 ? step.scale : step.scale * step.rectified,
      decay: step.weightDecay,
    },
    lines: [
      ...decayed(step.weightDecay),
      ...averages,
      step.rectified === 0 ? "w -= rate * m;" : "w -= rate * m / (sqrtSafe(v) + eps);",
    ],
  }),

  asgd: (step: AsgdStep) => ({
    state: { ax: step.ax },
    scalars: { rate: step.eta, shrink: 1 - step.lambd * step.eta, share: step.mu, decay: step.weightDecay },
    lines: [
      ...decayed(step.weightDecay),
      "w = w * shrink - rate * d;",
      step.mu === 1 ? "ax = w;" : "ax = ax + (w - ax) * share;",
    ],
  }),

  rprop: (step: RpropStep) => ({
    state: { previous: step.previous, size: step.stepSize },
    scalars: { shrink: step.etaMinus, grow: step.etaPlus, least: step.least, most: step.most },
    lines: [
      "let agreement = d * previous;",
      "let turns = agreement < 0.0;",
      "size = minNan(maxNan(size * select(select(1.0, grow, agreement > 0.0), shrink, turns), least), most);",
      "d = select(d, 0.0, turns);",
      against("size"),
      "previous = d;",
    ],
  }),

  lion: (step: LionStep) => ({
    state: { m: step.expAvg },
    scalars: { ...betas(step), rate: step.lr, shrink: 1 - step.lr * step.weightDecay },
    lines: [
      "let fresh = d;",
      "d = beta1 * m + fresh1 * fresh;",
      "w = w * shrink;",
      against("rate"),
      "m = beta2 * m + fresh2 * fresh;",
    ],
  }),

  adagrad: (step: AdagradStep) => ({
    state: { sum: step.sum },
    scalars: { rate: step.lr, eps: step.eps, decay: step.weightDecay },
    lines: [...decayed(step.weightDecay), "sum = sum + d * d;", "w -= rate * d / (sqrtSafe(sum) + eps);"],
  }),

  rmsprop: (step: RmspropStep) => ({
    state: { v: step.squareAvg, mean: step.gradAvg, m: step.momentumBuffer },
    scalars: {
      rate: step.lr,
      keep: step.alpha,
      fresh: 1 - step.alpha,
      eps: step.eps,
      mass: step.momentum,
      decay: step.weightDecay,
    },
    lines: rmspropLines(step),
  }),

  adadelta: (step: AdadeltaStep) => ({
    state: { v: step.squareAvg, acc: step.accDelta },
    scalars: { rate: step.lr, keep: step.rho, fresh: 1 - step.rho, eps: step.eps, decay: step.weightDecay },
    lines: [
      ...decayed(step.weightDecay),
      "v = keep * v + fresh * d * d;",
      "let delta = sqrtSafe(acc + eps) / sqrtSafe(v + eps) * d;",
      "acc = keep * acc + fresh * delta * delta;",
      "w -= rate * delta;",
    ],
  }),
};
