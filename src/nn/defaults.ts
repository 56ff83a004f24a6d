/** What layers that also exist in a lazy form take unless told otherwise. */
import type { BatchNormOptions } from "./batchnorm";
import type { ConvLayerOptions, ConvTransposeLayerOptions } from "./conv";
import type { FactoryOptions } from "./factory";

type All<O> = Required<Omit<O, keyof FactoryOptions>>;

export const convDefaults: All<ConvLayerOptions> = {
  stride: 1,
  padding: 0,
  dilation: 1,
  groups: 1,
  bias: true,
  paddingMode: "zeros",
};

export const transposeDefaults: All<ConvTransposeLayerOptions> = {
  stride: 1,
  padding: 0,
  outputPadding: 0,
  groups: 1,
  bias: true,
  dilation: 1,
  paddingMode: "zeros",
};

export const batchDefaults: All<BatchNormOptions> = {
  eps: 1e-5,
  momentum: 0.1,
  affine: true,
  trackRunningStats: true,
};

export const instanceDefaults: All<BatchNormOptions> = { ...batchDefaults, affine: false, trackRunningStats: false };
