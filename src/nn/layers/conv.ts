/** Convolutions and transposed convolutions as layers. Inputs are [N, C, …] or [C, …] with one, two or three axes after the channels. */

import type { Device } from "../../backend/backend";
import { checkChoice, checkInteger, checkIntegers, MAX_COUNT } from "../../core/arguments";
import { classNameOf, nameOf } from "../../core/className";
import type { DType } from "../../core/dtype";
import { describe, ShapeError, ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import { checkTensor } from "../../ops/builders/checks";
import { type Sizes, spread } from "../../ops/layers/slidingWindows";
import type { PadMode } from "../../ops/shape/pad";
import type { Tensor } from "../../tensor/tensor";
import * as F from "../functional";
import { convDefaults, transposeDefaults } from "../module/defaults";
import { type FactoryOptions, newParameter, resetWeightAndBias } from "../module/factory";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { type Given, readArguments } from "../module/options";
import type { Parameter } from "../module/parameter";
import { text } from "../module/repr";

/** What lies around the input. */
export type PaddingMode = "zeros" | Exclude<PadMode, "constant">;

/** Options of the convolution layers. */
export interface ConvLayerOptions extends FactoryOptions {
  /** Steps between windows. Default: 1. */
  stride?: Sizes;
  /** On both sides; "valid" for none, "same" for as much as keeps the size (stride 1). Default: 0. */
  padding?: Sizes | "valid" | "same";
  /** Distance between the taps of the kernel. Default: 1. */
  dilation?: Sizes;
  /** Channels are divided into as many independent groups. Default: 1. */
  groups?: number;
  /** Whether a bias is learned. Default: true. */
  bias?: boolean;
  /** Default: `"zeros"`. */
  paddingMode?: PaddingMode;
}

/** Parameters of the convolution layers. */
export interface ConvParameters extends ConvLayerOptions {
  /** Channels of inputs. */
  inChannels: number;
  /** Channels of outputs. */
  outChannels: number;
  /** The size of the kernel: one for all axes, or one for each. */
  kernelSize: Sizes;
}

const convSignature =
  "inChannels, outChannels, kernelSize; stride, padding, dilation, groups, bias, paddingMode, device, dtype";

const paddingModes: readonly PaddingMode[] = ["zeros", "reflect", "replicate", "circular"];

/** Every convolution: sizes spread over the axes, weight and bias. */
abstract class ConvNd extends Module {
  inChannels: number;
  outChannels: number;
  kernelSize: number[];
  stride: number[];
  padding: number[] | "valid" | "same";
  dilation: number[];
  outputPadding: number[];
  groups: number;
  paddingMode: PaddingMode;
  weight: Parameter;
  bias: Parameter | null;
  /** Whether this is a transposed convolution, whose weight has the inputs on its first axis. */
  readonly transposed: boolean;

  constructor(options: Given<ConvParameters> & { outputPadding?: Sizes }, isTransposed: boolean) {
    super();
    const sizes = (name: string, value: Sizes) => spread(classNameOf(this), name, value, this.dims);
    const { inChannels, outChannels, kernelSize, groups, bias, paddingMode } = options;
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.kernelSize = sizes("kernelSize", kernelSize);
    this.stride = sizes("stride", options.stride);
    this.padding = typeof options.padding === "string" ? options.padding : sizes("padding", options.padding);
    this.dilation = sizes("dilation", options.dilation);
    this.outputPadding = sizes("outputPadding", options.outputPadding ?? 0);
    this.groups = groups;
    this.paddingMode = paddingMode;
    this.transposed = isTransposed;
    this.check();
    const channels = isTransposed ? [inChannels, outChannels / groups] : [outChannels, inChannels / groups];
    this.weight = newParameter([...channels, ...this.kernelSize], options);
    this.bias = bias ? newParameter([outChannels], options) : null;
    this.resetParameters();
  }

  /** The number of axes after the channels. */
  protected abstract get dims(): number;

  private check(): void {
    const { inChannels, outChannels, kernelSize, stride, dilation, groups, padding, paddingMode } = this;
    const layer = classNameOf(this);
    checkInteger(layer, "groups", groups, 1);
    for (const [name, channels] of Object.entries({ inChannels, outChannels }))
      if (channels % groups !== 0)
        throw new ValueError(`${layer}: ${name} must be divisible by groups, got ${channels} and ${groups}`);
    for (const [name, list] of Object.entries({ kernelSize, stride, dilation }))
      for (const size of list) checkInteger(layer, name, size, name === "kernelSize" ? 0 : 1, MAX_COUNT);
    if (typeof padding === "string") checkChoice(layer, "padding", padding, ["valid", "same"]);
    if (padding === "same" && stride.some((step) => step !== 1))
      throw new ValueError(`${layer}: padding='same' is not supported for strided convolutions`);
    if (!paddingModes.includes(paddingMode))
      throw new ValueError(
        `${layer}: paddingMode must be one of ${paddingModes.join(", ")}, got ${describe(paddingMode)}`,
      );
  }

  /** Draws new initial values. */
  resetParameters(): void {
    resetWeightAndBias(this.weight, this.bias);
  }

  override extraRepr(): string {
    const { padding, dilation, outputPadding, groups, paddingMode } = this;
    let out = `${this.inChannels}, ${this.outChannels}, kernel_size=${text(this.kernelSize)}, stride=${text(this.stride)}`;
    if (typeof padding === "string" || padding.some((size) => size !== 0)) out += `, padding=${text(padding)}`;
    if (dilation.some((size) => size !== 1)) out += `, dilation=${text(dilation)}`;
    if (outputPadding.some((size) => size !== 0)) out += `, output_padding=${text(outputPadding)}`;
    if (groups !== 1) out += `, groups=${groups}`;
    if (this.bias === null) out += ", bias=False";
    if (paddingMode !== "zeros") out += `, padding_mode=${paddingMode}`;
    return out;
  }
}

abstract class Convolution extends ConvNd {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Sizes,
    stride?: Sizes,
    padding?: Sizes | "valid" | "same",
    dilation?: Sizes,
    groups?: number,
    bias?: boolean,
    paddingMode?: PaddingMode,
    device?: Device | "wasm" | null,
    dtype?: DType | null,
  );
  constructor(...given: Arguments<typeof convSignature, ConvParameters>);
  constructor(...given: unknown[]) {
    super(readArguments<ConvParameters>(nameOf(new.target), convSignature, convDefaults, given), false);
  }

  /** The input with its padding if that is not zeros, and the options of the functional form. */
  protected prepare(input: Tensor): { x: Tensor; options: F.ConvOptions } {
    const { stride, padding, dilation, groups, paddingMode } = this;
    if (paddingMode === "zeros") return { x: input, options: { stride, padding, dilation, groups } };
    const x = F.pad(input, this.sides(), { mode: paddingMode });
    return { x, options: { stride, dilation, groups } };
  }

  /** The padding before and after each axis, the last axis first. */
  private sides(): number[] {
    const { padding, dilation, kernelSize } = this;
    const sides = kernelSize.map((kernel, i) => {
      if (typeof padding !== "string") return [padding[i]!, padding[i]!];
      const total = padding === "same" ? dilation[i]! * (kernel - 1) : 0;
      const before = Math.floor(total / 2);
      return [before, total - before];
    });
    return sides.reverse().flat();
  }
}

