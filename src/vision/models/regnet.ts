/** RegNet (Radosavovic et al., "Designing network design spaces", 2020). */

import { checkInteger, checkIntegers, checkNumber, MAX_COUNT } from "../../core/arguments";
import { nameOf } from "../../core/className";
import { ArgumentError, describe, ValueError } from "../../core/errors";
import { named } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { composes } from "../../nn/module/forward";
import { MAX_LAYERS, readArguments } from "../../nn/module/options";
import type { Tensor } from "../../tensor/tensor";
import { Conv2dNormActivation } from "../ops/convNormActivation";
import { type ActivationLayer, checkMaker, type LayerMaker, make, makeActivation, type NormLayer } from "../ops/makers";
import { SqueezeExcitation } from "../ops/misc";
import { batchNorm, convolutions, linears, makeDivisible } from "./blocks";
import { modelBuilder } from "./builder";

/** Parameters of {@link BlockParams}: one value for each stage. */
export interface BlockParamsParameters {
  /** The number of blocks. */
  depths: readonly number[];
  /** Channels. */
  widths: readonly number[];
  /** Channels in a group of the 3×3 convolutions. */
  groupWidths: readonly number[];
  /** Factors of the channels inside of a block. */
  bottleneckMultipliers: readonly number[];
  /** The stride of the first block of each stage. */
  strides: readonly number[];
  /** Channels inside of the squeeze-and-excitation layers by those of inputs. Default: null, there are none. */
  seRatio?: number | null;
}

/** Options of {@link BlockParams.fromInitParams}. */
export interface RegNetDesignOptions {
  /** Factor of the channels inside of a block. Default: 1. */
  bottleneckMultiplier?: number;
  /** Like that of {@link BlockParams}. */
  seRatio?: number | null;
}

const paramsSignature = "depths, widths, groupWidths, bottleneckMultipliers, strides; seRatio";

/** What the stages of {@link RegNet} are like. @see torchvision.models.regnet.BlockParams */
export class BlockParams {
  static readonly signature: string = paramsSignature;
  depths: readonly number[];
  widths: readonly number[];
  groupWidths: readonly number[];
  bottleneckMultipliers: readonly number[];
  strides: readonly number[];
  seRatio: number | null;

  constructor(...given: Arguments<typeof paramsSignature, BlockParamsParameters>);
  constructor(...given: unknown[]) {
    const name = nameOf(new.target);
    const options = readArguments<BlockParamsParameters>(name, paramsSignature, { seRatio: null }, given);
    this.depths = checkIntegers(name, "depths", options.depths, 1, MAX_LAYERS);
    this.widths = checkIntegers(name, "widths", options.widths, 1, MAX_COUNT);
    this.groupWidths = checkIntegers(name, "groupWidths", options.groupWidths, 1, MAX_COUNT);
    this.strides = checkIntegers(name, "strides", options.strides, 1, MAX_COUNT);
    this.bottleneckMultipliers = options.bottleneckMultipliers;
    this.seRatio = options.seRatio;
    if (!Array.isArray(this.bottleneckMultipliers))
      throw new ArgumentError(
        `${name}: bottleneckMultipliers must be an array, got ${describe(this.bottleneckMultipliers)}`,
      );
    for (const factor of this.bottleneckMultipliers) checkNumber(name, "bottleneckMultipliers", factor);
    if (this.seRatio !== null) checkNumber(name, "seRatio", this.seRatio);
  }

