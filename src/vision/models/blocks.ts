/** What several of the models are built of. */

import { checkInteger } from "../../core/arguments";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { readArguments } from "../../nn/options";

/** Makes the normalization of so many channels. */
export type NormLayer = (channels: number) => nn.Module;

/** @internal The normalization that torchvision's models use unless told otherwise. */
export const batchNorm: NormLayer = (channels) => new nn.BatchNorm2d(channels);

/** Options of {@link Conv2dNormActivation}. */
export interface ConvNormActivationOptions {
  /** Default: 3. */
  kernelSize?: number;
  /** Default: 1. */
  stride?: number;
  /** Default: 1. */
  groups?: number;
  /** Default: batch normalization. */
  normLayer?: NormLayer;
  /** Default: a rectifier that works in place. */
  activationLayer?: () => nn.Module;
}

/** Parameters of {@link Conv2dNormActivation}. */
export interface ConvNormActivationParameters extends ConvNormActivationOptions {
  /** Channels of inputs. */
  inChannels: number;
  /** Channels of outputs. */
  outChannels: number;
}

const defaults: Required<ConvNormActivationOptions> = {
  kernelSize: 3,
  stride: 1,
  groups: 1,
  normLayer: batchNorm,
  activationLayer: () => new nn.ReLU(true),
};

const signature = "inChannels, outChannels; kernelSize, stride; groups, normLayer, activationLayer";

/**
 * A convolution without bias that keeps the size (at stride 1), a normalization and an activation.
 * Shape: [N, inChannels, H, W] → [N, outChannels, ⌈H / stride⌉, ⌈W / stride⌉] for odd kernels.
 * @see torchvision.ops.Conv2dNormActivation
 */
export class Conv2dNormActivation extends nn.Sequential {
  constructor(...given: Arguments<typeof signature, ConvNormActivationParameters>);
  constructor(...given: unknown[]) {
    const layer = new.target.name;
    const options = readArguments<ConvNormActivationParameters>(layer, signature, defaults, given);
    const { inChannels, outChannels, kernelSize, stride, groups, normLayer, activationLayer } = options;
    checkInteger(layer, "kernelSize", kernelSize, 1);
    checkInteger(layer, "stride", stride, 1);
    checkInteger(layer, "groups", groups, 1);
    const padding = Math.floor((kernelSize - 1) / 2);
    super(
      new nn.Conv2d(inChannels, outChannels, kernelSize, { stride, padding, groups, bias: false }),
      normLayer(outChannels),
      activationLayer(),
    );
  }
}

/** The convolutions of a model, in order. */
export const convolutions = (model: nn.Module): nn.Conv2d[] =>
  model.modules().filter((module): module is nn.Conv2d => module instanceof nn.Conv2d);

/** The linear layers of a model, in order. */
export const linears = (model: nn.Module): nn.Linear[] =>
  model.modules().filter((module): module is nn.Linear => module instanceof nn.Linear);
