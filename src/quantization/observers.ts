/** Modules that watch the numbers passing through them, and choose scales and zero points. */

import { noGrad } from "../autograd/mode";
import { checkFlag, checkInteger, checkNumber } from "../core/arguments";
import { bind, isPlainObject, partsOf } from "../core/binding";
import { classNameOf, nameOf } from "../core/className";
import { ArgumentError, describe, KindlingError, ValueError } from "../core/errors";
import { wrapDim } from "../core/shape";
import type { Arguments } from "../core/signatureTypes";
import { takes } from "../nn/module/forward";
import { Module } from "../nn/module/module";
import { float } from "../nn/module/repr";
import { stateKeyOf } from "../nn/module/state";
import { checkTensor } from "../ops/builders/checks";
import { full, ones, tensor, zeros } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { boundsOf, checkQuantizedDType, type QScheme, type QuantizedDType } from "./dtypes";
import { roundHalfEven } from "./scales";

/** Scales, float32, and zero points, int64 or int32. */
export type QParams = [scale: Tensor, zeroPoint: Tensor];

/** What observers are made with. */
export interface ObserverOptions {
  /** The type that is observed for. Default: `"quint8"`. */
  dtype?: QuantizedDType;
  /** Default: `"perTensorAffine"`. */
  qscheme?: QScheme;
  /** Whether one bit less is used. Default: false. */
  reduceRange?: boolean;
  /** The smallest integer that is used. Default: that of `dtype`. */
  quantMin?: number | null;
  /** The largest integer that is used. Default: that of `dtype`. */
  quantMax?: number | null;
  /** The smallest scale. Default: 2⁻²³. */
  eps?: number;
}

/** Options of {@link MovingAverageMinMaxObserver}. */
export interface MovingAverageOptions extends ObserverOptions {
  /** The weight of a new range. Default: 0.01. */
  averagingConstant?: number;
}

/** Options of observers of channels. */
export interface ChannelObserverOptions extends ObserverOptions {
  /** The axis of the channels. Default: 0. */
  chAxis?: number;
}

/** Options of {@link HistogramObserver}. */
export interface HistogramOptions extends ObserverOptions {
  /** Default: 2048. */
  bins?: number;
  /** Into how many parts a bin is divided when histograms are joined. Default: 128. */
  upsampleRate?: number;
}

const EPS = 2 ** -23;
const common = "dtype, qscheme, reduceRange, quantMin, quantMax, eps";

type AnyOptions = MovingAverageOptions & ChannelObserverOptions & HistogramOptions;

/** The options by position or by name. */
function optionsOf(target: unknown, signature: string, given: readonly unknown[]): AnyOptions {
  const options: Record<string, unknown> = {};
  bind(nameOf(target), partsOf(signature), given, (name, value) => {
    options[name] = value;
  });
  return options as AnyOptions;
}

/** @internal @throws ArgumentError unless `options` are an object of options. */
export function checkObject(options: unknown, op = "withArgs"): void {
  if (!isPlainObject(options)) throw new ArgumentError(`${op}: options must be an object, got ${describe(options)}`);
}

/** The base of everything that watches numbers. @see torch.ao.quantization.ObserverBase */
export abstract class ObserverBase extends Module {
  /** The type that is observed for. */
  dtype: QuantizedDType | "float16";

  constructor(dtype: QuantizedDType | "float16") {
    super();
    this.dtype = dtype;
  }

  override stateKey(field: string): string {
    return stateKeyOf(field);
  }

  /** Watches `input`, and gives it back. */
  abstract override forward(input: Tensor): Tensor;

  /** Scales and zero points for what was seen. */
  abstract calculateQparams(): QParams;
}

/** @throws ArgumentError where the base class itself is made. */
function baseOptions(isBase: boolean, options: ObserverOptions): ObserverOptions {
  if (!isBase) return options;
  throw new ArgumentError("UniformQuantizationObserverBase: it is a base class; use MinMaxObserver or another one");
}

/** The base of observers whose integers are evenly spaced. @see torch.ao.quantization.UniformQuantizationObserverBase */
export abstract class UniformQuantizationObserverBase extends ObserverBase {
  declare dtype: QuantizedDType;
  qscheme: QScheme;
  reduceRange: boolean;
  quantMin: number;
  quantMax: number;
  readonly hasCustomizedQrange: boolean;
  /** Buffers: the smallest scale, and the range that was seen. */
  declare eps: Tensor;
  declare minVal: Tensor;
  declare maxVal: Tensor;

