/** Published weights of transformers and networks like them: files, sizes of images and measured accuracies, as torchvision 0.14 lists them. */

import { imagenetWeights } from "./weightsEnum";

/** Weights of `convnext_base`. @see torchvision.models.ConvNeXt_Base_Weights */
export const ConvNeXtBaseWeights = imagenetWeights("convnext_base", "ConvNeXt_Base_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["convnext_base-6075fbad.pth", 88591464, 32, { cropSize: 224, resizeSize: 232 }, [84.062, 96.87]],
});
/** Weights of `convnext_large`. @see torchvision.models.ConvNeXt_Large_Weights */
export const ConvNeXtLargeWeights = imagenetWeights("convnext_large", "ConvNeXt_Large_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["convnext_large-ea097f82.pth", 197767336, 32, { cropSize: 224, resizeSize: 232 }, [84.414, 96.976]],
});
/** Weights of `convnext_small`. @see torchvision.models.ConvNeXt_Small_Weights */
export const ConvNeXtSmallWeights = imagenetWeights("convnext_small", "ConvNeXt_Small_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["convnext_small-0c510722.pth", 50223688, 32, { cropSize: 224, resizeSize: 230 }, [83.616, 96.65]],
});
/** Weights of `convnext_tiny`. @see torchvision.models.ConvNeXt_Tiny_Weights */
export const ConvNeXtTinyWeights = imagenetWeights("convnext_tiny", "ConvNeXt_Tiny_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["convnext_tiny-983f1562.pth", 28589128, 32, { cropSize: 224, resizeSize: 236 }, [82.52, 96.146]],
});
/** Weights of `maxvit_t`. @see torchvision.models.MaxVit_T_Weights */
export const MaxVitTWeights = imagenetWeights("maxvit_t", "MaxVit_T_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: [
    "maxvit_t-bc5ab103.pth",
    30919624,
    224,
    { cropSize: 224, resizeSize: 224, interpolation: "bicubic" },
    [83.7, 96.722],
  ],
});
/** Weights of `swin_b`. @see torchvision.models.Swin_B_Weights */
export const SwinBWeights = imagenetWeights("swin_b", "Swin_B_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: [
    "swin_b-68c6b09e.pth",
    87768224,
    224,
    { cropSize: 224, resizeSize: 238, interpolation: "bicubic" },
    [83.582, 96.64],
  ],
});
/** Weights of `swin_s`. @see torchvision.models.Swin_S_Weights */
export const SwinSWeights = imagenetWeights("swin_s", "Swin_S_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: [
    "swin_s-5e29d889.pth",
    49606258,
    224,
    { cropSize: 224, resizeSize: 246, interpolation: "bicubic" },
    [83.196, 96.36],
  ],
});
/** Weights of `swin_t`. @see torchvision.models.Swin_T_Weights */
export const SwinTWeights = imagenetWeights("swin_t", "Swin_T_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: [
    "swin_t-704ceda3.pth",
    28288354,
    224,
    { cropSize: 224, resizeSize: 232, interpolation: "bicubic" },
    [81.474, 95.776],
  ],
});
/** Weights of `swin_v2_b`. @see torchvision.models.Swin_V2_B_Weights */
export const SwinV2BWeights = imagenetWeights("swin_v2_b", "Swin_V2_B_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: [
    "swin_v2_b-781e5279.pth",
    87930848,
    256,
    { cropSize: 256, resizeSize: 272, interpolation: "bicubic" },
    [84.112, 96.864],
  ],
});
/** Weights of `swin_v2_s`. @see torchvision.models.Swin_V2_S_Weights */
export const SwinV2SWeights = imagenetWeights("swin_v2_s", "Swin_V2_S_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: [
    "swin_v2_s-637d8ceb.pth",
    49737442,
    256,
    { cropSize: 256, resizeSize: 260, interpolation: "bicubic" },
    [83.712, 96.816],
  ],
});
/** Weights of `swin_v2_t`. @see torchvision.models.Swin_V2_T_Weights */
export const SwinV2TWeights = imagenetWeights("swin_v2_t", "Swin_V2_T_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: [
    "swin_v2_t-b137f0e2.pth",
    28351570,
    256,
    { cropSize: 256, resizeSize: 260, interpolation: "bicubic" },
    [82.072, 96.132],
  ],
});
/** Weights of `vit_b_16`. @see torchvision.models.ViT_B_16_Weights */
export const ViTB16Weights = imagenetWeights("vit_b_16", "ViT_B_16_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["vit_b_16-c867db91.pth", 86567656, 224, { cropSize: 224 }, [81.072, 95.318]],
  IMAGENET1K_SWAG_E2E_V1: [
    "vit_b_16_swag-9ac1b537.pth",
    86859496,
    384,
    { cropSize: 384, resizeSize: 384, interpolation: "bicubic" },
    [85.304, 97.65],
    "https://github.com/facebookresearch/SWAG/blob/main/LICENSE",
  ],
  IMAGENET1K_SWAG_LINEAR_V1: [
    "vit_b_16_lc_swag-4e70ced5.pth",
    86567656,
    224,
    { cropSize: 224, resizeSize: 224, interpolation: "bicubic" },
    [81.886, 96.18],
    "https://github.com/facebookresearch/SWAG/blob/main/LICENSE",
  ],
});
/** Weights of `vit_b_32`. @see torchvision.models.ViT_B_32_Weights */
export const ViTB32Weights = imagenetWeights("vit_b_32", "ViT_B_32_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["vit_b_32-d86f8d99.pth", 88224232, 224, { cropSize: 224 }, [75.912, 92.466]],
});
/** Weights of `vit_h_14`. @see torchvision.models.ViT_H_14_Weights */
export const ViTH14Weights = imagenetWeights("vit_h_14", "ViT_H_14_Weights", "IMAGENET1K_SWAG_E2E_V1", {
  IMAGENET1K_SWAG_E2E_V1: [
    "vit_h_14_swag-80465313.pth",
    633470440,
    518,
    { cropSize: 518, resizeSize: 518, interpolation: "bicubic" },
    [88.552, 98.694],
    "https://github.com/facebookresearch/SWAG/blob/main/LICENSE",
  ],
  IMAGENET1K_SWAG_LINEAR_V1: [
    "vit_h_14_lc_swag-c1eb923e.pth",
    632045800,
    224,
    { cropSize: 224, resizeSize: 224, interpolation: "bicubic" },
    [85.708, 97.73],
    "https://github.com/facebookresearch/SWAG/blob/main/LICENSE",
  ],
});
/** Weights of `vit_l_16`. @see torchvision.models.ViT_L_16_Weights */
export const ViTL16Weights = imagenetWeights("vit_l_16", "ViT_L_16_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["vit_l_16-852ce7e3.pth", 304326632, 224, { cropSize: 224, resizeSize: 242 }, [79.662, 94.638]],
  IMAGENET1K_SWAG_E2E_V1: [
    "vit_l_16_swag-4f3808c9.pth",
    305174504,
    512,
    { cropSize: 512, resizeSize: 512, interpolation: "bicubic" },
    [88.064, 98.512],
    "https://github.com/facebookresearch/SWAG/blob/main/LICENSE",
  ],
  IMAGENET1K_SWAG_LINEAR_V1: [
    "vit_l_16_lc_swag-4d563306.pth",
    304326632,
    224,
    { cropSize: 224, resizeSize: 224, interpolation: "bicubic" },
    [85.146, 97.422],
    "https://github.com/facebookresearch/SWAG/blob/main/LICENSE",
  ],
});
/** Weights of `vit_l_32`. @see torchvision.models.ViT_L_32_Weights */
export const ViTL32Weights = imagenetWeights("vit_l_32", "ViT_L_32_Weights", "IMAGENET1K_V1", {
  IMAGENET1K_V1: ["vit_l_32-c7638314.pth", 306535400, 224, { cropSize: 224 }, [76.972, 93.07]],
});
