/**
 * Exports of the families that are parts of other ops: shapes of reductions, fused gradients, records of views. They take what those ops have
 * checked, so they are neither methods of a tensor nor on the public face; `test/architecture/face.test.ts` finds any that is missing here.
 */
const names = [
  "constantLike",
  "geluBackward",
  "hardswishBackward",
  "insideBackward",
  "leakyReluBackward",
  "logSoftmaxBackward",
  "noiseOf",
  "plan",
  "product",
  "reduceInto",
  "selectBack",
  "selectBackward",
  "sigmoidBackward",
  "siluBackward",
  "sliceBackward",
  "softmaxBackward",
  "spread",
  "tanhBackward",
  "threeAxes",
  "thresholdBackward",
  "valuesAndIndices",
  "viewOf",
  "checkReduction",
  "reduceLoss",
  "strided",
] as const;

/** The name of an internal export. */
export type Internal = (typeof names)[number];

const internals: ReadonlySet<string> = new Set(names);

/** The public functions of a family. */
export const publicOps = (family: Readonly<Record<string, unknown>>): [string, (...args: any[]) => unknown][] =>
  Object.entries(family).filter(
    (item): item is [string, (...args: any[]) => unknown] => typeof item[1] === "function" && !internals.has(item[0]),
  );
