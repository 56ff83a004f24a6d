/** DeepLabV3 (Chen et al., "Rethinking atrous convolution for semantic image segmentation", 2017). */

import { nameOf } from "../../../core/className";
import type { Arguments } from "../../../core/signatureTypes";
import * as nn from "../../../nn/index";
import { composes } from "../../../nn/module/forward";
import { cat } from "../../../ops/shape/join";
import type { Tensor } from "../../../tensor/tensor";
import type { ModelBuilder } from "../builder";
import { type MobileNetV3, mobilenetV3Large } from "../mobilenetv3";
import { type ResNet, resnet50, resnet101 } from "../resnet";
import { type Backbone, mobilenetBackbone, resnetBackbone } from "./backbones";
import { readModules, segmentationBuilder } from "./builder";
import { atSizeOf, FCNHead, SegmentationModel, type SegmentationParameters } from "./segmentationModel";

/** A dilated convolution, its normalization and a rectifier. */
class ASPPConv extends nn.Sequential {
  constructor(inChannels: number, outChannels: number, dilation: number) {
    super(
      new nn.Conv2d(inChannels, outChannels, 3, { padding: dilation, dilation, bias: false }),
      new nn.BatchNorm2d(outChannels),
      new nn.ReLU(),
    );
  }
}

/** The means of all channels, convolved, at every pixel. */
class ASPPPooling extends nn.Sequential {
  constructor(inChannels: number, outChannels: number) {
    super(
      new nn.AdaptiveAvgPool2d(1),
      new nn.Conv2d(inChannels, outChannels, 1, { bias: false }),
      new nn.BatchNorm2d(outChannels),
      new nn.ReLU(),
    );
  }

  override forward(input: Tensor): Tensor {
    return atSizeOf(super.forward(input), input);
  }
}

/** Convolutions of several dilations and a pooling side by side ("atrous spatial pyramid pooling"). */
class ASPP extends nn.Module {
  convs: nn.ModuleList;
  project: nn.Sequential;

  constructor(inChannels: number, atrousRates: readonly number[], outChannels = 256) {
    super();
    const block = (inputs: number) => [
      new nn.Conv2d(inputs, outChannels, 1, { bias: false }),
      new nn.BatchNorm2d(outChannels),
      new nn.ReLU(),
    ];
    this.convs = new nn.ModuleList([
      new nn.Sequential(...block(inChannels)),
      ...atrousRates.map((rate) => new ASPPConv(inChannels, outChannels, rate)),
      new ASPPPooling(inChannels, outChannels),
    ]);
    this.project = new nn.Sequential(...block(this.convs.length * outChannels), new nn.Dropout(0.5));
  }

  override forward(input: Tensor): Tensor {
    return this.project(
      cat(
        [...this.convs].map((conv) => conv(input) as Tensor),
        1,
      ),
    );
  }
}

/** The classifier of DeepLabV3. Shape: [N, inChannels, H, W] → [N, numClasses, H, W]. */
class DeepLabHead extends nn.Sequential {
  constructor(inChannels: number, numClasses: number) {
    super(
      new ASPP(inChannels, [12, 24, 36]),
      new nn.Conv2d(256, 256, 3, { padding: 1, bias: false }),
      new nn.BatchNorm2d(256),
      new nn.ReLU(),
      new nn.Conv2d(256, numClasses, 1),
    );
  }
}

composes("input()", ASPPPooling, ASPP);

const signature = "backbone, classifier; auxClassifier";

/**
 * A backbone and a classifier that looks at several distances. Shape: [N, 3, H, W] → `{ out: [N, numClasses, H, W], aux? }`.
 * @see torchvision.models.segmentation.DeepLabV3
 */
export class DeepLabV3 extends SegmentationModel {
  static readonly signature: string = signature;

  constructor(...given: Arguments<typeof signature, SegmentationParameters>);
  constructor(...given: unknown[]) {
    super(readModules(nameOf(new.target), signature, given));
  }
}

/** The network on features "out" and "aux". */
function deeplab({ module, channels }: Backbone, numClasses: number, auxLoss: boolean): DeepLabV3 {
  const auxClassifier = auxLoss ? new FCNHead(channels.aux!, numClasses) : null;
  return new DeepLabV3(module, new DeepLabHead(channels.out!, numClasses), { auxClassifier });
}

/** A builder on this residual network. */
const onResnet = (name: string, backbone: ModelBuilder<ResNet, any>) =>
  segmentationBuilder(
    name,
    [backbone, { replaceStrideWithDilation: [false, true, true] }],
    (model, numClasses, auxLoss): DeepLabV3 => deeplab(resnetBackbone(model as ResNet, auxLoss), numClasses, auxLoss),
  );

/** {@link DeepLabV3} on ResNet-50, 42.0 million parameters with the auxiliary classifier. @see torchvision.models.segmentation.deeplabv3_resnet50 */
export const deeplabv3Resnet50 = onResnet("deeplabv3_resnet50", resnet50);
/** {@link DeepLabV3} on ResNet-101, 61.0 million parameters with the auxiliary classifier. @see torchvision.models.segmentation.deeplabv3_resnet101 */
export const deeplabv3Resnet101 = onResnet("deeplabv3_resnet101", resnet101);
/** {@link DeepLabV3} on MobileNetV3, 11.0 million parameters with the auxiliary classifier. @see torchvision.models.segmentation.deeplabv3_mobilenet_v3_large */
export const deeplabv3MobilenetV3Large = segmentationBuilder(
  "deeplabv3_mobilenet_v3_large",
  [mobilenetV3Large, { dilated: true }],
  (model, numClasses, auxLoss): DeepLabV3 =>
    deeplab(mobilenetBackbone(model as MobileNetV3, "out", auxLoss ? "aux" : null), numClasses, auxLoss),
);