  /**
   * The stages of the paper's design space: the width of block i is w0 + wA · i, rounded to w0 times a power of wM and a multiple of 8.
   * @param depth The number of blocks.
   * @param w0 The width of the first block, a multiple of 8.
   * @param wA What each block adds.
   * @param wM By what the widths of stages differ, above 1.
   * @throws ValueError for what makes no network.
   * @see torchvision.models.regnet.BlockParams.from_init_params
   */
  static fromInitParams = named(
    "fromInitParams",
    "depth, w0, wA, wM, groupWidth; bottleneckMultiplier, seRatio",
    (
      depth: number,
      w0: number,
      wA: number,
      wM: number,
      groupWidth: number,
      options: RegNetDesignOptions = {},
    ): BlockParams => {
      const { bottleneckMultiplier = 1, seRatio = null } = options;
      checkInteger("fromInitParams", "depth", depth, 1, MAX_LAYERS);
      checkInteger("fromInitParams", "w0", w0, 1, MAX_COUNT);
      checkInteger("fromInitParams", "groupWidth", groupWidth, 1, MAX_COUNT);
      for (const [name, value] of Object.entries({ wA, wM, bottleneckMultiplier }))
        if (!Number.isFinite(checkNumber("fromInitParams", name, value)) || typeof value !== "number")
          throw new ArgumentError(`fromInitParams: ${name} must be a finite number, got ${describe(value)}`);
      if (wA < 0 || wM <= 1 || w0 % 8 !== 0 || bottleneckMultiplier <= 0)
        throw new ValueError(
          "fromInitParams: Invalid RegNet settings: wA must be at least 0, wM above 1, w0 a multiple of 8",
        );
      const { depths, widths } = stagesOf(blockWidths(depth, w0, wA, wM));
      const each = <T>(value: T): T[] => widths.map(() => value);
      const inner = widths.map((width) => Math.floor(width * bottleneckMultiplier));
      const groupWidths = inner.map((width) => Math.min(groupWidth, width));
      const wholeGroups = inner.map((width, i) => makeDivisible(width, groupWidths[i]!));
      return new BlockParams({
        depths,
        widths: wholeGroups.map((width) => Math.floor(width / bottleneckMultiplier)),
        groupWidths,
        bottleneckMultipliers: each(bottleneckMultiplier),
        strides: each(2),
        seRatio,
      });
    },
  );
}

/** The nearest integer; the even one of two. */
function round(x: number): number {
  const below = Math.floor(x);
  const isEven = below % 2 === 0;
  if (x - below === 0.5) return isEven ? below : below + 1;
  return Math.round(x);
}

/** The width of each block, computed in single precision, as torchvision does. */
function blockWidths(depth: number, w0: number, wA: number, wM: number): number[] {
  const single = Math.fround;
  return Array.from({ length: depth }, (_, i) => {
    const width = single(single(i * single(wA)) + w0);
    const power = round(single(single(Math.log(single(width / w0))) / Math.log(wM)));
    const exact = single(w0 * single(single(wM) ** power));
    return round(single(exact / 8)) * 8;
  });
}

/** Neighbors of the same width make a stage. */
function stagesOf(blocks: readonly number[]): { depths: number[]; widths: number[] } {
  const starts = blocks.flatMap((width, i) => (width !== blocks[i - 1] ? [i] : []));
  return {
    widths: starts.map((start) => blocks[start]!),
    depths: starts.map((start, i) => (starts[i + 1] ?? blocks.length) - start),
  };
}

/** Makes the first layer of the channels of inputs and outputs, the normalization and the activation. */
export type RegNetStem = LayerMaker<
  [widthIn: number, widthOut: number, normLayer: NormLayer, activationLayer: ActivationLayer]
>;

/** Makes a block of one stage. */
export type RegNetBlock = LayerMaker<
  [
    widthIn: number,
    widthOut: number,
    stride: number,
    normLayer: NormLayer,
    activationLayer: ActivationLayer,
    groupWidth: number,
    bottleneckMultiplier: number,
    seRatio: number | null,
  ]
>;

/** A 3×3 convolution that halves the size. */
class SimpleStemIN extends Conv2dNormActivation {
  constructor(widthIn: number, widthOut: number, normLayer: NormLayer, activationLayer: ActivationLayer) {
    super(widthIn, widthOut, { kernelSize: 3, stride: 2, normLayer, activationLayer });
  }
}

/** A grouped 3×3 convolution between two of 1×1; channels may be scaled before the last. */
class BottleneckTransform extends nn.Sequential {
  constructor(
    widthIn: number,
    widthOut: number,
    stride: number,
    normLayer: NormLayer,
    activationLayer: ActivationLayer,
    groupWidth: number,
    bottleneckMultiplier: number,
    seRatio: number | null,
  ) {
    const inner = round(widthOut * bottleneckMultiplier);
    const groups = Math.floor(inner / groupWidth);
    const filter = { kernelSize: 3, stride, groups, normLayer, activationLayer };
    const layers: [string, nn.Module][] = [
      ["a", new Conv2dNormActivation(widthIn, inner, { kernelSize: 1, normLayer, activationLayer })],
      ["b", new Conv2dNormActivation(inner, inner, filter)],
    ];
    // A class or function takes what it is told; the activation here is told nothing.
    const activation = activationLayer as LayerMaker<[]>;
    if (seRatio) layers.push(["se", new SqueezeExcitation(inner, round(seRatio * widthIn), { activation })]);
    layers.push(["c", new Conv2dNormActivation(inner, widthOut, { kernelSize: 1, normLayer, activationLayer: null })]);
    super(layers);
  }
}

