/** Window functions for spectral analysis. */

import { checkInteger, checkNumber } from "../../core/arguments";
import { checkDType, getDefaultDtype, isFloat } from "../../core/dtype";
import { checkOptions, DTypeError } from "../../core/errors";
import { named } from "../../core/signature";
import { allocateFor, type CreateOptions, createOptions, finish } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { writeWide } from "../../tensor/wide";

/** Options of window functions. */
export interface WindowOptions extends CreateOptions {
  /** Whether the window continues periodically, as spectral analysis wants, or is symmetric. Default: true. */
  periodic?: boolean;
}

/** A window of `length` values of `shape` at positions t in [0, 1]. */
function sampled(
  op: string,
  length: number,
  options: WindowOptions,
  extra: readonly string[],
  shape: (t: number) => number,
): Tensor {
  checkOptions(op, options, [...createOptions, "periodic", ...extra]);
  checkInteger(op, "windowLength", length, 0);
  const { periodic = true, dtype, device, requiresGrad } = options;
  if (dtype !== undefined && !isFloat(checkDType(op, dtype)))
    throw new DTypeError(`${op}: expects floating point dtypes, got: ${dtype}`);
  const x = allocateFor(op, [length], { dtype, device }, getDefaultDtype());
  const last = periodic ? length : length - 1;
  writeWide(x, (out) => {
    for (let i = 0; i < length; i++) out[i] = length === 1 ? 1 : shape(i / last);
  });
  return finish(x, { requiresGrad });
}

const TAU = 2 * Math.PI;

/** sin²(πt). @see torch.hann_window */
export const hannWindow = named(
  "hannWindow",
  "windowLength; periodic; dtype, device, requiresGrad",
  (windowLength: number, options: WindowOptions = {}): Tensor =>
    sampled("hannWindow", windowLength, options, [], (t) => 0.5 - 0.5 * Math.cos(TAU * t)),
);

/** alpha − beta · cos(2πt), with alpha = 0.54 and beta = 0.46. @see torch.hamming_window */
export const hammingWindow = named(
  "hammingWindow",
  "windowLength; periodic, alpha, beta; dtype, device, requiresGrad",
  (windowLength: number, options: WindowOptions & { alpha?: number; beta?: number } = {}): Tensor => {
    const alpha = checkNumber("hammingWindow", "alpha", options.alpha ?? 0.54);
    const beta = checkNumber("hammingWindow", "beta", options.beta ?? 0.46);
    return sampled("hammingWindow", windowLength, options, ["alpha", "beta"], (t) => alpha - beta * Math.cos(TAU * t));
  },
);

/** 0.42 − 0.5 · cos(2πt) + 0.08 · cos(4πt). @see torch.blackman_window */
export const blackmanWindow = named(
  "blackmanWindow",
  "windowLength; periodic; dtype, device, requiresGrad",
  (windowLength: number, options: WindowOptions = {}): Tensor =>
    sampled(
      "blackmanWindow",
      windowLength,
      options,
      [],
      (t) => 0.42 - 0.5 * Math.cos(TAU * t) + 0.08 * Math.cos(2 * TAU * t),
    ),
);

/** A triangle from 0 to 1 and back. @see torch.bartlett_window */
export const bartlettWindow = named(
  "bartlettWindow",
  "windowLength; periodic; dtype, device, requiresGrad",
  (windowLength: number, options: WindowOptions = {}): Tensor =>
    sampled("bartlettWindow", windowLength, options, [], (t) => 1 - Math.abs(2 * t - 1)),
);

/** The modified Bessel function of order 0 by its power series, whose terms are all positive. */
function i0(x: number): number {
  let sum = 1;
  for (let k = 1, term = 1; term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** I₀(beta · √(1 − (2t − 1)²)) / I₀(beta), with beta = 12. @see torch.kaiser_window */
export const kaiserWindow = named(
  "kaiserWindow",
  "windowLength; periodic, beta; dtype, device, requiresGrad",
  (windowLength: number, options: WindowOptions & { beta?: number } = {}): Tensor => {
    const beta = checkNumber("kaiserWindow", "beta", options.beta ?? 12);
    return sampled(
      "kaiserWindow",
      windowLength,
      options,
      ["beta"],
      (t) => i0(beta * Math.sqrt(1 - (2 * t - 1) ** 2)) / i0(beta),
    );
  },
);
