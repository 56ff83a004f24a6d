/** Dropout: noise that multiplies a tensor in training. The masks are PyTorch's. */

import { record } from "../../autograd/node";
import { checkNumber } from "../../core/arguments";
import { checkOptions, ShapeError, ValueError } from "../../core/errors";
import { defaultGenerator } from "../../core/generator";
import type { FloatArray } from "../../core/random";
import * as random from "../../core/random";
import { named } from "../../core/signature";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { sumTo } from "../builders/define";
import { mul } from "../elementwise/binary";
import { checkFloat, type Draw, drawing, sampleInto } from "../random/draw";

/** Options of the dropouts. */
export interface DropoutOptions {
  /** The probability of an element, or a channel, to be dropped. Default: 0.5. */
  p?: number;
  /** Otherwise the input is returned as it is. Default: true. */
  training?: boolean;
  /** Change the input. Default: false. */
  inplace?: boolean;
}

/** What a dropout does once its arguments are checked; undefined if it does nothing. */
type Effect = { readonly p: number; readonly inplace: boolean } | undefined;

function effectOf(op: string, x: Tensor, options: DropoutOptions, p = 0.5, training = true): Effect {
  checkTensor(op, x);
  checkOptions(op, options, ["p", "training", "inplace"]);
  const probability = checkNumber(op, "p", options.p ?? p);
  if (!(probability >= 0 && probability <= 1))
    throw new ValueError(`${op}: dropout probability has to be between 0 and 1, but got ${probability}`);
  if (!(options.training ?? training) || probability === 0 || x.numel() === 0) return undefined;
  checkFloat(op, x.dtype);
  return { p: probability, inplace: options.inplace ?? false };
}

/** What dropout multiplies by: `one` with probability 1 − p, else 0. With p = 1 nothing is drawn. */
function mask(x: Tensor, shape: readonly number[], p: number, one: number): Tensor {
  const noise = allocate(shape, x.dtype, x);
  if (p === 1) return noise.zero_();
  const draw = drawing("bernoulli", defaultGenerator, [1 - p, one], (out) =>
    random.bernoulli(out, 1 - p, undefined, one),
  );
  sampleInto(noise, draw);
  return noise;
}

/** What {@link dropout} would multiply a tensor of a shape by; undefined where it does nothing. @throws ValueError unless p is between 0 and 1. */
export function noiseOf(op: string, like: Tensor, shape: readonly number[], p: number): Tensor | undefined {
  const effect = effectOf(op, like, { p });
  return effect && mask(like, shape, effect.p, 1 / (1 - effect.p));
}

/** x · noise, of which only the noise is kept for backward. */
function multiply(x: Tensor, noise: Tensor, inplace: boolean): Tensor {
  if (inplace) return x.mul_(noise);
  const y = allocate(x.shape, x.dtype, x);
  mul.into(y, x, noise);
  const { shape, dtype } = x;
  return record("MulBackward0", y, [x], [noise], [(g, [n]) => sumTo(g.mul(n!), shape, dtype)]);
}

/** The shape of noise that drops whole channels. */
function channels(x: Tensor): number[] {
  if (x.ndim < 2)
    throw new ShapeError(`dropout: Feature dropout requires at least 2 dimensions in the input, got ${x.ndim}`);
  return x.shape.map((size, i) => (i < 2 ? size : 1));
}

/**
 * In training, sets each element to zero with probability p and multiplies the others by 1 / (1 − p). Shape: any.
 * @see torch.nn.functional.dropout; Hinton et al., 2012
 */
export const dropout = named(
  "dropout",
  "input; p, training, inplace",
  (x: Tensor, options: DropoutOptions = {}): Tensor => {
    const effect = effectOf("dropout", x, options);
    return effect === undefined ? x : multiply(x, mask(x, x.shape, effect.p, 1 / (1 - effect.p)), effect.inplace);
  },
);

/** {@link dropout} of whole channels: of all but the first two axes at once. @see torch.feature_dropout */
export const featureDropout = named(
  "featureDropout",
  "input;; p, training, inplace",
  (x: Tensor, options: DropoutOptions = {}): Tensor => {
    const effect = effectOf("featureDropout", x, options);
    return effect === undefined ? x : multiply(x, mask(x, channels(x), effect.p, 1 / (1 - effect.p)), effect.inplace);
  },
);

/** Runs a dropout of channels on a single item, which lacks the batch axis. */
function unbatched(x: Tensor, options: DropoutOptions): Tensor {
  const y = featureDropout(x.unsqueeze(0), options);
  return options.inplace ? x : y.squeeze(0);
}

