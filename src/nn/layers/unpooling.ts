/** Power-average pooling and the reverse of max pooling, as layers. */

import { checkNumber } from "../../core/arguments";
import { nameOf } from "../../core/className";
import type { Arguments } from "../../core/signatureTypes";
import { checkSizes, type Sizes, spread } from "../../ops/layers/slidingWindows";
import type { Tensor } from "../../tensor/tensor";
import * as F from "../functional";
import type { LPPoolOptions } from "../functional/pooling";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { readArguments } from "../module/options";
import { text } from "../module/repr";
import type { KernelParameters } from "./pooling";

/** Parameters of the layers of power-average pooling. */
export interface LPPoolParameters extends KernelParameters, LPPoolOptions {
  /** The degree of the norm. */
  normType: number;
}

const lpSignature = "normType, kernelSize; stride, ceilMode";

abstract class LPPool extends Module {
  normType: number;
  kernelSize: Sizes;
  stride: Sizes | null;
  ceilMode: boolean;

  constructor(normType: number, kernelSize: Sizes, stride?: Sizes | null, ceilMode?: boolean);
  constructor(...given: Arguments<typeof lpSignature, LPPoolParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults: Required<LPPoolOptions> = { stride: null, ceilMode: false };
    const { normType, kernelSize, stride, ceilMode } = readArguments<LPPoolParameters>(
      layer,
      lpSignature,
      defaults,
      given,
    );
    checkSizes(layer, { kernelSize, stride: stride ?? kernelSize });
    this.normType = checkNumber(layer, "normType", normType);
    this.kernelSize = kernelSize;
    this.stride = stride;
    this.ceilMode = ceilMode;
  }

  override extraRepr(): string {
    const { normType, kernelSize, stride, ceilMode } = this;
    return `norm_type=${text(normType)}, kernel_size=${text(kernelSize)}, stride=${text(stride)}, ceil_mode=${text(ceilMode)}`;
  }
}

/** (Σ x^p)^(1/p) over windows. Shape: [N, C, L] or [C, L]. @see torch.nn.LPPool1d */
export class LPPool1d extends LPPool {
  override forward(input: Tensor): Tensor {
    return F.lpPool1d(input, this.normType, this.kernelSize, { stride: this.stride, ceilMode: this.ceilMode });
  }
}

/** (Σ x^p)^(1/p) over windows. Shape: [N, C, H, W] or [C, H, W]. @see torch.nn.LPPool2d */
export class LPPool2d extends LPPool {
  override forward(input: Tensor): Tensor {
    return F.lpPool2d(input, this.normType, this.kernelSize, { stride: this.stride, ceilMode: this.ceilMode });
  }
}

/** (Σ x^p)^(1/p) over windows. Shape: [N, C, D, H, W] or [C, D, H, W]. @see torch.nn.LPPool3d */
export class LPPool3d extends LPPool {
  override forward(input: Tensor): Tensor {
    return F.lpPool3d(input, this.normType, this.kernelSize, { stride: this.stride, ceilMode: this.ceilMode });
  }
}

/** Options of the unpooling layers. */
export interface MaxUnpoolLayerOptions {
  /** Default: the kernel size. */
  stride?: Sizes | null;
  /** Default: 0. */
  padding?: Sizes;
}

const unpoolSignature = "kernelSize; stride, padding";

abstract class MaxUnpool extends Module {
  kernelSize: number[];
  stride: number[];
  padding: number[];

  constructor(kernelSize: Sizes, stride?: Sizes | null, padding?: Sizes);
  constructor(...given: Arguments<typeof unpoolSignature, KernelParameters & MaxUnpoolLayerOptions>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults: Required<MaxUnpoolLayerOptions> = { stride: null, padding: 0 };
    const options = readArguments<KernelParameters & MaxUnpoolLayerOptions>(layer, unpoolSignature, defaults, given);
    const sizes = (name: string, value: Sizes) => spread(layer, name, value, this.dims);
    this.kernelSize = sizes("kernelSize", options.kernelSize);
    this.stride = sizes("stride", options.stride ?? options.kernelSize);
    this.padding = sizes("padding", options.padding);
  }

  protected abstract get dims(): number;

  override extraRepr(): string {
    return `kernel_size=${text(this.kernelSize)}, stride=${text(this.stride)}, padding=${text(this.padding)}`;
  }
}

/** Zeros, with the input where {@link MaxPool1d} found it. @see torch.nn.MaxUnpool1d */
export class MaxUnpool1d extends MaxUnpool {
  protected override get dims(): number {
    return 1;
  }

  override forward(input: Tensor, indices: Tensor, outputSize?: readonly number[] | null): Tensor {
    const { kernelSize, stride, padding } = this;
    return F.maxUnpool1d(input, indices, kernelSize, { stride, padding, outputSize: outputSize ?? null });
  }
}

/** Zeros, with the input where {@link MaxPool2d} found it. @see torch.nn.MaxUnpool2d */
export class MaxUnpool2d extends MaxUnpool {
  protected override get dims(): number {
    return 2;
  }

  override forward(input: Tensor, indices: Tensor, outputSize?: readonly number[] | null): Tensor {
    const { kernelSize, stride, padding } = this;
    return F.maxUnpool2d(input, indices, kernelSize, { stride, padding, outputSize: outputSize ?? null });
  }
}

/** Zeros, with the input where {@link MaxPool3d} found it. @see torch.nn.MaxUnpool3d */
export class MaxUnpool3d extends MaxUnpool {
  protected override get dims(): number {
    return 3;
  }

  override forward(input: Tensor, indices: Tensor, outputSize?: readonly number[] | null): Tensor {
    const { kernelSize, stride, padding } = this;
    return F.maxUnpool3d(input, indices, kernelSize, { stride, padding, outputSize: outputSize ?? null });
  }
}

takes("input", LPPool1d, LPPool2d, LPPool3d);
takes("input, indices, outputSize?", MaxUnpool1d, MaxUnpool2d, MaxUnpool3d);
