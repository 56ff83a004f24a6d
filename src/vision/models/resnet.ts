/** Residual networks (He et al., "Deep residual learning for image recognition", 2015) and their wide and grouped kin. */

import { checkArray, checkInteger, checkIntegers, MAX_COUNT } from "../../core/arguments";
import { nameOf } from "../../core/className";
import { ArgumentError, describe, ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { checkModule } from "../../nn/module/checks";
import { composes } from "../../nn/module/forward";
import { MAX_LAYERS, readArguments } from "../../nn/module/options";
import type { Tensor } from "../../tensor/tensor";
import { checkMaker, make, type NormLayer } from "../ops/makers";
import { batchNorm, convolutions } from "./blocks";
import { modelBuilder } from "./builder";

const conv3x3 = (inPlanes: number, outPlanes: number, stride = 1, groups = 1, dilation = 1): nn.Conv2d =>
  new nn.Conv2d(inPlanes, outPlanes, 3, { stride, padding: dilation, groups, dilation, bias: false });

const conv1x1 = (inPlanes: number, outPlanes: number, stride = 1): nn.Conv2d =>
  new nn.Conv2d(inPlanes, outPlanes, 1, { stride, bias: false });

/** Options of {@link BasicBlock} and {@link Bottleneck}. */
export interface ResidualBlockOptions {
  /** Default: 1. */
  stride?: number;
  /** What brings the input to the size of the output. Default: null, the input as it is. */
  downsample?: nn.Module | null;
  /** Groups of the 3×3 convolution of a bottleneck. Default: 1. */
  groups?: number;
  /** Channels per group in a bottleneck of 64 planes. Default: 64. */
  baseWidth?: number;
  /** Dilation of the 3×3 convolution of a bottleneck. Default: 1. */
  dilation?: number;
  /** A class or function that makes the normalization. Default: null, batch normalization. */
  normLayer?: NormLayer | null;
}

const blockDefaults: Required<ResidualBlockOptions> = {
  stride: 1,
  downsample: null,
  groups: 1,
  baseWidth: 64,
  dilation: 1,
  normLayer: null,
};

/** Parameters of {@link BasicBlock} and {@link Bottleneck}. */
export interface ResidualBlockParameters extends ResidualBlockOptions {
  /** Channels of inputs. */
  inplanes: number;
  /** Channels of the 3×3 convolution. */
  planes: number;
}

const blockSignature = "inplanes, planes; stride, downsample, groups, baseWidth, dilation, normLayer";

/** A function that makes the normalization of so many channels. */
function normOf(layer: string, given: NormLayer | null): (channels: number) => nn.Module {
  const normLayer = checkMaker(layer, "normLayer", given ?? batchNorm);
  return (channels) => make(layer, "normLayer", normLayer, channels);
}

function readBlock(layer: string, given: readonly unknown[]) {
  const options = readArguments<ResidualBlockParameters>(layer, blockSignature, blockDefaults, given);
  const { inplanes, planes, groups, baseWidth, stride, dilation, downsample } = options;
  for (const [name, size] of Object.entries({ inplanes, planes, groups, baseWidth, stride, dilation }))
    checkInteger(layer, name, size, 1, MAX_COUNT);
  if (downsample !== null) checkModule(layer, downsample, "downsample");
  return { ...options, norm: normOf(layer, options.normLayer) };
}

/** Two 3×3 convolutions and a shortcut. Shape: [N, inplanes, H, W] → [N, planes, H / stride, W / stride]. */
export class BasicBlock extends nn.Module {
  static readonly expansion: number = 1;
  conv1: nn.Conv2d;
  bn1: nn.Module;
  relu: nn.ReLU;
  conv2: nn.Conv2d;
  bn2: nn.Module;
  downsample: nn.Module | null;
  stride: number;

  constructor(
    inplanes: number,
    planes: number,
    stride?: number,
    downsample?: nn.Module | null,
    groups?: number,
    baseWidth?: number,
    dilation?: number,
    normLayer?: NormLayer | null,
  );
  constructor(...given: Arguments<typeof blockSignature, ResidualBlockParameters>);
  constructor(...given: unknown[]) {
    super();
    const options = readBlock(nameOf(new.target), given);
    const { inplanes, planes, stride, downsample, groups, baseWidth, dilation, norm } = options;
    if (groups !== 1 || baseWidth !== 64) throw new ValueError("BasicBlock only supports groups=1 and base_width=64");
    if (dilation > 1) throw new ValueError("Dilation > 1 not supported in BasicBlock");
    this.conv1 = conv3x3(inplanes, planes, stride);
    this.bn1 = norm(planes);
    this.relu = new nn.ReLU(true);
    this.conv2 = conv3x3(planes, planes);
    this.bn2 = norm(planes);
    this.downsample = downsample;
    this.stride = stride;
  }

  override forward(input: Tensor): Tensor {
    let x: Tensor = this.relu(this.bn1(this.conv1(input)));
    x = this.bn2(this.conv2(x));
    return this.relu(x.add_(this.downsample?.(input) ?? input));
  }
}

/**
 * A 3×3 convolution between two 1×1 ones, and a shortcut. The 3×3 convolution has the stride, as in torchvision ("v1.5").
 * Shape: [N, inplanes, H, W] → [N, 4 planes, H / stride, W / stride].
 */
export class Bottleneck extends nn.Module {
  static readonly expansion: number = 4;
  conv1: nn.Conv2d;
  bn1: nn.Module;
  conv2: nn.Conv2d;
  bn2: nn.Module;
  conv3: nn.Conv2d;
  bn3: nn.Module;
  relu: nn.ReLU;
  downsample: nn.Module | null;
  stride: number;

  constructor(
    inplanes: number,
    planes: number,
    stride?: number,
    downsample?: nn.Module | null,
    groups?: number,
    baseWidth?: number,
    dilation?: number,
    normLayer?: NormLayer | null,
  );
  constructor(...given: Arguments<typeof blockSignature, ResidualBlockParameters>);
  constructor(...given: unknown[]) {
    super();
    const options = readBlock(nameOf(new.target), given);
    const { inplanes, planes, stride, downsample, groups, baseWidth, dilation, norm } = options;
    const width = Math.floor(planes * (baseWidth / 64)) * groups;
    const outPlanes = planes * Bottleneck.expansion;
    this.conv1 = conv1x1(inplanes, width);
    this.bn1 = norm(width);
    this.conv2 = conv3x3(width, width, stride, groups, dilation);
    this.bn2 = norm(width);
    this.conv3 = conv1x1(width, outPlanes);
    this.bn3 = norm(outPlanes);
    this.relu = new nn.ReLU(true);
    this.downsample = downsample;
    this.stride = stride;
  }

  override forward(input: Tensor): Tensor {
    let x: Tensor = this.relu(this.bn1(this.conv1(input)));
    x = this.relu(this.bn2(this.conv2(x)));
    x = this.bn3(this.conv3(x));
    return this.relu(x.add_(this.downsample?.(input) ?? input));
  }
}

/** Options of the residual networks. */
export interface ResNetOptions {
  /** Default: 1000. */
  numClasses?: number;
  /** Start with residual branches that give zero (Goyal et al., 2017). Default: false. */
  zeroInitResidual?: boolean;
  /** Default: 1. */
  groups?: number;
  /** Default: 64. */
  widthPerGroup?: number;
  /** For each of the last three stages, whether it dilates instead of striding. Default: none does. */
  replaceStrideWithDilation?: readonly [boolean, boolean, boolean];
  /** A class or function that makes the normalization. Default: null, batch normalization. */
  normLayer?: NormLayer | null;
}

const defaults: Required<ResNetOptions> = {
  numClasses: 1000,
  zeroInitResidual: false,
  groups: 1,
  widthPerGroup: 64,
  replaceStrideWithDilation: [false, false, false],
  normLayer: null,
};

type Block = typeof BasicBlock | typeof Bottleneck;

type Stages = readonly [number, number, number, number];

/** Parameters of {@link ResNet}. */
export interface ResNetParameters extends ResNetOptions {
  /** {@link BasicBlock} or {@link Bottleneck}. */
  block: Block;
  /** The number of blocks of each stage. */
  layers: Stages;
}

const signature =
  "block, layers; numClasses, zeroInitResidual, groups, widthPerGroup, replaceStrideWithDilation, normLayer";

/**
 * Four stages of residual blocks. Shape: [N, 3, H, W] → [N, numClasses].
 * @see torchvision.models.ResNet
 * @example
 * const model = new vision.models.ResNet(vision.models.BasicBlock, [2, 2, 2, 2], { numClasses: 10 });
 * // For small images such as CIFAR's, whose size the usual stem divides by 4:
 * model.conv1 = new nn.Conv2d(3, 64, 3, { padding: 1, bias: false });
 * model.maxpool = new nn.Identity();
 */
export class ResNet extends nn.Module {
  conv1: nn.Conv2d;
  bn1: nn.Module;
  relu: nn.ReLU;
  maxpool: nn.Module;
  layer1: nn.Sequential;
  layer2: nn.Sequential;
  layer3: nn.Sequential;
  layer4: nn.Sequential;
  avgpool: nn.AdaptiveAvgPool2d;
  fc: nn.Linear;

  constructor(
    block: Block,
    layers: Stages,
    numClasses?: number,
    zeroInitResidual?: boolean,
    groups?: number,
    widthPerGroup?: number,
    replaceStrideWithDilation?: readonly [boolean, boolean, boolean],
    normLayer?: NormLayer | null,
  );
  constructor(...given: Arguments<typeof signature, ResNetParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readArguments<ResNetParameters>(layer, signature, defaults, given);
    const { block, layers, replaceStrideWithDilation: dilates } = options;
    const norm = normOf(layer, options.normLayer);
    if (!(block?.prototype instanceof nn.Module) || typeof block.expansion !== "number")
      throw new ArgumentError(`${layer}: block must be BasicBlock or Bottleneck, got ${describe(block)}`);
    if (checkIntegers(layer, "layers", layers, 1, MAX_LAYERS).length !== 4)
      throw new ValueError(`${layer}: layers should be an array of 4 integers, got ${describe(layers)}`);
    for (const name of ["groups", "widthPerGroup"] as const) checkInteger(layer, name, options[name], 1, MAX_COUNT);
    if (checkArray(layer, "replaceStrideWithDilation", dilates, "3 booleans").length !== 3)
      throw new ValueError(
        `${layer}: replaceStrideWithDilation should be an array of 3 booleans, got ${dilates.length}`,
      );
    const stages = new StageBuilder(block, options);
    this.conv1 = new nn.Conv2d(3, 64, 7, { stride: 2, padding: 3, bias: false });
    this.bn1 = norm(64);
    this.relu = new nn.ReLU(true);
    this.maxpool = new nn.MaxPool2d(3, { stride: 2, padding: 1 });
    this.layer1 = stages.build(64, layers[0], 1, false);
    this.layer2 = stages.build(128, layers[1], 2, dilates[0]);
    this.layer3 = stages.build(256, layers[2], 2, dilates[1]);
    this.layer4 = stages.build(512, layers[3], 2, dilates[2]);
    this.avgpool = new nn.AdaptiveAvgPool2d([1, 1]);
    this.fc = new nn.Linear(512 * block.expansion, options.numClasses);
    for (const { weight } of convolutions(this))
      nn.init.kaimingNormal_(weight, { mode: "fanOut", nonlinearity: "relu" });
    if (options.zeroInitResidual) this.#zeroResiduals();
  }

  #zeroResiduals(): void {
    for (const module of this.modules()) {
      const last = module instanceof Bottleneck ? module.bn3 : module instanceof BasicBlock ? module.bn2 : undefined;
      const weight = (last as { weight?: nn.Parameter | null } | undefined)?.weight;
      if (weight) nn.init.zeros_(weight);
    }
  }

  override forward(input: Tensor): Tensor {
    let x: Tensor = this.relu(this.bn1(this.conv1(input)));
    x = this.maxpool(x);
    x = this.layer4(this.layer3(this.layer2(this.layer1(x))));
    return this.fc(this.avgpool(x).flatten(1));
  }
}

