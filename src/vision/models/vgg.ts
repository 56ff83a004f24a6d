/** VGG networks (Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", 2014). */

import { nameOf } from "../../core/className";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { checkModule } from "../../nn/module/checks";
import { composes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import type { Tensor } from "../../tensor/tensor";
import { convolutions, linears } from "./blocks";
import { modelBuilder } from "./builder";

/** Options of the VGG networks. */
export interface VGGOptions {
  /** Default: 1000. */
  numClasses?: number;
  /** Whether to draw the paper's initial values instead of the layers' own. Default: true. */
  initWeights?: boolean;
  /** The probability of dropout in the classifier. Default: 0.5. */
  dropout?: number;
}

/** Parameters of {@link VGG}. */
export interface VGGParameters extends VGGOptions {
  /** What makes [N, 512, h, w] of images; {@link vgg16} and the others pass theirs. */
  features: nn.Module;
}

const signature = "features; numClasses, initWeights, dropout";

/** Convolutions followed by three linear layers. Shape: [N, 3, H, W] of at least 32×32 → [N, numClasses]. @see torchvision.models.VGG */
export class VGG extends nn.Module {
  features: nn.Module;
  avgpool: nn.AdaptiveAvgPool2d;
  classifier: nn.Sequential;

  constructor(features: nn.Module, numClasses?: number, initWeights?: boolean, dropout?: number);
  constructor(...given: Arguments<typeof signature, VGGParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults = { numClasses: 1000, initWeights: true, dropout: 0.5 };
    const options = readArguments<VGGParameters>(layer, signature, defaults, given);
    const { features, numClasses, initWeights, dropout } = options;
    checkModule(layer, features, "features");
    this.features = features;
    this.avgpool = new nn.AdaptiveAvgPool2d([7, 7]);
    this.classifier = new nn.Sequential(
      new nn.Linear(512 * 7 * 7, 4096),
      new nn.ReLU(true),
      new nn.Dropout(dropout),
      new nn.Linear(4096, 4096),
      new nn.ReLU(true),
      new nn.Dropout(dropout),
      new nn.Linear(4096, numClasses),
    );
    if (initWeights) this.#initialize();
  }

  #initialize(): void {
    for (const { weight, bias } of convolutions(this)) {
      nn.init.kaimingNormal_(weight, { mode: "fanOut", nonlinearity: "relu" });
      if (bias !== null) nn.init.zeros_(bias);
    }
    for (const { weight, bias } of linears(this)) {
      nn.init.normal_(weight, 0, 0.01);
      nn.init.zeros_(bias!);
    }
  }

  override forward(input: Tensor): Tensor {
    const x: Tensor = this.features(input);
    return this.classifier(this.avgpool(x).flatten(1));
  }
}

composes("input()", VGG);

/** For each stage, which ends with a pooling: the channels of its convolutions and how many there are. */
const stages = (repeats: readonly number[]): number[][] =>
  [64, 128, 256, 512, 512].map((channels, i) => new Array<number>(repeats[i]!).fill(channels));

function makeFeatures(repeats: readonly number[], hasNorm: boolean): nn.Sequential {
  const layers: nn.Module[] = [];
  let inChannels = 3;
  for (const stage of stages(repeats)) {
    for (const channels of stage) {
      layers.push(new nn.Conv2d(inChannels, channels, 3, { padding: 1 }));
      if (hasNorm) layers.push(new nn.BatchNorm2d(channels));
      layers.push(new nn.ReLU(true));
      inChannels = channels;
    }
    layers.push(new nn.MaxPool2d(2, 2));
  }
  return new nn.Sequential(...layers);
}

/** A constructor of the network with so many convolutions per stage. */
const vgg = (name: string, repeats: readonly number[], hasNorm: boolean) =>
  modelBuilder(
    name,
    "numClasses, initWeights, dropout",
    (options: VGGOptions): VGG => new VGG({ ...options, features: makeFeatures(repeats, hasNorm) }),
    { pretrained: () => ({ initWeights: false }) },
  );

const [A, B, D, E] = [
  [1, 1, 2, 2, 2],
  [2, 2, 2, 2, 2],
  [2, 2, 3, 3, 3],
  [2, 2, 4, 4, 4],
] as const;

/** {@link VGG} with 11 layers, 133 million parameters. @see torchvision.models.vgg11 */
export const vgg11 = vgg("vgg11", A, false);
/** {@link VGG} with 11 layers and batch normalization. @see torchvision.models.vgg11_bn */
export const vgg11Bn = vgg("vgg11_bn", A, true);
/** {@link VGG} with 13 layers, 133 million parameters. @see torchvision.models.vgg13 */
export const vgg13 = vgg("vgg13", B, false);
/** {@link VGG} with 13 layers and batch normalization. @see torchvision.models.vgg13_bn */
export const vgg13Bn = vgg("vgg13_bn", B, true);
/** {@link VGG} with 16 layers, 138 million parameters. @see torchvision.models.vgg16 */
export const vgg16 = vgg("vgg16", D, false);
/** {@link VGG} with 16 layers and batch normalization. @see torchvision.models.vgg16_bn */
export const vgg16Bn = vgg("vgg16_bn", D, true);
/** {@link VGG} with 19 layers, 144 million parameters. @see torchvision.models.vgg19 */
export const vgg19 = vgg("vgg19", E, false);
/** {@link VGG} with 19 layers and batch normalization. @see torchvision.models.vgg19_bn */
export const vgg19Bn = vgg("vgg19_bn", E, true);
