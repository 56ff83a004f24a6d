/** Stochastic depth: residual branches that are left out at random (Huang et al., "Deep networks with stochastic depth", 2016). */

import { checkFlag, checkNumber } from "../../core/arguments";
import { classNameOf, nameOf } from "../../core/className";
import { ArgumentError, describe, ValueError } from "../../core/errors";
import { named } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { composes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import { float, text } from "../../nn/module/repr";
import { checkTensor } from "../../ops/builders/checks";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";

/** What is dropped at once: the whole batch, or a row of it. */
export type StochasticDepthMode = "batch" | "row";

function checkDepth(op: string, p: unknown, mode: unknown): asserts mode is StochasticDepthMode {
  const probability = checkNumber(op, "p", p);
  if (!(probability >= 0 && probability <= 1))
    throw new ValueError(`${op}: drop probability has to be between 0 and 1, but got ${text(probability)}`);
  if (typeof mode !== "string") throw new ArgumentError(`${op}: mode must be "batch" or "row", got ${describe(mode)}`);
  if (mode !== "batch" && mode !== "row")
    throw new ValueError(`${op}: mode has to be either 'batch' or 'row', but got ${mode}`);
}

/**
 * In training, sets the whole input, or each of its rows, to zero with probability p, and divides what is left by 1 − p.
 * Shape: [N, …], unchanged. The random numbers are PyTorch's.
 * @throws ValueError unless p lies between 0 and 1 and the mode is known.
 * @see torchvision.ops.stochastic_depth
 * @example x.add(vision.ops.stochasticDepth(branch(x), 0.2, "row", { training: net.training }));
 */
export const stochasticDepth = named(
  "stochasticDepth",
  "input, p, mode; training",
  (input: Tensor, p: number, mode: StochasticDepthMode, options: { training?: boolean } = {}): Tensor => {
    checkTensor("stochasticDepth", input);
    checkDepth("stochasticDepth", p, mode);
    if (!checkFlag("stochasticDepth", "training", options.training ?? true) || p === 0) return input;
    const survival = 1 - p;
    const size = input.shape.map((n, axis) => (axis === 0 && mode === "row" ? n : 1));
    const noise = allocate(size, input.dtype, input).bernoulli_(survival);
    if (survival > 0) noise.div_(survival);
    return input.mul(noise);
  },
);

/** Parameters of {@link StochasticDepth}. */
export interface StochasticDepthParameters {
  /** The probability of being dropped. */
  p: number;
  mode: StochasticDepthMode;
}

/** {@link stochasticDepth} as a layer. @see torchvision.ops.StochasticDepth @example new vision.ops.StochasticDepth(0.2, "row") */
export class StochasticDepth extends nn.Module {
  p: number;
  mode: StochasticDepthMode;

  constructor(...given: Arguments<"p, mode", StochasticDepthParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const { p, mode } = readArguments<StochasticDepthParameters>(layer, "p, mode", {}, given);
    checkDepth(layer, p, mode);
    this.p = p;
    this.mode = mode;
  }

  override forward(input: Tensor): Tensor {
    return stochasticDepth(input, this.p, this.mode, { training: this.training });
  }

  override toString(): string {
    return `${classNameOf(this)}(p=${float(this.p)}, mode=${this.mode})`;
  }
}

composes("input", StochasticDepth);