composes("input()", BasicBlock, Bottleneck, ResNet);

/** Builds the stages one after the other: each begins with the channels and the dilation at which the one before ended. */
class StageBuilder {
  #inplanes = 64;
  #dilation = 1;

  constructor(
    private readonly block: Block,
    private readonly options: Required<ResNetOptions>,
  ) {}

  build(planes: number, blocks: number, givenStride: number, dilates: boolean): nn.Sequential {
    const { normLayer, groups, widthPerGroup: baseWidth } = this.options;
    const outPlanes = planes * this.block.expansion;
    const stride = dilates ? 1 : givenStride;
    const firstDilation = this.#dilation;
    if (dilates) this.#dilation *= givenStride;
    // Before the block, as in torchvision: both draw their first values from the same random stream.
    const downsample =
      stride === 1 && this.#inplanes === outPlanes
        ? null
        : new nn.Sequential(conv1x1(this.#inplanes, outPlanes, stride), normOf("ResNet", normLayer)(outPlanes));
    const common = { groups, baseWidth, normLayer };
    const first = new this.block(this.#inplanes, planes, { ...common, stride, downsample, dilation: firstDilation });
    this.#inplanes = outPlanes;
    const others = Array.from(
      { length: blocks - 1 },
      () => new this.block(outPlanes, planes, { ...common, dilation: this.#dilation }),
    );
    return new nn.Sequential(first, ...others);
  }
}

/** A constructor of the network with these blocks. */
const resnet = (name: string, block: Block, layers: Stages, preset: ResNetOptions = {}) =>
  modelBuilder(
    name,
    "numClasses, zeroInitResidual, groups, widthPerGroup, replaceStrideWithDilation, normLayer",
    (options: ResNetOptions): ResNet => new ResNet(block, layers, { ...preset, ...options }),
  );

/** {@link ResNet} with 18 layers, 11.7 million parameters. @see torchvision.models.resnet18 */
export const resnet18 = resnet("resnet18", BasicBlock, [2, 2, 2, 2]);
/** {@link ResNet} with 34 layers, 21.8 million parameters. @see torchvision.models.resnet34 */
export const resnet34 = resnet("resnet34", BasicBlock, [3, 4, 6, 3]);
/** {@link ResNet} with 50 layers, 25.6 million parameters. @see torchvision.models.resnet50 */
export const resnet50 = resnet("resnet50", Bottleneck, [3, 4, 6, 3]);
/** {@link ResNet} with 101 layers, 44.5 million parameters. @see torchvision.models.resnet101 */
export const resnet101 = resnet("resnet101", Bottleneck, [3, 4, 23, 3]);
/** {@link ResNet} with 152 layers, 60.2 million parameters. @see torchvision.models.resnet152 */
export const resnet152 = resnet("resnet152", Bottleneck, [3, 8, 36, 3]);
/** ResNeXt with 50 layers and 32 groups of 4 channels (Xie et al., 2016). @see torchvision.models.resnext50_32x4d */
export const resnext50_32x4d = resnet("resnext50_32x4d", Bottleneck, [3, 4, 6, 3], { groups: 32, widthPerGroup: 4 });
/** ResNeXt with 101 layers and 32 groups of 8 channels (Xie et al., 2016). @see torchvision.models.resnext101_32x8d */
export const resnext101_32x8d = resnet("resnext101_32x8d", Bottleneck, [3, 4, 23, 3], { groups: 32, widthPerGroup: 8 });
/** ResNeXt with 101 layers and 64 groups of 4 channels (Xie et al., 2016). @see torchvision.models.resnext101_64x4d */
export const resnext101_64x4d = resnet("resnext101_64x4d", Bottleneck, [3, 4, 23, 3], { groups: 64, widthPerGroup: 4 });
/** {@link resnet50} with twice the inner channels (Zagoruyko and Komodakis, 2016). @see torchvision.models.wide_resnet50_2 */
export const wideResnet50_2 = resnet("wide_resnet50_2", Bottleneck, [3, 4, 6, 3], { widthPerGroup: 128 });
/** {@link resnet101} with twice the inner channels (Zagoruyko and Komodakis, 2016). @see torchvision.models.wide_resnet101_2 */
export const wideResnet101_2 = resnet("wide_resnet101_2", Bottleneck, [3, 4, 23, 3], { widthPerGroup: 128 });