  constructor(layer: string, schemes: readonly QScheme[], options: ObserverOptions) {
    super(
      checkQuantizedDType(
        layer,
        baseOptions(new.target === UniformQuantizationObserverBase, options).dtype ?? "quint8",
      ),
    );
    this.qscheme = options.qscheme ?? schemes[0]!;
    if (!schemes.includes(this.qscheme))
      throw new ValueError(`${layer}: qscheme must be one of ${schemes.join(", ")}, got ${describe(this.qscheme)}`);
    this.reduceRange = checkFlag(layer, "reduceRange", options.reduceRange ?? false);
    if (this.qscheme === "perTensorSymmetric" && this.reduceRange && this.dtype === "quint8")
      throw new ValueError(`${layer}: Cannot reduce range for symmetric quantization for quint8`);
    this.hasCustomizedQrange = options.quantMin != null && options.quantMax != null;
    [this.quantMin, this.quantMax] = this.rangeFor(layer, options);
    this.registerBuffer("eps", tensor([checkNumber(layer, "eps", options.eps ?? EPS)], { dtype: "float32" }));
    this.registerBuffer("minVal", this.nothingSeen(Number.POSITIVE_INFINITY));
    this.registerBuffer("maxVal", this.nothingSeen(Number.NEGATIVE_INFINITY));
  }

  protected nothingSeen(value: number): Tensor {
    return full([], value, { dtype: "float32" });
  }

  private rangeFor(layer: string, { quantMin, quantMax }: ObserverOptions): readonly [number, number] {
    const [min, max] = boundsOf(this.dtype);
    if (!this.hasCustomizedQrange) {
      if (!this.reduceRange) return [min, max];
      return this.dtype === "quint8" ? [0, 127] : [Math.trunc(min / 2), Math.trunc(max / 2)];
    }
    const [low, high] = [checkInteger(layer, "quantMin", quantMin), checkInteger(layer, "quantMax", quantMax)];
    if (!(low <= 0 && high >= 0)) throw new ValueError(`${layer}: Used-specified quantization range must include 0.`);
    if (low >= high)
      throw new ValueError(`${layer}: qmin must be strictly less than qmax for user-specified quantization range.`);
    return this.reduceRange ? [Math.floor(low / 2), Math.floor(high / 2)] : [low, high];
  }

  /** Scales and zero points for the ranges [min, max], one or one per channel. */
  protected parametersFor(minVal: Tensor, maxVal: Tensor): QParams {
    return noGrad(() => {
      const mins = [minVal.tolist()].flat() as number[];
      const maxs = [maxVal.tolist()].flat() as number[];
      if (mins.length === 0 || mins.some((min, i) => isUnseen(min, maxs[i]!)))
        return [ones([1]), zeros([1], { dtype: "int64" })];
      for (const [i, min] of mins.entries())
        if (!(min <= maxs[i]!))
          throw new ValueError(`${classNameOf(this)}: min ${min} should be less than max ${maxs[i]}`);
      const pairs = mins.map((min, i) => this.parametersOf(min, maxs[i]!));
      return [
        tensor(
          pairs.map(([scale]) => scale),
          { dtype: "float32" },
        ),
        tensor(
          pairs.map(([, zero]) => zero),
          { dtype: "int64" },
        ),
      ];
    });
  }

  private parametersOf(min: number, max: number): [scale: number, zeroPoint: number] {
    const { quantMin, quantMax, dtype } = this;
    const f = Math.fround;
    const eps = this.eps.item();
    const [least, most] = [Math.min(min, 0), Math.max(max, 0)];
    if (this.qscheme.endsWith("Symmetric")) {
      const scale = Math.max(f(Math.max(-least, most) / ((quantMax - quantMin) / 2)), eps);
      if (dtype !== "quint8") return [scale, 0];
      return [scale, this.hasCustomizedQrange ? Math.floor((quantMin + quantMax) / 2) : 128];
    }
    const scale = Math.max(f(f(most - least) / (quantMax - quantMin)), eps);
    const zero = quantMin - roundHalfEven(f(least / scale));
    return [scale, Math.min(Math.max(zero, quantMin), quantMax)];
  }

