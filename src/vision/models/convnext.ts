/** ConvNeXt (Liu et al., "A ConvNet for the 2020s", 2022). */

import { checkInteger, MAX_COUNT } from "../../core/arguments";
import { nameOf } from "../../core/className";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { composes } from "../../nn/module/forward";
import { MAX_LAYERS, readArguments } from "../../nn/module/options";
import { ones } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { Conv2dNormActivation } from "../ops/convNormActivation";
import { checkMaker, type LayerMaker, make, type NormLayer } from "../ops/makers";
import { Permute } from "../ops/misc";
import { StochasticDepth } from "../ops/stochasticDepth";
import { checkDepthProbability, checkSettings, readBeside } from "./blocks";
import { modelBuilder } from "./builder";

/** Normalizes the channels of each pixel. Shape: [N, C, H, W], unchanged. */
class LayerNorm2d extends nn.LayerNorm {
  override forward(input: Tensor): Tensor {
    return super.forward(input.permute(0, 2, 3, 1)).permute(0, 3, 1, 2);
  }
}

const layerNorm = (channels: number) => new nn.LayerNorm(channels, { eps: 1e-6 });

/** A 7×7 convolution of each channel and a perceptron of each pixel, scaled, with a shortcut. */
class CNBlock extends nn.Module {
  /** Shape: [dim, 1, 1]. */
  layerScale: nn.Parameter;
  block: nn.Sequential;
  stochasticDepth: StochasticDepth;

  constructor(dim: number, layerScale: number, stochasticDepthProb: number) {
    super();
    this.block = new nn.Sequential(
      new nn.Conv2d(dim, dim, 7, { padding: 3, groups: dim }),
      new Permute([0, 2, 3, 1]),
      layerNorm(dim),
      new nn.Linear(dim, 4 * dim),
      new nn.GELU(),
      new nn.Linear(4 * dim, dim),
      new Permute([0, 3, 1, 2]),
    );
    this.layerScale = new nn.Parameter(ones([dim, 1, 1]).mul(layerScale));
    this.stochasticDepth = new StochasticDepth(stochasticDepthProb, "row");
  }

  override stateKey(field: string): string {
    return nn.snakeCase(field);
  }

  override forward(input: Tensor): Tensor {
    const x: Tensor = this.block(input);
    return this.stochasticDepth(this.layerScale.mul(x)).add_(input);
  }
}

/** Parameters of {@link CNBlockConfig}. */
export interface CNBlockParameters {
  /** Channels of inputs. */
  inputChannels: number;
  /** Channels after the stage; null for the last, which no smaller one follows. */
  outChannels: number | null;
  /** The number of blocks. */
  numLayers: number;
}

const configSignature = "inputChannels, outChannels, numLayers";

/** What a stage of {@link ConvNeXt} is like. @see torchvision.models.convnext.CNBlockConfig */
export class CNBlockConfig {
  static readonly signature: string = configSignature;
  inputChannels: number;
  outChannels: number | null;
  numLayers: number;

  constructor(inputChannels: number, outChannels: number | null, numLayers: number);
  constructor(...given: Arguments<typeof configSignature, CNBlockParameters>);
  constructor(...given: unknown[]) {
    const name = nameOf(new.target);
    const { inputChannels, outChannels, numLayers } = readBeside<CNBlockParameters>(
      name,
      configSignature,
      {},
      given,
      "outChannels",
    );
    this.inputChannels = checkInteger(name, "inputChannels", inputChannels, 1, MAX_COUNT);
    this.outChannels = outChannels === null ? null : checkInteger(name, "outChannels", outChannels, 1, MAX_COUNT);
    this.numLayers = checkInteger(name, "numLayers", numLayers, 1, MAX_LAYERS);
  }

  /** The text that torchvision prints. */
  toString(): string {
    const { inputChannels, outChannels, numLayers } = this;
    return `CNBlockConfig(input_channels=${inputChannels}, out_channels=${outChannels ?? "None"}, num_layers=${numLayers})`;
  }
}

/** Options of {@link ConvNeXt}. */
export interface ConvNeXtOptions {
  /** The probability that the branch of the last block is dropped in training; of those before, evenly less. Default: 0. */
  stochasticDepthProb?: number;
  /** The factor by which branches are scaled at first. Default: 1e-6. */
  layerScale?: number;
  /** Default: 1000. */
  numClasses?: number;
  /** A class or function that makes a block of its channels, the scale and the probability that its branch is dropped. Default: null, the paper's. */
  block?: LayerMaker<[dim: number, layerScale: number, stochasticDepthProb: number]> | null;
  /** Default: null, a normalization of the channels of each pixel. */
  normLayer?: NormLayer | null;
}

/** Parameters of {@link ConvNeXt}. */
export interface ConvNeXtParameters extends ConvNeXtOptions {
  /** The stages. */
  blockSetting: readonly CNBlockConfig[];
}

