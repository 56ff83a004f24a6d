/** Published weights of networks for small devices: files, sizes of images and measured accuracies, as torchvision 0.14 lists them. */

import { imagenetWeights } from "./weightsEnum";

/** Weights of `efficientnet_b0`. @see torchvision.models.EfficientNet_B0_Weights */
export const EfficientNetB0Weights = imagenetWeights("efficientnet_b0", "EfficientNet_B0_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: [
    "efficientnet_b0_rwightman-3dd342df.pth",
    5288548,
    1,
    { cropSize: 224, resizeSize: 256, interpolation: "bicubic" },
    [77.692, 93.532],
  ],
});
/** Weights of `efficientnet_b1`. @see torchvision.models.EfficientNet_B1_Weights */
export const EfficientNetB1Weights = imagenetWeights("efficientnet_b1", "EfficientNet_B1_Weights", "IMAGENET1K_V2", {
  IMAGENET1K_V1: [
    "efficientnet_b1_rwightman-533bc792.pth",
    7794184,
    1,
    { cropSize: 240, resizeSize: 256, interpolation: "bicubic" },
    [78.642, 94.186],
  ],
  IMAGENET1K_V2: ["efficientnet_b1-c27df63c.pth", 7794184, 1, { cropSize: 240, resizeSize: 255 }, [79.838, 94.934]],
});
/** Weights of `efficientnet_b2`. @see torchvision.models.EfficientNet_B2_Weights */
export const EfficientNetB2Weights = imagenetWeights("efficientnet_b2", "EfficientNet_B2_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: [
    "efficientnet_b2_rwightman-bcdf34b7.pth",
    9109994,
    1,
    { cropSize: 288, resizeSize: 288, interpolation: "bicubic" },
    [80.608, 95.31],
  ],
});
/** Weights of `efficientnet_b3`. @see torchvision.models.EfficientNet_B3_Weights */
export const EfficientNetB3Weights = imagenetWeights("efficientnet_b3", "EfficientNet_B3_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: [
    "efficientnet_b3_rwightman-cf984f9c.pth",
    12233232,
    1,
    { cropSize: 300, resizeSize: 320, interpolation: "bicubic" },
    [82.008, 96.054],
  ],
});
/** Weights of `efficientnet_b4`. @see torchvision.models.EfficientNet_B4_Weights */
export const EfficientNetB4Weights = imagenetWeights("efficientnet_b4", "EfficientNet_B4_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: [
    "efficientnet_b4_rwightman-7eb33cd5.pth",
    19341616,
    1,
    { cropSize: 380, resizeSize: 384, interpolation: "bicubic" },
    [83.384, 96.594],
  ],
});
/** Weights of `efficientnet_b5`. @see torchvision.models.EfficientNet_B5_Weights */
export const EfficientNetB5Weights = imagenetWeights("efficientnet_b5", "EfficientNet_B5_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: [
    "efficientnet_b5_lukemelas-b6417697.pth",
    30389784,
    1,
    { cropSize: 456, resizeSize: 456, interpolation: "bicubic" },
    [83.444, 96.628],
  ],
});
/** Weights of `efficientnet_b6`. @see torchvision.models.EfficientNet_B6_Weights */
export const EfficientNetB6Weights = imagenetWeights("efficientnet_b6", "EfficientNet_B6_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: [
    "efficientnet_b6_lukemelas-c76e70fd.pth",
    43040704,
    1,
    { cropSize: 528, resizeSize: 528, interpolation: "bicubic" },
    [84.008, 96.916],
  ],
});
/** Weights of `efficientnet_b7`. @see torchvision.models.EfficientNet_B7_Weights */
export const EfficientNetB7Weights = imagenetWeights("efficientnet_b7", "EfficientNet_B7_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: [
    "efficientnet_b7_lukemelas-dcc49843.pth",
    66347960,
    1,
    { cropSize: 600, resizeSize: 600, interpolation: "bicubic" },
    [84.122, 96.908],
  ],
});
/** Weights of `efficientnet_v2_l`. @see torchvision.models.EfficientNet_V2_L_Weights */
export const EfficientNetV2LWeights = imagenetWeights(
  "efficientnet_v2_l",
  "EfficientNet_V2_L_Weights",
  "IMAGENET1K_V1",
  {
    IMAGENET1K_V1: [
      "efficientnet_v2_l-59c71312.pth",
      118515272,
      33,
      { cropSize: 480, resizeSize: 480, interpolation: "bicubic", mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
      [85.808, 97.788],
    ],
  },
);
/** Weights of `efficientnet_v2_m`. @see torchvision.models.EfficientNet_V2_M_Weights */
export const EfficientNetV2MWeights = imagenetWeights(
  "efficientnet_v2_m",
  "EfficientNet_V2_M_Weights",
  "IMAGENET1K_V1",
  {
    IMAGENET1K_V1: [
      "efficientnet_v2_m-dc08266a.pth",
      54139356,
      33,
      { cropSize: 480, resizeSize: 480 },
      [85.112, 97.156],
    ],
  },
);
/** Weights of `efficientnet_v2_s`. @see torchvision.models.EfficientNet_V2_S_Weights */
export const EfficientNetV2SWeights = imagenetWeights(
  "efficientnet_v2_s",
  "EfficientNet_V2_S_Weights",
  "IMAGENET1K_V1",
  {
    IMAGENET1K_V1: [
      "efficientnet_v2_s-dd5fe13b.pth",
      21458488,
      33,
      { cropSize: 384, resizeSize: 384 },
      [84.228, 96.878],
    ],
  },
);
/** Weights of `mnasnet0_5`. @see torchvision.models.MNASNet0_5_Weights */
export const MNASNet0_5Weights = imagenetWeights("mnasnet0_5", "MNASNet0_5_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["mnasnet0.5_top1_67.823-3ffadce67e.pth", 2218512, 1, { cropSize: 224 }, [67.734, 87.49]],
});
/** Weights of `mnasnet0_75`. @see torchvision.models.MNASNet0_75_Weights */
export const MNASNet0_75Weights = imagenetWeights("mnasnet0_75", "MNASNet0_75_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["mnasnet0_75-7090bc5f.pth", 3170208, 1, { cropSize: 224, resizeSize: 232 }, [71.18, 90.496]],
});
/** Weights of `mnasnet1_0`. @see torchvision.models.MNASNet1_0_Weights */
export const MNASNet1_0Weights = imagenetWeights("mnasnet1_0", "MNASNet1_0_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["mnasnet1.0_top1_73.512-f206786ef8.pth", 4383312, 1, { cropSize: 224 }, [73.456, 91.51]],
});
/** Weights of `mnasnet1_3`. @see torchvision.models.MNASNet1_3_Weights */
export const MNASNet1_3Weights = imagenetWeights("mnasnet1_3", "MNASNet1_3_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["mnasnet1_3-a4c69d6f.pth", 6282256, 1, { cropSize: 224, resizeSize: 232 }, [76.506, 93.522]],
});
/** Weights of `mobilenet_v2`. @see torchvision.models.MobileNet_V2_Weights */
export const MobileNetV2Weights = imagenetWeights("mobilenet_v2", "MobileNet_V2_Weights", "IMAGENET1K_V2", {
  IMAGENET1K_V1: ["mobilenet_v2-b0353104.pth", 3504872, 1, { cropSize: 224 }, [71.878, 90.286]],
  IMAGENET1K_V2: ["mobilenet_v2-7ebf99e0.pth", 3504872, 1, { cropSize: 224, resizeSize: 232 }, [72.154, 90.822]],
});
/** Weights of `mobilenet_v3_large`. @see torchvision.models.MobileNet_V3_Large_Weights */
export const MobileNetV3LargeWeights = imagenetWeights(
  "mobilenet_v3_large",
  "MobileNet_V3_Large_Weights",
  "IMAGENET1K_V2",
  {
    IMAGENET1K_V1: ["mobilenet_v3_large-8738ca79.pth", 5483032, 1, { cropSize: 224 }, [74.042, 91.34]],
    IMAGENET1K_V2: [
      "mobilenet_v3_large-5c1a4163.pth",
      5483032,
      1,
      { cropSize: 224, resizeSize: 232 },
      [75.274, 92.566],
    ],
  },
);
/** Weights of `mobilenet_v3_small`. @see torchvision.models.MobileNet_V3_Small_Weights */
export const MobileNetV3SmallWeights = imagenetWeights(
  "mobilenet_v3_small",
  "MobileNet_V3_Small_Weights",
  "IMAGENET1K_V1",
  {
    IMAGENET1K_V1: ["mobilenet_v3_small-047dcff4.pth", 2542856, 1, { cropSize: 224 }, [67.668, 87.402]],
  },
);
/** Weights of `shufflenet_v2_x0_5`. @see torchvision.models.ShuffleNet_V2_X0_5_Weights */
export const ShuffleNetV2X0_5Weights = imagenetWeights(
  "shufflenet_v2_x0_5",
  "ShuffleNet_V2_X0_5_Weights",
  "IMAGENET1K_V1",
  {
    IMAGENET1K_V1: ["shufflenetv2_x0.5-f707e7126e.pth", 1366792, 1, { cropSize: 224 }, [60.552, 81.746]],
  },
);
/** Weights of `shufflenet_v2_x1_0`. @see torchvision.models.ShuffleNet_V2_X1_0_Weights */
export const ShuffleNetV2X1_0Weights = imagenetWeights(
  "shufflenet_v2_x1_0",
  "ShuffleNet_V2_X1_0_Weights",
  "IMAGENET1K_V1",
  {
    IMAGENET1K_V1: ["shufflenetv2_x1-5666bf0f80.pth", 2278604, 1, { cropSize: 224 }, [69.362, 88.316]],
  },
);
/** Weights of `shufflenet_v2_x1_5`. @see torchvision.models.ShuffleNet_V2_X1_5_Weights */
export const ShuffleNetV2X1_5Weights = imagenetWeights(
  "shufflenet_v2_x1_5",
  "ShuffleNet_V2_X1_5_Weights",
  "IMAGENET1K_V1",
  {
    IMAGENET1K_V1: ["shufflenetv2_x1_5-3c479a10.pth", 3503624, 1, { cropSize: 224, resizeSize: 232 }, [72.996, 91.086]],
  },
);
/** Weights of `shufflenet_v2_x2_0`. @see torchvision.models.ShuffleNet_V2_X2_0_Weights */
export const ShuffleNetV2X2_0Weights = imagenetWeights(
  "shufflenet_v2_x2_0",
  "ShuffleNet_V2_X2_0_Weights",
  "IMAGENET1K_V1",
  {
    IMAGENET1K_V1: ["shufflenetv2_x2_0-8be3c8ee.pth", 7393996, 1, { cropSize: 224, resizeSize: 232 }, [76.23, 93.006]],
  },
);
/** Weights of `squeezenet1_0`. @see torchvision.models.SqueezeNet1_0_Weights */
export const SqueezeNet1_0Weights = imagenetWeights("squeezenet1_0", "SqueezeNet1_0_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["squeezenet1_0-b66bff10.pth", 1248424, 21, { cropSize: 224 }, [58.092, 80.42]],
});
/** Weights of `squeezenet1_1`. @see torchvision.models.SqueezeNet1_1_Weights */
export const SqueezeNet1_1Weights = imagenetWeights("squeezenet1_1", "SqueezeNet1_1_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["squeezenet1_1-b8a52dc0.pth", 1235496, 17, { cropSize: 224 }, [58.178, 80.624]],
});