/** Drops whole channels of [N, C, L] or [C, L]. @see torch.nn.functional.dropout1d */
export const dropout1d = named(
  "dropout1d",
  "input; p, training, inplace",
  (x: Tensor, options: DropoutOptions = {}): Tensor => {
    if (checkTensor("dropout1d", x).ndim !== 2 && x.ndim !== 3)
      throw new ShapeError(`dropout1d: Expected 2D or 3D input, but received a ${x.ndim}D input.`);
    return x.ndim === 2 ? unbatched(x, options) : featureDropout(x, options);
  },
);

/** Drops whole channels of [N, C, H, W]. @see torch.nn.functional.dropout2d */
export const dropout2d = named(
  "dropout2d",
  "input; p, training, inplace",
  (x: Tensor, options: DropoutOptions = {}): Tensor => featureDropout(x, options),
);

/** Drops whole channels of [N, C, D, H, W] or [C, D, H, W]. @see torch.nn.functional.dropout3d */
export const dropout3d = named(
  "dropout3d",
  "input; p, training, inplace",
  (x: Tensor, options: DropoutOptions = {}): Tensor =>
    checkTensor("dropout3d", x).ndim === 5 ? featureDropout(x, options) : unbatched(x, options),
);

/** What SELU gives at −∞, negated. */
const ALPHA = 1.7580993408473766;

/** Dropped elements become the value of SELU at −∞; scale and shift keep mean and variance. */
function alpha(x: Tensor, shape: readonly number[], { p, inplace }: NonNullable<Effect>): Tensor {
  if (p === 1) return multiply(x, mask(x, [], 1, 0), inplace);
  const a = 1 / Math.sqrt((ALPHA * ALPHA * p + 1) * (1 - p));
  const noise = mask(x, shape, p, 1);
  const shift = noise
    .sub(1)
    .mul(ALPHA * a)
    .add(ALPHA * a * p);
  const y = multiply(x, noise.mul(a), inplace);
  return inplace ? y.add_(shift) : y.add(shift);
}

/** Dropout that keeps mean and variance, for SELU. Default: not in training. @see torch.nn.functional.alpha_dropout; Klambauer et al., 2017 */
export const alphaDropout = named(
  "alphaDropout",
  "input; p, training, inplace",
  (x: Tensor, options: DropoutOptions = {}): Tensor => {
    const effect = effectOf("alphaDropout", x, options, 0.5, false);
    return effect === undefined ? x : alpha(x, x.shape, effect);
  },
);

/** {@link alphaDropout} of whole channels. @see torch.nn.functional.feature_alpha_dropout */
export const featureAlphaDropout = named(
  "featureAlphaDropout",
  "input; p, training, inplace",
  (x: Tensor, options: DropoutOptions = {}): Tensor => {
    const effect = effectOf("featureAlphaDropout", x, options, 0.5, false);
    return effect === undefined ? x : alpha(x, channels(x), effect);
  },
);

/** Options of {@link rrelu}. */
export interface RReLUOptions {
  /** Default: 1/8. */
  lower?: number;
  /** Default: 1/3. */
  upper?: number;
  /** Default: false. */
  training?: boolean;
  inplace?: boolean;
}

function drawSlopes(x: Tensor, lower: number, upper: number): Draw {
  const generator = defaultGenerator;
  if (!x.storage.backend.readsAtOnce)
    return Object.assign(() => {}, {
      onDevice: { kind: "slopes", generator, p: lower, q: upper, given: [x] } as const,
    });
  const values = x.toTypedArray() as FloatArray;
  return (out) => random.rreluSlopes(out as FloatArray, values, lower, upper, generator);
}

/**
 * Leaky ReLU with a slope drawn from [lower, upper) for each element in training, and their mean otherwise. Shape: any.
 * @see torch.nn.functional.rrelu; Xu et al., 2015
 */
export const rrelu = named(
  "rrelu",
  "input; lower, upper, training, inplace",
  (x: Tensor, options: RReLUOptions = {}): Tensor => {
    checkTensor("rrelu", x);
    const { training = false, inplace = false } = options;
    checkFloat("rrelu", x.dtype);
    const lower = checkNumber("rrelu", "lower", options.lower ?? 1 / 8);
    const upper = checkNumber("rrelu", "upper", options.upper ?? 1 / 3);
    if (!(lower <= upper))
      throw new ValueError(
        `rrelu: Lower bound should be less than or equal to the upper bound, got ${lower} and ${upper}`,
      );
    if (!training) {
      const negativeSlope = (lower + upper) / 2;
      return inplace ? x.leakyRelu_({ negativeSlope }) : x.leakyRelu({ negativeSlope });
    }
    const slopes = allocate(x.shape, x.dtype, x);
    sampleInto(slopes, drawSlopes(x, lower, upper));
    return multiply(x, slopes, inplace);
  },
);
