/** Matrix products, convolutions, pooling, normalization and losses. */
import { frozen, ints, positive, type Samples, t, unit } from "../spec";

const labels = ints([0, 2, 1]);
const signs = ints([1, -1, 1]);

const losses: Samples = {
  nllLoss: [
    [t(3, 4), labels],
    [t(3, 4), labels, { weight: frozen(positive(4)), reduction: "sum" }],
  ],
  crossEntropy: [
    [t(3, 4), labels],
    [t(3, 4), labels, { labelSmoothing: 0.1 }],
  ],
  binaryCrossEntropy: [[unit(3), unit(3)]],
  binaryCrossEntropyWithLogits: [[t(3), unit(3)]],
  mseLoss: [
    [t(2, 3), t(2, 3)],
    [t(2, 3), t(2, 3), { reduction: "none" }],
  ],
  l1Loss: [[t(2, 3), t(2, 3)]],
  smoothL1Loss: [
    [t(2, 3), t(2, 3)],
    [t(2, 3), t(2, 3), { beta: 0.5 }],
  ],
  huberLoss: [
    [t(2, 3), t(2, 3)],
    [t(2, 3), t(2, 3), { delta: 0.5 }],
  ],
  klDiv: [[t(2, 3), unit(2, 3), { reduction: "batchmean" }]],
  gaussianNllLoss: [[t(2, 3), t(2, 3), positive(2, 3)]],
  poissonNllLoss: [[t(2, 3), positive(2, 3)]],
  hingeEmbeddingLoss: [[t(3), signs]],
  marginRankingLoss: [[t(3), t(3), signs]],
  softMarginLoss: [[t(3), signs]],
  multilabelSoftMarginLoss: [[t(2, 3), unit(2, 3)]],
};

export const nn: Samples = {
  ...losses,
  matmul: [
    [t(2, 3), t(3, 2)],
    [t(3), t(3)],
    [t(2, 2, 3), t(3, 2)],
    [t(17, 33), t(33, 9)],
  ],
  mm: [[t(2, 3), t(3, 2)]],
  bmm: [[t(2, 2, 3), t(2, 3, 2)]],
  mv: [[t(2, 3), t(3)]],
  dot: [[t(5), t(5)]],
  addmm: [
    [t(2, 4), t(2, 3), t(3, 4)],
    [t(4), t(2, 3), t(3, 4), { beta: 0.5, alpha: 2 }],
  ],
  addmv: [[t(2), t(2, 3), t(3), { alpha: 2 }]],
  addbmm: [[t(2, 4), t(2, 2, 3), t(2, 3, 4)]],
  baddbmm: [[t(2, 2, 4), t(2, 2, 3), t(2, 3, 4), { beta: 0.5 }]],
  addr: [[t(2, 3), t(2), t(3), { alpha: 0.5 }]],
  cross: [[t(2, 3), t(2, 3)]],
  outer: [[t(2), t(3)]],
  ger: [[t(2), t(3)]],
  inner: [[t(2, 3), t(4, 3)]],
  kron: [[t(2, 2), t(1, 3)]],
  chainMatmul: [[t(2, 3), t(3, 4), t(4, 2)]],
  multiDot: [[[t(2, 3), t(3, 4), t(4, 2)]]],
  tensordot: [
    [t(2, 3, 2), t(3, 2, 2), 2],
    [t(2, 3), t(4, 3), [[1], [1]]],
  ],
  trace: [[t(3, 4)]],
  vdot: [[t(4), t(4)]],
  vecdot: [[t(2, 3), t(2, 3)]],
  einsum: [
    ["ij,jk->ik", t(2, 3), t(3, 2)],
    ["bij->bi", t(2, 3, 2)],
  ],
  cdist: [
    [t(2, 3), t(4, 3)],
    [t(2, 3), t(4, 3), 1],
  ],
  pdist: [[t(4, 3)]],
  dist: [
    [t(2, 3), t(2, 3)],
    [t(2, 3), t(2, 3), 1],
  ],
  renorm: [[t(2, 3), 2, 0, 1]],
  linear: [
    [t(2, 3), t(4, 3)],
    [t(2, 3), t(4, 3), t(4)],
  ],
  conv1d: [
    [t(1, 2, 5), t(3, 2, 3), t(3)],
    [t(1, 2, 5), t(2, 1, 3), null, { stride: 2, padding: 1, groups: 2 }],
  ],
  conv2d: [[t(1, 2, 4, 4), t(2, 2, 3, 3), t(2), { padding: 1 }]],
  conv3d: [[t(1, 1, 3, 3, 3), t(1, 1, 2, 2, 2)]],
  convTranspose1d: [[t(1, 2, 4), t(2, 2, 3), t(2), { stride: 2, padding: 1, outputPadding: 1 }]],
  convTranspose2d: [[t(1, 2, 3, 3), t(2, 1, 2, 2)]],
  convTranspose3d: [[t(1, 1, 2, 2, 2), t(1, 1, 2, 2, 2)]],
  maxPool1d: [[t(1, 2, 6), 2]],
  maxPool2d: [
    [t(1, 1, 4, 4), 2],
    [t(1, 1, 5, 5), 3, { stride: 2, padding: 1 }],
  ],
  maxPool3d: [[t(1, 1, 2, 4, 4), 2]],
  avgPool1d: [[t(1, 2, 6), 2]],
  avgPool2d: [
    [t(1, 1, 4, 4), 2],
    [t(1, 1, 5, 5), 3, { stride: 2, padding: 1 }],
  ],
  avgPool3d: [[t(1, 1, 2, 4, 4), 2]],
  adaptiveAvgPool1d: [[t(1, 2, 6), 4]],
  adaptiveAvgPool2d: [[t(1, 1, 5, 4), [2, 3]]],
  adaptiveAvgPool3d: [[t(1, 1, 3, 4, 4), 2]],
  adaptiveMaxPool1d: [[t(1, 2, 6), 4]],
  adaptiveMaxPool2d: [[t(1, 1, 5, 4), [2, 3]]],
  adaptiveMaxPool3d: [[t(1, 1, 3, 4, 4), 2]],
  batchNorm: [
    [t(3, 2, 2), frozen(t(2)), frozen(positive(2)), { training: false }],
    [t(4, 2), null, null, { training: true, weight: t(2), bias: t(2) }],
  ],
  layerNorm: [
    [t(2, 4), [4]],
    [t(2, 4), [4], { weight: t(4), bias: t(4) }],
  ],
  groupNorm: [[t(2, 4, 3), 2]],
  instanceNorm: [[t(2, 2, 4)]],
  pad: [
    [t(2, 3), [1, 2]],
    [t(1, 2, 4), [2, 1], { mode: "reflect" }],
    [t(1, 2, 4), [1, 1], { mode: "replicate" }],
    [t(1, 2, 4), [1, 1], { mode: "circular" }],
  ],
  constantPadNd: [[t(2, 3), [1, 2], 0.5]],
};
