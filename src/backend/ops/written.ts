/** Which operands an op writes, for whoever records what a device is asked for. */
import type { DeviceOps } from "./index";

/** The fields of a description whose operands are written. What is changed in place is one of them. */
type Fields<D> = readonly (keyof D & string)[];

type Written = {
  readonly [K in keyof DeviceOps]?: Fields<DeviceOps[K]> | ((description: DeviceOps[K]) => Fields<DeviceOps[K]>);
};

/** An op that is not here is one that nobody records. */
const written: Written = {
  arange: ["y"],
  matmul: ["y"],
  attention: ["y", "logSums"],
  attentionGradient: ["gq", "gk", "gv"],
  convolution: ({ pass }) => [pass === "forward" ? "y" : pass === "inputGrad" ? "x" : "w"],
  channelSums: ["y"],
  maxPool: ["y", "indices"],
  maxPoolGradient: ["gx"],
  avgPool: ["y"],
  avgPoolGradient: ["gx"],
  batchNormStatistics: ["mean", "variance"],
  batchNorm: ["y"],
  batchNormGradient: ["gx", "gweight", "gbias"],
  layerNorm: ["y", "mean", "invstd"],
  layerNormGradient: ["gx", "gweight", "gbias"],
  reduce: ["y"],
  extremum: ["values", "indices"],
  squaredDeviation: ["sum", "mean"],
  softmax: ["y"],
  softmaxGradient: ["gx"],
  scan: ["y"],
  runningExtremum: ["values", "indices"],
  indexSelect: ["y"],
  indexCopy: ["y"],
  indexAdd: ["y"],
  gather: ["y"],
  scatter: ["y"],
  sort: ["values", "indices"],
  nllLoss: ["losses"],
  nllLossGradient: ["gx"],
  crossEntropy: ["losses", "statistics"],
  crossEntropyGradient: ["gx"],
  targetWeights: ["weights"],
  lstmCell: ["hidden", "cells", "gates"],
  lstmCellGradient: ["gGates", "gCells"],
  gruCell: ["hidden", "gates"],
  gruCellGradient: ["gGates", "gFromState", "gHidden"],
};

/** The fields of the operands that an op writes; undefined if that is not known. */
export function writtenBy(op: string, description: object): readonly string[] | undefined {
  const known = (written as Readonly<Record<string, readonly string[] | ((description: object) => readonly string[])>>)[
    op
  ];
  return typeof known === "function" ? known(description) : known;
}
