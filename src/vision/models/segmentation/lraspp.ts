/** Lite R-ASPP (Howard et al., "Searching for MobileNetV3", 2019). */

import { checkInteger, MAX_COUNT } from "../../../core/arguments";
import { nameOf } from "../../../core/className";
import type { Arguments } from "../../../core/signatureTypes";
import * as nn from "../../../nn/index";
import { checkModule } from "../../../nn/module/checks";
import { composes } from "../../../nn/module/forward";
import { readArguments } from "../../../nn/module/options";
import type { Tensor } from "../../../tensor/tensor";
import { type MobileNetV3, mobilenetV3Large } from "../mobilenetv3";
import { mobilenetBackbone } from "./backbones";
import { segmentationBuilder } from "./builder";
import { atSizeOf, type SegmentationOutputs } from "./segmentationModel";

/** Parameters of {@link LRASPP}. */
export interface LRASPPParameters {
  /** Gives features "low" and "high" of images. */
  backbone: nn.Module;
  /** Channels of the features "low", which are large in size. */
  lowChannels: number;
  /** Channels of the features "high". */
  highChannels: number;
  numClasses: number;
  /** Channels inside. Default: 128. */
  interChannels?: number;
}

/** Classifies features of two sizes. */
class LRASPPHead extends nn.Module {
  cbr: nn.Sequential;
  scale: nn.Sequential;
  lowClassifier: nn.Conv2d;
  highClassifier: nn.Conv2d;

  constructor(lowChannels: number, highChannels: number, numClasses: number, interChannels: number) {
    super();
    this.cbr = new nn.Sequential(
      new nn.Conv2d(highChannels, interChannels, 1, { bias: false }),
      new nn.BatchNorm2d(interChannels),
      new nn.ReLU(true),
    );
    this.scale = new nn.Sequential(
      new nn.AdaptiveAvgPool2d(1),
      new nn.Conv2d(highChannels, interChannels, 1, { bias: false }),
      new nn.Sigmoid(),
    );
    this.lowClassifier = new nn.Conv2d(lowChannels, numClasses, 1);
    this.highClassifier = new nn.Conv2d(interChannels, numClasses, 1);
  }

  override stateKey(field: string): string {
    return nn.snakeCase(field);
  }

  override forward({ low, high }: { low: Tensor; high: Tensor }): Tensor {
    const x: Tensor = this.cbr(high).mul(this.scale(high));
    return this.lowClassifier(low).add(this.highClassifier(atSizeOf(x, low)));
  }
}

const signature = "backbone, lowChannels, highChannels, numClasses; interChannels";

/**
 * A backbone and a light classifier of its features. Shape: [N, 3, H, W] → `{ out: [N, numClasses, H, W] }`.
 * @see torchvision.models.segmentation.LRASPP
 */
export class LRASPP extends nn.Module {
  static readonly signature: string = signature;
  backbone: nn.Module;
  classifier: nn.Module;

  constructor(...given: Arguments<typeof signature, LRASPPParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readArguments<LRASPPParameters>(layer, signature, { interChannels: 128 }, given);
    const { backbone, lowChannels, highChannels, numClasses, interChannels } = options;
    checkModule(layer, backbone, "backbone");
    for (const [name, count] of Object.entries({ lowChannels, highChannels, interChannels }))
      checkInteger(layer, name, count, 1, MAX_COUNT);
    this.backbone = backbone;
    this.classifier = new LRASPPHead(lowChannels, highChannels, numClasses, interChannels);
  }

  override forward(input: Tensor): SegmentationOutputs {
    return { out: atSizeOf(this.classifier(this.backbone(input)), input) };
  }
}

composes("input()", LRASPP);

/** {@link LRASPP} on MobileNetV3, 3.2 million parameters. @see torchvision.models.segmentation.lraspp_mobilenet_v3_large */
export const lrasppMobilenetV3Large = segmentationBuilder(
  "lraspp_mobilenet_v3_large",
  [mobilenetV3Large, { dilated: true }],
  (model, numClasses): LRASPP => {
    const { module, channels } = mobilenetBackbone(model as MobileNetV3, "high", "low");
    return new LRASPP(module, channels.low!, channels.high!, numClasses);
  },
  false,
);