/** A bottleneck with a shortcut. */
class ResBottleneckBlock extends nn.Module {
  proj: nn.Module | null;
  f: BottleneckTransform;
  activation: nn.Module;

  constructor(...given: ConstructorParameters<typeof BottleneckTransform>) {
    super();
    const [widthIn, widthOut, stride, normLayer, activationLayer] = given;
    this.proj =
      widthIn === widthOut && stride === 1
        ? null
        : new Conv2dNormActivation(widthIn, widthOut, { kernelSize: 1, stride, normLayer, activationLayer: null });
    this.f = new BottleneckTransform(...given);
    this.activation = makeActivation("ResBottleneckBlock", "activationLayer", activationLayer, true);
  }

  override forward(input: Tensor): Tensor {
    const shortcut: Tensor = this.proj === null ? input : this.proj(input);
    return this.activation(shortcut.add(this.f(input)));
  }
}

/** The blocks of a stage. */
class AnyStage extends nn.Sequential {}

/** Options of {@link RegNet}. */
export interface RegNetOptions {
  /** Default: 1000. */
  numClasses?: number;
  /** The channels of the first layer. Default: 32. */
  stemWidth?: number;
  /** A class or function that makes the first layer. Default: null, a 3×3 convolution that halves the size. */
  stemType?: RegNetStem | null;
  /** A class or function that makes a block. Default: null, a bottleneck with a shortcut. */
  blockType?: RegNetBlock | null;
  /** Default: null, batch normalization. */
  normLayer?: NormLayer | null;
  /** Default: null, `nn.ReLU`. */
  activation?: ActivationLayer | null;
}

/** Parameters of {@link RegNet}. */
export interface RegNetParameters extends RegNetOptions {
  blockParams: BlockParams;
}

const optionNames = "numClasses, stemWidth, stemType, blockType, normLayer, activation";
const signature = `blockParams; ${optionNames}` as const;

function readOptions(layer: string, given: readonly unknown[]) {
  const types = { stemType: null, blockType: null, normLayer: null, activation: null };
  const defaults = { numClasses: 1000, stemWidth: 32, ...types };
  const options = readArguments<RegNetParameters>(layer, signature, defaults, given);
  if (!(options.blockParams instanceof BlockParams))
    throw new ArgumentError(`${layer}: blockParams must be BlockParams, got ${describe(options.blockParams)}`);
  checkInteger(layer, "stemWidth", options.stemWidth, 1, MAX_COUNT);
  return {
    ...options,
    stemType: checkMaker(layer, "stemType", options.stemType ?? SimpleStemIN),
    blockType: checkMaker(layer, "blockType", options.blockType ?? ResBottleneckBlock),
    normLayer: checkMaker(layer, "normLayer", options.normLayer ?? batchNorm),
    activation: checkMaker(layer, "activation", options.activation ?? nn.ReLU),
  };
}

/** Stages of grouped bottlenecks whose widths grow evenly. Shape: [N, 3, H, W] → [N, numClasses]. @see torchvision.models.RegNet */
export class RegNet extends nn.Module {
  static readonly signature: string = signature;
  stem: nn.Module;
  trunkOutput: nn.Sequential;
  avgpool: nn.AdaptiveAvgPool2d;
  fc: nn.Linear;

  constructor(...given: Arguments<typeof signature, RegNetParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readOptions(layer, given);
    const { blockParams: params, numClasses, stemWidth, stemType, blockType, normLayer, activation } = options;
    this.stem = make(layer, "stemType", stemType, 3, stemWidth, normLayer, activation);
    let channels = stemWidth;
    const stage = (i: number): nn.Sequential => {
      const [widthIn, widthOut] = [channels, params.widths[i]!];
      channels = widthOut;
      const common = [params.groupWidths[i]!, params.bottleneckMultipliers[i]!, params.seRatio] as const;
      const blocks = Array.from({ length: params.depths[i]! }, (_, at) => {
        const [inputs, stride] = at === 0 ? [widthIn, params.strides[i]!] : [widthOut, 1];
        const block = make(layer, "blockType", blockType, inputs, widthOut, stride, normLayer, activation, ...common);
        return [`block${i + 1}-${at}`, block] as const;
      });
      return new AnyStage(blocks);
    };
    this.trunkOutput = new nn.Sequential(params.widths.map((_, i) => [`block${i + 1}`, stage(i)] as const));
    this.avgpool = new nn.AdaptiveAvgPool2d([1, 1]);
    this.fc = new nn.Linear(channels, numClasses);
    this.#initialize();
  }

