/** Published weights of the classical convolutional networks: files, sizes of images and measured accuracies, as torchvision 0.14 lists them. */

import { imagenetWeights } from "./weightsEnum";

/** Weights of `alexnet`. @see torchvision.models.AlexNet_Weights */
export const AlexNetWeights = imagenetWeights("alexnet", "AlexNet_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["alexnet-owt-7be5be79.pth", 61100840, 63, { cropSize: 224 }, [56.522, 79.066]],
});
/** Weights of `densenet121`. @see torchvision.models.DenseNet121_Weights */
export const DenseNet121Weights = imagenetWeights("densenet121", "DenseNet121_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["densenet121-a639ec97.pth", 7978856, 29, { cropSize: 224 }, [74.434, 91.972]],
});
/** Weights of `densenet161`. @see torchvision.models.DenseNet161_Weights */
export const DenseNet161Weights = imagenetWeights("densenet161", "DenseNet161_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["densenet161-8d451a50.pth", 28681000, 29, { cropSize: 224 }, [77.138, 93.56]],
});
/** Weights of `densenet169`. @see torchvision.models.DenseNet169_Weights */
export const DenseNet169Weights = imagenetWeights("densenet169", "DenseNet169_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["densenet169-b2777c0a.pth", 14149480, 29, { cropSize: 224 }, [75.6, 92.806]],
});
/** Weights of `densenet201`. @see torchvision.models.DenseNet201_Weights */
export const DenseNet201Weights = imagenetWeights("densenet201", "DenseNet201_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["densenet201-c1103571.pth", 20013928, 29, { cropSize: 224 }, [76.896, 93.37]],
});
/** Weights of `googlenet`. @see torchvision.models.GoogLeNet_Weights */
export const GoogLeNetWeights = imagenetWeights("googlenet", "GoogLeNet_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["googlenet-1378be20.pth", 6624904, 15, { cropSize: 224 }, [69.778, 89.53]],
});
/** Weights of `inception_v3`. @see torchvision.models.Inception_V3_Weights */
export const InceptionV3Weights = imagenetWeights("inception_v3", "Inception_V3_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: [
    "inception_v3_google-0cc3c7bd.pth",
    27161264,
    75,
    { cropSize: 299, resizeSize: 342 },
    [77.294, 93.45],
  ],
});
/** Weights of `resnet101`. @see torchvision.models.ResNet101_Weights */
export const ResNet101Weights = imagenetWeights("resnet101", "ResNet101_Weights", "IMAGENET1K_V2", {
  IMAGENET1K_V1: ["resnet101-63fe2227.pth", 44549160, 1, { cropSize: 224 }, [77.374, 93.546]],
  IMAGENET1K_V2: ["resnet101-cd907fc2.pth", 44549160, 1, { cropSize: 224, resizeSize: 232 }, [81.886, 95.78]],
});
/** Weights of `resnet152`. @see torchvision.models.ResNet152_Weights */
export const ResNet152Weights = imagenetWeights("resnet152", "ResNet152_Weights", "IMAGENET1K_V2", {
  IMAGENET1K_V1: ["resnet152-394f9c45.pth", 60192808, 1, { cropSize: 224 }, [78.312, 94.046]],
  IMAGENET1K_V2: ["resnet152-f82ba261.pth", 60192808, 1, { cropSize: 224, resizeSize: 232 }, [82.284, 96.002]],
});
/** Weights of `resnet18`. @see torchvision.models.ResNet18_Weights */
export const ResNet18Weights = imagenetWeights("resnet18", "ResNet18_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["resnet18-f37072fd.pth", 11689512, 1, { cropSize: 224 }, [69.758, 89.078]],
});
/** Weights of `resnet34`. @see torchvision.models.ResNet34_Weights */
export const ResNet34Weights = imagenetWeights("resnet34", "ResNet34_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["resnet34-b627a593.pth", 21797672, 1, { cropSize: 224 }, [73.314, 91.42]],
});
/** Weights of `resnet50`. @see torchvision.models.ResNet50_Weights */
export const ResNet50Weights = imagenetWeights("resnet50", "ResNet50_Weights", "IMAGENET1K_V2", {
  IMAGENET1K_V1: ["resnet50-0676ba61.pth", 25557032, 1, { cropSize: 224 }, [76.13, 92.862]],
  IMAGENET1K_V2: ["resnet50-11ad3fa6.pth", 25557032, 1, { cropSize: 224, resizeSize: 232 }, [80.858, 95.434]],
});
/** Weights of `resnext101_32x8d`. @see torchvision.models.ResNeXt101_32X8D_Weights */
export const ResNeXt101_32X8DWeights = imagenetWeights(
  "resnext101_32x8d",
  "ResNeXt101_32X8D_Weights",
  "IMAGENET1K_V2",
  {
    IMAGENET1K_V1: ["resnext101_32x8d-8ba56ff5.pth", 88791336, 1, { cropSize: 224 }, [79.312, 94.526]],
    IMAGENET1K_V2: ["resnext101_32x8d-110c445d.pth", 88791336, 1, { cropSize: 224, resizeSize: 232 }, [82.834, 96.228]],
  },
);
/** Weights of `resnext101_64x4d`. @see torchvision.models.ResNeXt101_64X4D_Weights */
export const ResNeXt101_64X4DWeights = imagenetWeights(
  "resnext101_64x4d",
  "ResNeXt101_64X4D_Weights",
  "IMAGENET1K_V1",
  {
    IMAGENET1K_V1: ["resnext101_64x4d-173b62eb.pth", 83455272, 1, { cropSize: 224, resizeSize: 232 }, [83.246, 96.454]],
  },
);
/** Weights of `resnext50_32x4d`. @see torchvision.models.ResNeXt50_32X4D_Weights */
export const ResNeXt50_32X4DWeights = imagenetWeights("resnext50_32x4d", "ResNeXt50_32X4D_Weights", "IMAGENET1K_V2", {
  IMAGENET1K_V1: ["resnext50_32x4d-7cdf4587.pth", 25028904, 1, { cropSize: 224 }, [77.618, 93.698]],
  IMAGENET1K_V2: ["resnext50_32x4d-1a0047aa.pth", 25028904, 1, { cropSize: 224, resizeSize: 232 }, [81.198, 95.34]],
});
/** Weights of `vgg11`. @see torchvision.models.VGG11_Weights */
export const VGG11Weights = imagenetWeights("vgg11", "VGG11_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["vgg11-8a719046.pth", 132863336, 32, { cropSize: 224 }, [69.02, 88.628]],
});
/** Weights of `vgg11_bn`. @see torchvision.models.VGG11_BN_Weights */
export const VGG11BNWeights = imagenetWeights("vgg11_bn", "VGG11_BN_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["vgg11_bn-6002323d.pth", 132868840, 32, { cropSize: 224 }, [70.37, 89.81]],
});
/** Weights of `vgg13`. @see torchvision.models.VGG13_Weights */
export const VGG13Weights = imagenetWeights("vgg13", "VGG13_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["vgg13-19584684.pth", 133047848, 32, { cropSize: 224 }, [69.928, 89.246]],
});
/** Weights of `vgg13_bn`. @see torchvision.models.VGG13_BN_Weights */
export const VGG13BNWeights = imagenetWeights("vgg13_bn", "VGG13_BN_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["vgg13_bn-abd245e5.pth", 133053736, 32, { cropSize: 224 }, [71.586, 90.374]],
});
/** Weights of `vgg16`. @see torchvision.models.VGG16_Weights */
export const VGG16Weights = imagenetWeights("vgg16", "VGG16_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["vgg16-397923af.pth", 138357544, 32, { cropSize: 224 }, [71.592, 90.382]],
  IMAGENET1K_FEATURES: [
    "vgg16_features-amdegroot-88682ab5.pth",
    138357544,
    32,
    {
      cropSize: 224,
      mean: [0.48235, 0.45882, 0.40784],
      std: [0.00392156862745098, 0.00392156862745098, 0.00392156862745098],
    },
    null,
  ],
});
/** Weights of `vgg16_bn`. @see torchvision.models.VGG16_BN_Weights */
export const VGG16BNWeights = imagenetWeights("vgg16_bn", "VGG16_BN_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["vgg16_bn-6c64b313.pth", 138365992, 32, { cropSize: 224 }, [73.36, 91.516]],
});
/** Weights of `vgg19`. @see torchvision.models.VGG19_Weights */
export const VGG19Weights = imagenetWeights("vgg19", "VGG19_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["vgg19-dcbb9e9d.pth", 143667240, 32, { cropSize: 224 }, [72.376, 90.876]],
});
/** Weights of `vgg19_bn`. @see torchvision.models.VGG19_BN_Weights */
export const VGG19BNWeights = imagenetWeights("vgg19_bn", "VGG19_BN_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["vgg19_bn-c79401a0.pth", 143678248, 32, { cropSize: 224 }, [74.218, 91.842]],
});
/** Weights of `wide_resnet101_2`. @see torchvision.models.Wide_ResNet101_2_Weights */
export const WideResNet101_2Weights = imagenetWeights("wide_resnet101_2", "Wide_ResNet101_2_Weights", "IMAGENET1K_V2", {
  IMAGENET1K_V1: ["wide_resnet101_2-32ee1156.pth", 126886696, 1, { cropSize: 224 }, [78.848, 94.284]],
  IMAGENET1K_V2: ["wide_resnet101_2-d733dc28.pth", 126886696, 1, { cropSize: 224, resizeSize: 232 }, [82.51, 96.02]],
});
/** Weights of `wide_resnet50_2`. @see torchvision.models.Wide_ResNet50_2_Weights */
export const WideResNet50_2Weights = imagenetWeights("wide_resnet50_2", "Wide_ResNet50_2_Weights", "IMAGENET1K_V2", {
  IMAGENET1K_V1: ["wide_resnet50_2-95faca4d.pth", 68883240, 1, { cropSize: 224 }, [78.468, 94.086]],
  IMAGENET1K_V2: ["wide_resnet50_2-9ba9bcbe.pth", 68883240, 1, { cropSize: 224, resizeSize: 232 }, [81.602, 95.758]],
});
