/** Gather and scatter, index and mask. */
import { ints, mask, type Samples, t } from "../spec";

const columns = ints([
  [0, 2, 1],
  [3, 3, 0],
]);

export const indexing: Samples = {
  gather: [[t(2, 4), 1, columns]],
  takeAlongDim: [[t(2, 4), columns, 1]],
  scatter: [
    [
      t(2, 4),
      1,
      ints([
        [0, 2],
        [3, 1],
      ]),
      t(2, 2),
    ],
    [
      t(2, 4),
      1,
      ints([
        [0, 2],
        [3, 1],
      ]),
      1.5,
    ],
  ],
  scatterAdd: [[t(2, 4), 1, columns, t(2, 3)]],
  scatterReduce: [
    [t(2, 4), 1, columns, t(2, 3), "sum"],
    [t(2, 4), 1, columns, t(2, 3), "mean"],
    [t(2, 4), 1, columns, t(2, 3), "amax"],
  ],
  indexSelect: [[t(4, 3), 0, ints([2, 0, 2])]],
  indexAdd: [
    [t(4, 3), 0, ints([2, 0, 2]), t(3, 3)],
    [t(4, 3), 0, ints([1]), t(1, 3), { alpha: 2 }],
  ],
  indexCopy: [[t(4, 3), 0, ints([2, 0]), t(2, 3)]],
  indexFill: [[t(4, 3), 0, ints([2, 0]), 1.5]],
  indexReduce: [[t(4, 3), 0, ints([2, 0, 2]), t(3, 3), "mean"]],
  indexPut: [
    [t(4, 3), [ints([0, 2]), ints([1, 1])], t(2)],
    [t(4, 3), [ints([1, 1])], t(2, 3), { accumulate: true }],
  ],
  take: [[t(2, 3), ints([0, 5, 0])]],
  put: [
    [t(2, 3), ints([0, 5]), t(2)],
    [t(2, 3), ints([0, 0]), t(2), { accumulate: true }],
  ],
  maskedFill: [
    [
      t(2, 3),
      mask([
        [1, 0, 1],
        [0, 0, 1],
      ]),
      0.5,
    ],
  ],
  maskedSelect: [
    [
      t(2, 3),
      mask([
        [1, 0, 1],
        [0, 0, 1],
      ]),
    ],
  ],
  maskedScatter: [
    [
      t(2, 3),
      mask([
        [1, 0, 1],
        [0, 0, 1],
      ]),
      t(4),
    ],
  ],
  nonzero: [
    [
      ints([
        [1, 0],
        [2, 3],
      ]),
    ],
  ],
  argwhere: [
    [
      ints([
        [1, 0],
        [2, 3],
      ]),
    ],
  ],
  oneHot: [[ints([0, 2, 1]), 4]],
  embedding: [
    [
      ints([
        [0, 2],
        [1, 0],
      ]),
      t(3, 4),
    ],
  ],
};
