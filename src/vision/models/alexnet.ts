/** AlexNet in its single-column form (Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014). */

import { nameOf } from "../../core/className";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { composes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import type { Tensor } from "../../tensor/tensor";
import { modelBuilder } from "./builder";

/** Options of {@link AlexNet}. */
export interface AlexNetOptions {
  /** Default: 1000. */
  numClasses?: number;
  /** The probability of dropout in the classifier. Default: 0.5. */
  dropout?: number;
}

const pool = () => new nn.MaxPool2d(3, 2);
const relu = () => new nn.ReLU(true);

const signature = "; numClasses, dropout";

/** Five convolutions and three linear layers. Shape: [N, 3, H, W] of at least 63×63 → [N, numClasses]. @see torchvision.models.AlexNet */
export class AlexNet extends nn.Module {
  features: nn.Sequential;
  avgpool: nn.AdaptiveAvgPool2d;
  classifier: nn.Sequential;

  constructor(numClasses?: number, dropout?: number);
  constructor(...given: Arguments<typeof signature, AlexNetOptions>);
  constructor(...given: unknown[]) {
    super();
    const defaults = { numClasses: 1000, dropout: 0.5 };
    const { numClasses, dropout } = readArguments<AlexNetOptions>(nameOf(new.target), signature, defaults, given);
    this.features = new nn.Sequential(
      new nn.Conv2d(3, 64, 11, { stride: 4, padding: 2 }),
      relu(),
      pool(),
      new nn.Conv2d(64, 192, 5, { padding: 2 }),
      relu(),
      pool(),
      new nn.Conv2d(192, 384, 3, { padding: 1 }),
      relu(),
      new nn.Conv2d(384, 256, 3, { padding: 1 }),
      relu(),
      new nn.Conv2d(256, 256, 3, { padding: 1 }),
      relu(),
      pool(),
    );
    this.avgpool = new nn.AdaptiveAvgPool2d([6, 6]);
    this.classifier = new nn.Sequential(
      new nn.Dropout(dropout),
      new nn.Linear(256 * 6 * 6, 4096),
      relu(),
      new nn.Dropout(dropout),
      new nn.Linear(4096, 4096),
      relu(),
      new nn.Linear(4096, numClasses),
    );
  }

  override forward(input: Tensor): Tensor {
    return this.classifier(this.avgpool(this.features(input)).flatten(1));
  }
}

composes("input()", AlexNet);

/** {@link AlexNet} with 61 million parameters. @see torchvision.models.alexnet */
export const alexnet = modelBuilder(
  "alexnet",
  "numClasses, dropout",
  (options: AlexNetOptions): AlexNet => new AlexNet(options),
);