  #initialize(): void {
    for (const { weight, kernelSize, outChannels } of convolutions(this)) {
      const [height, width] = kernelSize as unknown as [number, number];
      nn.init.normal_(weight, 0, Math.sqrt(2 / (height * width * outChannels)));
    }
    for (const { weight, bias } of linears(this)) {
      nn.init.normal_(weight, 0, 0.01);
      nn.init.zeros_(bias!);
    }
  }

  override stateKey(field: string): string {
    return nn.snakeCase(field);
  }

  override forward(input: Tensor): Tensor {
    const x: Tensor = this.avgpool(this.trunkOutput(this.stem(input)));
    return this.fc(x.flatten(1));
  }
}

composes("input()", ResBottleneckBlock, RegNet);

type Design = readonly [depth: number, w0: number, wA: number, wM: number, groupWidth: number];

/** A builder of the network of this design. */
const regnet = (name: string, design: Design, seRatio: number | null = null) =>
  modelBuilder(name, optionNames, (options: RegNetOptions): RegNet => {
    return new RegNet(BlockParams.fromInitParams(...design, { seRatio }), options);
  });

/** {@link RegNet} Y, with squeeze and excitation: 4.3 million parameters. @see torchvision.models.regnet_y_400mf */
export const regnetY400mf = regnet("regnet_y_400mf", [16, 48, 27.89, 2.09, 8], 0.25);
/** {@link RegNet} Y with 6.4 million parameters. @see torchvision.models.regnet_y_800mf */
export const regnetY800mf = regnet("regnet_y_800mf", [14, 56, 38.84, 2.4, 16], 0.25);
/** {@link RegNet} Y with 11.2 million parameters. @see torchvision.models.regnet_y_1_6gf */
export const regnetY1_6gf = regnet("regnet_y_1_6gf", [27, 48, 20.71, 2.65, 24], 0.25);
/** {@link RegNet} Y with 19.4 million parameters. @see torchvision.models.regnet_y_3_2gf */
export const regnetY3_2gf = regnet("regnet_y_3_2gf", [21, 80, 42.63, 2.66, 24], 0.25);
/** {@link RegNet} Y with 39.4 million parameters. @see torchvision.models.regnet_y_8gf */
export const regnetY8gf = regnet("regnet_y_8gf", [17, 192, 76.82, 2.19, 56], 0.25);
/** {@link RegNet} Y with 83.6 million parameters. @see torchvision.models.regnet_y_16gf */
export const regnetY16gf = regnet("regnet_y_16gf", [18, 200, 106.23, 2.48, 112], 0.25);
/** {@link RegNet} Y with 145 million parameters. @see torchvision.models.regnet_y_32gf */
export const regnetY32gf = regnet("regnet_y_32gf", [20, 232, 115.89, 2.53, 232], 0.25);
/** {@link RegNet} Y with 645 million parameters: 2.6 GB. @see torchvision.models.regnet_y_128gf */
export const regnetY128gf = regnet("regnet_y_128gf", [27, 456, 160.83, 2.52, 264], 0.25);
/** {@link RegNet} X, without squeeze and excitation: 5.5 million parameters. @see torchvision.models.regnet_x_400mf */
export const regnetX400mf = regnet("regnet_x_400mf", [22, 24, 24.48, 2.54, 16]);
/** {@link RegNet} X with 7.3 million parameters. @see torchvision.models.regnet_x_800mf */
export const regnetX800mf = regnet("regnet_x_800mf", [16, 56, 35.73, 2.28, 16]);
/** {@link RegNet} X with 9.2 million parameters. @see torchvision.models.regnet_x_1_6gf */
export const regnetX1_6gf = regnet("regnet_x_1_6gf", [18, 80, 34.01, 2.25, 24]);
/** {@link RegNet} X with 15.3 million parameters. @see torchvision.models.regnet_x_3_2gf */
export const regnetX3_2gf = regnet("regnet_x_3_2gf", [25, 88, 26.31, 2.25, 48]);
/** {@link RegNet} X with 39.6 million parameters. @see torchvision.models.regnet_x_8gf */
export const regnetX8gf = regnet("regnet_x_8gf", [23, 80, 49.56, 2.88, 120]);
/** {@link RegNet} X with 54.3 million parameters. @see torchvision.models.regnet_x_16gf */
export const regnetX16gf = regnet("regnet_x_16gf", [22, 216, 55.59, 2.1, 128]);
/** {@link RegNet} X with 108 million parameters. @see torchvision.models.regnet_x_32gf */
export const regnetX32gf = regnet("regnet_x_32gf", [23, 320, 69.86, 2, 168]);
