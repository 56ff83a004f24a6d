/** A perceptron of several layers. */

import { checkFlag, checkIntegers, MAX_COUNT } from "../../core/arguments";
import { nameOf } from "../../core/className";
import { ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { readArguments } from "../../nn/module/options";
import { type ActivationLayer, checkMakerOrNull, make, makeActivation, type NormLayer } from "./makers";

/** Options of {@link MLP}. */
export interface MLPOptions {
  /** A class or function that makes the normalization after each hidden layer. Default: null, none. */
  normLayer?: NormLayer | null;
  /** A class or function that makes the activation after each hidden layer; null for none. Default: `nn.ReLU`. */
  activationLayer?: ActivationLayer | null;
  /** Whether activations and dropout change their inputs; null if they are not told. Default: true. */
  inplace?: boolean | null;
  /** Default: true. */
  bias?: boolean;
  /** The probability of dropout after each layer. Default: 0. */
  dropout?: number;
}

/** Parameters of {@link MLP}. */
export interface MLPParameters extends MLPOptions {
  /** Features of inputs. */
  inChannels: number;
  /** Features of each layer, of the output last. */
  hiddenChannels: readonly number[];
}

const signature = "inChannels, hiddenChannels; normLayer, activationLayer, inplace, bias, dropout";

function readMLP(layer: string, given: readonly unknown[]): Required<MLPParameters> {
  const undecided: any = { normLayer: null, activationLayer: undefined, inplace: undefined };
  const defaults = { ...undecided, bias: true, dropout: 0 };
  const options = readArguments<MLPParameters>(layer, signature, defaults, given);
  const { activationLayer = nn.ReLU, inplace = true } = options;
  const hiddenChannels = checkIntegers(layer, "hiddenChannels", options.hiddenChannels, 0, MAX_COUNT);
  if (hiddenChannels.length === 0) throw new ValueError(`${layer}: hiddenChannels must have a size at least, got []`);
  checkMakerOrNull(layer, "normLayer", options.normLayer);
  checkMakerOrNull(layer, "activationLayer", activationLayer);
  if (inplace !== null) checkFlag(layer, "inplace", inplace);
  return { ...options, hiddenChannels, activationLayer, inplace };
}

function layersOf(layer: string, options: Required<MLPParameters>): nn.Module[] {
  const { inChannels, hiddenChannels, normLayer, activationLayer, inplace, bias, dropout } = options;
  const layers: nn.Module[] = [];
  hiddenChannels.forEach((channels, i) => {
    layers.push(new nn.Linear(hiddenChannels[i - 1] ?? inChannels, channels, { bias }));
    const isLast = i === hiddenChannels.length - 1;
    if (!isLast && normLayer !== null) layers.push(make(layer, "normLayer", normLayer, channels));
    if (!isLast && activationLayer !== null)
      layers.push(makeActivation(layer, "activationLayer", activationLayer, inplace));
    layers.push(new nn.Dropout(dropout, inplace ?? false));
  });
  return layers;
}

/**
 * Linear layers, each but the last with a normalization and an activation, and each with dropout.
 * Shape: [*, inChannels] → [*, the last of hiddenChannels].
 * @see torchvision.ops.MLP
 * @example new vision.ops.MLP(784, [128, 64, 10], { dropout: 0.1 })
 */
export class MLP extends nn.Sequential {
  constructor(...given: Arguments<typeof signature, MLPParameters>);
  constructor(...given: unknown[]) {
    super(...layersOf(nameOf(new.target), readMLP(nameOf(new.target), given)));
  }
}