/** Cross-correlation along one axis. Shape: [N, C, L] or [C, L]. @see torch.nn.Conv1d */
export class Conv1d extends Convolution {
  protected override get dims(): number {
    return 1;
  }

  override forward(input: Tensor): Tensor {
    const { x, options } = this.prepare(input);
    return F.conv1d(x, this.weight, this.bias, options);
  }
}

/**
 * Cross-correlation over images. Shape: [N, C, H, W] or [C, H, W].
 * @see torch.nn.Conv2d
 * @example new nn.Conv2d(3, 6, 5, { stride: 2, padding: "valid" })
 */
export class Conv2d extends Convolution {
  protected override get dims(): number {
    return 2;
  }

  override forward(input: Tensor): Tensor {
    const { x, options } = this.prepare(input);
    return F.conv2d(x, this.weight, this.bias, options);
  }
}

/** Cross-correlation over volumes. Shape: [N, C, D, H, W] or [C, D, H, W]. @see torch.nn.Conv3d */
export class Conv3d extends Convolution {
  protected override get dims(): number {
    return 3;
  }

  override forward(input: Tensor): Tensor {
    const { x, options } = this.prepare(input);
    return F.conv3d(x, this.weight, this.bias, options);
  }
}

/** Options of the transposed convolution layers. */
export interface ConvTransposeLayerOptions extends FactoryOptions {
  /** Steps between windows. Default: 1. */
  stride?: Sizes;
  /** Takes this much away from both sides of the output. Default: 0. */
  padding?: Sizes;
  /** Adds this much to one side of the output. Default: 0. */
  outputPadding?: Sizes;
  /** Channels are divided into as many independent groups. Default: 1. */
  groups?: number;
  /** Whether a bias is learned. Default: true. */
  bias?: boolean;
  /** Distance between the taps of the kernel. Default: 1. */
  dilation?: Sizes;
  /** Only `"zeros"`. */
  paddingMode?: "zeros";
}

