/** Convolutions whose kernels have taps that are moved by offsets (Dai et al., 2017), and weighted by a mask (Zhu et al., 2018). */

import { checkInteger, MAX_COUNT } from "../../core/arguments";
import { nameOf } from "../../core/className";
import { ShapeError, ValueError } from "../../core/errors";
import { sameShape, shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { newParameter, resetWeightAndBias } from "../../nn/module/factory";
import { takes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import { text } from "../../nn/module/repr";
import { checkSameDevice, checkTensor } from "../../ops/builders/checks";
import { checkFloating, checkSameDType } from "../../ops/builders/precision";
import { type Sizes, spread } from "../../ops/layers/slidingWindows";
import type { Tensor } from "../../tensor/tensor";
import { columnsOf, type Deformation } from "./deformSamples";

/** Options of {@link deformConv2d}. */
export interface DeformConvOptions {
  /** Steps between windows. Default: 1. */
  stride?: Sizes;
  /** Zeros on both sides. Default: 0. */
  padding?: Sizes;
  /** Distance between the taps of the kernel. Default: 1. */
  dilation?: Sizes;
  /** Weights of the taps, [N, offsetGroups · kH · kW, H′, W′]. Default: null, none. */
  mask?: Tensor | null;
}

type Pair = [number, number];

function checkAxes(op: string, x: Tensor, name: string): void {
  if (x.ndim !== 4) throw new ShapeError(`${op}: ${name} must have four axes, got shape ${shapeText(x.shape)}`);
}

function pair(op: string, name: string, value: Sizes, least: number): Pair {
  const sizes = spread(op, name, value, 2) as Pair;
  for (const size of sizes) checkInteger(op, name, size, least, MAX_COUNT);
  return sizes;
}

function groupsOf(op: string, offset: Tensor, taps: number, channels: number): number {
  const count = offset.shape[1]! / (2 * taps);
  if (!Number.isInteger(count) || count === 0)
    throw new ShapeError(
      `${op}: the shape of the offset tensor at dimension 1 is not valid. It should be a multiple of 2 * weight.size[2] * weight.size[3].\n` +
        `Got offset.shape[1]=${offset.shape[1]}, while 2 * weight.size[2] * weight.size[3]=${2 * taps}`,
    );
  if (channels % count !== 0)
    throw new ShapeError(`${op}: ${channels} input channels are not divisible by ${count} groups of offsets`);
  return count;
}

function outputOf(op: string, d: Omit<Deformation, "output" | "offsetGroups" | "images">): Pair {
  const output = [0, 1].map((i) => {
    const reach = d.dilation[i]! * (d.kernel[i]! - 1) + 1;
    return Math.floor((d.input[1 + i]! + 2 * d.padding[i]! - reach) / d.stride[i]!) + 1;
  }) as Pair;
  if (output.some((size) => size < 1))
    throw new ShapeError(`${op}: Calculated output size too small - out_h: ${output[0]} out_w: ${output[1]}`);
  return output;
}

/** @throws ShapeError unless the offsets, or the mask, are one for each place of the output. */
function checkPlaces(op: string, name: string, x: Tensor, channels: number, { images, output }: Deformation): void {
  if (x.shape[0] !== images)
    throw new ShapeError(`${op}: invalid batch size of ${name}: got ${x.shape[0]}, and ${images} images`);
  if (x.shape[1] !== channels)
    throw new ShapeError(`${op}: ${name}.shape[1] is not valid: got: ${x.shape[1]} expected: ${channels}`);
  if (x.shape[2] !== output[0] || x.shape[3] !== output[1])
    throw new ShapeError(
      `${op}: ${name} output dims: (${x.shape[2]}, ${x.shape[3]}) - computed output dims: (${output.join(", ")})`,
    );
}

function checkDeformation(
  op: string,
  x: Tensor,
  offset: Tensor,
  weight: Tensor,
  options: DeformConvOptions,
): Deformation {
  for (const [name, each] of Object.entries({ input: x, offset, weight })) checkAxes(op, each, name);
  const { stride = 1, padding = 0, dilation = 1, mask = null } = options;
  const sizes = {
    input: x.shape.slice(1),
    kernel: weight.shape.slice(2) as Pair,
    stride: pair(op, "stride", stride, 1),
    padding: pair(op, "padding", padding, 0),
    dilation: pair(op, "dilation", dilation, 1),
  };
  const taps = sizes.kernel[0] * sizes.kernel[1];
  if (taps === 0) throw new ShapeError(`${op}: weight has no taps, got shape ${shapeText(weight.shape)}`);
  const offsetGroups = groupsOf(op, offset, taps, x.shape[1]!);
  const d = { ...sizes, images: x.shape[0]!, output: outputOf(op, sizes), offsetGroups };
  checkPlaces(op, "offset", offset, 2 * taps * offsetGroups, d);
  if (mask === null) return d;
  checkAxes(op, mask, "mask");
  checkPlaces(op, "mask", mask, taps * offsetGroups, d);
  return d;
}

/** Groups of channels of a convolution. @throws ShapeError unless they divide both. */
function weightGroups(op: string, x: Tensor, weight: Tensor): number {
  const [channels, perGroup, outChannels] = [x.shape[1]!, weight.shape[1]!, weight.shape[0]!];
  const groups = Math.floor(channels / perGroup);
  if (perGroup === 0 || groups * perGroup !== channels)
    throw new ShapeError(
      `${op}: weight takes ${perGroup} channels in each group, which do not divide the ${channels} of the input`,
    );
  if (outChannels % groups !== 0)
    throw new ShapeError(`${op}: weight has ${outChannels} output channels, not divisible by ${groups} groups`);
  return groups;
}

/** What the taps see times the weights, in groups. */
function multiplied(columns: Tensor, weight: Tensor, groups: number, { images, output }: Deformation): Tensor {
  const [outChannels, ...rest] = weight.shape as unknown as number[];
  const depth = rest.reduce((a, b) => a * b, 1);
  const places = output[0] * output[1];
  const kernels = weight.reshape([groups, outChannels! / groups, depth]);
  const y = kernels.matmul(columns.reshape([images, groups, depth, places]));
  return y.reshape([images, outChannels!, ...output]);
}

/**
 * A convolution whose taps are moved, each at each place, by (y, x) of `offset`, and weighted by `mask` if there is one.
 * Shapes: [N, C, H, W], [N, 2 · G · kH · kW, H′, W′], [O, C / groups, kH, kW], [O] → [N, O, H′, W′], G being the groups of channels with offsets of
 * their own. There are gradients of every tensor, of any order.
 * @param bias Default: null, none.
 * @throws ShapeError where shapes do not fit, DTypeError for different dtypes.
 * @see torchvision.ops.deform_conv2d; Dai et al., "Deformable convolutional networks", 2017; Zhu et al., "Deformable ConvNets v2", 2018
 * @example vision.ops.deformConv2d(x, offset, weight, null, { padding: 1, mask });
 */
export const deformConv2d = named(
  "deformConv2d",
  "input, offset, weight, bias?; stride, padding, dilation, mask",
  (
    input: Tensor,
    offset: Tensor,
    weight: Tensor,
    bias: Tensor | null = null,
    options: DeformConvOptions = {},
  ): Tensor => {
    const op = "deformConv2d";
    checkFloating(op, input);
    const { mask = null } = options;
    checkSameDevice(op, input, checkTensor(op, offset, "offset"), checkTensor(op, weight, "weight"));
    for (const [name, x] of Object.entries({ bias, mask }))
      if (x !== null) checkSameDevice(op, input, checkTensor(op, x, name));
    checkSameDType(op, input, { offset, weight, bias, mask });
    const d = checkDeformation(op, input, offset, weight, options);
    const groups = weightGroups(op, input, weight);
    if (bias !== null && !sameShape(bias.shape, [weight.shape[0]!]))
      throw new ShapeError(`${op}: bias must have the shape [${weight.shape[0]}], got ${shapeText(bias.shape)}`);
    const compute = input.dtype === "float64" ? "float64" : "float32";
    const wide = <T extends Tensor | null>(x: T): T => (x === null ? x : (x.to(compute) as T));
    const columns = columnsOf(wide(input), wide(offset), wide(mask), d);
    const y = multiplied(columns, wide(weight), groups, d);
    return (bias === null ? y : y.add(wide(bias).reshape([1, -1, 1, 1]))).to(input.dtype);
  },
);

/** Options of {@link DeformConv2d}. */
export interface DeformConvLayerOptions extends Omit<DeformConvOptions, "mask"> {
  /** Channels are divided into as many independent groups. Default: 1. */
  groups?: number;
  /** Whether a bias is learned. Default: true. */
  bias?: boolean;
}

/** Parameters of {@link DeformConv2d}. */
export interface DeformConvParameters extends DeformConvLayerOptions {
  /** Channels of inputs. */
  inChannels: number;
  /** Channels of outputs. */
  outChannels: number;
  /** The size of the kernel: one for both axes, or one for each. */
  kernelSize: Sizes;
}

const signature = "inChannels, outChannels, kernelSize; stride, padding, dilation, groups, bias";

/**
 * {@link deformConv2d} as a layer, which is called with the input, the offsets and, if there is one, the mask.
 * @see torchvision.ops.DeformConv2d
 * @example new vision.ops.DeformConv2d(3, 8, 3, { padding: 1 })(images, offsets)
 */
export class DeformConv2d extends nn.Module {
  inChannels: number;
  outChannels: number;
  kernelSize: Pair;
  stride: Pair;
  padding: Pair;
  dilation: Pair;
  groups: number;
  /** Shape: [outChannels, inChannels / groups, kH, kW]. */
  weight: nn.Parameter;
  /** Shape: [outChannels]. */
  bias: nn.Parameter | null;

  constructor(...given: Arguments<typeof signature, DeformConvParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults = { stride: 1, padding: 0, dilation: 1, groups: 1, bias: true };
    const options = readArguments<DeformConvParameters>(layer, signature, defaults, given);
    const { inChannels, outChannels, groups } = options;
    checkInteger(layer, "groups", groups, 1, MAX_COUNT);
    for (const [name, channels] of Object.entries({ inChannels, outChannels }))
      if (channels % groups !== 0)
        throw new ValueError(`${layer}: ${name} must be divisible by groups, got ${channels} and ${groups}`);
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.kernelSize = pair(layer, "kernelSize", options.kernelSize, 1);
    this.stride = pair(layer, "stride", options.stride, 1);
    this.padding = pair(layer, "padding", options.padding, 0);
    this.dilation = pair(layer, "dilation", options.dilation, 1);
    this.groups = groups;
    this.weight = newParameter([outChannels, inChannels / groups, ...this.kernelSize]);
    this.bias = options.bias ? newParameter([outChannels]) : null;
    this.resetParameters();
  }

  /** Draws new initial values. */
  resetParameters(): void {
    resetWeightAndBias(this.weight, this.bias);
  }

  override forward(input: Tensor, offset: Tensor, mask: Tensor | null = null): Tensor {
    const { stride, padding, dilation } = this;
    return deformConv2d(input, offset, this.weight, this.bias, { stride, padding, dilation, mask });
  }

  override extraRepr(): string {
    const { padding, dilation, groups } = this;
    let out = `${this.inChannels}, ${this.outChannels}, kernel_size=${text(this.kernelSize)}, stride=${text(this.stride)}`;
    if (padding.some((size) => size !== 0)) out += `, padding=${text(padding)}`;
    if (dilation.some((size) => size !== 1)) out += `, dilation=${text(dilation)}`;
    if (groups !== 1) out += `, groups=${groups}`;
    return this.bias === null ? `${out}, bias=False` : out;
  }
}

takes("input, offset, mask?", DeformConv2d);
