/** Layers that several networks for images share. */

import { checkInteger, checkIntegers, MAX_COUNT } from "../../core/arguments";
import { classNameOf, nameOf } from "../../core/className";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { composes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import { float } from "../../nn/module/repr";
import { type StateDict, stateKeyOf, upgraded } from "../../nn/module/state";
import { checkTensor } from "../../ops/builders/checks";
import { ones, zeros } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkMaker, type LayerMaker, make } from "./makers";

/** Parameters of {@link FrozenBatchNorm2d}. */
export interface FrozenBatchNormParameters {
  /** The number of channels. */
  numFeatures: number;
  /** Added to the variance. Default: 1e-5. */
  eps?: number;
}

const frozenSignature = "numFeatures; eps";

/**
 * Batch normalization whose statistics, scale and shift are fixed: buffers that no training changes.
 * Shape: [N, numFeatures, H, W], unchanged.
 * @see torchvision.ops.FrozenBatchNorm2d
 * @example new vision.ops.FrozenBatchNorm2d(64)
 */
export class FrozenBatchNorm2d extends nn.Module {
  eps: number;
  /** Shape: [numFeatures]. */
  declare weight: Tensor;
  /** Shape: [numFeatures]. */
  declare bias: Tensor;
  declare runningMean: Tensor;
  declare runningVar: Tensor;

  constructor(numFeatures: number, eps?: number);
  constructor(...given: Arguments<typeof frozenSignature, FrozenBatchNormParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const { numFeatures, eps } = readArguments<FrozenBatchNormParameters>(layer, frozenSignature, { eps: 1e-5 }, given);
    this.eps = eps;
    this.registerBuffer("weight", ones([numFeatures]));
    this.registerBuffer("bias", zeros([numFeatures]));
    this.registerBuffer("runningMean", zeros([numFeatures]));
    this.registerBuffer("runningVar", ones([numFeatures]));
  }

  override stateKey(field: string): string {
    return stateKeyOf(field);
  }

  /** @internal Batch normalization that was trained has counted its batches. */
  [upgraded](state: Readonly<StateDict>, prefix: string): Readonly<StateDict> {
    const { [`${prefix}num_batches_tracked`]: _, ...own } = state;
    return own;
  }

  override forward(input: Tensor): Tensor {
    checkTensor(classNameOf(this), input);
    const [weight, bias, mean, variance] = [this.weight, this.bias, this.runningMean, this.runningVar].map((x) =>
      x.reshape([1, -1, 1, 1]),
    ) as [Tensor, Tensor, Tensor, Tensor];
    const scale = weight.mul(variance.add(this.eps).rsqrt());
    return input.mul(scale).add(bias.sub(mean.mul(scale)));
  }

  override toString(): string {
    return `${classNameOf(this)}(${this.weight.shape[0]}, eps=${float(this.eps)})`;
  }
}

/** Options of {@link SqueezeExcitation}. */
export interface SqueezeExcitationOptions {
  /** A class or function that makes the activation between the two convolutions. Default: `nn.ReLU`. */
  activation?: LayerMaker<[]>;
  /** A class or function that makes the activation of the scale. Default: `nn.Sigmoid`. */
  scaleActivation?: LayerMaker<[]>;
}

/** Parameters of {@link SqueezeExcitation}. */
export interface SqueezeExcitationParameters extends SqueezeExcitationOptions {
  /** Channels of inputs and outputs. */
  inputChannels: number;
  /** Channels inside. */
  squeezeChannels: number;
}

const squeezeSignature = "inputChannels, squeezeChannels; activation, scaleActivation";

/**
 * Scales each channel by what two layers make of the means of all channels. Shape: [N, inputChannels, H, W], unchanged.
 * @see torchvision.ops.SqueezeExcitation; Hu et al., "Squeeze-and-excitation networks", 2017
 * @example new vision.ops.SqueezeExcitation(64, 16, { scaleActivation: nn.Hardsigmoid })
 */
export class SqueezeExcitation extends nn.Module {
  avgpool: nn.AdaptiveAvgPool2d;
  fc1: nn.Conv2d;
  fc2: nn.Conv2d;
  activation: nn.Module;
  scaleActivation: nn.Module;

  constructor(
    inputChannels: number,
    squeezeChannels: number,
    activation?: LayerMaker<[]>,
    scaleActivation?: LayerMaker<[]>,
  );
  constructor(...given: Arguments<typeof squeezeSignature, SqueezeExcitationParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const undecided: any = { activation: undefined, scaleActivation: undefined };
    const options = readArguments<SqueezeExcitationParameters>(layer, squeezeSignature, undecided, given);
    const { inputChannels, squeezeChannels, activation = nn.ReLU, scaleActivation = nn.Sigmoid } = options;
    checkInteger(layer, "inputChannels", inputChannels, 0, MAX_COUNT);
    checkInteger(layer, "squeezeChannels", squeezeChannels, 0, MAX_COUNT);
    this.avgpool = new nn.AdaptiveAvgPool2d(1);
    this.fc1 = new nn.Conv2d(inputChannels, squeezeChannels, 1);
    this.fc2 = new nn.Conv2d(squeezeChannels, inputChannels, 1);
    this.activation = make(layer, "activation", checkMaker(layer, "activation", activation));
    this.scaleActivation = make(layer, "scaleActivation", checkMaker(layer, "scaleActivation", scaleActivation));
  }

  override stateKey(field: string): string {
    return stateKeyOf(field);
  }

  override forward(input: Tensor): Tensor {
    const squeezed: Tensor = this.activation(this.fc1(this.avgpool(input)));
    const scale: Tensor = this.scaleActivation(this.fc2(squeezed));
    return scale.mul(input);
  }
}

/** Parameters of {@link Permute}. */
export interface PermuteParameters {
  /** The axes in their new order. */
  dims: readonly number[];
}

/**
 * A view of the input with its axes in another order.
 * @see torchvision.ops.Permute
 * @example new vision.ops.Permute([0, 2, 3, 1])
 */
export class Permute extends nn.Module {
  dims: readonly number[];

  constructor(...given: Arguments<"dims", PermuteParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    this.dims = checkIntegers(layer, "dims", readArguments<PermuteParameters>(layer, "dims", {}, given).dims);
  }

  override forward(input: Tensor): Tensor {
    return checkTensor("Permute", input).permute(this.dims);
  }
}

composes("input", SqueezeExcitation);
composes("x", FrozenBatchNorm2d, Permute);
