/** What layers that also exist in a lazy form take unless told otherwise. */

export const convDefaults = {
  stride: 1,
  padding: 0,
  dilation: 1,
  groups: 1,
  bias: true,
  paddingMode: "zeros",
} as const;

export const transposeDefaults = { ...convDefaults, outputPadding: 0 } as const;

export const batchDefaults = { eps: 1e-5, momentum: 0.1, affine: true, trackRunningStats: true };

export const instanceDefaults = { ...batchDefaults, affine: false, trackRunningStats: false };
