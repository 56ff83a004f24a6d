/** A softmax over many classes of unequal frequency: Grave et al., Efficient Softmax Approximation for GPUs, ICML 2017. */

import type { Device } from "../../backend/backend";
import { checkInteger, checkIntegers } from "../../core/arguments";
import { classNameOf, nameOf } from "../../core/className";
import type { DType } from "../../core/dtype";
import { IndexError, ShapeError, ValueError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { declareMethods } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import { checkTensor, demand } from "../../ops/builders/checks";
import { cat } from "../../ops/shape/join";
import type { Tensor } from "../../tensor/tensor";
import { Linear } from "../layers/linear";
import { ModuleList, Sequential } from "../module/container";
import type { FactoryOptions } from "../module/factory";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { readArguments } from "../module/options";
import { stateKeyOf } from "../module/state";

/** Options of {@link AdaptiveLogSoftmaxWithLoss}. */
export interface AdaptiveLogSoftmaxOptions extends FactoryOptions {
  /** The divisor of each cluster's number of features, compared to the cluster before. Default: 4. */
  divValue?: number;
  /** Whether the head has a bias. Default: false. */
  headBias?: boolean;
}

/** The log-probability of each target, and the loss. */
export interface AdaptiveLogSoftmaxResult {
  /** Shape: [N] or []. */
  readonly output: Tensor;
  /** The mean of the negative log-probabilities, 0-d. */
  readonly loss: Tensor;
}

/** Parameters of {@link AdaptiveLogSoftmaxWithLoss}. */
export interface AdaptiveLogSoftmaxParameters extends AdaptiveLogSoftmaxOptions {
  /** Features of the input. */
  inFeatures: number;
  /** How many classes there are. */
  nClasses: number;
  /** Where the clusters of rarer classes begin, in rising order. */
  cutoffs: readonly number[];
}

const signature = "inFeatures, nClasses, cutoffs; divValue, headBias, device, dtype";

/**
 * Frequent classes are scored by the head, rare ones by clusters of their own, whose probability the head scores too. Classes are ordered
 * by falling frequency; cluster i holds those from cutoffs[i] to before cutoffs[i + 1].
 *
 * Shape: input [N, inFeatures] and target [N], or [inFeatures] and [].
 * @see torch.nn.AdaptiveLogSoftmaxWithLoss
 */
export class AdaptiveLogSoftmaxWithLoss extends Module {
  inFeatures: number;
  nClasses: number;
  /** Where the clusters end; the last is nClasses. */
  cutoffs: number[];
  divValue: number;
  headBias: boolean;
  head: Linear;
  tail: ModuleList;

  constructor(
    inFeatures: number,
    nClasses: number,
    cutoffs: readonly number[],
    divValue?: number,
    headBias?: boolean,
    device?: Device | "wasm" | null,
    dtype?: DType | null,
  );
  constructor(...given: Arguments<typeof signature, AdaptiveLogSoftmaxParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readArguments<AdaptiveLogSoftmaxParameters>(
      layer,
      signature,
      { divValue: 4, headBias: false },
      given,
    );
    const { inFeatures, nClasses, divValue, headBias, ...where } = options;
    const cutoffs = checkIntegers(layer, "cutoffs", options.cutoffs);
    checkInteger(layer, "inFeatures", inFeatures, 1);
    checkInteger(layer, "nClasses", nClasses, 1);
    if (!(divValue > 0)) throw new ValueError(`${layer}: divValue must be positive, got ${divValue}`);
    const { device, dtype } = where;
    const place = { device, dtype };
    const isIncreasing = cutoffs.every((c, i) => Number.isInteger(c) && c > (cutoffs[i - 1] ?? 0) && c <= nClasses - 1);
    if (cutoffs.length === 0 || !isIncreasing)
      throw new ValueError(
        `${layer}: cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each value is between 1 and nClasses - 1, got ${shapeText(cutoffs)}`,
      );
    this.inFeatures = inFeatures;
    this.nClasses = nClasses;
    this.cutoffs = [...cutoffs, nClasses];
    this.divValue = divValue;
    this.headBias = headBias;
    this.head = new Linear(inFeatures, this.shortlist + cutoffs.length, { bias: headBias, ...place });
    this.tail = new ModuleList(
      cutoffs.map((start, i) => {
        const hidden = Math.floor(inFeatures / divValue ** (i + 1));
        const size = this.cutoffs[i + 1]! - start;
        return new Sequential(
          new Linear(inFeatures, hidden, { bias: false, ...place }),
          new Linear(hidden, size, { bias: false, ...place }),
        );
      }),
    );
  }

  override stateKey(field: string): string {
    return stateKeyOf(field);
  }

  /** How many classes the head scores itself. */
  private get shortlist(): number {
    return this.cutoffs[0]!;
  }

  /** Draws new initial values. */
  resetParameters(): void {
    this.head.resetParameters();
    for (const cluster of this.tail) for (const linear of cluster as Sequential) (linear as Linear).resetParameters();
  }

  /** The log-probabilities of all classes. Shape: [N, inFeatures] → [N, nClasses]. @see torch.nn.AdaptiveLogSoftmaxWithLoss.log_prob */
  logProb(input: Tensor): Tensor {
    const head = this.head(input).logSoftmax(1);
    const clusters = [...this.tail].map((cluster, i) =>
      cluster(input)
        .logSoftmax(1)
        .add(head.narrow(1, this.shortlist + i, 1)),
    );
    return cat([head.narrow(1, 0, this.shortlist), ...clusters], 1);
  }

  /** The most probable class of each row. Shape: [N, inFeatures] → [N]. @see torch.nn.AdaptiveLogSoftmaxWithLoss.predict */
  predict(input: Tensor): Tensor {
    return this.logProb(input).argmax(1);
  }

  override forward(input: Tensor, target: Tensor): AdaptiveLogSoftmaxResult {
    const layer = classNameOf(this);
    checkTensor(layer, input);
    checkTensor(layer, target, "target");
    const isBatched = target.ndim === 1;
    if (target.ndim > 1 || input.ndim !== target.ndim + 1 || (isBatched && input.shape[0] !== target.shape[0]))
      throw new ShapeError(
        `${layer}: Input and target should have the same size in the batch dimension, got ${shapeText(input.shape)} and ${shapeText(target.shape)}`,
      );
    const classes = target.reshape(-1);
    const isClass = classes.ge(0).logicalAnd(classes.lt(this.nClasses));
    demand(isClass, () => outOfRange(layer, classes, this.nClasses));
    const x = isBatched ? input : input.unsqueeze(0);
    const output = this.logProb(x).gather(1, classes.unsqueeze(1)).squeeze(1);
    return { output: isBatched ? output : output.squeeze(0), loss: output.neg().mean() };
  }
}

takes("input, target", AdaptiveLogSoftmaxWithLoss);
declareMethods(AdaptiveLogSoftmaxWithLoss, { logProb: "input", predict: "input" });

function outOfRange(layer: string, classes: Tensor, count: number): IndexError {
  const wanted = `${layer}: Target values should be in [0, ${count - 1}]`;
  if (!classes.storage.backend.readsAtOnce) return new IndexError(`${wanted}, but others were found.`);
  const [low, high] = [classes.min().item(), classes.max().item()];
  return new IndexError(`${wanted}, but values in range [${low}, ${high}] were found. `);
}
