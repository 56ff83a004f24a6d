/** Fully convolutional networks (Long et al., "Fully convolutional networks for semantic segmentation", 2014). */

import { nameOf } from "../../../core/className";
import type { Arguments } from "../../../core/signatureTypes";
import type { ModelBuilder } from "../builder";
import { type ResNet, resnet50, resnet101 } from "../resnet";
import { resnetBackbone } from "./backbones";
import { readModules, segmentationBuilder } from "./builder";
import { FCNHead, SegmentationModel, type SegmentationParameters } from "./segmentationModel";

const signature = "backbone, classifier; auxClassifier";

/**
 * A backbone and a convolutional classifier of its features. Shape: [N, 3, H, W] → `{ out: [N, numClasses, H, W], aux? }`.
 * @see torchvision.models.segmentation.FCN
 */
export class FCN extends SegmentationModel {
  static readonly signature: string = signature;

  constructor(...given: Arguments<typeof signature, SegmentationParameters>);
  constructor(...given: unknown[]) {
    super(readModules(nameOf(new.target), signature, given));
  }
}

/** A builder on this residual network. */
const fcn = (name: string, backbone: ModelBuilder<ResNet, any>) =>
  segmentationBuilder(
    name,
    [backbone, { replaceStrideWithDilation: [false, true, true] }],
    (model, numClasses, auxLoss): FCN => {
      const { module, channels } = resnetBackbone(model as ResNet, auxLoss);
      const auxClassifier = auxLoss ? new FCNHead(channels.aux!, numClasses) : null;
      return new FCN(module, new FCNHead(channels.out!, numClasses), { auxClassifier });
    },
  );

/** {@link FCN} on ResNet-50, 35.3 million parameters with the auxiliary classifier. @see torchvision.models.segmentation.fcn_resnet50 */
export const fcnResnet50 = fcn("fcn_resnet50", resnet50);
/** {@link FCN} on ResNet-101, 54.3 million parameters with the auxiliary classifier. @see torchvision.models.segmentation.fcn_resnet101 */
export const fcnResnet101 = fcn("fcn_resnet101", resnet101);
