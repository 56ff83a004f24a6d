/** Reductions, scans, sorting and searching. */
import { ints, mask, positive, type Samples, t, unit, within } from "../spec";

export const reduce: Samples = {
  sum: [[t(2, 3)], [t(2, 3, 2), [0, 2]], [t(2, 3), 1, { keepdim: true }], [t(5, 70), 0]],
  mean: [[t(2, 3)], [t(2, 3), 1], [t(2, 3), [0], { keepdim: true }]],
  sumToSize: [
    [t(2, 3), 1, 3],
    [t(2, 3), [2, 1]],
  ],
  prod: [[t(2, 3)], [t(2, 3), 1, { keepdim: true }]],
  nansum: [[t(2, 3)], [t(2, 3), 1]],
  nanmean: [[t(2, 3)], [t(2, 3), 1]],
  var: [[t(2, 3)], [t(2, 3), 1, { correction: 0 }]],
  std: [[t(2, 3)], [t(2, 3), 1, { keepdim: true }]],
  varMean: [[t(2, 3), 1]],
  stdMean: [[t(2, 3), 1]],
  norm: [[t(2, 3)], [t(2, 3), 3, 1]],
  vectorNorm: [[t(2, 3)], [t(2, 3), 1, 0]],
  logsumexp: [
    [t(2, 3), 1],
    [t(2, 3), [0, 1], { keepdim: true }],
  ],
  amax: [[t(2, 3)], [t(2, 3), 1]],
  amin: [[t(2, 3)], [t(2, 3), 0]],
  aminmax: [[t(2, 3)], [t(2, 3), { dim: 1 }]],
  max: [[t(2, 3)], [t(2, 3), 1], [t(2, 3), t(3)]],
  min: [[t(2, 3)], [t(2, 3), 0, { keepdim: true }], [t(2, 3), t(3)]],
  argmax: [[t(2, 3)], [t(2, 3), 1]],
  argmin: [[t(2, 3)], [t(2, 3), 1]],
  all: [
    [
      mask([
        [1, 0],
        [1, 1],
      ]),
    ],
    [t(2, 3), 1],
  ],
  any: [
    [
      mask([
        [0, 0],
        [1, 0],
      ]),
      1,
    ],
  ],
  countNonzero: [
    [t(2, 3)],
    [
      ints([
        [1, 0],
        [0, 0],
      ]),
      0,
    ],
  ],
  cumsum: [
    [t(2, 3), 1],
    [t(4, 2), 0],
  ],
  cumprod: [
    [t(2, 3), 1],
    [t(4, 2), 0],
  ],
  cummax: [[t(2, 4), 1]],
  cummin: [[t(4, 2), 0]],
  logcumsumexp: [[t(2, 4), 1]],
  sort: [[t(2, 5)], [t(2, 5), 0, { descending: true }]],
  argsort: [[t(2, 5), 1]],
  msort: [[t(5, 2)]],
  topk: [
    [t(2, 6), 2],
    [t(6, 2), 3, 0, { largest: false }],
  ],
  kthvalue: [[t(2, 5), 2]],
  median: [[t(5)], [t(2, 5), 1]],
  nanmedian: [[t(5)], [t(2, 5), 1]],
  mode: [[t(2, 5)]],
  quantile: [
    [t(7), 0.3],
    [t(2, 5), 0.5, 1],
  ],
  nanquantile: [[t(7), 0.3]],
  unique: [[ints([3, 1, 3, 2])]],
  uniqueConsecutive: [[ints([3, 3, 1, 3])]],
  searchsorted: [[ints([1, 3, 5, 7]), ints([0, 3, 8])]],
  bucketize: [[ints([0, 3, 8]), ints([1, 3, 5, 7])]],
  histc: [[t(20), 5, { min: -2, max: 2 }]],
  histogram: [[t(20), 4, { range: [-2, 2] }]],
  histogramdd: [[t(10, 2), [3, 2], { range: [-2, 2, -2, 2] }]],
  bincount: [[ints([0, 1, 1, 4])]],
  softmax: [
    [t(2, 3), 1],
    [t(3, 4), 0],
    [t(2, 70), 1],
  ],
  logSoftmax: [
    [t(2, 3), 1],
    [t(3, 4), 0],
  ],
  softmaxBackward: [[t(2, 3), unit(2, 3), 1]],
  logSoftmaxBackward: [[t(2, 3), within(-2, -0.5, 2, 3), 1]],
  allclose: [[t(2, 3), t(2, 3)]],
  isclose: [[t(2, 3), t(3)]],
  equal: [[t(2, 3), t(2, 3)]],
  isNonzero: [[positive()]],
  isin: [[ints([1, 2, 3]), ints([2, 5])]],
};