const optionNames = "stochasticDepthProb, layerScale, numClasses, block, normLayer";
const signature = `blockSetting; ${optionNames}` as const;

function readOptions(layer: string, given: readonly unknown[]) {
  const defaults = { stochasticDepthProb: 0, layerScale: 1e-6, numClasses: 1000, block: null, normLayer: null };
  const options = readArguments<ConvNeXtParameters>(layer, signature, defaults, given);
  checkSettings(layer, "blockSetting", options.blockSetting, CNBlockConfig);
  checkDepthProbability(layer, options.stochasticDepthProb);
  const norm = (channels: number) => new LayerNorm2d(channels, { eps: 1e-6 });
  return {
    ...options,
    block: checkMaker(layer, "block", options.block ?? CNBlock),
    normLayer: checkMaker(layer, "normLayer", options.normLayer ?? norm),
  };
}

/** The layers before the classifier, in stages. */
function featuresOf(layer: string, options: ReturnType<typeof readOptions>): nn.Module[] {
  const { blockSetting, stochasticDepthProb, layerScale, block, normLayer } = options;
  const stem = { kernelSize: 4, stride: 4, padding: 0, normLayer, activationLayer: null, bias: true };
  const layers: nn.Module[] = [new Conv2dNormActivation(3, blockSetting[0]!.inputChannels, stem)];
  const blocks = blockSetting.reduce((sum, { numLayers }) => sum + numLayers, 0);
  let at = 0;
  // A single block would have 0 / 0.
  const nextProbability = () => (stochasticDepthProb * at++) / Math.max(1, blocks - 1);
  for (const { inputChannels, outChannels, numLayers } of blockSetting) {
    const stage = Array.from({ length: numLayers }, () =>
      make(layer, "block", block, inputChannels, layerScale, nextProbability()),
    );
    layers.push(new nn.Sequential(...stage));
    if (outChannels === null) continue;
    const halving = new nn.Conv2d(inputChannels, outChannels, 2, { stride: 2 });
    layers.push(new nn.Sequential(make(layer, "normLayer", normLayer, inputChannels), halving));
  }
  return layers;
}

/**
 * Blocks of convolutions with the proportions of transformers. Shape: [N, 3, H, W] of at least 32×32 → [N, numClasses].
 * @see torchvision.models.ConvNeXt
 */
export class ConvNeXt extends nn.Module {
  static readonly signature: string = signature;
  features: nn.Sequential;
  avgpool: nn.AdaptiveAvgPool2d;
  classifier: nn.Sequential;

  constructor(...given: Arguments<typeof signature, ConvNeXtParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readOptions(layer, given);
    this.features = new nn.Sequential(...featuresOf(layer, options));
    this.avgpool = new nn.AdaptiveAvgPool2d(1);
    const last = options.blockSetting.at(-1)!;
    const channels = last.outChannels ?? last.inputChannels;
    this.classifier = new nn.Sequential(
      make(layer, "normLayer", options.normLayer, channels),
      new nn.Flatten(1),
      new nn.Linear(channels, options.numClasses),
    );
    for (const module of this.modules())
      if (module instanceof nn.Conv2d || module instanceof nn.Linear) {
        nn.init.truncNormal_(module.weight, { std: 0.02 });
        if (module.bias !== null) nn.init.zeros_(module.bias);
      }
  }

  override forward(input: Tensor): Tensor {
    return this.classifier(this.avgpool(this.features(input)));
  }
}

composes("input()", LayerNorm2d, CNBlock, ConvNeXt);

/** A builder of the network with these channels and so many blocks in the third stage. */
const convnext = (name: string, widths: readonly [number, number, number, number], third: number, depthProb: number) =>
  modelBuilder(name, optionNames, (options: ConvNeXtOptions): ConvNeXt => {
    const counts = [3, 3, third, 3];
    const setting = widths.map((width, i) => new CNBlockConfig(width, widths[i + 1] ?? null, counts[i]!));
    return new ConvNeXt({ blockSetting: setting, stochasticDepthProb: depthProb, ...options });
  });

/** {@link ConvNeXt} with 28.6 million parameters. @see torchvision.models.convnext_tiny */
export const convnextTiny = convnext("convnext_tiny", [96, 192, 384, 768], 9, 0.1);
/** {@link ConvNeXt} with 50.2 million parameters. @see torchvision.models.convnext_small */
export const convnextSmall = convnext("convnext_small", [96, 192, 384, 768], 27, 0.4);
/** {@link ConvNeXt} with 88.6 million parameters. @see torchvision.models.convnext_base */
export const convnextBase = convnext("convnext_base", [128, 256, 512, 1024], 27, 0.5);
/** {@link ConvNeXt} with 198 million parameters. @see torchvision.models.convnext_large */
export const convnextLarge = convnext("convnext_large", [192, 384, 768, 1536], 27, 0.5);
