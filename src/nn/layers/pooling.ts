/** Pooling over windows as layers. Inputs are [N, C, …] or [C, …] with one, two or three axes after the channels. */

import { checkInteger, MAX_COUNT } from "../../core/arguments";
import { nameOf } from "../../core/className";
import type { Arguments } from "../../core/signatureTypes";
import type { AvgPoolOptions, MaxPoolOptions, OutputSize } from "../../ops/layers/pool";
import { checkSizes, type Sizes } from "../../ops/layers/slidingWindows";
import type { Tensor } from "../../tensor/tensor";
import * as F from "../functional";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { readArguments } from "../module/options";
import { text } from "../module/repr";

/** What layers of pooling must be told. */
export interface KernelParameters {
  /** The size of the windows: one for all axes, or one for each. */
  kernelSize: Sizes;
}

const maxSignature = "kernelSize; stride, padding, dilation, returnIndices, ceilMode";

abstract class MaxPool extends Module {
  kernelSize: Sizes;
  stride: Sizes;
  padding: Sizes;
  dilation: Sizes;
  returnIndices: boolean;
  ceilMode: boolean;

  constructor(
    kernelSize: Sizes,
    stride?: Sizes | null,
    padding?: Sizes,
    dilation?: Sizes,
    returnIndices?: boolean,
    ceilMode?: boolean,
  );
  constructor(...given: Arguments<typeof maxSignature, KernelParameters & MaxPoolOptions>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults: Required<MaxPoolOptions> = {
      stride: null,
      padding: 0,
      dilation: 1,
      ceilMode: false,
      returnIndices: false,
    };
    const options = readArguments<KernelParameters & MaxPoolOptions>(layer, maxSignature, defaults, given);
    const { kernelSize, padding, dilation } = options;
    this.kernelSize = kernelSize;
    this.stride = options.stride ?? kernelSize;
    checkSizes(layer, { kernelSize, stride: this.stride, padding, dilation });
    this.padding = padding;
    this.dilation = dilation;
    this.returnIndices = options.returnIndices;
    this.ceilMode = options.ceilMode;
  }

  /** The options of the functional form. */
  protected settings(): MaxPoolOptions {
    const { stride, padding, dilation, ceilMode, returnIndices } = this;
    return { stride, padding, dilation, ceilMode, returnIndices };
  }

  override extraRepr(): string {
    return `kernel_size=${text(this.kernelSize)}, stride=${text(this.stride)}, padding=${text(this.padding)}, dilation=${text(this.dilation)}, ceil_mode=${text(this.ceilMode)}`;
  }
}

/** The largest element of each window; with `returnIndices` also its position. @see torch.nn.MaxPool1d */
export class MaxPool1d extends MaxPool {
  override forward(input: Tensor): Tensor {
    return F.maxPool1d(input, this.kernelSize, this.settings()) as Tensor;
  }
}

/**
 * The largest element of each window; with `returnIndices` also its position.
 * @see torch.nn.MaxPool2d
 * @example new nn.MaxPool2d(2, 2)
 */
export class MaxPool2d extends MaxPool {
  override forward(input: Tensor): Tensor {
    return F.maxPool2d(input, this.kernelSize, this.settings()) as Tensor;
  }
}

/** The largest element of each window; with `returnIndices` also its position. @see torch.nn.MaxPool3d */
export class MaxPool3d extends MaxPool {
  override forward(input: Tensor): Tensor {
    return F.maxPool3d(input, this.kernelSize, this.settings()) as Tensor;
  }
}

const avgSignature = "kernelSize; stride, padding, ceilMode, countIncludePad, divisorOverride";

abstract class AvgPool extends Module {
  kernelSize: Sizes;
  stride: Sizes;
  padding: Sizes;
  ceilMode: boolean;
  countIncludePad: boolean;
  divisorOverride: number | null;

  constructor(
    kernelSize: Sizes,
    stride?: Sizes | null,
    padding?: Sizes,
    ceilMode?: boolean,
    countIncludePad?: boolean,
    divisorOverride?: number | null,
  );
  constructor(...given: Arguments<typeof avgSignature, KernelParameters & AvgPoolOptions>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults: Required<AvgPoolOptions> = {
      stride: null,
      padding: 0,
      ceilMode: false,
      countIncludePad: true,
      divisorOverride: null,
    };
    const options = readArguments<KernelParameters & AvgPoolOptions>(layer, avgSignature, defaults, given);
    const { kernelSize, padding } = options;
    this.kernelSize = kernelSize;
    this.stride = options.stride ?? kernelSize;
    checkSizes(layer, { kernelSize, stride: this.stride, padding });
    this.padding = padding;
    this.ceilMode = options.ceilMode;
    this.countIncludePad = options.countIncludePad;
    this.divisorOverride = options.divisorOverride;
  }

  /** The options of the functional form. */
  protected settings(): AvgPoolOptions {
    const { stride, padding, ceilMode, countIncludePad, divisorOverride } = this;
    return { stride, padding, ceilMode, countIncludePad, divisorOverride };
  }

  override extraRepr(): string {
    return `kernel_size=${text(this.kernelSize)}, stride=${text(this.stride)}, padding=${text(this.padding)}`;
  }
}

