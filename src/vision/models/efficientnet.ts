/** EfficientNet (Tan and Le, "EfficientNet: Rethinking model scaling for convolutional neural networks", 2019) and its second version (2021). */

import { checkInteger, checkNumber, MAX_COUNT } from "../../core/arguments";
import { nameOf } from "../../core/className";
import { ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { composes } from "../../nn/module/forward";
import { MAX_LAYERS, readArguments } from "../../nn/module/options";
import type { Tensor } from "../../tensor/tensor";
import { Conv2dNormActivation } from "../ops/convNormActivation";
import { checkMaker, type LayerMaker, make, type NormLayer } from "../ops/makers";
import { SqueezeExcitation } from "../ops/misc";
import { StochasticDepth } from "../ops/stochasticDepth";
import { batchNorm, checkDepthProbability, checkSettings, convolutions, linears, makeDivisible } from "./blocks";
import { modelBuilder } from "./builder";

/** Makes a block of its configuration, the probability that its branch is dropped, and the normalization. */
export type EfficientNetBlock = LayerMaker<[config: any, stochasticDepthProb: number, normLayer: NormLayer]>;

/** Parameters of {@link FusedMBConvConfig}. */
export interface FusedMBConvParameters {
  /** Factor of the channels inside. */
  expandRatio: number;
  /** The size of the kernel. */
  kernel: number;
  /** The stride of the first block: 1 or 2. */
  stride: number;
  /** Channels of inputs. */
  inputChannels: number;
  /** Channels of outputs. */
  outChannels: number;
  /** The number of blocks. */
  numLayers: number;
  /** Default: null, the block of the paper. */
  block?: EfficientNetBlock | null;
}

/** Parameters of {@link MBConvConfig}. */
export interface MBConvParameters extends FusedMBConvParameters {
  /** Factor of the channels, which are rounded to multiples of 8. Default: 1. */
  widthMult?: number;
  /** Factor of the number of blocks, which is rounded up. Default: 1. */
  depthMult?: number;
}

const adjustChannels = (channels: number, widthMult: number): number => makeDivisible(channels * widthMult, 8);

/** What a stage of {@link EfficientNet} is like. */
export abstract class BlockConfig {
  expandRatio: number;
  kernel: number;
  stride: number;
  inputChannels: number;
  outChannels: number;
  numLayers: number;
  block: EfficientNetBlock;

  /** @internal */
  constructor(given: Required<MBConvParameters>, block: EfficientNetBlock) {
    const name = nameOf(new.target);
    const { expandRatio, kernel, stride, inputChannels, outChannels, numLayers, widthMult, depthMult } = given;
    for (const [field, count] of Object.entries({ kernel, inputChannels, outChannels, numLayers }))
      checkInteger(name, field, count, 1, field === "numLayers" ? MAX_LAYERS : MAX_COUNT);
    for (const [field, factor] of Object.entries({ expandRatio, widthMult, depthMult }))
      if (!(checkNumber(name, field, factor) > 0 && factor < 1000))
        throw new ValueError(`${name}: ${field} must be above 0 and below 1000, got ${factor}`);
    if (stride !== 1 && stride !== 2) throw new ValueError(`${name}: illegal stride value`);
    this.expandRatio = expandRatio;
    this.kernel = kernel;
    this.stride = stride;
    this.inputChannels = inputChannels;
    this.outChannels = outChannels;
    this.numLayers = Math.ceil(numLayers * depthMult);
    this.block = checkMaker(name, "block", given.block ?? block);
  }

  /** The channels inside of a block. */
  get expandedChannels(): number {
    return adjustChannels(this.inputChannels, this.expandRatio);
  }

  /** @internal The same, for a block after the first. */
  next(): BlockConfig {
    const changes = { inputChannels: this.outChannels, stride: 1 };
    return Object.assign(Object.create(Object.getPrototypeOf(this)), this, changes);
  }
}

const fusedSignature = "expandRatio, kernel, stride, inputChannels, outChannels, numLayers; block";
const signatureOfMBConv =
  "expandRatio, kernel, stride, inputChannels, outChannels, numLayers; widthMult, depthMult, block";

/** A stage of blocks that widen, filter each channel, and narrow again. @see torchvision.models.efficientnet.MBConvConfig */
export class MBConvConfig extends BlockConfig {
  static readonly signature: string = signatureOfMBConv;

  constructor(...given: Arguments<typeof signatureOfMBConv, MBConvParameters>);
  constructor(...given: unknown[]) {
    const defaults = { widthMult: 1, depthMult: 1, block: null };
    const options = readArguments<MBConvParameters>(nameOf(new.target), signatureOfMBConv, defaults, given);
    super(options, MBConv);
    this.inputChannels = adjustChannels(options.inputChannels, options.widthMult);
    this.outChannels = adjustChannels(options.outChannels, options.widthMult);
  }
}

/** A stage of blocks that widen and filter in one convolution. @see torchvision.models.efficientnet.FusedMBConvConfig */
export class FusedMBConvConfig extends BlockConfig {
  static readonly signature: string = fusedSignature;

  constructor(...given: Arguments<typeof fusedSignature, FusedMBConvParameters>);
  constructor(...given: unknown[]) {
    const options = readArguments<FusedMBConvParameters>(nameOf(new.target), fusedSignature, { block: null }, given);
    super({ ...options, widthMult: 1, depthMult: 1 }, FusedMBConv);
  }
}

/** A branch with a shortcut where the shapes allow it, which training leaves out at random. */
abstract class ResidualBranch extends nn.Module {
  block: nn.Sequential;
  stochasticDepth: StochasticDepth;
  readonly useResConnect: boolean;
  readonly outChannels: number;

  constructor(config: BlockConfig, stochasticDepthProb: number, normLayer: NormLayer) {
    super();
    this.block = new nn.Sequential(...this.layers(config, normLayer));
    this.stochasticDepth = new StochasticDepth(stochasticDepthProb, "row");
    this.useResConnect = config.stride === 1 && config.inputChannels === config.outChannels;
    this.outChannels = config.outChannels;
  }

  /** The layers of the branch. */
  protected abstract layers(config: BlockConfig, normLayer: NormLayer): nn.Module[];

  override stateKey(field: string): string {
    return nn.snakeCase(field);
  }

  override forward(input: Tensor): Tensor {
    const x: Tensor = this.block(input);
    return this.useResConnect ? this.stochasticDepth(x).add_(input) : x;
  }
}

const activationLayer = nn.SiLU;

/** Widens, filters each channel, scales channels, and narrows again. */
class MBConv extends ResidualBranch {
  protected override layers(config: BlockConfig, normLayer: NormLayer): nn.Module[] {
    const { inputChannels: inputs, outChannels, kernel: kernelSize, stride, expandedChannels: inner } = config;
    const layers: nn.Module[] = [];
    if (inner !== inputs)
      layers.push(new Conv2dNormActivation(inputs, inner, { kernelSize: 1, normLayer, activationLayer }));
    const squeezed = Math.max(1, Math.floor(inputs / 4));
    layers.push(
      new Conv2dNormActivation(inner, inner, { kernelSize, stride, groups: inner, normLayer, activationLayer }),
      new SqueezeExcitation(inner, squeezed, { activation: () => new nn.SiLU(true) }),
      new Conv2dNormActivation(inner, outChannels, { kernelSize: 1, normLayer, activationLayer: null }),
    );
    return layers;
  }
}

/** Widens and filters in one convolution, and narrows again. */
class FusedMBConv extends ResidualBranch {
  protected override layers(config: BlockConfig, normLayer: NormLayer): nn.Module[] {
    const { inputChannels: inputs, outChannels, kernel: kernelSize, stride, expandedChannels: inner } = config;
    const filter = { kernelSize, stride, normLayer, activationLayer };
    if (inner === inputs) return [new Conv2dNormActivation(inputs, outChannels, filter)];
    return [
      new Conv2dNormActivation(inputs, inner, filter),
      new Conv2dNormActivation(inner, outChannels, { kernelSize: 1, normLayer, activationLayer: null }),
    ];
  }
}

/** Options of the networks whose stages are chosen already, such as {@link efficientnetB0}. */
export interface EfficientNetBuilderOptions {
  /** The probability that the branch of the last block is dropped in training; of those before, evenly less. Default: 0.2. */
  stochasticDepthProb?: number;
  /** Default: 1000. */
  numClasses?: number;
  /** Default: null, batch normalization. */
  normLayer?: NormLayer | null;
}

/** Options of {@link EfficientNet}. */
export interface EfficientNetOptions extends EfficientNetBuilderOptions {
  /** The channels of the last convolution. Default: null, four times those before it. */
  lastChannel?: number | null;
}

/** Parameters of {@link EfficientNet}. */
export interface EfficientNetParameters extends EfficientNetOptions {
  /** The stages. */
  invertedResidualSetting: readonly BlockConfig[];
  /** The probability of dropout before the classifier. */
  dropout: number;
}

const signature = "invertedResidualSetting, dropout; stochasticDepthProb, numClasses, normLayer, lastChannel";

function readOptions(layer: string, given: readonly unknown[]) {
  const defaults = { stochasticDepthProb: 0.2, numClasses: 1000, normLayer: null, lastChannel: null };
  const options = readArguments<EfficientNetParameters>(layer, signature, defaults, given);
  checkSettings(layer, "invertedResidualSetting", options.invertedResidualSetting, BlockConfig);
  checkDepthProbability(layer, options.stochasticDepthProb);
  if (options.lastChannel !== null) checkInteger(layer, "lastChannel", options.lastChannel, 1, MAX_COUNT);
  return { ...options, normLayer: checkMaker(layer, "normLayer", options.normLayer ?? batchNorm) };
}

/**
 * Inverted residual blocks scaled in depth, width and size together. Shape: [N, 3, H, W] → [N, numClasses].
 * @see torchvision.models.EfficientNet
 */
export class EfficientNet extends nn.Module {
  static readonly signature: string = signature;
  features: nn.Sequential;
  avgpool: nn.AdaptiveAvgPool2d;
  classifier: nn.Sequential;

  constructor(...given: Arguments<typeof signature, EfficientNetParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readOptions(layer, given);
    const { invertedResidualSetting: setting, dropout, stochasticDepthProb, numClasses, normLayer } = options;
    const blocks = setting.reduce((sum, { numLayers }) => sum + numLayers, 0);
    let at = 0;
    const stage = (config: BlockConfig): nn.Sequential => {
      const make1 = (_: unknown, i: number) =>
        make(
          layer,
          "block",
          config.block,
          i === 0 ? config : config.next(),
          (stochasticDepthProb * at++) / blocks,
          normLayer,
        );
      return new nn.Sequential(...Array.from({ length: config.numLayers }, make1));
    };
    const last = setting.at(-1)!.outChannels;
    const channels = options.lastChannel ?? 4 * last;
    this.features = new nn.Sequential(
      new Conv2dNormActivation(3, setting[0]!.inputChannels, { stride: 2, normLayer, activationLayer }),
      ...setting.map(stage),
      new Conv2dNormActivation(last, channels, { kernelSize: 1, normLayer, activationLayer }),
    );
    this.avgpool = new nn.AdaptiveAvgPool2d(1);
    this.classifier = new nn.Sequential(new nn.Dropout(dropout, true), new nn.Linear(channels, numClasses));
    this.#initialize();
  }

  #initialize(): void {
    for (const { weight, bias } of convolutions(this)) {
      nn.init.kaimingNormal_(weight, { mode: "fanOut" });
      if (bias !== null) nn.init.zeros_(bias);
    }
    for (const { weight, bias, outFeatures } of linears(this)) {
      const bound = 1 / Math.sqrt(Math.max(1, outFeatures));
      nn.init.uniform_(weight, -bound, bound);
      nn.init.zeros_(bias!);
    }
  }

  override forward(input: Tensor): Tensor {
    const x: Tensor = this.avgpool(this.features(input));
    return this.classifier(x.flatten(1));
  }
}

