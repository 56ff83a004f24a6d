/** What GoogLeNet and Inception v3 are built of. */

import * as nn from "../../nn/index";
import { composes } from "../../nn/module/forward";
import type { Sizes } from "../../ops/layers/slidingWindows";
import { cat } from "../../ops/shape/join";
import type { Tensor } from "../../tensor/tensor";
import { type LayerMaker, make } from "../ops/makers";

/** Where a kernel goes. */
interface ConvPlace {
  readonly kernelSize: Sizes;
  readonly stride?: Sizes;
  readonly padding?: Sizes;
}

/** Makes a convolution block of the channels of its inputs and outputs. */
export type ConvMaker = LayerMaker<[inChannels: number, outChannels: number, options: ConvPlace]>;

/** A convolution without bias, its normalization and a rectifier. */
export class BasicConv2d extends nn.Module {
  conv: nn.Conv2d;
  bn: nn.BatchNorm2d;

  constructor(inChannels: number, outChannels: number, { kernelSize, stride = 1, padding = 0 }: ConvPlace) {
    super();
    this.conv = new nn.Conv2d(inChannels, outChannels, kernelSize as number, {
      stride: stride as number,
      padding: padding as number,
      bias: false,
    });
    this.bn = new nn.BatchNorm2d(outChannels, { eps: 0.001 });
  }

  override forward(input: Tensor): Tensor {
    return this.bn(this.conv(input)).relu_();
  }
}

composes("input()", BasicConv2d);

/** A function that makes blocks of the given size of kernel by what the user chose. */
export const convBlocks =
  (layer: string, maker: ConvMaker) =>
  (inputs: number, outputs: number, kernelSize: Sizes, place: Omit<ConvPlace, "kernelSize"> = {}): nn.Module =>
    make(layer, "conv_block", maker, inputs, outputs, { kernelSize, ...place });

/** The block that is used unless the user chose another. */
export const convBlock = (
  inputs: number,
  outputs: number,
  kernelSize: Sizes,
  place: Omit<ConvPlace, "kernelSize"> = {},
): BasicConv2d => new BasicConv2d(inputs, outputs, { kernelSize, ...place });

/** Draws the weights of convolutions and linear layers from a normal distribution cut at ±2. */
export function initializeTruncated(model: nn.Module, stdOf: (module: nn.Module) => number): void {
  for (const module of model.modules())
    if (module instanceof nn.Conv2d || module instanceof nn.Linear)
      nn.init.truncNormal_(module.weight, { mean: 0, std: stdOf(module), a: -2, b: 2 });
}

/** Mean and deviation of each channel by which images for the other networks are normalized. */
const statistics = [
  [0.485, 0.229],
  [0.456, 0.224],
  [0.406, 0.225],
] as const;

/** Images that were normalized for the other networks, brought to [-1, 1]. */
export function normalizedAgain(x: Tensor): Tensor {
  const channels = statistics.map(([mean, std], i) =>
    x
      .select(1, i)
      .unsqueeze(1)
      .mul(std / 0.5)
      .add((mean - 0.5) / 0.5),
  );
  return cat(channels, 1);
}
