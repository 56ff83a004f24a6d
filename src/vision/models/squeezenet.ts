/** SqueezeNet (Iandola et al., "AlexNet-level accuracy with 50x fewer parameters", 2016). */

import { checkChoice, checkInteger, MAX_COUNT } from "../../core/arguments";
import { nameOf } from "../../core/className";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { composes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import { cat } from "../../ops/shape/join";
import type { Tensor } from "../../tensor/tensor";
import { convolutions } from "./blocks";
import { modelBuilder } from "./builder";

/** Parameters of {@link Fire}: channels. */
export interface FireParameters {
  inplanes: number;
  squeezePlanes: number;
  expand1x1Planes: number;
  expand3x3Planes: number;
}

const fireSignature = "inplanes, squeezePlanes, expand1x1Planes, expand3x3Planes";

/** Narrows the channels, then widens them by 1×1 and 3×3 convolutions side by side. */
export class Fire extends nn.Module {
  squeeze: nn.Conv2d;
  squeezeActivation: nn.ReLU;
  expand1x1: nn.Conv2d;
  expand1x1Activation: nn.ReLU;
  expand3x3: nn.Conv2d;
  expand3x3Activation: nn.ReLU;

  constructor(inplanes: number, squeezePlanes: number, expand1x1Planes: number, expand3x3Planes: number);
  constructor(...given: Arguments<typeof fireSignature, FireParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readArguments<FireParameters>(layer, fireSignature, {}, given);
    for (const [name, size] of Object.entries(options)) checkInteger(layer, name, size, 1, MAX_COUNT);
    const { inplanes, squeezePlanes, expand1x1Planes, expand3x3Planes } = options;
    this.squeeze = new nn.Conv2d(inplanes, squeezePlanes, 1);
    this.squeezeActivation = new nn.ReLU(true);
    this.expand1x1 = new nn.Conv2d(squeezePlanes, expand1x1Planes, 1);
    this.expand1x1Activation = new nn.ReLU(true);
    this.expand3x3 = new nn.Conv2d(squeezePlanes, expand3x3Planes, 3, { padding: 1 });
    this.expand3x3Activation = new nn.ReLU(true);
  }

  override stateKey(field: string): string {
    return nn.snakeCase(field);
  }

  override forward(input: Tensor): Tensor {
    const x = this.squeezeActivation(this.squeeze(input));
    return cat([this.expand1x1Activation(this.expand1x1(x)), this.expand3x3Activation(this.expand3x3(x))], 1);
  }
}

const pool = () => new nn.MaxPool2d(3, 2, { ceilMode: true });

const builders: Readonly<Record<string, () => nn.Module[]>> = {
  "1_0": () => [
    new nn.Conv2d(3, 96, 7, { stride: 2 }),
    new nn.ReLU(true),
    pool(),
    new Fire(96, 16, 64, 64),
    new Fire(128, 16, 64, 64),
    new Fire(128, 32, 128, 128),
    pool(),
    new Fire(256, 32, 128, 128),
    new Fire(256, 48, 192, 192),
    new Fire(384, 48, 192, 192),
    new Fire(384, 64, 256, 256),
    pool(),
    new Fire(512, 64, 256, 256),
  ],
  "1_1": () => [
    new nn.Conv2d(3, 64, 3, { stride: 2 }),
    new nn.ReLU(true),
    pool(),
    new Fire(64, 16, 64, 64),
    new Fire(128, 16, 64, 64),
    pool(),
    new Fire(128, 32, 128, 128),
    new Fire(256, 32, 128, 128),
    pool(),
    new Fire(256, 48, 192, 192),
    new Fire(384, 48, 192, 192),
    new Fire(384, 64, 256, 256),
    new Fire(512, 64, 256, 256),
  ],
};

/** Options of {@link SqueezeNet}. */
export interface SqueezeNetOptions {
  /** Default: 1000. */
  numClasses?: number;
  /** The probability of dropout before the last convolution. Default: 0.5. */
  dropout?: number;
}

/** Parameters of {@link SqueezeNet}. */
export interface SqueezeNetParameters extends SqueezeNetOptions {
  /** Default: "1_0". */
  version?: "1_0" | "1_1";
}

const signature = "; version, numClasses, dropout";

/**
 * Fire modules and a convolution in place of linear layers. Shape: [N, 3, H, W] of at least 17×17 → [N, numClasses].
 * @see torchvision.models.SqueezeNet
 */
export class SqueezeNet extends nn.Module {
  features: nn.Sequential;
  classifier: nn.Sequential;

  constructor(version?: "1_0" | "1_1", numClasses?: number, dropout?: number);
  constructor(...given: Arguments<typeof signature, SqueezeNetParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults: Required<SqueezeNetParameters> = { version: "1_0", numClasses: 1000, dropout: 0.5 };
    const { version, numClasses, dropout } = readArguments<SqueezeNetParameters>(layer, signature, defaults, given);
    const build = builders[checkChoice(layer, "version", version, ["1_0", "1_1"])];
    this.features = new nn.Sequential(...build!());
    const finalConv = new nn.Conv2d(512, numClasses, 1);
    this.classifier = new nn.Sequential(
      new nn.Dropout(dropout),
      finalConv,
      new nn.ReLU(true),
      new nn.AdaptiveAvgPool2d([1, 1]),
    );
    for (const { weight, bias } of convolutions(this)) {
      if (weight === finalConv.weight) nn.init.normal_(weight, 0, 0.01);
      else nn.init.kaimingUniform_(weight);
      nn.init.zeros_(bias!);
    }
  }

  override forward(input: Tensor): Tensor {
    const x: Tensor = this.classifier(this.features(input));
    return x.flatten(1);
  }
}

composes("input()", Fire, SqueezeNet);

/** {@link SqueezeNet} of the paper, 1.2 million parameters. @see torchvision.models.squeezenet1_0 */
export const squeezenet1_0 = modelBuilder(
  "squeezenet1_0",
  "numClasses, dropout",
  (options: SqueezeNetOptions): SqueezeNet => new SqueezeNet("1_0", options),
);

/** {@link SqueezeNet} with 2.4 times less arithmetic at the same accuracy. @see torchvision.models.squeezenet1_1 */
export const squeezenet1_1 = modelBuilder(
  "squeezenet1_1",
  "numClasses, dropout",
  (options: SqueezeNetOptions): SqueezeNet => new SqueezeNet("1_1", options),
);
