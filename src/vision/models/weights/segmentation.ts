/** Published weights of networks for segmentation: files, sizes of images and measured accuracies, as torchvision 0.14 lists them. */

import { vocWeights } from "./weightsEnum";

/** Weights of `deeplabv3_mobilenet_v3_large`. @see torchvision.models.segmentation.DeepLabV3_MobileNet_V3_Large_Weights */
export const DeepLabV3MobileNetV3LargeWeights = vocWeights(
  "deeplabv3_mobilenet_v3_large",
  "DeepLabV3_MobileNet_V3_Large_Weights",
  "COCO_WITH_VOC_LABELS_V1",
  {
    COCO_WITH_VOC_LABELS_V1: [
      "deeplabv3_mobilenet_v3_large-fc3c493d.pth",
      11029328,
      1,
      { resizeSize: 520 },
      [60.3, 91.2],
    ],
  },
);
/** Weights of `deeplabv3_resnet101`. @see torchvision.models.segmentation.DeepLabV3_ResNet101_Weights */
export const DeepLabV3ResNet101Weights = vocWeights(
  "deeplabv3_resnet101",
  "DeepLabV3_ResNet101_Weights",
  "COCO_WITH_VOC_LABELS_V1",
  {
    COCO_WITH_VOC_LABELS_V1: ["deeplabv3_resnet101_coco-586e9e4e.pth", 60996202, 1, { resizeSize: 520 }, [67.4, 92.4]],
  },
);
/** Weights of `deeplabv3_resnet50`. @see torchvision.models.segmentation.DeepLabV3_ResNet50_Weights */
export const DeepLabV3ResNet50Weights = vocWeights(
  "deeplabv3_resnet50",
  "DeepLabV3_ResNet50_Weights",
  "COCO_WITH_VOC_LABELS_V1",
  {
    COCO_WITH_VOC_LABELS_V1: ["deeplabv3_resnet50_coco-cd0a2569.pth", 42004074, 1, { resizeSize: 520 }, [66.4, 92.4]],
  },
);
/** Weights of `fcn_resnet101`. @see torchvision.models.segmentation.FCN_ResNet101_Weights */
export const FCNResNet101Weights = vocWeights("fcn_resnet101", "FCN_ResNet101_Weights", "COCO_WITH_VOC_LABELS_V1", {
  COCO_WITH_VOC_LABELS_V1: ["fcn_resnet101_coco-7ecb50ca.pth", 54314346, 1, { resizeSize: 520 }, [63.7, 91.9]],
});
/** Weights of `fcn_resnet50`. @see torchvision.models.segmentation.FCN_ResNet50_Weights */
export const FCNResNet50Weights = vocWeights("fcn_resnet50", "FCN_ResNet50_Weights", "COCO_WITH_VOC_LABELS_V1", {
  COCO_WITH_VOC_LABELS_V1: ["fcn_resnet50_coco-1167a1af.pth", 35322218, 1, { resizeSize: 520 }, [60.5, 91.4]],
});
/** Weights of `lraspp_mobilenet_v3_large`. @see torchvision.models.segmentation.LRASPP_MobileNet_V3_Large_Weights */
export const LRASPPMobileNetV3LargeWeights = vocWeights(
  "lraspp_mobilenet_v3_large",
  "LRASPP_MobileNet_V3_Large_Weights",
  "COCO_WITH_VOC_LABELS_V1",
  {
    COCO_WITH_VOC_LABELS_V1: ["lraspp_mobilenet_v3_large-d234d4ea.pth", 3221538, 1, { resizeSize: 520 }, [57.9, 91.2]],
  },
);