const single = (size: Sizes): Sizes => (typeof size === "number" ? [size] : size);

/** The mean of each window. @see torch.nn.AvgPool1d */
export class AvgPool1d extends AvgPool {
  override forward(input: Tensor): Tensor {
    const { divisorOverride: _, ...options } = this.settings();
    return F.avgPool1d(input, this.kernelSize, options);
  }

  override extraRepr(): string {
    return `kernel_size=${text(single(this.kernelSize))}, stride=${text(single(this.stride))}, padding=${text(single(this.padding))}`;
  }
}

/** The mean of each window. @see torch.nn.AvgPool2d */
export class AvgPool2d extends AvgPool {
  override forward(input: Tensor): Tensor {
    return F.avgPool2d(input, this.kernelSize, this.settings());
  }
}

/** The mean of each window. @see torch.nn.AvgPool3d */
export class AvgPool3d extends AvgPool {
  override forward(input: Tensor): Tensor {
    return F.avgPool3d(input, this.kernelSize, this.settings());
  }
}

/** What layers of adaptive pooling must be told. */
export interface AdaptiveParameters {
  /** One size or one per axis; null keeps the input's. */
  outputSize: OutputSize;
}

const adaptiveSignature = "outputSize";

function readOutputSize(layer: string, size: OutputSize): OutputSize {
  for (const n of Array.isArray(size) ? size : [size])
    if (n !== null) checkInteger(layer, "outputSize", n, 0, MAX_COUNT);
  return size;
}

abstract class AdaptiveAvgPool extends Module {
  outputSize: OutputSize;

  constructor(outputSize: OutputSize);
  constructor(...given: Arguments<typeof adaptiveSignature, AdaptiveParameters>);
  constructor(...given: unknown[]) {
    super();
    this.outputSize = readOutputSize(
      nameOf(new.target),
      readArguments<AdaptiveParameters>(nameOf(new.target), adaptiveSignature, {}, given).outputSize,
    );
  }

  override extraRepr(): string {
    return `output_size=${text(this.outputSize)}`;
  }
}

/** Means over as many windows as the output has places. @see torch.nn.AdaptiveAvgPool1d */
export class AdaptiveAvgPool1d extends AdaptiveAvgPool {
  override forward(input: Tensor): Tensor {
    return F.adaptiveAvgPool1d(input, this.outputSize);
  }
}

/** Means over as many windows as the output has places. @see torch.nn.AdaptiveAvgPool2d @example new nn.AdaptiveAvgPool2d([1, 1]) */
export class AdaptiveAvgPool2d extends AdaptiveAvgPool {
  override forward(input: Tensor): Tensor {
    return F.adaptiveAvgPool2d(input, this.outputSize);
  }
}

/** Means over as many windows as the output has places. @see torch.nn.AdaptiveAvgPool3d */
export class AdaptiveAvgPool3d extends AdaptiveAvgPool {
  override forward(input: Tensor): Tensor {
    return F.adaptiveAvgPool3d(input, this.outputSize);
  }
}

/** Options of the adaptive max pooling layers. */
export interface AdaptiveMaxPoolOptions {
  /** Also return the positions of the maxima. Default: false. */
  returnIndices?: boolean;
}

const adaptiveMaxSignature = "outputSize; returnIndices";

abstract class AdaptiveMaxPool extends Module {
  outputSize: OutputSize;
  returnIndices: boolean;

  constructor(outputSize: OutputSize, returnIndices?: boolean);
  constructor(...given: Arguments<typeof adaptiveMaxSignature, AdaptiveParameters & AdaptiveMaxPoolOptions>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults = { returnIndices: false };
    const options = readArguments<AdaptiveParameters & AdaptiveMaxPoolOptions>(
      layer,
      adaptiveMaxSignature,
      defaults,
      given,
    );
    this.outputSize = readOutputSize(layer, options.outputSize);
    this.returnIndices = options.returnIndices;
  }

  override extraRepr(): string {
    return `output_size=${text(this.outputSize)}`;
  }
}

/** Maxima over as many windows as the output has places. @see torch.nn.AdaptiveMaxPool1d */
export class AdaptiveMaxPool1d extends AdaptiveMaxPool {
  override forward(input: Tensor): Tensor {
    return F.adaptiveMaxPool1d(input, this.outputSize, { returnIndices: this.returnIndices }) as Tensor;
  }
}

/** Maxima over as many windows as the output has places. @see torch.nn.AdaptiveMaxPool2d */
export class AdaptiveMaxPool2d extends AdaptiveMaxPool {
  override forward(input: Tensor): Tensor {
    return F.adaptiveMaxPool2d(input, this.outputSize, { returnIndices: this.returnIndices }) as Tensor;
  }
}

/** Maxima over as many windows as the output has places. @see torch.nn.AdaptiveMaxPool3d */
export class AdaptiveMaxPool3d extends AdaptiveMaxPool {
  override forward(input: Tensor): Tensor {
    return F.adaptiveMaxPool3d(input, this.outputSize, { returnIndices: this.returnIndices }) as Tensor;
  }
}

takes("input", MaxPool1d, MaxPool2d, MaxPool3d, AvgPool1d, AvgPool2d, AvgPool3d);
takes("input", AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d);
takes("input", AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d);