  override calculateQparams(): QParams {
    return this.parametersFor(this.minVal, this.maxVal);
  }

  /** Forgets what was seen. @see torch.ao.quantization.MinMaxObserver.reset_min_max_vals */
  resetMinMaxVals(): void {
    this.minVal = this.nothingSeen(Number.POSITIVE_INFINITY);
    this.maxVal = this.nothingSeen(Number.NEGATIVE_INFINITY);
  }

  override extraRepr(): string {
    const show = (x: Tensor) => (x.ndim === 0 ? float(x.item()) : String(x));
    return `min_val=${show(this.minVal)}, max_val=${show(this.maxVal)}`;
  }
}

const isUnseen = (min: number, max: number): boolean =>
  min === Number.POSITIVE_INFINITY && max === Number.NEGATIVE_INFINITY;

const perTensorSchemes = ["perTensorAffine", "perTensorSymmetric"] as const;
const perChannelSchemes = ["perChannelAffine", "perChannelSymmetric"] as const;

/**
 * Keeps the smallest and the largest number that it has seen. `MinMaxObserver.withArgs({ reduceRange: true })` makes a function that makes such observers, for
 * a {@link QConfig}.
 * @see torch.ao.quantization.MinMaxObserver
 * @example
 * const observer = new MinMaxObserver({ dtype: torch.qint8, qscheme: torch.perTensorSymmetric });
 * observer(x);
 * const [scale, zeroPoint] = observer.calculateQparams();
 */
export class MinMaxObserver extends UniformQuantizationObserverBase {
  constructor(...given: Arguments<`;${typeof common}`, ObserverOptions>);
  constructor(...given: unknown[]) {
    super(nameOf(new.target), perTensorSchemes, optionsOf(new.target, `; ${common}`, given));
  }

  /** A function that makes observers with these options. @see torch.ao.quantization.observer._with_args */
  static withArgs(options: ObserverOptions): () => MinMaxObserver {
    checkObject(options);
    return () => new MinMaxObserver(options as never);
  }

  override forward(input: Tensor): Tensor {
    if (checkTensor(classNameOf(this), input).numel() === 0) return input;
    noGrad(() => {
      const { min, max } = input.detach().float().aminmax() as { min: Tensor; max: Tensor };
      this.minVal = min.minimum(this.minVal);
      this.maxVal = max.maximum(this.maxVal);
    });
    return input;
  }
}

/** Averages the smallest and the largest numbers of what it sees, later ones weighing more. @see torch.ao.quantization.MovingAverageMinMaxObserver */
export class MovingAverageMinMaxObserver extends UniformQuantizationObserverBase {
  averagingConstant: number;

  constructor(...given: Arguments<`;averagingConstant, ${typeof common}`, MovingAverageOptions>);
  constructor(...given: unknown[]) {
    const options = optionsOf(new.target, `; averagingConstant, ${common}`, given);
    super(nameOf(new.target), perTensorSchemes, options);
    this.averagingConstant = checkNumber(nameOf(new.target), "averagingConstant", options.averagingConstant ?? 0.01);
  }

  /** A function that makes observers with these options. */
  static withArgs(options: MovingAverageOptions): () => MovingAverageMinMaxObserver {
    checkObject(options);
    return () => new MovingAverageMinMaxObserver(options as never);
  }

  override forward(input: Tensor): Tensor {
    if (checkTensor(classNameOf(this), input).numel() === 0) return input;
    noGrad(() => {
      const { min, max } = input.detach().float().aminmax() as { min: Tensor; max: Tensor };
      [this.minVal, this.maxVal] = averaged(this, min, max);
    });
    return input;
  }
}

function averaged(
  { minVal, maxVal, averagingConstant: c }: { minVal: Tensor; maxVal: Tensor; averagingConstant: number },
  min: Tensor,
  max: Tensor,
): [Tensor, Tensor] {
  if (minVal.numel() === 0 || isUnseen(minVal.flatten().at(0).item(), maxVal.flatten().at(0).item())) return [min, max];
  return [minVal.add(min.sub(minVal).mul(c)), maxVal.add(max.sub(maxVal).mul(c))];
}

