/** Functions of nn.functional that are composed of ops of the table. */
import { frozen, ints, mask, positive, type Samples, t, unit, within } from "../spec";

const rows = ints([0, 2, 1]);
const places = ints([
  [
    [
      [0, 3],
      [9, 14],
    ],
  ],
]);

const functions: Samples = {
  affineGrid: [[t(1, 2, 3), [1, 1, 2, 3]]],
  bilinear: [[t(2, 3), t(2, 2), t(2, 3, 2), t(2)]],
  channelShuffle: [[t(1, 4, 2), 2]],
  cosineEmbeddingLoss: [[t(3, 2), t(3, 2), ints([1, -1, 1])]],
  cosineSimilarity: [
    [t(2, 3), t(2, 3)],
    [t(2, 3), t(2, 3), { dim: 0 }],
  ],
  ctcLoss: [
    [
      within(-2, -0.5, 5, 2, 4),
      ints([
        [1, 2],
        [3, 1],
      ]),
      ints([5, 4]),
      ints([2, 2]),
    ],
  ],
  embeddingBag: [
    [
      ints([
        [0, 2],
        [1, 0],
      ]),
      t(3, 4),
    ],
    [
      ints([
        [0, 2],
        [1, 0],
      ]),
      t(3, 4),
      { mode: "sum" },
    ],
  ],
  fold: [[t(1, 4, 4), [3, 3], [2, 2]]],
  unfold: [[t(1, 1, 3, 3), 2]],
  glu: [[t(2, 4)]],
  gridSample: [[t(1, 1, 3, 3), unit(1, 2, 2, 2)]],
  interpolate: [
    [t(1, 1, 3, 3), { scaleFactor: 2 }],
    [t(1, 1, 3, 3), { size: [4, 5], mode: "bilinear" }],
  ],
  upsample: [[t(1, 1, 2, 3), { scaleFactor: 2 }]],
  upsampleBilinear: [[t(1, 1, 2, 3), { scaleFactor: 2 }]],
  upsampleNearest: [[t(1, 1, 2, 3), { scaleFactor: 2 }]],
  localResponseNorm: [[t(1, 4, 3), 2]],
  lpPool1d: [[positive(1, 1, 4), 2, 2]],
  lpPool2d: [[positive(1, 1, 4, 4), 2, 2]],
  lpPool3d: [[positive(1, 1, 2, 2, 2), 2, 2]],
  maxUnpool1d: [[t(1, 1, 2), ints([[[0, 3]]]), 2]],
  maxUnpool2d: [[t(1, 1, 2, 2), places, 2]],
  maxUnpool3d: [[t(1, 1, 1, 1, 2), ints([[[[[0, 3]]]]]), 2]],
  multiMarginLoss: [
    [t(3, 4), rows],
    [t(3, 4), rows, { weight: frozen(positive(4)) }],
  ],
  multilabelMarginLoss: [
    [
      t(2, 3),
      ints([
        [0, 2, -1],
        [1, -1, 0],
      ]),
    ],
  ],
  normalize: [[t(2, 3)], [t(2, 3), { dim: 0, p: 3 }]],
  pairwiseDistance: [[t(2, 3), t(2, 3)]],
  pixelShuffle: [[t(1, 4, 2, 2), 2]],
  pixelUnshuffle: [[t(1, 1, 4, 4), 2]],
  prelu: [[t(2, 3), unit(3)]],
  rmsNorm: [[t(2, 4), [4]]],
  scaledDotProductAttention: [
    [t(1, 3, 4), t(1, 5, 4), t(1, 5, 4)],
    [t(1, 3, 4), t(1, 3, 4), t(1, 3, 4), { isCausal: true }],
    [
      t(1, 2, 4),
      t(1, 2, 4),
      t(1, 2, 4),
      {
        attnMask: mask([
          [1, 0],
          [1, 1],
        ]),
      },
    ],
  ],
  softmin: [[t(2, 3), 1]],
  tripletMarginLoss: [[t(3, 2), t(3, 2), t(3, 2)]],
  tripletMarginWithDistanceLoss: [[t(3, 2), t(3, 2), t(3, 2)]],
};

export const functional: Samples = Object.fromEntries(
  Object.entries(functions).map(([name, samples]) => [`nn.functional.${name}`, samples]),
);
