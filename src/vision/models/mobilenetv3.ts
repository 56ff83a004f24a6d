/** MobileNetV3 (Howard et al., "Searching for MobileNetV3", 2019). */

import { checkFlag, checkInteger, checkNumber, MAX_COUNT } from "../../core/arguments";
import { nameOf } from "../../core/className";
import { ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { composes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import type { Tensor } from "../../tensor/tensor";
import { Conv2dNormActivation } from "../ops/convNormActivation";
import { checkMaker, type LayerMaker, make, type NormLayer } from "../ops/makers";
import { SqueezeExcitation } from "../ops/misc";
import { checkSettings, convolutions, linears, makeDivisible } from "./blocks";
import { modelBuilder } from "./builder";

/** Parameters of {@link InvertedResidualConfig}. */
export interface InvertedResidualConfigParameters {
  /** Channels of inputs. */
  inputChannels: number;
  /** The size of the kernel that filters each channel. */
  kernel: number;
  /** Channels inside. */
  expandedChannels: number;
  /** Channels of outputs. */
  outChannels: number;
  /** Whether there is a squeeze-and-excitation layer. */
  useSe: boolean;
  /** "HS" for hardswish, "RE" for a rectifier. */
  activation: string;
  /** 1 or 2. */
  stride: number;
  dilation: number;
  /** Factor of all channels, which are rounded to multiples of 8. */
  widthMult: number;
}

const configSignature =
  "inputChannels, kernel, expandedChannels, outChannels, useSe, activation, stride, dilation, widthMult";

const adjustChannels = (channels: number, widthMult: number): number => makeDivisible(channels * widthMult, 8);

/** What a block of {@link MobileNetV3} is like. @see torchvision.models.mobilenetv3.InvertedResidualConfig */
export class InvertedResidualConfig {
  static readonly signature: string = configSignature;
  inputChannels: number;
  kernel: number;
  expandedChannels: number;
  outChannels: number;
  useSe: boolean;
  useHs: boolean;
  stride: number;
  dilation: number;

  constructor(...given: Arguments<typeof configSignature, InvertedResidualConfigParameters>);
  constructor(...given: unknown[]) {
    const name = nameOf(new.target);
    const options = readArguments<InvertedResidualConfigParameters>(name, configSignature, {}, given);
    const { inputChannels, kernel, expandedChannels, outChannels, useSe, activation, stride, dilation } = options;
    const widthMult = checkNumber(name, "widthMult", options.widthMult);
    const counts = { inputChannels, kernel, expandedChannels, outChannels, dilation };
    for (const [field, count] of Object.entries(counts)) checkInteger(name, field, count, 1, MAX_COUNT);
    if (!(widthMult > 0 && widthMult < 1000))
      throw new ValueError(`${name}: widthMult must be above 0 and below 1000, got ${widthMult}`);
    if (stride !== 1 && stride !== 2) throw new ValueError(`${name}: illegal stride value`);
    this.inputChannels = adjustChannels(inputChannels, widthMult);
    this.kernel = kernel;
    this.expandedChannels = adjustChannels(expandedChannels, widthMult);
    this.outChannels = adjustChannels(outChannels, widthMult);
    this.useSe = checkFlag(name, "useSe", useSe);
    this.useHs = activation === "HS";
    this.stride = stride;
    this.dilation = dilation;
  }
}

/** Widens, filters each channel, scales channels, and narrows again; with a shortcut where the shapes allow it. */
class InvertedResidual extends nn.Module {
  block: nn.Sequential;
  readonly useResConnect: boolean;
  readonly outChannels: number;
  /** Whether the output is smaller than the input, which segmentation looks for. */
  readonly isCn: boolean;

  constructor(config: InvertedResidualConfig, normLayer: NormLayer) {
    super();
    const { inputChannels, expandedChannels, outChannels, dilation, kernel: kernelSize } = config;
    const activationLayer = config.useHs ? nn.Hardswish : nn.ReLU;
    const layers: nn.Module[] = [];
    if (expandedChannels !== inputChannels)
      layers.push(
        new Conv2dNormActivation(inputChannels, expandedChannels, { kernelSize: 1, normLayer, activationLayer }),
      );
    const stride = dilation > 1 ? 1 : config.stride;
    const filter = { kernelSize, stride, dilation, groups: expandedChannels, normLayer, activationLayer };
    layers.push(new Conv2dNormActivation(expandedChannels, expandedChannels, filter));
    if (config.useSe) {
      const squeezed = makeDivisible(Math.floor(expandedChannels / 4), 8);
      layers.push(new SqueezeExcitation(expandedChannels, squeezed, { scaleActivation: nn.Hardsigmoid }));
    }
    layers.push(
      new Conv2dNormActivation(expandedChannels, outChannels, { kernelSize: 1, normLayer, activationLayer: null }),
    );
    this.block = new nn.Sequential(...layers);
    this.useResConnect = config.stride === 1 && inputChannels === outChannels;
    this.outChannels = outChannels;
    this.isCn = config.stride > 1;
  }

  override forward(input: Tensor): Tensor {
    const x: Tensor = this.block(input);
    return this.useResConnect ? x.add_(input) : x;
  }
}

/** Options of {@link MobileNetV3}. */
export interface MobileNetV3Options {
  /** Default: 1000. */
  numClasses?: number;
  /** A class or function that makes a block of its configuration and the normalization. Default: null, inverted residuals. */
  block?: LayerMaker<[config: InvertedResidualConfig, normLayer: NormLayer]> | null;
  /** Default: null, batch normalization with eps 0.001 and momentum 0.01. */
  normLayer?: NormLayer | null;
  /** The probability of dropout before the classifier. Default: 0.2. */
  dropout?: number;
}

/** Parameters of {@link MobileNetV3}. */
export interface MobileNetV3Parameters extends MobileNetV3Options {
  /** The blocks. */
  invertedResidualSetting: readonly InvertedResidualConfig[];
  /** The features before the last layer. */
  lastChannel: number;
}

const signature = "invertedResidualSetting, lastChannel; numClasses, block, normLayer, dropout";

function readOptions(layer: string, given: readonly unknown[]) {
  const defaults = { numClasses: 1000, block: null, normLayer: null, dropout: 0.2 };
  const options = readArguments<MobileNetV3Parameters>(layer, signature, defaults, given);
  checkSettings(layer, "invertedResidualSetting", options.invertedResidualSetting, InvertedResidualConfig);
  checkInteger(layer, "lastChannel", options.lastChannel, 1, MAX_COUNT);
  const norm = (channels: number) => new nn.BatchNorm2d(channels, { eps: 0.001, momentum: 0.01 });
  const normLayer = checkMaker(layer, "normLayer", options.normLayer ?? norm);
  const block = checkMaker(layer, "block", options.block ?? InvertedResidual);
  return { ...options, normLayer, block };
}

/** Inverted residual blocks that a search found for mobile phones. Shape: [N, 3, H, W] → [N, numClasses]. @see torchvision.models.MobileNetV3 */
export class MobileNetV3 extends nn.Module {
  static readonly signature: string = signature;
  features: nn.Sequential;
  avgpool: nn.AdaptiveAvgPool2d;
  classifier: nn.Sequential;

  constructor(...given: Arguments<typeof signature, MobileNetV3Parameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readOptions(layer, given);
    const { invertedResidualSetting: setting, lastChannel, numClasses, block, normLayer, dropout } = options;
    const activationLayer = nn.Hardswish;
    const last = setting.at(-1)!.outChannels;
    this.features = new nn.Sequential(
      new Conv2dNormActivation(3, setting[0]!.inputChannels, { stride: 2, normLayer, activationLayer }),
      ...setting.map((config) => make(layer, "block", block, config, normLayer)),
      new Conv2dNormActivation(last, 6 * last, { kernelSize: 1, normLayer, activationLayer }),
    );
    this.avgpool = new nn.AdaptiveAvgPool2d(1);
    this.classifier = new nn.Sequential(
      new nn.Linear(6 * last, lastChannel),
      new nn.Hardswish(true),
      new nn.Dropout(dropout, true),
      new nn.Linear(lastChannel, numClasses),
    );
    this.#initialize();
  }

  #initialize(): void {
    for (const { weight, bias } of convolutions(this)) {
      nn.init.kaimingNormal_(weight, { mode: "fanOut" });
      if (bias !== null) nn.init.zeros_(bias);
    }
    for (const { weight, bias } of linears(this)) {
      nn.init.normal_(weight, 0, 0.01);
      nn.init.zeros_(bias!);
    }
  }

  override forward(input: Tensor): Tensor {
    const x: Tensor = this.avgpool(this.features(input));
    return this.classifier(x.flatten(1));
  }
}

composes("input()", InvertedResidual, MobileNetV3);

/** Options of {@link mobilenetV3Large} and {@link mobilenetV3Small}. */
export interface MobileNetV3BuilderOptions extends MobileNetV3Options {
  /** Factor of the channels of every layer. Default: 1. */
  widthMult?: number;
  /** Halve the channels of the last blocks. Default: false. */
  reducedTail?: boolean;
  /** Dilate instead of striding in the last blocks, as segmentation does. Default: false. */
  dilated?: boolean;
}

type Row = readonly [
  inputChannels: number,
  kernel: number,
  expandedChannels: number,
  outChannels: number,
  useSe: boolean,
  activation: "RE" | "HS",
  stride: number,
];

/** The blocks; the last three, which `reducedTail` and `dilated` change, apart. */
interface Architecture {
  readonly body: readonly Row[];
  readonly tail: readonly Row[];
  readonly lastChannel: number;
}

const large: Architecture = {
  body: [
    [16, 3, 16, 16, false, "RE", 1],
    [16, 3, 64, 24, false, "RE", 2],
    [24, 3, 72, 24, false, "RE", 1],
    [24, 5, 72, 40, true, "RE", 2],
    [40, 5, 120, 40, true, "RE", 1],
    [40, 5, 120, 40, true, "RE", 1],
    [40, 3, 240, 80, false, "HS", 2],
    [80, 3, 200, 80, false, "HS", 1],
    [80, 3, 184, 80, false, "HS", 1],
    [80, 3, 184, 80, false, "HS", 1],
    [80, 3, 480, 112, true, "HS", 1],
    [112, 3, 672, 112, true, "HS", 1],
  ],
  tail: [
    [112, 5, 672, 160, true, "HS", 2],
    [160, 5, 960, 160, true, "HS", 1],
    [160, 5, 960, 160, true, "HS", 1],
  ],
  lastChannel: 1280,
};

const small: Architecture = {
  body: [
    [16, 3, 16, 16, true, "RE", 2],
    [16, 3, 72, 24, false, "RE", 2],
    [24, 3, 88, 24, false, "RE", 1],
    [24, 5, 96, 40, true, "HS", 2],
    [40, 5, 240, 40, true, "HS", 1],
    [40, 5, 240, 40, true, "HS", 1],
    [40, 5, 120, 48, true, "HS", 1],
    [48, 5, 144, 48, true, "HS", 1],
  ],
  tail: [
    [48, 5, 288, 96, true, "HS", 2],
    [96, 5, 576, 96, true, "HS", 1],
    [96, 5, 576, 96, true, "HS", 1],
  ],
  lastChannel: 1024,
};

function mobilenet({ body, tail, lastChannel }: Architecture, options: MobileNetV3BuilderOptions): MobileNetV3 {
  const { widthMult = 1, reducedTail = false, dilated = false, ...others } = options;
  for (const [name, flag] of Object.entries({ reducedTail, dilated })) checkFlag("MobileNetV3", name, flag);
  const dilation = dilated ? 2 : 1;
  // The channels with which the tail begins are the body's, and so is the inside of its first block.
  const reduced = (channels: number) => (reducedTail ? channels / 2 : channels);
  const config = ([inputs, kernel, expanded, outputs, ...row]: Row, dilation: number) =>
    new InvertedResidualConfig(inputs, kernel, expanded, outputs, ...row, dilation, widthMult);
  const setting = [
    ...body.map((row) => config(row, 1)),
    ...tail.map(([inputs, kernel, expanded, outputs, ...row], i) =>
      config(
        [i === 0 ? inputs : reduced(inputs), kernel, i === 0 ? expanded : reduced(expanded), reduced(outputs), ...row],
        dilation,
      ),
    ),
  ];
  return new MobileNetV3(setting, adjustChannels(reduced(lastChannel), widthMult), others);
}

/** A builder of this architecture. */
const mobilenetV3 = (name: string, architecture: Architecture) =>
  modelBuilder(
    name,
    "numClasses, block, normLayer, dropout, widthMult, reducedTail, dilated",
    (options: MobileNetV3BuilderOptions): MobileNetV3 => mobilenet(architecture, options),
  );

/** {@link MobileNetV3} with 5.5 million parameters. @see torchvision.models.mobilenet_v3_large */
export const mobilenetV3Large = mobilenetV3("mobilenet_v3_large", large);
/** {@link MobileNetV3} with 2.5 million parameters. @see torchvision.models.mobilenet_v3_small */
export const mobilenetV3Small = mobilenetV3("mobilenet_v3_small", small);
