/** Activations with a slope, a bound or another number to choose, as layers. */

import type { Device } from "../../backend/backend";
import { checkChoice, checkNumber } from "../../core/arguments";
import { nameOf } from "../../core/className";
import type { DType } from "../../core/dtype";
import { ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import { leakyRelu_ } from "../../ops/elementwise/activation";
import type { Tensor } from "../../tensor/tensor";
import * as F from "../functional";
import { constant_ } from "../init";
import { type FactoryOptions, newParameter } from "../module/factory";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { readArguments } from "../module/options";
import type { Parameter } from "../module/parameter";
import { float, text } from "../module/repr";
import type { InplaceOptions } from "./activation";

const suffix = (inplace: boolean): string => (inplace ? ", inplace=True" : "");

/** Parameters of {@link Threshold}. */
export interface ThresholdParameters extends InplaceOptions {
  /** Inputs above it are kept. */
  threshold: number;
  /** What takes the place of all others. */
  value: number;
}

const thresholdSignature = "threshold, value; inplace";

/** x where it is above `threshold`, else `value`. @see torch.nn.Threshold */
export class Threshold extends Module {
  threshold: number;
  value: number;
  inplace: boolean;

  constructor(threshold: number, value: number, inplace?: boolean);
  constructor(...given: Arguments<typeof thresholdSignature, ThresholdParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readArguments<ThresholdParameters>(layer, thresholdSignature, { inplace: false }, given);
    this.threshold = checkNumber(layer, "threshold", options.threshold);
    this.value = checkNumber(layer, "value", options.value);
    this.inplace = options.inplace;
  }

  override forward(input: Tensor): Tensor {
    return this.inplace
      ? F.threshold_(input, this.threshold, this.value)
      : F.threshold(input, this.threshold, this.value);
  }

  override extraRepr(): string {
    return `threshold=${text(this.threshold)}, value=${text(this.value)}${suffix(this.inplace)}`;
  }
}

/** Options of {@link RReLU}. */
export interface RReLULayerOptions extends InplaceOptions {
  /** Default: 1/8. */
  lower?: number;
  /** Default: 1/3. */
  upper?: number;
}

const rreluSignature = "; lower, upper, inplace";

/** Leaky ReLU with random slopes in training. @see torch.nn.RReLU; Xu et al., 2015 */
export class RReLU extends Module {
  lower: number;
  upper: number;
  inplace: boolean;

  constructor(lower?: number, upper?: number, inplace?: boolean);
  constructor(...given: Arguments<typeof rreluSignature, RReLULayerOptions>);
  constructor(...given: unknown[]) {
    super();
    const defaults = { lower: 1 / 8, upper: 1 / 3, inplace: false };
    const { lower, upper, inplace } = readArguments<RReLULayerOptions>(
      nameOf(new.target),
      rreluSignature,
      defaults,
      given,
    );
    this.lower = lower;
    this.upper = upper;
    this.inplace = inplace;
  }

  override forward(input: Tensor): Tensor {
    const { lower, upper, training, inplace } = this;
    return F.rrelu(input, { lower, upper, training, inplace });
  }

  override extraRepr(): string {
    return `lower=${text(this.lower)}, upper=${text(this.upper)}${suffix(this.inplace)}`;
  }
}

/** Options of {@link Hardtanh}. */
export interface HardtanhOptions extends InplaceOptions {
  /** Default: −1. */
  minVal?: number;
  /** Default: 1. */
  maxVal?: number;
  /** The deprecated name of `minVal`, over which it wins. */
  minValue?: number | null;
  /** The deprecated name of `maxVal`, over which it wins. */
  maxValue?: number | null;
}

const hardtanhSignature = "; minVal, maxVal, inplace, minValue, maxValue";

/** x held between two values. @see torch.nn.Hardtanh */
export class Hardtanh extends Module {
  minVal: number;
  maxVal: number;
  inplace: boolean;

  constructor(minVal?: number, maxVal?: number, inplace?: boolean, minValue?: number | null, maxValue?: number | null);
  constructor(...given: Arguments<typeof hardtanhSignature, HardtanhOptions>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults = { minVal: -1, maxVal: 1, inplace: false, minValue: null, maxValue: null };
    const options = readArguments<HardtanhOptions>(layer, hardtanhSignature, defaults, given);
    const { inplace, minValue, maxValue } = options;
    const minVal = minValue == null ? options.minVal : checkNumber(layer, "minValue", minValue);
    const maxVal = maxValue == null ? options.maxVal : checkNumber(layer, "maxValue", maxValue);
    if (!(maxVal > minVal)) throw new ValueError(`${layer}: maxVal must be above minVal, got ${maxVal} and ${minVal}`);
    this.minVal = minVal;
    this.maxVal = maxVal;
    this.inplace = inplace;
  }

  override forward(input: Tensor): Tensor {
    const { minVal, maxVal } = this;
    return this.inplace ? F.hardtanh_(input, { minVal, maxVal }) : F.hardtanh(input, { minVal, maxVal });
  }

  override extraRepr(): string {
    return `min_val=${float(this.minVal)}, max_val=${float(this.maxVal)}${suffix(this.inplace)}`;
  }
}

/** Options of {@link ELU} and {@link CELU}. */
export interface ELUOptions extends InplaceOptions {
  /** Default: 1. */
  alpha?: number;
}

const eluSignature = "; alpha, inplace";

abstract class ExponentialActivation extends Module {
  alpha: number;
  inplace: boolean;

  constructor(alpha?: number, inplace?: boolean);
  constructor(...given: Arguments<typeof eluSignature, ELUOptions>);
  constructor(...given: unknown[]) {
    super();
    const { alpha, inplace } = readArguments<ELUOptions>(
      nameOf(new.target),
      eluSignature,
      { alpha: 1, inplace: false },
      given,
    );
    this.alpha = alpha;
    this.inplace = inplace;
  }

  override extraRepr(): string {
    return `alpha=${float(this.alpha)}${suffix(this.inplace)}`;
  }
}

/** x where it is positive, else alpha · (exp(x) − 1). @see torch.nn.ELU; Clevert et al., 2015 */
export class ELU extends ExponentialActivation {
  override forward(input: Tensor): Tensor {
    const { alpha } = this;
    return this.inplace ? F.elu_(input, { alpha }) : F.elu(input, { alpha });
  }
}

/** max(0, x) + min(0, alpha · (exp(x / alpha) − 1)). @see torch.nn.CELU; Barron, 2017 */
export class CELU extends ExponentialActivation {
  override forward(input: Tensor): Tensor {
    const { alpha } = this;
    return this.inplace ? F.celu_(input, { alpha }) : F.celu(input, { alpha });
  }
}

/** Options of {@link GELU}. */
export interface GELUOptions {
  /** `"tanh"` for the approximation. Default: `"none"`. */
  approximate?: "none" | "tanh";
}

const geluSignature = "; approximate";

/** x · Φ(x), Φ being the normal distribution. @see torch.nn.GELU; Hendrycks and Gimpel, 2016 */
export class GELU extends Module {
  approximate: "none" | "tanh";

  constructor(approximate?: "none" | "tanh");
  constructor(...given: Arguments<typeof geluSignature, GELUOptions>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const { approximate } = readArguments<GELUOptions>(layer, geluSignature, { approximate: "none" }, given);
    this.approximate = checkChoice(layer, "approximate", approximate, ["none", "tanh"]);
  }

  override forward(input: Tensor): Tensor {
    return F.gelu(input, { approximate: this.approximate });
  }

  override extraRepr(): string {
    return `approximate='${this.approximate}'`;
  }
}

/** Options of {@link GLU}. */
export interface GLUOptions {
  /** The axis that is halved. Default: −1. */
  dim?: number;
}

const gluSignature = "; dim";

/** a · sigmoid(b), a and b being the halves of an axis. @see torch.nn.GLU; Dauphin et al., 2016 */
export class GLU extends Module {
  dim: number;

  constructor(dim?: number);
  constructor(...given: Arguments<typeof gluSignature, GLUOptions>);
  constructor(...given: unknown[]) {
    super();
    this.dim = readArguments<GLUOptions>(nameOf(new.target), gluSignature, { dim: -1 }, given).dim;
  }

  override forward(input: Tensor): Tensor {
    return F.glu(input, { dim: this.dim });
  }

  override extraRepr(): string {
    return `dim=${this.dim}`;
  }
}

/** Options of {@link Hardshrink} and {@link Softshrink}. */
export interface ShrinkOptions {
  /** Default: 0.5. */
  lambd?: number;
}

const shrinkSignature = "; lambd";

abstract class Shrink extends Module {
  lambd: number;

  constructor(lambd?: number);
  constructor(...given: Arguments<typeof shrinkSignature, ShrinkOptions>);
  constructor(...given: unknown[]) {
    super();
    this.lambd = readArguments<ShrinkOptions>(nameOf(new.target), shrinkSignature, { lambd: 0.5 }, given).lambd;
  }

  override extraRepr(): string {
    return text(this.lambd);
  }
}

/** x where |x| > lambd, else 0. @see torch.nn.Hardshrink */
export class Hardshrink extends Shrink {
  override forward(input: Tensor): Tensor {
    return F.hardshrink(input, { lambd: this.lambd });
  }
}

/** x moved toward 0 by lambd. @see torch.nn.Softshrink */
export class Softshrink extends Shrink {
  override forward(input: Tensor): Tensor {
    return F.softshrink(input, { lambd: this.lambd });
  }
}

/** Options of {@link LeakyReLU}. */
export interface LeakyReLUOptions extends InplaceOptions {
  /** Default: 0.01. */
  negativeSlope?: number;
}

const leakySignature = "; negativeSlope, inplace";

/** x where it is positive, else negativeSlope · x. @see torch.nn.LeakyReLU */
export class LeakyReLU extends Module {
  negativeSlope: number;
  inplace: boolean;

  constructor(negativeSlope?: number, inplace?: boolean);
  constructor(...given: Arguments<typeof leakySignature, LeakyReLUOptions>);
  constructor(...given: unknown[]) {
    super();
    const defaults = { negativeSlope: 0.01, inplace: false };
    const { negativeSlope, inplace } = readArguments<LeakyReLUOptions>(
      nameOf(new.target),
      leakySignature,
      defaults,
      given,
    );
    this.negativeSlope = negativeSlope;
    this.inplace = inplace;
  }

  override forward(input: Tensor): Tensor {
    const { negativeSlope } = this;
    return this.inplace ? leakyRelu_(input, { negativeSlope }) : F.leakyRelu(input, { negativeSlope });
  }

  override extraRepr(): string {
    return `negative_slope=${text(this.negativeSlope)}${suffix(this.inplace)}`;
  }
}

/** Options of {@link Softplus}. */
export interface SoftplusOptions {
  /** Default: 1. */
  beta?: number;
  /** Above it the function is taken as linear. Default: 20. */
  threshold?: number;
}

const softplusSignature = "; beta, threshold";

/** log(1 + exp(beta · x)) / beta. @see torch.nn.Softplus */
export class Softplus extends Module {
  beta: number;
  threshold: number;

  constructor(beta?: number, threshold?: number);
  constructor(...given: Arguments<typeof softplusSignature, SoftplusOptions>);
  constructor(...given: unknown[]) {
    super();
    const { beta, threshold } = readArguments<SoftplusOptions>(
      nameOf(new.target),
      softplusSignature,
      { beta: 1, threshold: 20 },
      given,
    );
    this.beta = beta;
    this.threshold = threshold;
  }

  override forward(input: Tensor): Tensor {
    return F.softplus(input, { beta: this.beta, threshold: this.threshold });
  }

  override extraRepr(): string {
    return `beta=${text(this.beta)}, threshold=${text(this.threshold)}`;
  }
}

/** Options of {@link PReLU}. */
export interface PReLUOptions extends FactoryOptions {
  /** One slope, or one for each channel. Default: 1. */
  numParameters?: number;
  /** The slopes at first. Default: 0.25. */
  init?: number;
}

const preluSignature = "; numParameters, init, device, dtype";

/** x where it is positive, else weight · x; the weight is learned. @see torch.nn.PReLU; He et al., 2015 */
export class PReLU extends Module {
  numParameters: number;
  init: number;
  /** Shape: [numParameters]. */
  weight: Parameter;

  constructor(numParameters?: number, init?: number, device?: Device | "wasm" | null, dtype?: DType | null);
  constructor(...given: Arguments<typeof preluSignature, PReLUOptions>);
  constructor(...given: unknown[]) {
    super();
    const defaults = { numParameters: 1, init: 0.25 };
    const { numParameters, init, ...where } = readArguments<PReLUOptions>(
      nameOf(new.target),
      preluSignature,
      defaults,
      given,
    );
    this.numParameters = numParameters;
    this.init = init;
    this.weight = newParameter([numParameters], where);
    constant_(this.weight, init);
  }

  override forward(input: Tensor): Tensor {
    return F.prelu(input, this.weight);
  }

  override extraRepr(): string {
    return `num_parameters=${this.numParameters}`;
  }
}

takes("input", Threshold, RReLU, Hardtanh, ELU, CELU, GELU, GLU, Hardshrink, Softshrink, LeakyReLU, Softplus, PReLU);