/** The smallest and the largest numbers of each channel. */
function rangesOfChannels(layer: string, x: Tensor, axis: number): [min: Tensor, max: Tensor] {
  wrapDim(layer, axis, x.ndim);
  const rows = x.detach().float().movedim(axis, 0).flatten(1);
  return [rows.amin(1), rows.amax(1)];
}

abstract class ChannelObserver extends UniformQuantizationObserverBase {
  chAxis: number;

  constructor(layer: string, options: ChannelObserverOptions) {
    super(layer, perChannelSchemes, options);
    this.chAxis = checkInteger(layer, "chAxis", options.chAxis ?? 0);
  }

  protected override nothingSeen(_value: number): Tensor {
    return zeros([0]);
  }
}

/** {@link MinMaxObserver} for each channel. @see torch.ao.quantization.PerChannelMinMaxObserver */
export class PerChannelMinMaxObserver extends ChannelObserver {
  constructor(...given: Arguments<`;chAxis, ${typeof common}`, ChannelObserverOptions>);
  constructor(...given: unknown[]) {
    super(nameOf(new.target), optionsOf(new.target, `; chAxis, ${common}`, given));
  }

  /** A function that makes observers with these options. */
  static withArgs(options: ChannelObserverOptions): () => PerChannelMinMaxObserver {
    checkObject(options);
    return () => new PerChannelMinMaxObserver(options as never);
  }

  override forward(input: Tensor): Tensor {
    if (checkTensor(classNameOf(this), input).numel() === 0) return input;
    noGrad(() => {
      const [min, max] = rangesOfChannels(classNameOf(this), input, this.chAxis);
      const isFirst = this.minVal.numel() === 0;
      this.minVal = isFirst ? min : min.minimum(this.minVal);
      this.maxVal = isFirst ? max : max.maximum(this.maxVal);
    });
    return input;
  }
}

/** {@link MovingAverageMinMaxObserver} for each channel. @see torch.ao.quantization.MovingAveragePerChannelMinMaxObserver */
export class MovingAveragePerChannelMinMaxObserver extends ChannelObserver {
  averagingConstant: number;

  constructor(
    ...given: Arguments<`;averagingConstant, chAxis, ${typeof common}`, MovingAverageOptions & ChannelObserverOptions>
  );
  constructor(...given: unknown[]) {
    const options = optionsOf(new.target, `; averagingConstant, chAxis, ${common}`, given);
    super(nameOf(new.target), options);
    this.averagingConstant = checkNumber(nameOf(new.target), "averagingConstant", options.averagingConstant ?? 0.01);
  }

  override forward(input: Tensor): Tensor {
    if (checkTensor(classNameOf(this), input).numel() === 0) return input;
    noGrad(() => {
      [this.minVal, this.maxVal] = averaged(this, ...rangesOfChannels(classNameOf(this), input, this.chAxis));
    });
    return input;
  }
}

/** Says nothing but the type. For weights that are quantized when a model is converted. @see torch.ao.quantization.PlaceholderObserver */
export class PlaceholderObserver extends ObserverBase {
  constructor(options: { dtype?: QuantizedDType | "float16" } = {}) {
    super("float16");
    checkObject(options, nameOf(new.target));
    const { dtype = "float16" } = options;
    this.dtype = dtype === "float16" ? dtype : checkQuantizedDType(nameOf(new.target), dtype);
  }

  /** A function that makes observers with these options. */
  static withArgs(options: { dtype?: QuantizedDType | "float16" }): () => PlaceholderObserver {
    checkObject(options);
    return () => new PlaceholderObserver(options);
  }

  override forward(input: Tensor): Tensor {
    return checkTensor(classNameOf(this), input);
  }

  /** @throws KindlingError always: nothing was watched. */
  override calculateQparams(): QParams {
    throw new KindlingError("calculateQparams: a PlaceholderObserver has watched nothing");
  }

  override extraRepr(): string {
    return `dtype=torch.${this.dtype}, is_dynamic=False`;
  }
}

takes(
  "input",
  MinMaxObserver,
  MovingAverageMinMaxObserver,
  PerChannelMinMaxObserver,
  MovingAveragePerChannelMinMaxObserver,
  PlaceholderObserver,
);