composes("input()", ResidualBranch, EfficientNet);

type Row = readonly [
  expandRatio: number,
  kernel: number,
  stride: number,
  inputChannels: number,
  outChannels: number,
  numLayers: number,
];

const first: readonly Row[] = [
  [1, 3, 1, 32, 16, 1],
  [6, 3, 2, 16, 24, 2],
  [6, 5, 2, 24, 40, 2],
  [6, 3, 2, 40, 80, 3],
  [6, 5, 1, 80, 112, 3],
  [6, 5, 2, 112, 192, 4],
  [6, 3, 1, 192, 320, 1],
];

/** The stages of the second version: those that widen and filter in one convolution, and the others. */
const second: Readonly<Record<string, readonly [fused: readonly Row[], others: readonly Row[]]>> = {
  s: [
    [
      [1, 3, 1, 24, 24, 2],
      [4, 3, 2, 24, 48, 4],
      [4, 3, 2, 48, 64, 4],
    ],
    [
      [4, 3, 2, 64, 128, 6],
      [6, 3, 1, 128, 160, 9],
      [6, 3, 2, 160, 256, 15],
    ],
  ],
  m: [
    [
      [1, 3, 1, 24, 24, 3],
      [4, 3, 2, 24, 48, 5],
      [4, 3, 2, 48, 80, 5],
    ],
    [
      [4, 3, 2, 80, 160, 7],
      [6, 3, 1, 160, 176, 14],
      [6, 3, 2, 176, 304, 18],
      [6, 3, 1, 304, 512, 5],
    ],
  ],
  l: [
    [
      [1, 3, 1, 32, 32, 4],
      [4, 3, 2, 32, 64, 7],
      [4, 3, 2, 64, 96, 7],
    ],
    [
      [4, 3, 2, 96, 192, 10],
      [6, 3, 1, 192, 224, 19],
      [6, 3, 2, 224, 384, 25],
      [6, 3, 1, 384, 640, 7],
    ],
  ],
};

