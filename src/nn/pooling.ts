/** Pooling over windows as layers. Inputs are [N, C, …] or [C, …] with one, two or three axes after the channels. */
import type { AvgPoolOptions, MaxPoolOptions, OutputSize } from "../ops/pool";
import type { Sizes } from "../ops/sliding";
import type { Tensor } from "../tensor/tensor";
import * as F from "./functional";
import { Module } from "./module";
import { readOptions } from "./options";
import { text } from "./repr";

abstract class MaxPool extends Module {
  kernelSize: Sizes;
  stride: Sizes;
  padding: Sizes;
  dilation: Sizes;
  returnIndices: boolean;
  ceilMode: boolean;

  constructor(kernelSize: Sizes, options?: MaxPoolOptions);
  constructor(kernelSize: Sizes, stride: Sizes, options?: Omit<MaxPoolOptions, "stride">);
  constructor(kernelSize: Sizes, ...rest: unknown[]) {
    super();
    const defaults: Required<MaxPoolOptions> = {
      stride: null,
      padding: 0,
      dilation: 1,
      ceilMode: false,
      returnIndices: false,
    };
    const options = readOptions(this.constructor.name, defaults, rest, ["stride", "padding"]);
    this.kernelSize = kernelSize;
    this.stride = options.stride ?? kernelSize;
    this.padding = options.padding;
    this.dilation = options.dilation;
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

abstract class AvgPool extends Module {
  kernelSize: Sizes;
  stride: Sizes;
  padding: Sizes;
  ceilMode: boolean;
  countIncludePad: boolean;
  divisorOverride: number | null;

  constructor(kernelSize: Sizes, options?: AvgPoolOptions);
  constructor(kernelSize: Sizes, stride: Sizes, options?: Omit<AvgPoolOptions, "stride">);
  constructor(kernelSize: Sizes, ...rest: unknown[]) {
    super();
    const defaults: Required<AvgPoolOptions> = {
      stride: null,
      padding: 0,
      ceilMode: false,
      countIncludePad: true,
      divisorOverride: null,
    };
    const options = readOptions(this.constructor.name, defaults, rest, ["stride", "padding"]);
    this.kernelSize = kernelSize;
    this.stride = options.stride ?? kernelSize;
    this.padding = options.padding;
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

abstract class AdaptiveAvgPool extends Module {
  /** @param outputSize One size or one per axis; null keeps the input's. */
  constructor(public outputSize: OutputSize) {
    super();
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

abstract class AdaptiveMaxPool extends Module {
  returnIndices: boolean;

  /** @param outputSize One size or one per axis; null keeps the input's. */
  constructor(
    public outputSize: OutputSize,
    options: AdaptiveMaxPoolOptions = {},
  ) {
    super();
    this.returnIndices = readOptions(this.constructor.name, { returnIndices: false }, [options]).returnIndices;
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
