/** Densely connected networks (Huang et al., "Densely connected convolutional networks", 2016). */

import { checkpoint } from "../../autograd/checkpoint";
import { checkInteger, checkIntegers, MAX_COUNT } from "../../core/arguments";
import { nameOf } from "../../core/className";
import { ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { composes } from "../../nn/module/forward";
import { MAX_LAYERS, readArguments } from "../../nn/module/options";
import { cat } from "../../ops/shape/join";
import type { Tensor } from "../../tensor/tensor";
import { convolutions, linears } from "./blocks";
import { modelBuilder } from "./builder";

const F = nn.functional;

/** Options of the networks whose layers are counted already, such as {@link densenet121}. */
export interface DenseNetBuilderOptions {
  /** Factor of the growth rate: the channels between the two convolutions of a layer. Default: 4. */
  bnSize?: number;
  /** The probability of dropout after each layer. Default: 0. */
  dropRate?: number;
  /** Default: 1000. */
  numClasses?: number;
  /** Compute what lies between the convolutions again in backward instead of keeping it. Default: false. */
  memoryEfficient?: boolean;
}

/** Options of {@link DenseNet}. */
export interface DenseNetOptions extends DenseNetBuilderOptions {
  /** The channels that each layer adds. Default: 32. */
  growthRate?: number;
  /** The number of layers of each block. Default: [6, 12, 24, 16]. */
  blockConfig?: readonly number[];
  /** The channels of the first convolution. Default: 64. */
  numInitFeatures?: number;
}

const defaults: Required<DenseNetOptions> = {
  growthRate: 32,
  blockConfig: [6, 12, 24, 16],
  numInitFeatures: 64,
  bnSize: 4,
  dropRate: 0,
  numClasses: 1000,
  memoryEfficient: false,
};

type LayerOptions = Required<Pick<DenseNetOptions, "growthRate" | "bnSize" | "dropRate" | "memoryEfficient">>;

/** A 1×1 and a 3×3 convolution, each after its normalization. It takes all that came before, and gives `growthRate` channels. */
class DenseLayer extends nn.Module {
  static readonly className = "_DenseLayer";
  norm1: nn.BatchNorm2d;
  relu1: nn.ReLU;
  conv1: nn.Conv2d;
  norm2: nn.BatchNorm2d;
  relu2: nn.ReLU;
  conv2: nn.Conv2d;
  readonly dropRate: number;
  readonly memoryEfficient: boolean;

  constructor(inputs: number, { growthRate, bnSize, dropRate, memoryEfficient }: LayerOptions) {
    super();
    this.norm1 = new nn.BatchNorm2d(inputs);
    this.relu1 = new nn.ReLU(true);
    this.conv1 = new nn.Conv2d(inputs, bnSize * growthRate, 1, { bias: false });
    this.norm2 = new nn.BatchNorm2d(bnSize * growthRate);
    this.relu2 = new nn.ReLU(true);
    this.conv2 = new nn.Conv2d(bnSize * growthRate, growthRate, 3, { padding: 1, bias: false });
    this.dropRate = dropRate;
    this.memoryEfficient = memoryEfficient;
  }

  private bottleneck(features: readonly Tensor[]): Tensor {
    return this.conv1(this.relu1(this.norm1(cat(features, 1))));
  }

  override forward(input: Tensor | readonly Tensor[]): Tensor {
    const features = Array.isArray(input) ? (input as readonly Tensor[]) : [input as Tensor];
    const saves = this.memoryEfficient && features.some((x) => x.requiresGrad);
    const x = saves
      ? checkpoint((...given: Tensor[]) => this.bottleneck(given), ...features)
      : this.bottleneck(features);
    const added = this.conv2(this.relu2(this.norm2(x)));
    return this.dropRate > 0 ? F.dropout(added, this.dropRate, this.training) : added;
  }
}

/** Layers each of which takes the input and what all layers before it gave. */
class DenseBlock extends nn.ModuleDict<Record<string, DenseLayer>> {
  static readonly className = "_DenseBlock";
  constructor(layers: number, inputs: number, options: LayerOptions) {
    super();
    for (let i = 0; i < layers; i++)
      this.addModule(`denselayer${i + 1}`, new DenseLayer(inputs + i * options.growthRate, options));
  }

  override forward(input: Tensor): Tensor {
    const features = [input];
    for (const layer of this.values()) features.push(layer(features));
    return cat(features, 1);
  }
}

/** Halves the size and the channels between two blocks. */
class Transition extends nn.Sequential {
  static readonly className = "_Transition";
  constructor(inputs: number, outputs: number) {
    super({
      norm: new nn.BatchNorm2d(inputs),
      relu: new nn.ReLU(true),
      conv: new nn.Conv2d(inputs, outputs, 1, { bias: false }),
      pool: new nn.AvgPool2d(2, 2),
    });
  }
}

const signature = "; growthRate, blockConfig, numInitFeatures, bnSize, dropRate, numClasses, memoryEfficient";

function readOptions(layer: string, given: readonly unknown[]): Required<DenseNetOptions> {
  const options = readArguments<DenseNetOptions>(layer, signature, defaults, given);
  for (const name of ["growthRate", "numInitFeatures", "bnSize"] as const)
    checkInteger(layer, name, options[name], 1, MAX_COUNT);
  if (checkIntegers(layer, "blockConfig", options.blockConfig, 1, MAX_LAYERS).length === 0)
    throw new ValueError(`${layer}: blockConfig must have the number of layers of at least one block`);
  if (!(options.dropRate >= 0 && options.dropRate <= 1))
    throw new ValueError(`${layer}: dropRate must be between 0 and 1, got ${options.dropRate}`);
  return options;
}

/**
 * Blocks of layers that take the outputs of all layers before them. Shape: [N, 3, H, W] of at least 29×29 → [N, numClasses].
 * @see torchvision.models.DenseNet
 * @example new vision.models.DenseNet(12, [4, 4, 4, 4], { numInitFeatures: 24, numClasses: 10 });
 */
export class DenseNet extends nn.Module {
  static readonly signature: string = signature;
  features: nn.Sequential;
  classifier: nn.Linear;

  constructor(...given: Arguments<typeof signature, DenseNetOptions>);
  constructor(...given: unknown[]) {
    super();
    const { blockConfig, numInitFeatures, numClasses, ...options } = readOptions(nameOf(new.target), given);
    this.features = new nn.Sequential({
      conv0: new nn.Conv2d(3, numInitFeatures, 7, { stride: 2, padding: 3, bias: false }),
      norm0: new nn.BatchNorm2d(numInitFeatures),
      relu0: new nn.ReLU(true),
      pool0: new nn.MaxPool2d(3, { stride: 2, padding: 1 }),
    });
    let channels = numInitFeatures;
    for (const [i, layers] of blockConfig.entries()) {
      this.features.addModule(`denseblock${i + 1}`, new DenseBlock(layers, channels, options));
      channels += layers * options.growthRate;
      if (i === blockConfig.length - 1) break;
      const half = Math.floor(channels / 2);
      this.features.addModule(`transition${i + 1}`, new Transition(channels, half));
      channels = half;
    }
    this.features.addModule("norm5", new nn.BatchNorm2d(channels));
    this.classifier = new nn.Linear(channels, numClasses);
    for (const { weight } of convolutions(this)) nn.init.kaimingNormal_(weight);
    for (const { bias } of linears(this)) nn.init.zeros_(bias!);
  }

  override forward(input: Tensor): Tensor {
    const x: Tensor = this.features(input).relu_();
    return this.classifier(F.adaptiveAvgPool2d(x, [1, 1]).flatten(1));
  }
}

composes("input", DenseLayer);
composes("input()", DenseBlock, DenseNet);

/** The present name of an entry of a file from when names could have dots: `denselayer1.norm.1.weight` → `denselayer1.norm1.weight`. */
const withoutDots = (key: string): string =>
  key.replace(
    /^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\.(?:weight|bias|running_mean|running_var|num_batches_tracked))$/,
    "$1$2",
  );

/** A builder of the network with so many layers per block. */
const densenet = (name: string, growthRate: number, blockConfig: readonly number[], numInitFeatures: number) =>
  modelBuilder(
    name,
    "bnSize, dropRate, numClasses, memoryEfficient",
    (options: DenseNetBuilderOptions): DenseNet =>
      new DenseNet({ growthRate, blockConfig, numInitFeatures, ...options }),
    { renamed: withoutDots },
  );

/** {@link DenseNet} with 121 layers, 8.0 million parameters. @see torchvision.models.densenet121 */
export const densenet121 = densenet("densenet121", 32, [6, 12, 24, 16], 64);
/** {@link DenseNet} with 161 layers, 28.7 million parameters. @see torchvision.models.densenet161 */
export const densenet161 = densenet("densenet161", 48, [6, 12, 36, 24], 96);
/** {@link DenseNet} with 169 layers, 14.1 million parameters. @see torchvision.models.densenet169 */
export const densenet169 = densenet("densenet169", 32, [6, 12, 32, 32], 64);
/** {@link DenseNet} with 201 layers, 20.0 million parameters. @see torchvision.models.densenet201 */
export const densenet201 = densenet("densenet201", 32, [6, 12, 48, 32], 64);