const optionNames = "stochasticDepthProb, numClasses, normLayer, dropout";

/** Options of the builders. */
export interface EfficientNetPresetOptions extends EfficientNetBuilderOptions {
  /** The probability of dropout before the classifier. Default: that of the network. */
  dropout?: number;
}

const preciseNorm = (channels: number) => new nn.BatchNorm2d(channels, { eps: 0.001, momentum: 0.01 });

/** A builder of the first version, of these factors and dropout. */
const efficientnet = (
  name: string,
  widthMult: number,
  depthMult: number,
  dropout: number,
  normLayer: NormLayer | null = null,
) =>
  modelBuilder(name, optionNames, (options: EfficientNetPresetOptions): EfficientNet => {
    const setting = first.map((row) => new MBConvConfig(...row, widthMult, depthMult));
    return new EfficientNet({ invertedResidualSetting: setting, dropout, normLayer, ...options });
  });

/** A builder of the second version, of this size and dropout. */
const efficientnetV2 = (name: string, size: string, dropout: number) =>
  modelBuilder(name, optionNames, (options: EfficientNetPresetOptions): EfficientNet => {
    const [fused, others] = second[size]!;
    const setting = [
      ...fused.map((row) => new FusedMBConvConfig(...row)),
      ...others.map((row) => new MBConvConfig(...row)),
    ];
    const normLayer = (channels: number) => new nn.BatchNorm2d(channels, { eps: 0.001 });
    return new EfficientNet({ invertedResidualSetting: setting, dropout, normLayer, lastChannel: 1280, ...options });
  });

