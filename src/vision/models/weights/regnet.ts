/** Published weights of RegNets: files, sizes of images and measured accuracies, as torchvision 0.14 lists them. */

import { imagenetWeights } from "./weightsEnum";

/** Weights of `regnet_x_16gf`. @see torchvision.models.RegNet_X_16GF_Weights */
export const RegNetX16GFWeights = imagenetWeights("regnet_x_16gf", "RegNet_X_16GF_Weights", "IMAGENET1K_V2", {
  IMAGENET1K_V1: ["regnet_x_16gf-2007eb11.pth", 54278536, 1, { cropSize: 224 }, [80.058, 94.944]],
  IMAGENET1K_V2: ["regnet_x_16gf-ba3796d7.pth", 54278536, 1, { cropSize: 224, resizeSize: 232 }, [82.716, 96.196]],
});
/** Weights of `regnet_x_1_6gf`. @see torchvision.models.RegNet_X_1_6GF_Weights */
export const RegNetX1_6GFWeights = imagenetWeights("regnet_x_1_6gf", "RegNet_X_1_6GF_Weights", "IMAGENET1K_V2", {
  IMAGENET1K_V1: ["regnet_x_1_6gf-e3633e7f.pth", 9190136, 1, { cropSize: 224 }, [77.04, 93.44]],
  IMAGENET1K_V2: ["regnet_x_1_6gf-a12f2b72.pth", 9190136, 1, { cropSize: 224, resizeSize: 232 }, [79.668, 94.922]],
});
/** Weights of `regnet_x_32gf`. @see torchvision.models.RegNet_X_32GF_Weights */
export const RegNetX32GFWeights = imagenetWeights("regnet_x_32gf", "RegNet_X_32GF_Weights", "IMAGENET1K_V2", {
  IMAGENET1K_V1: ["regnet_x_32gf-9d47f8d0.pth", 107811560, 1, { cropSize: 224 }, [80.622, 95.248]],
  IMAGENET1K_V2: ["regnet_x_32gf-6eb8fdc6.pth", 107811560, 1, { cropSize: 224, resizeSize: 232 }, [83.014, 96.288]],
});
/** Weights of `regnet_x_3_2gf`. @see torchvision.models.RegNet_X_3_2GF_Weights */
export const RegNetX3_2GFWeights = imagenetWeights("regnet_x_3_2gf", "RegNet_X_3_2GF_Weights", "IMAGENET1K_V2", {
  IMAGENET1K_V1: ["regnet_x_3_2gf-f342aeae.pth", 15296552, 1, { cropSize: 224 }, [78.364, 93.992]],
  IMAGENET1K_V2: ["regnet_x_3_2gf-7071aa85.pth", 15296552, 1, { cropSize: 224, resizeSize: 232 }, [81.196, 95.43]],
});
/** Weights of `regnet_x_400mf`. @see torchvision.models.RegNet_X_400MF_Weights */
export const RegNetX400MFWeights = imagenetWeights("regnet_x_400mf", "RegNet_X_400MF_Weights", "IMAGENET1K_V2", {
  IMAGENET1K_V1: ["regnet_x_400mf-adf1edd5.pth", 5495976, 1, { cropSize: 224 }, [72.834, 90.95]],
  IMAGENET1K_V2: ["regnet_x_400mf-62229a5f.pth", 5495976, 1, { cropSize: 224, resizeSize: 232 }, [74.864, 92.322]],
});
/** Weights of `regnet_x_800mf`. @see torchvision.models.RegNet_X_800MF_Weights */
export const RegNetX800MFWeights = imagenetWeights("regnet_x_800mf", "RegNet_X_800MF_Weights", "IMAGENET1K_V2", {
  IMAGENET1K_V1: ["regnet_x_800mf-ad17e45c.pth", 7259656, 1, { cropSize: 224 }, [75.212, 92.348]],
  IMAGENET1K_V2: ["regnet_x_800mf-94a99ebd.pth", 7259656, 1, { cropSize: 224, resizeSize: 232 }, [77.522, 93.826]],
});
/** Weights of `regnet_x_8gf`. @see torchvision.models.RegNet_X_8GF_Weights */
export const RegNetX8GFWeights = imagenetWeights("regnet_x_8gf", "RegNet_X_8GF_Weights", "IMAGENET1K_V2", {
  IMAGENET1K_V1: ["regnet_x_8gf-03ceed89.pth", 39572648, 1, { cropSize: 224 }, [79.344, 94.686]],
  IMAGENET1K_V2: ["regnet_x_8gf-2b70d774.pth", 39572648, 1, { cropSize: 224, resizeSize: 232 }, [81.682, 95.678]],
});
/** Weights of `regnet_y_128gf`. @see torchvision.models.RegNet_Y_128GF_Weights */
export const RegNetY128GFWeights = imagenetWeights(
  "regnet_y_128gf",
  "RegNet_Y_128GF_Weights",
  "IMAGENET1K_SWAG_E2E_V1",
  {
    IMAGENET1K_SWAG_E2E_V1: [
      "regnet_y_128gf_swag-c8ce3e52.pth",
      644812894,
      1,
      { cropSize: 384, resizeSize: 384, interpolation: "bicubic" },
      [88.228, 98.682],
      "https://github.com/facebookresearch/SWAG/blob/main/LICENSE",
    ],
    IMAGENET1K_SWAG_LINEAR_V1: [
      "regnet_y_128gf_lc_swag-cbe8ce12.pth",
      644812894,
      1,
      { cropSize: 224, resizeSize: 224, interpolation: "bicubic" },
      [86.068, 97.844],
      "https://github.com/facebookresearch/SWAG/blob/main/LICENSE",
    ],
  },
);
/** Weights of `regnet_y_16gf`. @see torchvision.models.RegNet_Y_16GF_Weights */
export const RegNetY16GFWeights = imagenetWeights("regnet_y_16gf", "RegNet_Y_16GF_Weights", "IMAGENET1K_V2", {
  IMAGENET1K_V1: ["regnet_y_16gf-9e6ed7dd.pth", 83590140, 1, { cropSize: 224 }, [80.424, 95.24]],
  IMAGENET1K_V2: ["regnet_y_16gf-3e4a00f9.pth", 83590140, 1, { cropSize: 224, resizeSize: 232 }, [82.886, 96.328]],
  IMAGENET1K_SWAG_E2E_V1: [
    "regnet_y_16gf_swag-43afe44d.pth",
    83590140,
    1,
    { cropSize: 384, resizeSize: 384, interpolation: "bicubic" },
    [86.012, 98.054],
    "https://github.com/facebookresearch/SWAG/blob/main/LICENSE",
  ],
  IMAGENET1K_SWAG_LINEAR_V1: [
    "regnet_y_16gf_lc_swag-f3ec0043.pth",
    83590140,
    1,
    { cropSize: 224, resizeSize: 224, interpolation: "bicubic" },
    [83.976, 97.244],
    "https://github.com/facebookresearch/SWAG/blob/main/LICENSE",
  ],
});
/** Weights of `regnet_y_1_6gf`. @see torchvision.models.RegNet_Y_1_6GF_Weights */
export const RegNetY1_6GFWeights = imagenetWeights("regnet_y_1_6gf", "RegNet_Y_1_6GF_Weights", "IMAGENET1K_V2", {
  IMAGENET1K_V1: ["regnet_y_1_6gf-b11a554e.pth", 11202430, 1, { cropSize: 224 }, [77.95, 93.966]],
  IMAGENET1K_V2: ["regnet_y_1_6gf-0d7bc02a.pth", 11202430, 1, { cropSize: 224, resizeSize: 232 }, [80.876, 95.444]],
});
/** Weights of `regnet_y_32gf`. @see torchvision.models.RegNet_Y_32GF_Weights */
export const RegNetY32GFWeights = imagenetWeights("regnet_y_32gf", "RegNet_Y_32GF_Weights", "IMAGENET1K_V2", {
  IMAGENET1K_V1: ["regnet_y_32gf-4dee3f7a.pth", 145046770, 1, { cropSize: 224 }, [80.878, 95.34]],
  IMAGENET1K_V2: ["regnet_y_32gf-8db6d4b5.pth", 145046770, 1, { cropSize: 224, resizeSize: 232 }, [83.368, 96.498]],
  IMAGENET1K_SWAG_E2E_V1: [
    "regnet_y_32gf_swag-04fdfa75.pth",
    145046770,
    1,
    { cropSize: 384, resizeSize: 384, interpolation: "bicubic" },
    [86.838, 98.362],
    "https://github.com/facebookresearch/SWAG/blob/main/LICENSE",
  ],
  IMAGENET1K_SWAG_LINEAR_V1: [
    "regnet_y_32gf_lc_swag-e1583746.pth",
    145046770,
    1,
    { cropSize: 224, resizeSize: 224, interpolation: "bicubic" },
    [84.622, 97.48],
    "https://github.com/facebookresearch/SWAG/blob/main/LICENSE",
  ],
});
/** Weights of `regnet_y_3_2gf`. @see torchvision.models.RegNet_Y_3_2GF_Weights */
export const RegNetY3_2GFWeights = imagenetWeights("regnet_y_3_2gf", "RegNet_Y_3_2GF_Weights", "IMAGENET1K_V2", {
  IMAGENET1K_V1: ["regnet_y_3_2gf-b5a9779c.pth", 19436338, 1, { cropSize: 224 }, [78.948, 94.576]],
  IMAGENET1K_V2: ["regnet_y_3_2gf-9180c971.pth", 19436338, 1, { cropSize: 224, resizeSize: 232 }, [81.982, 95.972]],
});
/** Weights of `regnet_y_400mf`. @see torchvision.models.RegNet_Y_400MF_Weights */
export const RegNetY400MFWeights = imagenetWeights("regnet_y_400mf", "RegNet_Y_400MF_Weights", "IMAGENET1K_V2", {
  IMAGENET1K_V1: ["regnet_y_400mf-c65dace8.pth", 4344144, 1, { cropSize: 224 }, [74.046, 91.716]],
  IMAGENET1K_V2: ["regnet_y_400mf-e6988f5f.pth", 4344144, 1, { cropSize: 224, resizeSize: 232 }, [75.804, 92.742]],
});
/** Weights of `regnet_y_800mf`. @see torchvision.models.RegNet_Y_800MF_Weights */
export const RegNetY800MFWeights = imagenetWeights("regnet_y_800mf", "RegNet_Y_800MF_Weights", "IMAGENET1K_V2", {
  IMAGENET1K_V1: ["regnet_y_800mf-1b27b58c.pth", 6432512, 1, { cropSize: 224 }, [76.42, 93.136]],
  IMAGENET1K_V2: ["regnet_y_800mf-58fc7688.pth", 6432512, 1, { cropSize: 224, resizeSize: 232 }, [78.828, 94.502]],
});
/** Weights of `regnet_y_8gf`. @see torchvision.models.RegNet_Y_8GF_Weights */
export const RegNetY8GFWeights = imagenetWeights("regnet_y_8gf", "RegNet_Y_8GF_Weights", "IMAGENET1K_V2", {
  IMAGENET1K_V1: ["regnet_y_8gf-d0d0e4a8.pth", 39381472, 1, { cropSize: 224 }, [80.032, 95.048]],
  IMAGENET1K_V2: ["regnet_y_8gf-dc2b1b54.pth", 39381472, 1, { cropSize: 224, resizeSize: 232 }, [82.828, 96.33]],
});