/** Parameters of the transposed convolution layers. */
export interface ConvTransposeParameters extends ConvTransposeLayerOptions {
  /** Channels of inputs. */
  inChannels: number;
  /** Channels of outputs. */
  outChannels: number;
  /** The size of the kernel: one for all axes, or one for each. */
  kernelSize: Sizes;
}

const transposeSignature =
  "inChannels, outChannels, kernelSize; stride, padding, outputPadding, groups, bias, dilation, paddingMode, device, dtype";

abstract class ConvTranspose extends ConvNd {
  declare padding: number[];

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Sizes,
    stride?: Sizes,
    padding?: Sizes,
    outputPadding?: Sizes,
    groups?: number,
    bias?: boolean,
    dilation?: Sizes,
    paddingMode?: "zeros",
    device?: Device | "wasm" | null,
    dtype?: DType | null,
  );
  constructor(...given: Arguments<typeof transposeSignature, ConvTransposeParameters>);
  constructor(...given: unknown[]) {
    const layer = nameOf(new.target);
    const options = readArguments<ConvTransposeParameters>(layer, transposeSignature, transposeDefaults, given);
    if (options.paddingMode !== "zeros")
      throw new ValueError(`${layer}: Only "zeros" padding mode is supported, got ${describe(options.paddingMode)}`);
    super(options, true);
  }

  /** The options of the functional form; an output size that the stride leaves open is reached by output padding. */
  protected settings(input: Tensor, outputSize: readonly number[] | null | undefined): F.ConvTransposeOptions {
    const { stride, padding, groups, dilation } = this;
    const outputPadding = outputSize == null ? this.outputPadding : this.outputPaddingFor(input, outputSize);
    return { stride, padding, outputPadding, groups, dilation };
  }

  private outputPaddingFor(input: Tensor, outputSize: readonly number[]): number[] {
    checkTensor(classNameOf(this), input);
    const size = checkIntegers(classNameOf(this), "outputSize", outputSize).slice(-this.dims);
    const extra = input.shape.slice(-this.dims).map((length, i) => {
      const least =
        (length - 1) * this.stride[i]! - 2 * this.padding[i]! + this.dilation[i]! * (this.kernelSize[i]! - 1) + 1;
      const missing = size[i]! - least;
      if (size.length !== this.dims || !(missing >= 0 && missing < this.stride[i]!))
        throw new ShapeError(
          `${classNameOf(this)}: requested an output size of ${text(outputSize)}, but valid sizes along axis ${i} range from ${least} to ${least + this.stride[i]! - 1}`,
        );
      return missing;
    });
    return extra;
  }
}

/** Transposed convolution along one axis. Shape: [N, C, L] or [C, L]. @see torch.nn.ConvTranspose1d */
export class ConvTranspose1d extends ConvTranspose {
  protected override get dims(): number {
    return 1;
  }

  override forward(input: Tensor, outputSize?: readonly number[] | null): Tensor {
    return F.convTranspose1d(input, this.weight, this.bias, this.settings(input, outputSize));
  }
}

/** Transposed convolution over images. Shape: [N, C, H, W] or [C, H, W]. @see torch.nn.ConvTranspose2d */
export class ConvTranspose2d extends ConvTranspose {
  protected override get dims(): number {
    return 2;
  }

  override forward(input: Tensor, outputSize?: readonly number[] | null): Tensor {
    return F.convTranspose2d(input, this.weight, this.bias, this.settings(input, outputSize));
  }
}

/** Transposed convolution over volumes. Shape: [N, C, D, H, W] or [C, D, H, W]. @see torch.nn.ConvTranspose3d */
export class ConvTranspose3d extends ConvTranspose {
  protected override get dims(): number {
    return 3;
  }

  override forward(input: Tensor, outputSize?: readonly number[] | null): Tensor {
    return F.convTranspose3d(input, this.weight, this.bias, this.settings(input, outputSize));
  }
}

takes("input", Conv1d, Conv2d, Conv3d);
takes("input, outputSize?", ConvTranspose1d, ConvTranspose2d, ConvTranspose3d);