/** {@link EfficientNet} B0 with 5.3 million parameters, for images of 224×224. @see torchvision.models.efficientnet_b0 */
export const efficientnetB0 = efficientnet("efficientnet_b0", 1, 1, 0.2);
/** {@link EfficientNet} B1 with 7.8 million parameters, for images of 240×240. @see torchvision.models.efficientnet_b1 */
export const efficientnetB1 = efficientnet("efficientnet_b1", 1, 1.1, 0.2);
/** {@link EfficientNet} B2 with 9.1 million parameters, for images of 288×288. @see torchvision.models.efficientnet_b2 */
export const efficientnetB2 = efficientnet("efficientnet_b2", 1.1, 1.2, 0.3);
/** {@link EfficientNet} B3 with 12.2 million parameters, for images of 300×300. @see torchvision.models.efficientnet_b3 */
export const efficientnetB3 = efficientnet("efficientnet_b3", 1.2, 1.4, 0.3);
/** {@link EfficientNet} B4 with 19.3 million parameters, for images of 380×380. @see torchvision.models.efficientnet_b4 */
export const efficientnetB4 = efficientnet("efficientnet_b4", 1.4, 1.8, 0.4);
/** {@link EfficientNet} B5 with 30.4 million parameters, for images of 456×456. @see torchvision.models.efficientnet_b5 */
export const efficientnetB5 = efficientnet("efficientnet_b5", 1.6, 2.2, 0.4, preciseNorm);
/** {@link EfficientNet} B6 with 43.0 million parameters, for images of 528×528. @see torchvision.models.efficientnet_b6 */
export const efficientnetB6 = efficientnet("efficientnet_b6", 1.8, 2.6, 0.5, preciseNorm);
/** {@link EfficientNet} B7 with 66.3 million parameters, for images of 600×600. @see torchvision.models.efficientnet_b7 */
export const efficientnetB7 = efficientnet("efficientnet_b7", 2, 3.1, 0.5, preciseNorm);
/** {@link EfficientNet} V2 S with 21.5 million parameters, for images of 384×384. @see torchvision.models.efficientnet_v2_s */
export const efficientnetV2S = efficientnetV2("efficientnet_v2_s", "s", 0.2);
/** {@link EfficientNet} V2 M with 54.1 million parameters, for images of 480×480. @see torchvision.models.efficientnet_v2_m */
export const efficientnetV2M = efficientnetV2("efficientnet_v2_m", "m", 0.3);
/** {@link EfficientNet} V2 L with 118.5 million parameters, for images of 480×480. @see torchvision.models.efficientnet_v2_l */
export const efficientnetV2L = efficientnetV2("efficientnet_v2_l", "l", 0.4);
